//! DatabaseCluster: from spec to the engine's object, and back to a status.

use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::{Map, Value, json};

use super::status::{self, Sighting};
use super::{
    RECONCILE_PAUSED, RESTART, data_source, database_engine, deletion, restore, scheduled_backup,
    write_back,
};
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::engine_cr::{self, Inputs, Storage, storages_of_spec, volume_pointer};
use crate::faults::Faults;
use crate::kinds;
use crate::object::{self, at, text, truth};
use crate::quantity;

/// One pass over a database:
///
/// 1. write back what the spec lacks, and come again;
/// 2. build the engine's object and store it if it differs (not while PXC
///    restores);
/// 3. compute the status from what the engine's object said before, also when
///    that object could not be built: the reason is lost then, and a database
///    that was ready says that it is, and has seen everything;
/// 4. mirror scheduled backups, go on with a restart and the data source.
pub async fn reconcile(
    database: Arc<DynamicObject>,
    cluster: Arc<Cluster>,
) -> Result<Action, Error> {
    let namespace = database.namespace().unwrap_or_default();
    if !cluster.manages(&namespace) {
        return Ok(Action::await_change());
    }
    let paused = database.annotations().get(RECONCILE_PAUSED);
    let gone = object::deleting(&database);
    if paused.is_some_and(|v| v == "true") && !gone {
        return Ok(Action::await_change());
    }
    let Some(engine) = Engine::of_type(text(&database.data, "/spec/engine/type")) else {
        return Ok(Action::await_change());
    };
    let offered = cluster
        .get(&kinds::DATABASE_ENGINE, &namespace, engine.operator())
        .ok_or_else(|| {
            Error::Waiting(format!("DatabaseEngine {:?} not found", engine.operator()))
        })?;
    if !gone && let Some(written) = write_back::write_back(&database, engine) {
        cluster
            .update(&kinds::DATABASE_CLUSTER, EVEREST_OPERATOR, &written)
            .await?;
        return Ok(Action::await_change());
    }
    let pass = Pass {
        cluster: &cluster,
        database: &database,
        engine,
        namespace: &namespace,
        operator: database_engine::deployed(&cluster, &namespace, engine).unwrap_or_default(),
    };
    let before = cluster
        .read(engine.cluster_kind(), &namespace, &database.name_any())
        .await?;
    let restoring = pass.restoring();
    let frozen = restoring && engine == Engine::Pxc;
    let volume = pass.volume_size(before.as_ref()).await?;
    let applied = if gone || frozen {
        Ok(before.clone())
    } else {
        pass.apply(&offered, before.as_ref(), &volume)
            .await
            .map(Some)
    };
    let engine_cr = applied.as_ref().unwrap_or(&before);
    let status = pass
        .write_status(engine_cr.as_ref(), restoring, &volume)
        .await?;
    if let Err(Error::Waiting(reason)) = &applied {
        tracing::warn!(
            namespace,
            name = database.name_any(),
            reason,
            "not carried out"
        );
        return Ok(come_again(&status));
    }
    applied?;
    if gone {
        return deletion::finish(&cluster, &database, engine).await;
    }
    scheduled_backup::mirror(&cluster, &database, engine, before.as_ref()).await?;
    if pass.restart(&status).await? {
        return Ok(Action::await_change());
    }
    let again = data_source::advance(&cluster, &database, engine, before.as_ref(), &status).await?;
    Ok(match again {
        Some(wait) => Action::requeue(wait),
        None => come_again(&status),
    })
}

/// A database that is ready is left alone until something changes.
fn come_again(status: &Value) -> Action {
    if text(status, "/status") == "ready" {
        Action::await_change()
    } else {
        Action::requeue(Duration::from_secs(5))
    }
}

/// Size of the data volume, and why it is not the one that was asked for.
struct Volume {
    size: String,
    refused: Option<(&'static str, String)>,
}

struct Pass<'a> {
    cluster: &'a Cluster,
    database: &'a DynamicObject,
    engine: Engine,
    namespace: &'a str,
    operator: String,
}

