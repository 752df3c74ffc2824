//! The engine's object of a database: what goes into it, and its storing.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::restore;
use super::status::Volumes;
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::engine_cr::{self, Inputs, Storage, storages_of_spec, volume_pointer};
use crate::kinds;
use crate::object::{self, at, items, number, text, truth};
use crate::quantity;

/// The proxy's volume in a version of the definition of databases.
const PROXY_VOLUME: &str =
    "/schema/openAPIV3Schema/properties/spec/properties/proxy/properties/storage";

/// Annotation of the StorageClass that volumes get when none is named.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

/// One pass over a database.
pub struct Pass<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The database with everest-operator's defaults.
    pub database: &'a DynamicObject,
    /// Its engine.
    pub engine: Engine,
    /// Its namespace.
    pub namespace: &'a str,
    /// Version of the engine's operator.
    pub operator: String,
    /// What the pass found out of the volumes.
    pub volumes: Volumes,
}

impl Pass<'_> {
    fn spec(&self) -> &Value {
        at(&self.database.data, "/spec")
    }

    /// Stores the engine's object if it is not as the spec wants it; returns
    /// what is stored.
    pub async fn apply(
        &mut self,
        offered: &DynamicObject,
        current: Option<&DynamicObject>,
    ) -> Result<DynamicObject, Error> {
        self.proxysql_is_supported().await?;
        self.proxy_admin_secret().await?;
        let (size, volumes) = self.volume_size(current).await?;
        let storages = self.storages();
        let annotations = self.service_annotations();
        let affinity = self.affinity();
        let monitoring = self.monitoring();
        let no_storages = Vec::new();
        let nothing = Value::Null;
        let spec = engine_cr::build(
            self.engine,
            &Inputs {
                database: self.database,
                available: at(&offered.data, "/status/availableVersions"),
                operator: &self.operator,
                current,
                storages: storages.as_ref().unwrap_or(&no_storages),
                volume_size: &size,
                service_annotations: &annotations,
                affinity: affinity.as_ref().unwrap_or(&nothing),
                monitoring: monitoring.as_ref().ok().and_then(Option::as_ref),
            },
        );
        let mut spec = spec.map_err(Error::Waiting)?;
        self.volumes = volumes;
        monitoring?;
        affinity?;
        storages?;
        self.keep_resources(&mut spec, current);
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

    /// A PXC database that is ready and whose generation was seen keeps its resources: a change
    /// that was seen, but could not be carried out then, is lost.
    fn keep_resources(&self, spec: &mut Value, current: Option<&DynamicObject>) {
        let status = at(&self.database.data, "/status");
        let observed = number(status, "/observedGeneration");
        let changed = observed > 0 && observed != object::generation(self.database);
        let Some(current) = current else { return };
        if self.engine == Engine::Pxc && text(status, "/status") == "ready" && !changed {
            let resources = at(&current.data, "/spec/pxc/resources");
            if !resources.is_null() {
                spec["pxc"]["resources"] = resources.clone();
            }
        }
    }

    /// A volume only grows, and only if its class allows it; else it keeps its size.
    async fn volume_size(
        &self,
        engine_cr: Option<&DynamicObject>,
    ) -> Result<(String, Volumes), Error> {
        let asked = text(self.spec(), "/engine/storage/size").to_owned();
        let has = engine_cr.map_or("", |cr| text(&cr.data, volume_pointer(self.engine)));
        let keep = |reason| Ok((has.to_owned(), Volumes::Refused(reason)));
        match quantity::compare(&asked, has) {
            Some(std::cmp::Ordering::Less) => keep("CannotShrinkVolume"),
            Some(std::cmp::Ordering::Greater) if !self.may_grow().await? => {
                keep("StorageClassDoesNotSupportExpansion")
            }
            _ => Ok((asked, Volumes::AsAsked)),
        }
    }

    /// Whether the class that the spec names, or else the default one, allows it.
    async fn may_grow(&self) -> Result<bool, Error> {
        let name = text(self.spec(), "/engine/storage/class");
        let class = match name {
            "" => {
                let classes = self.cluster.api(&kinds::STORAGE_CLASS, "");
                let classes = classes.list(&kube::api::ListParams::default()).await?;
                classes.items.into_iter().find(|class| {
                    let annotation = class.annotations().get(DEFAULT_CLASS);
                    annotation.is_some_and(|value| value == "true")
                })
            }
            name => self.cluster.read(&kinds::STORAGE_CLASS, "", name).await?,
        };
        let class = class.ok_or_else(|| match name {
            "" => Error::Waiting("no default storage class found".to_owned()),
            name => Error::Waiting(format!("StorageClass {name:?} not found")),
        })?;
        Ok(truth(&class.data, "/allowVolumeExpansion"))
    }

    /// Before the release whose definition has its volume, ProxySQL does not come up: everest-operator
    /// panics over the proxy's resources, and without them PXC's operator misses the volume.
    async fn proxysql_is_supported(&self) -> Result<(), Error> {
        if self.engine != Engine::Pxc || text(self.spec(), "/proxy/type") != "proxysql" {
            return Ok(());
        }
        let name = kinds::DATABASE_CLUSTER.crd_name();
        let definition = self.cluster.read(&kinds::DEFINITION, "", &name).await?;
        let has_volume = definition.is_some_and(|definition| {
            let versions = items(&definition.data, "/spec/versions");
            versions
                .iter()
                .any(|version| at(version, PROXY_VOLUME).is_object())
        });
        match has_volume {
            true => Ok(()),
            false => Err(Error::Waiting(
                "ProxySQL: volumeSpec should be specified".to_owned(),
            )),
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
        self.disabled_schedules_have_storages()?;
        let mut names = storages_of_spec(self.spec());
        for backup in of_database(&kinds::BACKUP) {
            names.push(text(&backup.data, "/spec/backupStorageName").to_owned());
        }
        // PXC's database is left alone while it is restored, so restores add nothing to it.
        let restores = match self.engine {
            Engine::Pxc => Vec::new(),
            Engine::Psmdb | Engine::Postgresql => of_database(&kinds::RESTORE),
        };
        let restores = restores.iter().filter(|r| !restore::finished(r));
        let mut sources: Vec<Value> = restores
            .map(|r| at(&r.data, "/spec/dataSource").clone())
            .collect();
        if matches!(self.engine, Engine::Pxc | Engine::Postgresql) {
            sources.push(at(self.spec(), "/dataSource").clone());
        }
        for source in sources {
            // MongoDB is told the bucket of a path with the restore itself.
            if self.engine != Engine::Psmdb {
                let named = text(&source, "/backupSource/backupStorageName");
                names.push(named.to_owned());
            }
            let backup = text(&source, "/dbClusterBackupName");
            if !backup.is_empty() {
                let found = self
                    .cluster
                    .get(&kinds::BACKUP, self.namespace, backup)
                    .ok_or_else(|| {
                        Error::Waiting(format!("DatabaseClusterBackup {backup:?} not found"))
                    })?;
                names.push(text(&found.data, "/spec/backupStorageName").to_owned());
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
        if self.engine == Engine::Psmdb && storages.len() > 1 {
            let why = "using more than one storage is not allowed for psmdb clusters";
            return Err(Error::Waiting(why.to_owned()));
        }
        Ok(storages)
    }

    /// Of PostgreSQL, Everest reads the storages of all schedules, also of those that are disabled.
    fn disabled_schedules_have_storages(&self) -> Result<(), Error> {
        if self.engine != Engine::Postgresql {
            return Ok(());
        }
        for schedule in items(self.spec(), "/backup/schedules") {
            let name = text(schedule, "/backupStorageName");
            self.cluster
                .get(&kinds::BACKUP_STORAGE, self.namespace, name)
                .ok_or_else(|| Error::Waiting(format!("BackupStorage {name:?} not found")))?;
        }
        Ok(())
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
}
