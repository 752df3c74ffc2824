//! The users of a backup storage, and the end of an object that others use.
//!
//! Everest holds a storage in use with a finalizer, and takes it off when the last user is gone,
//! but only from a storage that nobody has deleted. A storage that is deleted while in use keeps
//! the finalizer forever and loses the Secret with its credentials at once. So a storage in use is
//! never deleted here, and a storage that someone else has deleted is released by taking the
//! finalizer off.

use std::sync::Arc;

use everest_schemas::Field;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

pub use crate::api::IN_USE;
use crate::lifecycle::Used;

/// The advice for a user who deletes a storage in use.
pub const REMEDY: &str = "Remove the storage from these databases and delete these backups and \
    restores first: Everest keeps a storage that is in use. If another storage reads the same \
    Secret, give it a Secret of its own: this Secret is deleted with this storage";

/// One user of a storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Kind and name, for messages.
    pub name: String,
    /// True if it is being deleted.
    pub is_going: bool,
}

impl User {
    /// An object of a kind that messages call `kind`, beside its user in one namespace.
    pub fn of(kind: &str, metadata: &ObjectMeta) -> Self {
        Self {
            name: format!("{kind} {}", metadata.name.as_deref().unwrap_or_default()),
            is_going: metadata.deletion_timestamp.is_some(),
        }
    }
}

/// The users of an object, as far as they could be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Users {
    /// The users that were found.
    pub found: Vec<User>,
    /// True if every kind that can use a storage was listed.
    pub is_complete: bool,
}

impl Users {
    /// The databases of all namespaces that use a cluster-scoped object; `None` if they may not be
    /// listed.
    pub fn among(
        databases: Option<&[Arc<DatabaseCluster>]>,
        uses: impl Fn(&DatabaseCluster) -> bool,
    ) -> Self {
        let using = databases.into_iter().flatten();
        let using = using.filter(|database| uses(database));
        Self {
            is_complete: databases.is_some(),
            found: using
                .map(|database| User {
                    name: format!("database {}", place(&database.metadata)),
                    is_going: database.metadata.deletion_timestamp.is_some(),
                })
                .collect(),
        }
    }

    /// Kinds and names of the users.
    pub fn names(&self) -> Vec<String> {
        self.found.iter().map(|user| user.name.clone()).collect()
    }
}

/// Namespace and name of an object.
pub fn place(metadata: &ObjectMeta) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("{}/{}", part(&metadata.namespace), part(&metadata.name))
}

/// The objects of the storage's namespace; `None` for a kind that may not be listed.
#[derive(Clone, Debug, Default)]
pub struct Neighbours<'a> {
    /// The databases.
    pub databases: Option<Vec<&'a DatabaseCluster>>,
    /// The backups.
    pub backups: Option<Vec<&'a DatabaseClusterBackup>>,
    /// The restores.
    pub restores: Option<Vec<&'a DatabaseClusterRestore>>,
}

/// Returns the users of the storage as Everest counts them: databases (by schedules, enabled
/// point-in-time recovery and data sources), backups and restores.
pub fn users(storage: &str, neighbours: &Neighbours<'_>) -> Users {
    let Neighbours {
        databases,
        backups,
        restores,
    } = neighbours;
    let mut found = Vec::new();
    for database in databases.iter().flatten() {
        if database_uses(database, storage) {
            found.push(User::of("database", &database.metadata));
        }
    }
    for backup in backups.iter().flatten() {
        if is(&backup.spec.backup_storage_name, storage) {
            found.push(User::of("backup", &backup.metadata));
        }
    }
    for restore in restores.iter().flatten() {
        let source = restore.spec.data_source.known();
        let source = source.and_then(|source| source.backup_source.known());
        if source.is_some_and(|source| is(&source.backup_storage_name, storage)) {
            found.push(User::of("restore", &restore.metadata));
        }
    }
    Users {
        found,
        is_complete: databases.is_some() && backups.is_some() && restores.is_some(),
    }
}

