//! Rules for the names and passwords of a database's users.

use everest_schemas::Engine;
use everest_schemas::everest::{DatabaseClusterBackup, DatabaseClusterSpec};
use everest_schemas::models::DatabaseModel;
use jiff::Timestamp;

use super::engine_type;
use super::origin::moment;
use crate::facts::{Facts, Kind};
use crate::finding::Finding;
use crate::passwords;
use crate::path::FieldPath;
use crate::rules::findings::{Findings, is_missing};
use crate::rules::table::backup::CREDENTIALS_VERSION;
use crate::rules::table::database::{
    USERS_ENGINE, USERS_KEYS, USERS_OF_BACKUP, USERS_SECRET_SHARED, USERS_SOURCE, USERS_VALUES,
};
use crate::v1::connection::secret_name;
use crate::v1::database::default_secret;

/// The attribute.
const USERS: &str = "usersWo";

/// The maximum length of the password with which MySQL's replicas connect.
const REPLICATION_LIMIT: usize = 32;

/// Passwords that are never sent again.
pub(super) fn version(config: &DatabaseModel, findings: &mut Findings) {
    if config.users_wo.is_known() && config.users_wo_version.is_null() {
        findings.error(
            &CREDENTIALS_VERSION,
            FieldPath::of("usersWoVersion"),
            "{usersWo} has no version",
        );
    }
}

/// Passwords that the engine does not take. A value is never shown.
pub(super) fn check(model: &DatabaseModel, findings: &mut Findings) {
    let (Some(users), Some(engine)) = (
        model.users_wo.known(),
        model.spec.known().and_then(engine_type),
    ) else {
        return;
    };
    if engine == Engine::Postgresql {
        let summary = "A PostgreSQL database takes no passwords";
        return findings.error(&USERS_ENGINE, FieldPath::of(USERS), summary);
    }
    for (key, value) in users.expose() {
        let Some(value) = value.known() else {
            continue;
        };
        if let Some(fault) = fault(engine, key, value) {
            let summary = format!("The value of {key} {fault}");
            findings.error(&USERS_VALUES, FieldPath::of(USERS).key(key), summary);
        }
    }
}

/// The fault of a value, as the rest of a sentence.
fn fault(engine: Engine, key: &str, value: &str) -> Option<&'static str> {
    let is_pxc = engine == Engine::Pxc;
    match key {
        _ if value.is_empty() => Some("is empty"),
        _ if is_pxc && value.contains(['\'', '\\', '\n']) => {
            Some("contains a quote ', a backslash or a line break")
        }
        "proxyadmin" if is_pxc && value.contains([';', ':']) => Some("contains ; or :"),
        "proxyadmin" if is_pxc && value.starts_with('*') => Some("begins with *"),
        "replication" if is_pxc && value.len() > REPLICATION_LIMIT => {
            Some("has more than 32 characters")
        }
        _ => None,
    }
}

/// Passwords of a new database whose data brings its own.
pub(super) fn source(model: &DatabaseModel, findings: &mut Findings) {
    let source = model.spec.known().and_then(|spec| spec.data_source.known());
    let backup = source.and_then(|source| source.db_cluster_backup_name.known_str());
    if !model.users_wo.is_null() && backup.is_some_and(|backup| !backup.is_empty()) {
        let summary = "The database starts with passwords that its backup does not have";
        findings.error(&USERS_SOURCE, FieldPath::of(USERS), summary);
    }
}

/// Returns true if Everest copies the Secret with the users of a new database from its source.
pub(super) fn are_copied(spec: &DatabaseClusterSpec) -> bool {
    let engine = spec.engine.known();
    engine.is_some_and(|engine| is_missing(&engine.user_secrets_name))
}

