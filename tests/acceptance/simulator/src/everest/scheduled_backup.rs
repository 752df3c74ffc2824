//! Backups that an engine made on its own schedule, mirrored as
//! DatabaseClusterBackups of the same name.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::json;

use super::CLUSTER_NAME;
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::engine_cr::repo_of;
use crate::kinds;
use crate::object::{self, at, text};

/// Makes the DatabaseClusterBackups that the engine's backups lack.
pub async fn mirror(
    cluster: &Cluster,
    database: &DynamicObject,
    engine: Engine,
    engine_cr: Option<&DynamicObject>,
) -> Result<(), Error> {
    let namespace = database.namespace().unwrap_or_default();
    let name = database.name_any();
    let field = format!("/spec/{}", engine.cluster_field());
    for made in cluster.list(engine.backup_kind(), &namespace) {
        let backup = made.name_any();
        let owned = made
            .owner_references()
            .iter()
            .any(|o| o.kind == kinds::BACKUP.name);
        let known = cluster.get(&kinds::BACKUP, &namespace, &backup).is_some();
        if owned || known || object::deleting(&made) || text(&made.data, &field) != name {
            continue;
        }
        let storage = match engine {
            Engine::Postgresql => {
                let repo = text(&made.data, "/spec/repoName");
                let used = cluster
                    .list(&kinds::BACKUP_STORAGE, &namespace)
                    .into_iter()
                    .find(|s| {
                        engine_cr
                            .and_then(|cr| repo_of(cr, at(&s.data, "/spec")))
                            .as_deref()
                            == Some(repo)
                    });
                used.map_or(String::new(), |s| s.name_any())
            }
            _ => text(&made.data, "/spec/storageName").to_owned(),
        };
        let spec = json!({"spec": {"dbClusterName": name, "backupStorageName": storage}});
        let mut mirrored = object::new(&kinds::BACKUP, &namespace, &backup, spec);
        object::add_label(&mut mirrored, CLUSTER_NAME, &name);
        cluster
            .create(&kinds::BACKUP, EVEREST_OPERATOR, &mirrored)
            .await?;
    }
    Ok(())
}