impl Pass<'_> {
    fn spec(&self) -> &Value {
        at(&self.database.data, "/spec")
    }

    fn restoring(&self) -> bool {
        let name = self.database.name_any();
        self.cluster
            .list(&kinds::RESTORE, self.namespace)
            .iter()
            .any(|r| text(&r.data, "/spec/dbClusterName") == name && !restore::finished(r))
    }

    /// A volume only grows, and only if its class allows it.
    async fn volume_size(&self, engine_cr: Option<&DynamicObject>) -> Result<Volume, Error> {
        let asked = text(self.spec(), "/engine/storage/size").to_owned();
        let has = engine_cr.map_or("", |cr| text(&cr.data, volume_pointer(self.engine)));
        let keep = |reason, message: &str| {
            Ok(Volume {
                size: has.to_owned(),
                refused: Some((reason, message.to_owned())),
            })
        };
        match quantity::compare(&asked, has) {
            Some(std::cmp::Ordering::Less) => {
                return keep("CannotShrinkVolume", "cannot shrink the storage");
            }
            Some(std::cmp::Ordering::Greater) => {
                let class = text(self.spec(), "/engine/storage/class");
                let class = match class {
                    "" => None,
                    name => self.cluster.read(&kinds::STORAGE_CLASS, "", name).await?,
                };
                if class.is_some_and(|c| !truth(&c.data, "/allowVolumeExpansion")) {
                    return keep(
                        "StorageClassDoesNotSupportExpansion",
                        "the storage class does not support volume expansion",
                    );
                }
            }
            _ => {}
        }
        Ok(Volume {
            size: asked,
            refused: None,
        })
    }

    /// Stores the engine's object if it is not as the spec wants it; returns
    /// what is stored.
    async fn apply(
        &self,
        offered: &DynamicObject,
        current: Option<&DynamicObject>,
        volume: &Volume,
    ) -> Result<DynamicObject, Error> {
        data_source::copy_user_secret(self.cluster, self.database).await?;
        self.proxy_admin_secret().await?;
        let storages = self.storages()?;
        let annotations = self.service_annotations();
        let affinity = self.affinity()?;
        let monitoring = self.monitoring()?;
        let inputs = Inputs {
            database: self.database,
            available: at(&offered.data, "/status/availableVersions"),
            operator: &self.operator,
            current,
            storages: &storages,
            volume_size: &volume.size,
            service_annotations: &annotations,
            affinity: &affinity,
            monitoring: monitoring.as_ref(),
        };
        let spec = engine_cr::build(self.engine, &inputs).map_err(Error::Waiting)?;
        let kind = self.engine.cluster_kind();
        match current {
            None => {
                let name = self.database.name_any();
                let mut made = object::new(kind, self.namespace, &name, json!({ "spec": spec }));
                for finalizer in self.engine.finalizers() {
                    object::add_finalizer(&mut made, finalizer);
                }
                self.cluster.create(kind, EVEREST_OPERATOR, &made).await?;
                Ok(made)
            }
            Some(current) if current.data["spec"] != spec && !object::deleting(current) => {
                let mut changed = current.clone();
                changed.data["spec"] = spec;
                self.cluster.update(kind, EVEREST_OPERATOR, &changed).await
            }
            Some(current) => Ok(current.clone()),
        }
    }

    /// With these PXC operators everest-operator makes sure of `proxyadmin`
    /// itself, so the Secret may exist without `root`.
    async fn proxy_admin_secret(&self) -> Result<(), Error> {
        if self.engine != Engine::Pxc || !["1.17.0", "1.18.0"].contains(&self.operator.as_str()) {
            return Ok(());
        }
        let secret = text(self.spec(), "/engine/userSecretsName");
        let found = self
            .cluster
            .read(&kinds::SECRET, self.namespace, secret)
            .await?;
        let password = crate::engines::secrets::password();
        match found {
            None => {
                let made = object::new(
                    &kinds::SECRET,
                    self.namespace,
                    secret,
                    json!({"type": "Opaque", "stringData": {"proxyadmin": password}}),
                );
                self.cluster
                    .create(&kinds::SECRET, EVEREST_OPERATOR, &made)
                    .await
            }
            Some(mut found) if found.data["data"]["proxyadmin"].is_null() => {
                found.data["stringData"] = json!({ "proxyadmin": password });
                self.cluster
                    .update(&kinds::SECRET, EVEREST_OPERATOR, &found)
                    .await?;
                Ok(())
            }
            Some(_) => Ok(()),
        }
    }

    /// The buckets that the engine has to know: those of the spec, of the
    /// database's backups and of its restores.
    fn storages(&self) -> Result<Vec<Storage>, Error> {
        let name = self.database.name_any();
        let of_database = |kind| {
            let mut found = self.cluster.list(kind, self.namespace);
            found.retain(|o| text(&o.data, "/spec/dbClusterName") == name);
            found.sort_by_key(|o| o.metadata.creation_timestamp.clone().map(|t| t.0));
            found
        };
        let mut names = storages_of_spec(self.spec());
        for backup in of_database(&kinds::BACKUP) {
            names.push(text(&backup.data, "/spec/backupStorageName").to_owned());
        }
        let sources = of_database(&kinds::RESTORE);
        let sources = sources.iter().filter(|r| !restore::finished(r));
        let mut sources: Vec<Value> = sources
            .map(|r| at(&r.data, "/spec/dataSource").clone())
            .collect();
        if self.engine == Engine::Postgresql {
            sources.push(at(self.spec(), "/dataSource").clone());
        }
        for source in sources {
            let named = text(&source, "/backupSource/backupStorageName");
            names.push(named.to_owned());
            let backup = text(&source, "/dbClusterBackupName");
            if let Some(backup) = self.cluster.get(&kinds::BACKUP, self.namespace, backup) {
                names.push(text(&backup.data, "/spec/backupStorageName").to_owned());
            }
        }
        let mut storages: Vec<Storage> = Vec::new();
        for name in names {
            if name.is_empty() || storages.iter().any(|s| s.name == name) {
                continue;
            }
            let found = self
                .cluster
                .get(&kinds::BACKUP_STORAGE, self.namespace, &name)
                .ok_or_else(|| Error::Waiting(format!("BackupStorage {name:?} not found")))?;
            storages.push(Storage {
                name,
                spec: at(&found.data, "/spec").clone(),
            });
        }
        Ok(storages)
    }

    fn service_annotations(&self) -> Value {
        let name = text(self.spec(), "/proxy/expose/loadBalancerConfigName");
        self.cluster
            .get(&kinds::LOAD_BALANCER_CONFIG, "", name)
            .map_or(Value::Null, |c| at(&c.data, "/spec/annotations").clone())
    }

    fn affinity(&self) -> Result<Value, Error> {
        let name = text(self.spec(), "/podSchedulingPolicyName");
        if name.is_empty() {
            return Ok(Value::Null);
        }
        let policy = self
            .cluster
            .get(&kinds::POD_SCHEDULING_POLICY, "", name)
            .ok_or_else(|| Error::Waiting(format!("PodSchedulingPolicy {name:?} not found")))?;
        let pointer = format!("/spec/affinityConfig/{}", self.engine.type_name());
        Ok(at(&policy.data, &pointer).clone())
    }

    fn monitoring(&self) -> Result<Option<Value>, Error> {
        let name = text(self.spec(), "/monitoring/monitoringConfigName");
        if name.is_empty() {
            return Ok(None);
        }
        let config = self
            .cluster
            .get(&kinds::MONITORING_CONFIG, self.namespace, name)
            .ok_or_else(|| Error::Waiting(format!("MonitoringConfig {name:?} not found")))?;
        Ok(Some(at(&config.data, "/spec").clone()))
    }

    async fn write_status(
        &self,
        engine_cr: Option<&DynamicObject>,
        restoring: bool,
        volume: &Volume,
    ) -> Result<Value, Error> {
        let name = self.database.name_any();
        let job = self
            .cluster
            .get(
                &kinds::DATA_IMPORT_JOB,
                self.namespace,
                &data_source::import_job_name(&name),
            )
            .filter(|_| at(self.spec(), "/dataSource/dataImport").is_object());
        let faults = Faults::of(self.cluster, self.namespace, &name, Some(self.database));
        let status = status::compute(&Sighting {
            database: self.database,
            engine: self.engine,
            engine_cr,
            operator: &self.operator,
            restoring,
            import_job: job.as_deref().map(|j| text(&j.data, "/status/state")),
            cannot_resize: volume.refused.as_ref().map(|(r, m)| (*r, m.as_str())),
            resize_failed: faults.get("resize-fails").filter(|_| {
                engine_cr.is_some_and(|cr| cr.annotations().contains_key(status::RESIZING))
            }),
        });
        self.cluster
            .update_status(
                &kinds::DATABASE_CLUSTER,
                EVEREST_OPERATOR,
                self.database,
                status.clone(),
            )
            .await?;
        Ok(status)
    }

    /// A restart is a pause that ends by itself; true if the spec was changed.
    async fn restart(&self, status: &Value) -> Result<bool, Error> {
        if !self.database.annotations().contains_key(RESTART) {
            return Ok(false);
        }
        let down = text(status, "/status") == "paused" && status["ready"].is_null();
        let paused = truth(self.spec(), "/paused");
        if paused != down {
            return Ok(false);
        }
        let Some(fresh) = self
            .cluster
            .read(
                &kinds::DATABASE_CLUSTER,
                self.namespace,
                &self.database.name_any(),
            )
            .await?
        else {
            return Ok(false);
        };
        let mut changed = write_back::with_spec(&fresh, |spec: &mut Map<String, Value>| {
            spec.insert("paused".to_owned(), (!down).into());
        });
        if down {
            changed.annotations_mut().remove(RESTART);
        }
        self.cluster
            .update(&kinds::DATABASE_CLUSTER, EVEREST_OPERATOR, &changed)
            .await?;
        Ok(true)
    }
}
