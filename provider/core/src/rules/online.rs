//! Checks against the cluster that several models share.

use everest_schemas::Field;
use everest_schemas::everest::{BackupStorage, DatabaseCluster};
use everest_schemas::models::BackupModel;

use super::Stage;
use super::findings::Findings;
use super::table::online::{
    CREDENTIALS_REACH, DATABASE_EXISTS, NAMESPACE_SERVED, STORAGE_EXISTS, UPGRADE_LOCK,
};
use crate::facts::{self, All, Facts, Kind, Seen};
use crate::path::FieldPath;
use crate::rules::Rule;
use crate::v1::namespace::{MANAGED_BY, MANAGED_BY_LABEL};

/// Checks that the namespace exists and that Everest manages it. At plan, a namespace that does not
/// exist is no finding, because the planned run may make it; neither is a namespace that this run
/// takes over.
///
/// Returns true if the objects in the namespace can be judged. If the namespace is missing or not
/// managed by Everest, every other finding would only repeat that.
pub(super) fn served_namespace(
    name: &Field<String>,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) -> bool {
    let Some(name) = name.known_str() else {
        return !facts.namespace_is_absent();
    };
    let path = FieldPath::of("namespace");
    match &facts.namespace {
        Seen::Unread => true,
        Seen::Absent => {
            if stage == Stage::Apply {
                let summary = format!("The namespace {name} does not exist");
                findings.error(&NAMESPACE_SERVED, path, summary);
            }
            false
        }
        Seen::Found(namespace) => {
            let labels = namespace.metadata.labels.as_ref();
            let label = labels.and_then(|labels| labels.get(MANAGED_BY_LABEL));
            let served = label.is_some_and(|label| label == MANAGED_BY);
            let taken_over = stage == Stage::Plan && facts.planned.has_namespace();
            if !served && !taken_over {
                let summary = format!("The namespace {name} is not managed by Everest");
                findings.missing(&NAMESPACE_SERVED, path, summary, stage);
            }
            served
        }
    }
}

/// Warns of an operator upgrade in the namespace; only a warning, because the write waits for its
/// end.
pub(super) fn upgrade_lock(facts: &Facts, findings: &mut Findings) {
    if let Some(engine) = facts.locked_engine() {
        findings.warning(
            &UPGRADE_LOCK,
            FieldPath::root(),
            format!("{engine} is being upgraded in the namespace"),
        );
    }
}

/// The state in which a database takes no changes, if it is in one.
pub(super) fn busy_state(database: &DatabaseCluster) -> Option<&str> {
    if database.metadata.deletion_timestamp.is_some() {
        return Some("deleting");
    }
    let state = database.status.as_ref()?.status.as_deref()?;
    facts::busy_state(database).or_else(|| (state == "deleting").then_some(state))
}

/// The state in which the data of a database cannot be replaced, if it is in one.
pub(super) fn unready_state(database: &DatabaseCluster) -> Option<&str> {
    let state = database.status.as_ref()?.status.as_deref()?;
    busy_state(database).or_else(|| {
        [
            "creating",
            "paused",
            "importing",
            "upgrading",
            "resizingVolumes",
        ]
        .contains(&state)
        .then_some(state)
    })
}

/// A reference to an object by name.
pub(super) struct Reference<'a> {
    /// The rule that requires the object.
    pub rule: &'a Rule,
    /// The attribute that names it.
    pub path: FieldPath,
    /// The kind in words, such as "backup storage".
    pub kind: &'static str,
    /// Its name.
    pub name: &'a Field<String>,
}

/// The object that an attribute names; adds a finding if it does not exist.
pub(super) fn named<'a, K>(
    reference: Reference<'_>,
    all: &'a All<K>,
    stage: Stage,
    findings: &mut Findings,
) -> Option<&'a K> {
    let name = reference.name.known_str().filter(|name| !name.is_empty())?;
    let all = all.as_ref()?;
    if let Some(found) = all.get(name) {
        return Some(found);
    }
    let others = if all.is_empty() {
        "there is none".to_owned()
    } else {
        format!("existing ones: {}", Facts::names(all))
    };
    let kind = reference.kind;
    findings.missing(
        reference.rule,
        reference.path,
        format!("No {kind} is called {name:?}; {others}"),
        stage,
    );
    None
}

