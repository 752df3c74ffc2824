//! The first and the last backup storage of a PostgreSQL database, with which Everest turns its
//! backups on and off.
//!
//! Everest does so from the operator's version 2.8.2 on. A database that an older operator created
//! keeps a volume for backups, and with it always a storage; no object that the rules read shows that,
//! so both are warnings.

use everest_schemas::everest::{DatabaseCluster, DatabaseClusterSpec};
use everest_schemas::{Engine, Field};

use super::database::has_enabled_schedules;
use super::findings::Findings;
use super::online::storages_of_backups;
use super::table::backup::{PG_FIRST_STORAGE, PG_LAST_STORAGE};
use crate::facts::{Facts, Kind};
use crate::path::FieldPath;
use crate::version::Version;

/// The first version of the operator under which a new database has no volume for backups.
///
/// Source: everest-operator `providers/pg/applier.go` (`checkPVCRequired`).
const WITHOUT_VOLUME: &str = "2.8.2";

/// Warns of a backup that gives a database its first storage.
pub(super) fn first_storage(
    path: FieldPath,
    name: &str,
    database: &DatabaseCluster,
    facts: &Facts,
    findings: &mut Findings,
) {
    let spec = &database.spec;
    let is_first = is_scheduled(spec) == Some(false)
        && spec.data_source.is_null()
        && facts.backups.is_some()
        && storages_of_backups(name, facts).next().is_none();
    if is_first && turns_backups_off(facts) {
        let summary = format!("The backup is the first of the database {name:?}");
        findings.warning(&PG_FIRST_STORAGE, path, summary);
    }
}

/// Warns of a change that takes the last storage of a database away.
pub(super) fn last_storage(
    (now, before): (&DatabaseClusterSpec, &DatabaseClusterSpec),
    name: &Field<String>,
    facts: &Facts,
    findings: &mut Findings,
) {
    let engine = now.engine.known().and_then(|engine| engine.type_.known());
    let removes = is_scheduled(before) == Some(true) && is_scheduled(now) == Some(false);
    let (Some(Engine::Postgresql), true, Some(name), true) =
        (engine, removes, name.known_str(), facts.backups.is_some())
    else {
        return;
    };
    let mut left = facts.left(Kind::Backups, &facts.backups);
    let is_backed_up =
        left.any(|(_, backup)| backup.spec.db_cluster_name.known_str() == Some(name));
    if !is_backed_up && turns_backups_off(facts) {
        findings.warning(
            &PG_LAST_STORAGE,
            FieldPath::of("backup.schedules"),
            "The database would have neither an enabled schedule nor a backup",
        );
    }
}

/// Returns true if the database has an enabled schedule, whose storage Everest gives the engine; `None`
/// while that is not known.
fn is_scheduled(spec: &DatabaseClusterSpec) -> Option<bool> {
    match &spec.backup {
        Field::Unknown => None,
        Field::Null => Some(false),
        Field::Known(backup) => has_enabled_schedules(backup),
    }
}

/// Returns true if the namespace's operator is known to be one under which Everest turns backups off.
fn turns_backups_off(facts: &Facts) -> bool {
    let engines = facts.engines.as_ref();
    let engine = engines.and_then(|engines| engines.get(Engine::Postgresql.operator()));
    let status = engine.and_then(|engine| engine.status.as_ref());
    let version = status.and_then(|status| status.operator_version.as_deref());
    let version = version.and_then(|version| version.parse::<Version>().ok());
    let first = WITHOUT_VOLUME.parse::<Version>().ok();
    version.is_some() && version >= first
}