/// Returns true if a database names the storage in a schedule, for point-in-time recovery or in its
/// data source.
pub(crate) fn database_uses(database: &DatabaseCluster, storage: &str) -> bool {
    let backup = database.spec.backup.known();
    let schedules = backup.and_then(|backup| backup.schedules.known());
    let scheduled = schedules
        .into_iter()
        .flatten()
        .map(|schedule| &schedule.backup_storage_name);
    let source = database
        .spec
        .data_source
        .known()
        .and_then(|source| source.backup_source.known())
        .map(|source| &source.backup_storage_name);
    let mut named = scheduled.chain(source);
    named.any(|name| is(name, storage)) || uploads_log_to(database, storage)
}

/// Returns true if a database names the storage for point-in-time recovery, and has that enabled.
pub(crate) fn uploads_log_to(database: &DatabaseCluster, storage: &str) -> bool {
    let backup = database.spec.backup.known();
    let pitr = backup.and_then(|backup| backup.pitr.known());
    pitr.is_some_and(|pitr| {
        pitr.enabled.known() == Some(&true) && is(&pitr.backup_storage_name, storage)
    })
}

fn is(name: &Field<String>, storage: &str) -> bool {
    name.known_str() == Some(storage)
}

/// The next step in the removal of a storage.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Delete it.
    Delete,
    /// Leave it: these users stay.
    InUse(Vec<String>),
    /// Wait for the deletion of these users.
    AwaitUsers(Vec<String>),
    /// Wait until it is gone.
    AwaitEnd,
    /// Send this merge patch, which takes Everest's finalizer off: nothing uses the storage any
    /// more, and Everest itself does not reconcile it again.
    Release(Value),
}

/// Returns the next step.
///
/// 1. Users that stay keep the storage, and users that go are waited for.
/// 2. If users may not be listed, a storage that Everest reports as used is kept.
/// 3. Without users the storage is deleted.
/// 4. A storage that is being deleted, has no users and still has Everest's finalizer is released;
///    of other kinds Everest takes it off.
pub fn step<K: Used>(used: &K, users: &Users) -> Step {
    let is_going = used.metadata().deletion_timestamp.is_some();
    if users.found.iter().any(|user| !user.is_going) {
        return Step::InUse(users.names());
    }
    if !users.found.is_empty() {
        return Step::AwaitUsers(users.names());
    }
    let is_held = is_held(used);
    let said = is_held || used.in_use();
    match (is_going, users.is_complete) {
        (false, false) if said => Step::InUse(vec![format!(
            "objects that the provider may not list ({})",
            K::UNSEEN
        )]),
        (false, _) => Step::Delete,
        (true, true) if is_held && !K::IS_LET_GO => Step::Release(released(used.metadata())),
        (true, _) => Step::AwaitEnd,
    }
}

/// Whether Everest's finalizer is on the object.
pub fn is_held<K: Used>(used: &K) -> bool {
    let finalizers = used.metadata().finalizers.iter().flatten();
    finalizers.into_iter().any(|finalizer| finalizer == IN_USE)
}

