//! The state of the engine's work on a database, from the engine's own object.

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseCluster;
use serde_json::Value;

use super::carried::{self, Difference};
use crate::clean;
use crate::facts::Seen;
use crate::v1::engine_kinds;

/// The command that shows why Everest does not carry out a change: it reports such errors only in
/// its log.
pub(super) const EVERESTS_LOG: &str = "kubectl -n everest-system logs deployment/everest-operator";

/// The generation, and the generation that the operator has seen; `None` if the operator does not
/// report that.
pub(super) fn generations(engine_cr: &Value) -> Option<(i64, i64)> {
    let generation = engine_cr.pointer("/metadata/generation")?.as_i64()?;
    let observed = engine_cr.pointer("/status/observedGeneration")?.as_i64()?;
    // An operator that does not fill the field in leaves it zero.
    (observed > 0).then_some((generation, observed))
}

/// The state in one word; empty if the operator has not reported one.
pub(super) fn state(engine_cr: &Value) -> &str {
    let state = |path| {
        engine_cr
            .pointer(path)
            .and_then(Value::as_str)
            .filter(|state| !state.is_empty())
    };
    state("/status/state")
        .or_else(|| state("/status/status"))
        .unwrap_or("")
}

/// Returns true if the operator has no work left in this state.
pub(super) fn is_at_rest(state: &str) -> bool {
    matches!(state, "" | "ready" | "error" | "paused")
}

/// The generation that the operator is at work on, if it reports work.
pub fn at_work(engine_cr: &Value) -> Option<i64> {
    let (generation, observed) = generations(engine_cr)?;
    (observed >= generation && !is_at_rest(state(engine_cr))).then_some(generation)
}

/// The reported state of a database and of its engine, as one text. The time after a change counts
/// from the last change of this text. It has the host name because another load balancer shows in
/// nothing else.
pub fn footing(database: &DatabaseCluster, engine_cr: Option<&Value>) -> String {
    let status = database.status.as_ref();
    let own = status.and_then(|status| status.status.as_deref());
    let hostname = status.and_then(|status| status.hostname.as_deref());
    let mut footing = own.unwrap_or_default().to_owned();
    if let Some(hostname) = hostname.filter(|hostname| !hostname.is_empty()) {
        footing = format!("{footing} {hostname}");
    }
    if let Some(engine_cr) = engine_cr {
        let generation = &engine_cr["metadata"]["generation"];
        let observed = &engine_cr["status"]["observedGeneration"];
        footing = format!("{footing} {generation} {observed} {}", state(engine_cr));
    }
    footing
}

/// The difference between the pods that a PostgreSQL database has and those that its object asks
/// for, if there is one.
///
/// The operator counts the pods that exist, and calls a database `ready` once all of those are:
/// before the pods of a change are made, while they cannot be made, and while the first member of a
/// database that was paused starts alone.
///
/// Source: percona-postgresql-operator `percona/controller/pgcluster/status.go` (`getState`) and
/// `internal/controller/postgrescluster/instance.go` (`observeInstances`).
pub(super) fn other_pods(database: &DatabaseCluster, engine_cr: Seen<&Value>) -> Option<String> {
    let engine = database.spec.engine.known()?.type_.known()?;
    let Seen::Found(engine_cr) = engine_cr else {
        return None;
    };
    if *engine != Engine::Postgresql {
        return None;
    }
    let number = |path: &str| engine_cr.pointer(path).and_then(Value::as_i64);
    let sets = engine_cr.pointer("/spec/instances")?.as_array()?;
    let members: Option<i64> = sets.iter().map(|set| set["replicas"].as_i64()).sum();
    let counts = [
        ("members", members, number("/status/postgres/size")),
        (
            "pods of PgBouncer",
            number("/spec/proxy/pgBouncer/replicas"),
            number("/status/pgbouncer/size"),
        ),
    ];
    counts.into_iter().find_map(|(called, wanted, found)| {
        let (wanted, found) = (wanted?, found?);
        (wanted != found).then(|| {
            format!(
                "the database is ready, but the {} reports {found} as the number of {called}, not \
                 {wanted}. If this continues, pods cannot be created: see the events of the \
                 namespace: kubectl -n {} get events --field-selector type=Warning",
                named(database),
                namespace(database)
            )
        })
    })
}

/// The engine's object as a message names it.
pub(super) fn named(database: &DatabaseCluster) -> String {
    let engine = database.spec.engine.known();
    let engine = engine.and_then(|engine| engine.type_.known());
    let kind = engine.map_or("engine's object", |engine| engine_kinds(*engine).database);
    let name = database.metadata.name.as_deref().unwrap_or_default();
    format!("{kind} {}/{name}", namespace(database))
}

fn namespace(database: &DatabaseCluster) -> &str {
    database.metadata.namespace.as_deref().unwrap_or_default()
}

