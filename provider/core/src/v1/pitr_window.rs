//! The time span of point-in-time recovery, which no object holds: it is made of the database and
//! its backups.
//!
//! | | Earliest | Latest |
//! |---|---|---|
//! | `pxc`, `postgresql` | end of the newest complete backup | its `latestRestorableTime` |
//! | `psmdb` | the same | now, less the upload interval that Everest and the operator make of the asked one |
//!
//! Source: everest `internal/server/handlers/k8s/database_cluster.go`
//! (`GetDatabaseClusterPitr`).

use everest_schemas::everest::{
    DatabaseCluster, DatabaseClusterBackup, DatabaseClusterBackupStatus,
};
use everest_schemas::models::PitrWindow;
use everest_schemas::{Engine, Field};
use jiff::{SignedDuration, Timestamp};

use super::timestamp;

/// Seconds between two uploads of a MongoDB's log, unless the database has a shorter or longer
/// interval of whole minutes.
const MONGODB_INTERVAL: i64 = 600;

/// The state of a backup that is complete.
const SUCCEEDED: &str = "Succeeded";

/// The seconds between two uploads of a MongoDB's log. Everest passes the interval on in whole
/// minutes and only beside schedules; the engine's operator takes its own instead of none and of
/// zero.
///
/// Source: everest-operator `providers/psmdb/applier.go` (`genPSMDBBackupSpec`),
/// percona-server-mongodb-operator `pkg/apis/psmdb/v1/psmdb_defaults.go` (`OplogSpanMin`).
pub(crate) fn mongodb_interval(asked: Option<i64>, is_scheduled: bool) -> i64 {
    let minutes = asked.filter(|_| is_scheduled).unwrap_or_default() / 60;
    if minutes > 0 {
        minutes * 60
    } else {
        MONGODB_INTERVAL
    }
}

/// The span of a database, from all backups of its namespace.
pub fn window(
    database: &DatabaseCluster,
    backups: &[DatabaseClusterBackup],
    now: Timestamp,
) -> PitrWindow {
    let name = database.metadata.name.as_deref().unwrap_or_default();
    let engine = database.spec.engine.known();
    let engine = engine.and_then(|engine| engine.type_.known().copied());
    let backup_spec = database.spec.backup.known();
    let pitr = backup_spec.and_then(|backup| backup.pitr.known());
    let enabled = engine == Some(Engine::Postgresql)
        || pitr.is_some_and(|pitr| pitr.enabled.known() == Some(&true));
    let window = PitrWindow {
        namespace: database.metadata.namespace.clone().into(),
        database_name: name.to_owned().into(),
        enabled: Field::Known(enabled),
        ..PitrWindow::default()
    };
    let newest = backups
        .iter()
        .filter(|backup| backup.spec.db_cluster_name.known_str() == Some(name))
        .filter_map(complete)
        .max_by_key(|(_, status)| status.completed.as_ref().map(|time| time.0));
    let Some((backup, status)) = newest.filter(|_| enabled) else {
        return window;
    };
    let latest = match engine {
        Some(Engine::Psmdb) => {
            let interval = pitr.and_then(|pitr| pitr.upload_interval_sec.known().copied());
            let schedules = backup_spec.and_then(|backup| backup.schedules.known());
            let is_scheduled = schedules.is_some_and(|schedules| !schedules.is_empty());
            let interval = mongodb_interval(interval, is_scheduled);
            let latest = now.checked_sub(SignedDuration::from_secs(interval)).ok();
            latest
                .and_then(whole_seconds)
                .map(|latest| latest.to_string())
                .into()
        }
        _ => timestamp(status.latest_restorable_time.as_ref()),
    };
    PitrWindow {
        earliest: timestamp(status.completed.as_ref()),
        latest,
        backup_name: backup.metadata.name.clone().into(),
        gaps: Field::Known(status.gaps),
        ..window
    }
}

/// A backup that is complete and stays.
fn complete(
    backup: &DatabaseClusterBackup,
) -> Option<(&DatabaseClusterBackup, &DatabaseClusterBackupStatus)> {
    let status = backup.status.as_ref()?;
    let stays = backup.metadata.deletion_timestamp.is_none();
    (stays && status.state.as_deref() == Some(SUCCEEDED)).then_some((backup, status))
}

