//! Rules for changes of an existing database.

use everest_schemas::everest::{DatabaseClusterSpec, EngineSpec, Storage};
use everest_schemas::models::DatabaseModel;
use everest_schemas::{Engine, Field};

use super::backup::schedule_path;
use super::engine_type;
use super::proxy::is_proxysql;
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::rules::findings::{Findings, differ, is_missing};
use crate::rules::table::backup::{DATA_SOURCE_UNUSED, PG_SCHEDULE_STORAGE_FIXED};
use crate::rules::table::database::{
    LOAD_BALANCER_CONFIG_KEPT, NO_SCALE_TO_ONE, PROXY_STORAGE_FIXED, SHARDING_FIXED,
    STORAGE_CLASS_SEEN, STORAGE_GROWS_RUNNING, STORAGE_NO_SHRINK, VERSION_AFTER_CR_VERSION,
    VERSION_MAJOR, VERSION_NO_DOWNGRADE, VERSION_SYNTAX,
};
use crate::text::Text;
use crate::version::Version;
use crate::{upgrade, volumes};

pub(super) fn check(planned: &DatabaseModel, prior: &DatabaseModel, findings: &mut Findings) {
    let (Some(now), Some(before)) = (planned.spec.known(), prior.spec.known()) else {
        return;
    };
    if let (Some(engine), Some(was)) = (now.engine.known(), before.engine.known()) {
        replicas(engine, was, findings);
        // What a database that is not ready has of its storage, only the cluster tells.
        if prior.ready.known() != Some(&false) {
            storage(now, before, findings);
        }
        growth(now, before, findings);
        version(engine, was, prior, findings);
        class("engine", (&engine.storage, &was.storage), findings);
    }
    proxy_growth(now, before, findings);
    if let (Some(proxy), Some(was)) = (now.proxy.known(), before.proxy.known()) {
        class("proxy", (&proxy.storage, &was.storage), findings);
        if prior.ready.known() != Some(&false) {
            proxy_storage((&proxy.storage, &was.storage), findings);
        }
    }
    sharding(now, before, findings);
    load_balancer_config(now, before, findings);
    schedules(now, before, findings);
    if now.data_source.is_known() && differ(&now.data_source, &before.data_source) {
        findings.warning(
            &DATA_SOURCE_UNUSED,
            FieldPath::of("dataSource"),
            "The data source of a database that exists is not used",
        );
    }
}

fn replicas(now: &EngineSpec, before: &EngineSpec, findings: &mut Findings) {
    if let (Some(1), Some(before)) = (now.replicas.known(), before.replicas.known())
        && *before > 1
    {
        findings.error(
            &NO_SCALE_TO_ONE,
            FieldPath::of("engine.replicas"),
            format!("The database would go from {before} replicas to 1"),
        );
    }
}

fn storage(now: &DatabaseClusterSpec, before: &DatabaseClusterSpec, findings: &mut Findings) {
    if volumes::shrinks(now, before) {
        findings.error(
            &STORAGE_NO_SHRINK,
            storage_size(),
            would_shrink(now, before),
        );
    }
}

/// The operator of MySQL resizes the volumes of pods that run. Without pods it goes on to the
/// StatefulSet, whose volume claim templates Kubernetes keeps as they are, and fails at that from
/// then on, also when the database is to start.
fn growth(now: &DatabaseClusterSpec, before: &DatabaseClusterSpec, findings: &mut Findings) {
    let is_stopped = before.paused.known() == Some(&true);
    if engine_type(now) == Some(Engine::Pxc) && is_stopped && volumes::grows(now, before) {
        let size = |spec| volumes::size(spec).unwrap_or_default();
        findings.error(
            &STORAGE_GROWS_RUNNING,
            storage_size(),
            format!(
                "The storage of a stopped database would grow from {} to {}",
                size(before),
                size(now)
            ),
        );
    }
}

