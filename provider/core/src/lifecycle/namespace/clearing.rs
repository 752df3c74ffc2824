//! The deletion of Everest's objects in a namespace, except databases.

use everest_schemas::everest::{
    BackupStorage, DatabaseClusterBackup, DatabaseClusterRestore, MonitoringConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::storages::ReleaseStorages;
use crate::lifecycle::database::KeepBackupData;
use crate::lifecycle::removals::Removals;
use crate::lifecycle::{Action, ObjectRef, Observable, Observed, Query};
use crate::storage_users::IN_USE;
use crate::text::Text;

/// The objects to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clears {
    /// All.
    Everything,
    /// Objects with a finalizer that only Everest takes off.
    Held,
}

/// Deletes Everest's objects in a namespace, except databases, in Everest's own order: restores,
/// backups, storages, monitoring configurations. The data of backups is kept.
#[derive(Clone, Debug)]
pub(super) struct Clearing {
    namespace: String,
    clears: Clears,
    keeps: KeepBackupData,
    releases: ReleaseStorages,
    removals: Removals,
}

impl Clearing {
    pub(super) fn of(namespace: &str, clears: Clears) -> Self {
        Self {
            namespace: namespace.to_owned(),
            clears,
            keeps: KeepBackupData::of(namespace, None),
            releases: ReleaseStorages::of(namespace),
            removals: Removals::default(),
        }
    }

    /// The next action; `None` once all are gone.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub(super) fn step(&mut self, observed: &Observed) -> Result<Option<Action>, Query> {
        if let Some(action) = self.keeps.step(observed)? {
            return Ok(Some(action));
        }
        let namespace = self.namespace.clone();
        let restores = observed.listed::<DatabaseClusterRestore>(&namespace)?;
        let restores = restores.iter().map(|restore| &restore.metadata);
        if let Some(action) = self.gone::<DatabaseClusterRestore>(restores) {
            return Ok(Some(action));
        }
        let backups = observed.listed::<DatabaseClusterBackup>(&namespace)?;
        let backups = backups.iter().map(|backup| &backup.metadata);
        if let Some(action) = self.gone::<DatabaseClusterBackup>(backups) {
            return Ok(Some(action));
        }
        if let Some(action) = self.releases.step(observed)? {
            return Ok(Some(action));
        }
        let storages = observed.listed::<BackupStorage>(&namespace)?;
        let storages = storages.iter().map(|storage| &storage.metadata);
        if let Some(action) = self.gone::<BackupStorage>(storages) {
            return Ok(Some(action));
        }
        let configs = observed.listed::<MonitoringConfig>(&namespace)?;
        Ok(self.gone::<MonitoringConfig>(configs.iter().map(|config| &config.metadata)))
    }

    /// The next action in the deletion of the objects of a type. An object with Everest's in-use
    /// finalizer is waited for: deleted earlier, it would never go.
    fn gone<'a, K: Observable>(
        &mut self,
        found: impl Iterator<Item = &'a ObjectMeta>,
    ) -> Option<Action> {
        let (used, free): (Vec<_>, Vec<_>) = found.partition(|found| is_used(found));
        let deleted = free.into_iter().filter(|found| self.clears.includes(found));
        let next = self.removals.step::<K>(&self.namespace, deleted);
        let mut awaited = match next {
            None => Vec::new(),
            Some(Action::Await(missing)) => vec![missing],
            write => return write,
        };
        awaited.extend(used.into_iter().map(|used| {
            let name = used.name.as_deref().unwrap_or_default();
            let object = ObjectRef::of::<K>(&self.namespace, name);
            Text::from(format!(
                "Everest to release {object}, which was in use until now"
            ))
        }));
        (!awaited.is_empty()).then(|| Action::Await(Text::join(awaited, "; ")))
    }
}

impl Clears {
    fn includes(self, object: &ObjectMeta) -> bool {
        let finalizers = object.finalizers.as_deref().unwrap_or_default();
        self == Clears::Everything || !finalizers.is_empty()
    }
}

fn is_used(object: &ObjectMeta) -> bool {
    let mut finalizers = object.finalizers.iter().flatten();
    object.deletion_timestamp.is_none() && finalizers.any(|finalizer| finalizer == IN_USE)
}