/// The reason why a change has not reached the engine's object, if it has not.
pub(super) fn missing_change(database: &DatabaseCluster, engine_cr: &Value) -> Option<String> {
    let object = named(database);
    let line = carried::unreadable_line(&database.spec);
    let differences = carried::not_carried(database, engine_cr);
    if line.is_none() && differences.is_empty() {
        return None;
    }
    let mut sentence =
        "Everest reports that it handled the change, but has not written it".to_owned();
    let shown: Vec<String> = differences
        .iter()
        .take(3)
        .map(ToString::to_string)
        .collect();
    if !shown.is_empty() {
        sentence += &format!(": the {object} still has {}", shown.join(" and "));
    }
    if differences.len() > shown.len() {
        sentence += &format!(" and {} more", differences.len() - shown.len());
    }
    if let Some(line) = line {
        return Some(format!(
            "{sentence}. The line {line:?} of engine.config has no value. Everest cannot read it \
             and applies no change until it is corrected. Write it as name = value"
        ));
    }
    if is_never_tried_again(database, &differences) {
        return Some(format!(
            "{sentence}. Everest writes changed resources of a ready PXC database only in its \
             first reconcile of the change. That one failed, and Everest does not try again by \
             itself. See Everest's log for the reason: {EVERESTS_LOG}. Correct it, and then change \
             the database once more, for example engine.resources by a small amount{}",
            said(database, engine_cr)
        ));
    }
    Some(format!(
        "{sentence}. If this continues, Everest cannot use something that the database refers to: \
         a backup storage, a monitoring config, a scheduling policy or the configuration. See \
         Everest's log for the reason: {EVERESTS_LOG}{}",
        said(database, engine_cr)
    ))
}

/// Returns true if only the resources of a PXC engine differ, and Everest reports the database as
/// `ready` with its present generation. From then on, Everest keeps the resources that the engine's
/// object has, until the generation changes or the database is not ready for another reason.
///
/// Source: everest-operator `internal/controller/everest/providers/pxc/applier.go`, `Engine`.
fn is_never_tried_again(database: &DatabaseCluster, differences: &[Difference]) -> bool {
    let engine = database.spec.engine.known();
    let engine = engine.and_then(|engine| engine.type_.known());
    let is_handled = database.status.as_ref().is_some_and(|status| {
        status.status.as_deref() == Some("ready")
            && status.observed_generation >= database.metadata.generation
    });
    let mut differences = differences.iter();
    engine == Some(&Engine::Pxc)
        && is_handled
        && differences.all(|difference| difference.attribute == "engine.resources")
}

/// The engine's object with its state, as a further part of a sentence; empty if it reports none.
pub(super) fn named_state(database: &DatabaseCluster, engine_cr: &Seen<&Value>) -> String {
    match engine_cr {
        Seen::Found(engine_cr) if !state(engine_cr).is_empty() => {
            format!("; the {} is {}", named(database), state(engine_cr))
        }
        _ => String::new(),
    }
}

/// The progress of a database that is not ready yet, from the engine's object.
pub(super) fn progress(database: &DatabaseCluster, engine_cr: &Seen<&Value>) -> String {
    let object = named(database);
    match engine_cr {
        Seen::Unread => String::new(),
        Seen::Absent => format!(
            "; Everest has not created the {object} yet. If this continues, see Everest's log: \
             {EVERESTS_LOG}"
        ),
        Seen::Found(engine_cr) if engine_cr["status"].as_object().is_none_or(|s| s.is_empty()) => {
            let engine = database.spec.engine.known();
            let operator = engine
                .and_then(|engine| engine.type_.known())
                .map_or("of the engine", |engine: &Engine| engine.operator());
            format!(
                "; the {object} has no status yet. If this continues, its operator is probably not \
                 running: check the Subscription and the Deployment {operator} in namespace {}",
                namespace(database)
            )
        }
        Seen::Found(engine_cr) => said(database, engine_cr),
    }
}

/// The most characters of an operator's message that are repeated.
const LONGEST: usize = 1000;

/// The operator's last message, unless the database's status repeats it.
fn said(database: &DatabaseCluster, engine_cr: &Value) -> String {
    let status = &engine_cr["status"];
    let repeated = database.status.as_ref();
    let repeated = repeated.and_then(|status| status.message.as_deref());
    let mut texts: Vec<&str> = Vec::new();
    texts.extend(status["message"].as_str());
    let messages = status["messages"].as_array();
    texts.extend(messages.into_iter().flatten().filter_map(Value::as_str));
    let conditions = status["conditions"].as_array();
    for condition in conditions.into_iter().flatten() {
        texts.extend(condition["message"].as_str());
    }
    texts.retain(|text| {
        !text.trim().is_empty() && repeated.is_none_or(|message| !message.contains(*text))
    });
    texts.dedup();
    match texts.last() {
        Some(text) => format!(
            "; the engine's operator says: {}",
            clean(text.trim(), LONGEST)
        ),
        None => String::new(),
    }
}