/// Kubernetes neither shrinks a volume nor accepts other volume claim templates in a StatefulSet:
/// an engine's operator then fails at the proxy and writes nothing after it.
fn proxy_storage((now, before): (&Field<Storage>, &Field<Storage>), findings: &mut Findings) {
    let size = |storage: &Field<Storage>| storage.known()?.size.known_str().map(str::to_owned);
    let (Some(now), Some(before)) = (size(now), size(before)) else {
        return;
    };
    if let (Ok(amount), Ok(was)) = (now.parse::<Quantity>(), before.parse::<Quantity>())
        && amount < was
    {
        findings.error(
            &STORAGE_NO_SHRINK,
            FieldPath::of("proxy.storage.size"),
            format!("The storage of the proxy would shrink from {before} to {now}"),
        );
    }
}

/// The operator resizes no volume of ProxySQL, and goes on to its StatefulSet.
fn proxy_growth(now: &DatabaseClusterSpec, before: &DatabaseClusterSpec, findings: &mut Findings) {
    let size = |spec: &DatabaseClusterSpec| -> Option<String> {
        let storage = spec.proxy.known()?.storage.known()?;
        storage.size.known_str().map(str::to_owned)
    };
    if !is_proxysql(now) || !is_proxysql(before) {
        return;
    }
    let (Some(now), Some(before)) = (size(now), size(before)) else {
        return;
    };
    if let (Ok(amount), Ok(was)) = (now.parse::<Quantity>(), before.parse::<Quantity>())
        && amount > was
    {
        findings.error(
            &PROXY_STORAGE_FIXED,
            FieldPath::of("proxy.storage.size"),
            format!("The storage of the proxy would grow from {before} to {now}"),
        );
    }
}

/// A class may be set for existing volumes only if they are known to have it.
fn class(part: &str, (now, before): (&Field<Storage>, &Field<Storage>), findings: &mut Findings) {
    let (Some(now), Some(before)) = (now.known(), before.known()) else {
        return;
    };
    if is_missing(&now.class) || !is_missing(&before.class) {
        return;
    }
    let named = match now.class.known_str() {
        Some(class) => format!("The storage class {class:?} is set"),
        None => "A storage class is named".to_owned(),
    };
    findings.error(
        &STORAGE_CLASS_SEEN,
        FieldPath::of(part).field("storage").field("class"),
        format!("{named}, but the class of the volumes is not known"),
    );
}

pub(super) fn storage_size() -> FieldPath {
    FieldPath::of("engine.storage.size")
}

pub(super) fn would_shrink(now: &DatabaseClusterSpec, before: &DatabaseClusterSpec) -> String {
    let size = |spec| volumes::size(spec).unwrap_or_default();
    format!(
        "The storage would shrink from {} to {}",
        size(before),
        size(now)
    )
}

fn version(now: &EngineSpec, before: &EngineSpec, prior: &DatabaseModel, findings: &mut Findings) {
    let (Some(text), Some(was)) = (now.version.known_str(), before.version.known_str()) else {
        return;
    };
    if text == was || text.is_empty() {
        return;
    }
    let path = FieldPath::of("engine.version");
    if let Some(pending) = upgrade::pending(prior) {
        taken_over(now, pending, findings);
    }
    let version = match text.parse::<Version>() {
        Ok(version) => version,
        Err(error) => {
            findings.error(&VERSION_SYNTAX, path, error.to_string());
            return;
        }
    };
    let Ok(former) = was.parse::<Version>() else {
        return;
    };
    if version < former {
        findings.error(
            &VERSION_NO_DOWNGRADE,
            path,
            format!("{text} is older than the running version {was}"),
        );
        return;
    }
    let steps = version.major() - former.major();
    let most = match now.type_.known() {
        Some(Engine::Pxc | Engine::Postgresql) => 0,
        Some(Engine::Psmdb) => 1,
        None => return,
    };
    if steps > most {
        findings.error(
            &VERSION_MAJOR,
            path,
            format!("{text} has another major version than the running version {was}"),
        );
    }
}