/// Passwords of the source of a new database that are newer than its data.
pub(super) fn of_backup(
    path: FieldPath,
    spec: &DatabaseClusterSpec,
    (name, backup): (&str, &DatabaseClusterBackup),
    facts: &Facts,
    findings: &mut Findings,
) {
    if let (Some(written), Some(restored)) = (facts.passwords_written, restored(spec, backup))
        && are_copied(spec)
        && written > restored
    {
        let summary = format!(
            "The passwords of the source were last written at {written}, after {restored}, the \
             moment whose data comes from the backup {name:?}"
        );
        findings.warning(&USERS_OF_BACKUP, path, summary);
    }
}

/// The moment whose data a new database gets.
fn restored(spec: &DatabaseClusterSpec, backup: &DatabaseClusterBackup) -> Option<Timestamp> {
    if spec.data_source.known()?.pitr.is_null() {
        return Some(backup.status.as_ref()?.completed.as_ref()?.0);
    }
    moment(spec)?.parse().ok()
}

/// Returns true if a database begins to read a Secret that the configuration names.
pub(super) fn names_another_secret(planned: &DatabaseModel, prior: Option<&DatabaseModel>) -> bool {
    let named = |model: &DatabaseModel| {
        let engine = model.spec.known()?.engine.known()?;
        engine.user_secrets_name.known().cloned()
    };
    let now = named(planned);
    now.is_some() && now != prior.and_then(named)
}

/// Returns true if a database reads another Secret than the one that Everest would create.
pub(super) fn names_a_secret(prior: &DatabaseModel) -> bool {
    let name = prior.name.known_str().unwrap_or_default();
    passwords::secret_at_creation(prior) != default_secret(name)
}

/// A Secret that other databases read, too.
pub(super) fn shared_secret(
    path: FieldPath,
    model: &DatabaseModel,
    facts: &Facts,
    findings: &mut Findings,
) {
    let engine = model.spec.known().and_then(|spec| spec.engine.known());
    let Some(own) = model.name.known_str() else {
        return;
    };
    if engine.is_none_or(|engine| engine.user_secrets_name.is_unknown()) {
        return;
    }
    let secret = passwords::secret_at_creation(model);
    let others: Vec<_> = facts
        .left(Kind::Databases, &facts.databases)
        .filter(|(name, other)| *name != own && secret_name(other).as_ref() == Some(&secret))
        .map(|(name, _)| name)
        .collect();
    if !others.is_empty() {
        let others = others.join(", ");
        let summary = format!("The Secret {secret:?} has the users of {others} too");
        findings.warning(&USERS_SECRET_SHARED, path, summary);
    }
}

/// Warns of a destruction that takes the users of other databases along.
pub(super) fn check_destruction_online(prior: &DatabaseModel, facts: &Facts) -> Vec<Finding> {
    let mut findings = Findings::default();
    shared_secret(FieldPath::root(), prior, facts, &mut findings);
    findings.into_findings()
}

/// Keys that the engine's operator does not read.
pub(super) fn check_online(model: &DatabaseModel, facts: &Facts, findings: &mut Findings) {
    let (Some(users), Some(engine)) = (
        model.users_wo.known(),
        model.spec.known().and_then(engine_type),
    ) else {
        return;
    };
    if engine == Engine::Postgresql {
        return;
    }
    let operator = facts.engines.as_ref();
    let operator = operator.and_then(|engines| engines.get(engine.operator()));
    let listed = operator
        .and_then(|operator| operator.spec.secret_keys.known())
        .and_then(|keys| keys.user.known());
    let listed: Option<Vec<&str>> = listed.map(|keys| {
        let names = keys.iter().filter_map(|key| key.name.known_str());
        names.collect()
    });
    let keys = listed
        .filter(|keys| !keys.is_empty())
        .unwrap_or_else(|| passwords::keys(engine).to_vec());
    for key in users.expose().keys() {
        if !keys.contains(&key.as_str()) {
            let summary = format!(
                "{engine} has no user key {key:?}. Its keys are {}",
                keys.join(", ")
            );
            findings.error(&USERS_KEYS, FieldPath::of(USERS).key(key), summary);
        }
    }
}