/// The body of a merge patch that takes Everest's finalizer off, unless the object was changed.
fn released(metadata: &ObjectMeta) -> Value {
    let finalizers = metadata.finalizers.iter().flatten();
    let others: Vec<_> = finalizers
        .filter(|finalizer| *finalizer != IN_USE)
        .collect();
    json!({"metadata": {"resourceVersion": metadata.resource_version, "finalizers": others}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::everest::BackupStorage;

    fn storage(metadata: &Value, status: &Value) -> BackupStorage {
        let mut object = json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "BackupStorage",
            "metadata": {"name": "s3", "namespace": "prod", "resourceVersion": "7"},
            "spec": {"type": "s3", "bucket": "b", "credentialsSecretName": "s3"},
            "status": status});
        for (name, value) in metadata.as_object().unwrap() {
            object["metadata"][name] = value.clone();
        }
        serde_json::from_value(object).unwrap()
    }

    fn database(spec: &Value) -> DatabaseCluster {
        let mut object = json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseCluster", "metadata": {"name": "orders", "namespace": "prod"},
            "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}});
        for (name, value) in spec.as_object().unwrap() {
            object["spec"][name] = value.clone();
        }
        serde_json::from_value(object).unwrap()
    }

    fn alone() -> Neighbours<'static> {
        Neighbours {
            databases: Some(Vec::new()),
            backups: Some(Vec::new()),
            restores: Some(Vec::new()),
        }
    }

    fn with(database: &DatabaseCluster) -> Users {
        let neighbours = Neighbours {
            databases: Some(vec![database]),
            ..alone()
        };
        users("s3", &neighbours)
    }

    #[test]
    fn what_everest_counts_as_a_user_is_one() {
        let schedule = json!({"name": "n", "enabled": false, "schedule": "0 2 * * *",
            "backupStorageName": "s3"});
        for (spec, used) in [
            (json!({}), false),
            (json!({"backup": {"schedules": [schedule]}}), true),
            (
                json!({"backup": {"pitr": {"enabled": true, "backupStorageName": "s3"}}}),
                true,
            ),
            (
                json!({"backup": {"pitr": {"enabled": false, "backupStorageName": "s3"}}}),
                false,
            ),
            (
                json!({"dataSource": {"backupSource": {"path": "p", "backupStorageName": "s3"}}}),
                true,
            ),
            (
                json!({"dataSource": {"backupSource": {"path": "p", "backupStorageName": "other"}}}),
                false,
            ),
        ] {
            let names = with(&database(&spec)).names();
            let expected: &[&str] = if used { &["database orders"] } else { &[] };
            assert_eq!(names, expected, "{spec}");
        }
        let backup = json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseClusterBackup", "metadata": {"name": "b"},
            "spec": {"dbClusterName": "orders", "backupStorageName": "s3"}});
        let restore = json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseClusterRestore", "metadata": {"name": "r"},
            "spec": {"dbClusterName": "orders",
                "dataSource": {"backupSource": {"path": "p", "backupStorageName": "s3"}}}});
        let backup = serde_json::from_value(backup).unwrap();
        let restore = serde_json::from_value(restore).unwrap();
        let neighbours = Neighbours {
            backups: Some(vec![&backup]),
            restores: Some(vec![&restore]),
            ..alone()
        };
        assert_eq!(users("s3", &neighbours).names(), ["backup b", "restore r"]);
    }

    #[test]
    fn a_storage_in_use_is_not_deleted_and_its_users_are_named() {
        let scheduled = json!({"backup": {"schedules": [{"name": "n", "enabled": true,
            "schedule": "0 2 * * *", "backupStorageName": "s3"}]}});
        let mut user = database(&scheduled);
        let used = with(&user);
        let free = storage(&json!({}), &Value::Null);
        let named = vec!["database orders".to_owned()];
        assert_eq!(step(&free, &used), Step::InUse(named.clone()));
        user.metadata.deletion_timestamp =
            serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
        assert_eq!(step(&free, &with(&user)), Step::AwaitUsers(named));
        assert_eq!(step(&free, &users("s3", &alone())), Step::Delete);
    }

    #[test]
    fn where_users_may_not_be_looked_for_what_everest_says_counts() {
        let hidden = users(
            "s3",
            &Neighbours {
                backups: None,
                ..alone()
            },
        );
        let used = storage(&json!({}), &json!({"inUse": true}));
        assert!(matches!(step(&used, &hidden), Step::InUse(_)));
        let free = storage(&json!({}), &json!({"inUse": false}));
        assert_eq!(step(&free, &hidden), Step::Delete);
        // Everest learns late, or never, that a restore is gone; who sees all users knows better.
        assert_eq!(step(&used, &users("s3", &alone())), Step::Delete);
    }

    #[test]
    fn a_deleted_storage_is_released_once_nothing_uses_it() {
        let going = |finalizers: Value| {
            let metadata = json!({"deletionTimestamp": "2026-01-01T00:00:00Z",
                "finalizers": finalizers});
            storage(&metadata, &Value::Null)
        };
        let none = users("s3", &alone());
        let held = going(json!(["foregroundDeletion", IN_USE]));
        let body = json!({"metadata": {"resourceVersion": "7",
            "finalizers": ["foregroundDeletion"]}});
        assert_eq!(step(&held, &none), Step::Release(body));
        assert_eq!(
            step(&going(json!(["foregroundDeletion"])), &none),
            Step::AwaitEnd
        );
        let hidden = users("s3", &Neighbours::default());
        assert_eq!(step(&held, &hidden), Step::AwaitEnd);
        let pitr = json!({"backup": {"pitr": {"enabled": true, "backupStorageName": "s3"}}});
        let used = with(&database(&pitr));
        assert!(matches!(step(&held, &used), Step::InUse(_)));
    }
}