/// Returns true if the planned run makes an object that does not exist yet: the object is not
/// missing, and cannot be judged either.
pub(super) fn is_to_come<K>(
    kind: Kind,
    name: &Field<String>,
    all: &All<K>,
    facts: &Facts,
    stage: Stage,
) -> bool {
    let exists = |name: &str| all.as_ref().is_some_and(|all| all.contains_key(name));
    stage == Stage::Plan
        && name
            .known_str()
            .is_some_and(|name| !exists(name) && facts.planned.has(kind, name))
}

/// The backup storage that an attribute names; one that is being deleted counts as missing.
pub(super) fn storage<'a>(
    path: FieldPath,
    name: &Field<String>,
    facts: &'a Facts,
    stage: Stage,
    findings: &mut Findings,
) -> Option<&'a BackupStorage> {
    let reference = Reference {
        rule: &STORAGE_EXISTS,
        path: path.clone(),
        kind: "backup storage of the namespace",
        name,
    };
    if is_to_come(Kind::Storages, name, &facts.storages, facts, stage) {
        return None;
    }
    let found = named(reference, &facts.storages, stage, findings)?;
    if found.metadata.deletion_timestamp.is_some() {
        let name = name.known_str().unwrap_or_default();
        findings.missing(
            &STORAGE_EXISTS,
            path,
            format!("The backup storage {name:?} is being deleted"),
            stage,
        );
        return None;
    }
    Some(found)
}

/// The database that an attribute names; one that is being deleted counts as missing.
pub(super) fn database<'a>(
    name: &Field<String>,
    facts: &'a Facts,
    stage: Stage,
    findings: &mut Findings,
) -> Option<&'a DatabaseCluster> {
    let path = FieldPath::of("databaseName");
    let reference = Reference {
        rule: &DATABASE_EXISTS,
        path: path.clone(),
        kind: "database of the namespace",
        name,
    };
    if is_to_come(Kind::Databases, name, &facts.databases, facts, stage) {
        return None;
    }
    let found = named(reference, &facts.databases, stage, findings)?;
    if found.metadata.deletion_timestamp.is_some() {
        let name = name.known_str().unwrap_or_default();
        findings.missing(
            &DATABASE_EXISTS,
            path,
            format!("The database {name:?} is being deleted"),
            stage,
        );
        return None;
    }
    Some(found)
}

/// Warns of changed credentials that do not reach `databases` with their Secret.
pub(super) fn reach_later<'a>(
    databases: impl Iterator<Item = &'a str>,
    path: FieldPath,
    findings: &mut Findings,
) {
    let names: Vec<_> = databases.collect();
    if !names.is_empty() {
        let names = names.join(", ");
        let summary = format!("These databases do not get the new credentials at once: {names}");
        findings.warning(&CREDENTIALS_REACH, path, summary);
    }
}

/// The storages that the existing backups of a database lie in.
pub(super) fn storages_of_backups<'a>(
    database: &'a str,
    facts: &'a Facts,
) -> impl Iterator<Item = &'a str> {
    facts
        .backups
        .iter()
        .flat_map(|backups| backups.values())
        .filter(move |backup| backup.spec.db_cluster_name.known_str() == Some(database))
        .filter_map(|backup| backup.spec.backup_storage_name.known_str())
}

/// The backups of a database, other than `planned`.
pub(super) fn other_backups<'a>(
    planned: &'a BackupModel,
    facts: &'a Facts,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let database = planned.database_name.known_str();
    facts
        .backups
        .iter()
        .flatten()
        .filter(move |(name, backup)| {
            backup.metadata.deletion_timestamp.is_none()
                && backup.spec.db_cluster_name.known_str() == database
                && planned.name.known_str() != Some(name.as_str())
        })
        .map(|(name, backup)| {
            let status = backup.status.as_ref();
            let state = status.and_then(|status| status.state.as_deref());
            (name.as_str(), state.unwrap_or_default())
        })
}
