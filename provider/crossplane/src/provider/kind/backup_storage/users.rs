//! The users of a backup storage that only managed resources show.

use crossplane_managed::metadata;
use crossplane_managed::policies::Policies;
use everest_core::storage_users::User;
use everest_core::v1::ObjectMapping;
use everest_schemas::managed::{Managed, ManagedModel};
use everest_schemas::models::DatabaseModel;
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::BackupStorages;
use crate::provider::config::TargetKey;
use crate::provider::error::ReconcileError;
use crate::provider::kind::Scene;
use crate::provider::managed;

/// The managed databases of the same cluster and namespace whose final backup goes into the
/// storage.
pub(super) async fn final_backups(
    scene: &Scene<'_, BackupStorages>,
) -> Result<Vec<User>, ReconcileError> {
    let databases: Api<Managed<DatabaseModel>> = Api::all(scene.control.clone());
    let found = match databases.list(&ListParams::default()).await {
        Ok(found) => found.items,
        // The kind is not activated.
        Err(kube::Error::Api(status)) if status.code == 404 => Vec::new(),
        Err(error) => return Err(ReconcileError::control("listing managed databases")(error)),
    };
    let target = &scene.views.target.key;
    let users = found.into_iter().filter(|database| {
        let home = database.namespace().unwrap_or_default();
        let spec = managed::spec(database);
        TargetKey::new(&home, &spec.provider_config_ref) == *target
            && Policies::of(&spec.management_policies).is_ok_and(|may| may.delete)
            && names(database, &home, scene)
    });
    Ok(users.map(|database| user(&database)).collect())
}

/// Returns true if the final backup of a database goes into the storage.
fn names(database: &Managed<DatabaseModel>, home: &str, scene: &Scene<'_, BackupStorages>) -> bool {
    // Of one that cannot be read nothing is deleted, and so nothing backed up.
    let Ok(model) = &database.spec.for_provider.model else {
        return false;
    };
    let mut model = model.clone();
    model.set_location(home, metadata::external_name(&database.metadata));
    let last = model.final_backup.known();
    let storage = last.and_then(|last| last.backup_storage_name.known_str());
    model.key().0 == scene.namespace && storage == Some(scene.name)
}

fn user(database: &Managed<DatabaseModel>) -> User {
    User {
        name: format!(
            "the final backup of the managed resource Database {}/{}",
            database.namespace().unwrap_or_default(),
            database.name_any()
        ),
        is_going: database.metadata.deletion_timestamp.is_some(),
    }
}