/// A pending CR version is written with the change if the configuration follows the recommendation
/// or names that version. A configuration that omits it does neither; the plan has filled in the
/// version that will be written.
pub(super) fn taken_over(now: &EngineSpec, pending: &str, findings: &mut Findings) {
    let why = match now.cr_version.known_str() {
        Some(pinned) if upgrade::is_pinned(now, pending) => format!(" keeps it at {pinned}"),
        None if now.cr_version.is_null() => " does not name it".to_owned(),
        _ => return,
    };
    findings.error(
        &VERSION_AFTER_CR_VERSION,
        FieldPath::of("engine.version"),
        Text::from(format!(
            "The database does not have the operator's CR version {pending} yet, and "
        ))
        .and("{engine.crVersion}")
        .and(why),
    );
}

fn sharding(now: &DatabaseClusterSpec, before: &DatabaseClusterSpec, findings: &mut Findings) {
    let enabled = |spec: &DatabaseClusterSpec| match &spec.sharding {
        Field::Unknown => None,
        Field::Null => Some(false),
        Field::Known(sharding) => match sharding.enabled {
            Field::Unknown => None,
            Field::Null => Some(false),
            Field::Known(enabled) => Some(enabled),
        },
    };
    if engine_type(now) != Some(Engine::Psmdb) {
        return;
    }
    if let (Some(now), Some(before)) = (enabled(now), enabled(before))
        && now != before
    {
        findings.error(
            &SHARDING_FIXED,
            FieldPath::of("sharding.enabled"),
            format!(
                "Sharding would be turned {}",
                if now { "on" } else { "off" }
            ),
        );
    }
}

fn load_balancer_config(
    now: &DatabaseClusterSpec,
    before: &DatabaseClusterSpec,
    findings: &mut Findings,
) {
    let name = |spec: &DatabaseClusterSpec| {
        spec.proxy
            .as_ref()
            .and_then(|proxy| proxy.expose.as_ref())
            .and_then(|expose| expose.load_balancer_config_name.clone())
    };
    let expose = now.proxy.known().and_then(|proxy| proxy.expose.known());
    // The word itself: the definition's rule knows no other name for it.
    let internal = expose.is_some_and(|expose| {
        expose.type_.is_unknown() || expose.type_.known_str() == Some("internal")
    });
    // Leaving the whole block out takes it away without the rule being asked.
    if expose.is_some()
        && !internal
        && is_missing(&name(now))
        && let Some(former) = name(before).known_str().filter(|name| !name.is_empty())
    {
        findings.error(
            &LOAD_BALANCER_CONFIG_KEPT,
            FieldPath::of("proxy.expose.loadBalancerConfigName"),
            format!("The load balancer configuration {former:?} would be removed"),
        );
    }
}

fn schedules(now: &DatabaseClusterSpec, before: &DatabaseClusterSpec, findings: &mut Findings) {
    if engine_type(now) != Some(Engine::Postgresql) {
        return;
    }
    let schedules = |spec: &DatabaseClusterSpec| {
        spec.backup
            .known()
            .and_then(|backup| backup.schedules.known().cloned())
            .unwrap_or_default()
    };
    let former = schedules(before);
    let path = FieldPath::of("backup.schedules");
    for (index, schedule) in schedules(now).iter().enumerate() {
        let was = former
            .iter()
            .find(|former| former.name.is_known() && former.name == schedule.name)
            .and_then(|former| former.backup_storage_name.known_str());
        if let (Some(storage), Some(was)) = (schedule.backup_storage_name.known_str(), was)
            && storage != was
        {
            findings.error(
                &PG_SCHEDULE_STORAGE_FIXED,
                schedule_path(&path, index, schedule).field("backupStorageName"),
                format!("The schedule would move from {was:?} to {storage:?}"),
            );
        }
    }
}