fn whole_seconds(time: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(time.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of(engine: &str, pitr: &Value, backups: &[Value]) -> PitrWindow {
        of_backup(engine, &json!({ "pitr": pitr }), backups)
    }

    fn of_backup(engine: &str, backup: &Value, backups: &[Value]) -> PitrWindow {
        let database = json!({"metadata": {"name": "orders", "namespace": "shop"},
            "spec": {"engine": {"type": engine, "storage": {"size": "1Gi"}}, "backup": backup}});
        let backups: Vec<_> = backups
            .iter()
            .map(|backup| serde_json::from_value(backup.clone()).unwrap())
            .collect();
        let now = "2026-01-02T00:00:00.5Z".parse().unwrap();
        window(&serde_json::from_value(database).unwrap(), &backups, now)
    }

    fn backup(name: &str, database: &str, state: &str, completed: &str) -> Value {
        json!({"metadata": {"name": name, "namespace": "shop"},
            "spec": {"dbClusterName": database, "backupStorageName": "s3"},
            "status": {"state": state, "completed": completed, "gaps": name == "b",
                "latestRestorableTime": "2026-01-01T23:00:00Z"}})
    }

    #[test]
    fn it_begins_with_the_newest_complete_backup_of_the_database() {
        let backups = [
            backup("a", "orders", "Succeeded", "2026-01-01T01:00:00Z"),
            backup("b", "orders", "Succeeded", "2026-01-01T02:00:00Z"),
            backup("c", "orders", "Failed", "2026-01-01T03:00:00Z"),
            backup("d", "carts", "Succeeded", "2026-01-01T04:00:00Z"),
        ];
        let on = json!({"enabled": true, "backupStorageName": "s3"});
        let found = of("pxc", &on, &backups);
        assert_eq!(found.backup_name.known_str(), Some("b"));
        assert_eq!(found.earliest.known_str(), Some("2026-01-01T02:00:00Z"));
        assert_eq!(found.latest.known_str(), Some("2026-01-01T23:00:00Z"));
        assert_eq!(found.gaps, Field::Known(true));
    }

    #[test]
    fn the_latest_time_of_a_mongodb_is_as_old_as_the_interval_that_comes_of_the_asked_one() {
        let backups = [backup("a", "orders", "Succeeded", "2026-01-01T01:00:00Z")];
        let nightly = json!([{"name": "nightly", "enabled": true, "schedule": "0 2 * * *",
            "backupStorageName": "s3"}]);
        for (interval, schedules, latest) in [
            (json!(60), &nightly, "2026-01-01T23:59:00Z"),
            (json!(150), &nightly, "2026-01-01T23:58:00Z"),
            (json!(3_600), &nightly, "2026-01-01T23:00:00Z"),
            (json!(59), &nightly, "2026-01-01T23:50:00Z"),
            (json!(null), &nightly, "2026-01-01T23:50:00Z"),
            (json!(60), &json!([]), "2026-01-01T23:50:00Z"),
        ] {
            let pitr = json!({"enabled": true, "uploadIntervalSec": interval});
            let spec = json!({"pitr": pitr, "schedules": schedules});
            let found = of_backup("psmdb", &spec, &backups);
            assert_eq!(found.latest.known_str(), Some(latest), "{spec}");
        }
    }

    #[test]
    fn there_is_none_without_the_log_or_without_a_backup() {
        let backups = [backup("a", "orders", "Succeeded", "2026-01-01T01:00:00Z")];
        let off = json!({"enabled": false});
        let found = of("pxc", &off, &backups);
        assert_eq!(
            (found.enabled, found.earliest),
            (Field::Known(false), Field::Null)
        );
        let found = of("postgresql", &off, &backups);
        assert_eq!(found.enabled, Field::Known(true), "always on");
        assert!(found.earliest.is_known());
        assert_eq!(of("postgresql", &off, &[]).earliest, Field::Null);
    }
}
