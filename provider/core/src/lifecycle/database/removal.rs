//! The removal of a database, without losing the data of its backups.

use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup};
use everest_schemas::models::DatabaseModel;
use k8s_openapi::api::core::v1::Namespace;

use super::{RemoveUserSecret, locked_backups};
use crate::api::STORAGE_PROTECTION;
use crate::facts::Seen;
use crate::lifecycle::backup::{FinalBackup, TakeFinalBackup, protect};
use crate::lifecycle::{
    Action, Lifecycle, Merge, ObjectRef, Observed, Query, Removal, Stopwatches,
};
use crate::path::FieldPath;

/// Removes a database.
///
/// 1. One that is protected from deletion stays, and so does a paused MongoDB whose backups only a
///    running one lets go of.
/// 2. Its final backup is taken, if it asks for one: see [`TakeFinalBackup`].
/// 3. The data of its backups is kept in their buckets, unless `keep_backup_data` is false. A
///    namespace that is being deleted takes no final backup, but the data of earlier backups is
///    kept.
/// 4. It is deleted.
/// 5. The Secret with the passwords that this provider has sent goes, if it is left: see
///    [`RemoveUserSecret`].
#[derive(Clone, Debug)]
pub struct RemoveDatabase {
    object: ObjectRef,
    protected: bool,
    last: Option<TakeFinalBackup>,
    keeps: Option<KeepBackupData>,
    removal: Removal,
    users: Option<RemoveUserSecret>,
}

impl RemoveDatabase {
    /// Removes the database of a model, as it says.
    pub fn of(model: &DatabaseModel) -> Self {
        let text = |field: &everest_schemas::Field<String>| {
            field.known_str().unwrap_or_default().to_owned()
        };
        let (namespace, name) = (text(&model.namespace), text(&model.name));
        let last = model.final_backup.is_known();
        Self {
            protected: model.deletion_protection.known() == Some(&true),
            last: last.then(|| TakeFinalBackup::of(model)),
            keeps: (model.keep_backup_data.known() != Some(&false))
                .then(|| KeepBackupData::of(&namespace, Some(&name))),
            ..Self::forced(&namespace, &name)
        }
    }

    /// Removes a database that has no model; the data of its backups is kept.
    pub fn forced(namespace: &str, name: &str) -> Self {
        Self {
            object: ObjectRef::of::<DatabaseCluster>(namespace, name),
            protected: false,
            last: None,
            keeps: Some(KeepBackupData::of(namespace, Some(name))),
            removal: Removal::default(),
            users: None,
        }
    }

    /// The same with the Secret of the passwords.
    #[must_use]
    pub fn with_users(mut self, users: Option<RemoveUserSecret>) -> Self {
        self.users = users;
        self
    }

    /// The same removal if the final backup was taken already.
    #[must_use]
    pub fn after_its_final_backup(mut self) -> Self {
        self.last = None;
        self
    }

    fn keep(&mut self, observed: &Observed) -> Result<Option<Action>, Query> {
        match &mut self.keeps {
            Some(keeps) => keeps.step(observed),
            None => Ok(None),
        }
    }

    /// The steps before the deletion.
    fn before(
        &mut self,
        database: &DatabaseCluster,
        observed: &Observed,
        times: &mut Stopwatches,
    ) -> Result<Option<Action>, Query> {
        if self.protected {
            return Ok(Some(Action::Refuse {
                message: "{deletionProtection} is on. {:unprotect}".into(),
                attribute: Some(FieldPath::of("deletionProtection")),
            }));
        }
        if let Some(message) = locked_backups::hindrance(observed, database)? {
            return Ok(Some(Action::Refuse {
                message,
                attribute: None,
            }));
        }
        if let Some(last) = &mut self.last {
            let action: Action<Option<FinalBackup>> = last.next(observed, times)?;
            if !matches!(action, Action::Done(_)) {
                let home = observed.beside::<Namespace>("", &self.object.namespace)?;
                let is_ending = matches!(home, Seen::Found(home)
                    if home.metadata.deletion_timestamp.is_some());
                let kept = match is_ending {
                    true => self.keep(observed)?,
                    false => None,
                };
                return Ok(Some(kept.unwrap_or_else(|| action.map(|_| ()))));
            }
        }
        self.keep(observed)
    }
}

impl Lifecycle for RemoveDatabase {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not gone"
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let found = observed.object::<DatabaseCluster>(namespace, name)?;
        if let Some(database) = found
            && database.metadata.deletion_timestamp.is_none()
            && let Some(action) = self.before(database, observed, times)?
        {
            return Ok(action);
        }
        let metadata = found.map(|database| &database.metadata);
        if let Some(action) = self.removal.step(&self.object, metadata) {
            return Ok(action);
        }
        let left = match &mut self.users {
            Some(users) => users.step(observed)?,
            None => None,
        };
        Ok(left.unwrap_or(Action::Done(())))
    }
}

/// The number of times that backups are listed anew before the removal gives up.
const ROUNDS: usize = 20;

/// Keeps the data of backups in their bucket when their objects go, for one database or for a whole
/// namespace.
///
/// Engines go on taking scheduled backups meanwhile, and Everest creates an object for each. So the
/// backups are listed again until the list has none left to protect; the deletion comes directly
/// after that list.
#[derive(Clone, Debug)]
pub struct KeepBackupData {
    namespace: String,
    database: Option<String>,
    rounds: usize,
}

impl KeepBackupData {
    /// Keeps the data of the backups of a database, or of all databases of the namespace.
    pub fn of(namespace: &str, database: Option<&str>) -> Self {
        Self {
            namespace: namespace.to_owned(),
            database: database.map(str::to_owned),
            rounds: 0,
        }
    }

    /// The next write; `None` once all data is kept.
    pub(in crate::lifecycle) fn step(
        &mut self,
        observed: &Observed,
    ) -> Result<Option<Action>, Query> {
        // Who may not list backups cannot keep their data, and is told so.
        let backups = observed.listed::<DatabaseClusterBackup>(&self.namespace)?;
        let changes: Vec<_> = backups
            .iter()
            .filter(|backup| {
                let of = backup.spec.db_cluster_name.known_str();
                self.database.is_none() || of == self.database.as_deref()
            })
            .filter_map(|backup| {
                let name = backup.metadata.name.as_deref().unwrap_or_default();
                Some(Merge {
                    object: ObjectRef::of::<DatabaseClusterBackup>(&self.namespace, name),
                    body: protect(backup)?.into(),
                })
            })
            .collect();
        if changes.is_empty() {
            return Ok(None);
        }
        self.rounds += 1;
        if self.rounds > ROUNDS {
            return Ok(Some(Action::Refuse {
                message: format!(
                    "after {ROUNDS} rounds some backups still lack the finalizer \
                     {STORAGE_PROTECTION}, which keeps their data in the bucket, so nothing else \
                     was deleted. Find out what creates so many backups or removes their \
                     finalizer, then try again"
                )
                .into(),
                attribute: None,
            }));
        }
        Ok(Some(Action::Merge(changes)))
    }
}

impl Lifecycle for KeepBackupData {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        ObjectRef::of::<DatabaseClusterBackup>(&self.namespace, "")
    }

    fn aim(&self) -> &'static str {
        "did not keep their data"
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        Ok(self.step(observed)?.unwrap_or(Action::Done(())))
    }
}
