//! The facts that the rules for a model need, so that nothing else is requested.

use std::collections::BTreeSet;

use everest_schemas::everest::{DatabaseClusterSpec, Storage};
use everest_schemas::models::{
    BackupModel, BackupStorageModel, DatabaseModel, NamespaceModel, RestoreModel,
};
use everest_schemas::{Engine, Field};

use crate::{operator_upgrade, volumes};

/// A kind of object that rules ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// DatabaseEngines of the namespace.
    Engines,
    /// DatabaseEngines of every namespace.
    EnginesEverywhere,
    /// Subscriptions of the namespace.
    Subscriptions,
    /// InstallPlans of the namespace.
    InstallPlans,
    /// DatabaseClusters of the namespace.
    Databases,
    /// DatabaseClusterBackups of the namespace.
    Backups,
    /// BackupStorages of the namespace.
    Storages,
    /// MonitoringConfigs of the namespace.
    MonitoringConfigs,
    /// SplitHorizonDNSConfigs of the namespace.
    SplitHorizons,
    /// PodSchedulingPolicies of the cluster.
    Policies,
    /// LoadBalancerConfigs of the cluster.
    LoadBalancerConfigs,
    /// DataImporters of the cluster.
    Importers,
    /// StorageClasses of the cluster.
    StorageClasses,
}

/// The objects to request from a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The namespace of the kinds and the Secrets; nothing is requested while it is not known.
    pub namespace: Option<String>,
    /// The kinds that the model refers to.
    pub kinds: BTreeSet<Kind>,
    /// The only database to read, if the others of the namespace do not matter.
    pub database: Option<String>,
    /// The database whose engine's own object is to be read.
    pub engine_object: Option<(Engine, String)>,
    /// The Secrets that the model refers to, by name.
    pub secrets: BTreeSet<String>,
}

impl Wanted {
    fn of(namespace: &Field<String>, kinds: &[Kind]) -> Self {
        Self {
            namespace: namespace.known().cloned(),
            kinds: kinds.iter().copied().collect(),
            ..Self::default()
        }
    }

    /// The facts that the rules for a backup need; none for an existing backup.
    pub fn for_backup(planned: &BackupModel, prior: Option<&BackupModel>) -> Self {
        if prior.is_some() {
            return Self::default();
        }
        let kinds = [
            Kind::Engines,
            Kind::Databases,
            Kind::Backups,
            Kind::Storages,
        ];
        Self::of(&planned.namespace, &kinds)
    }

    /// The facts that the rules for a restore need; none for an existing restore.
    pub fn for_restore(planned: &RestoreModel, prior: Option<&RestoreModel>) -> Self {
        if prior.is_some() {
            return Self::default();
        }
        let mut wanted = Self::of(&planned.namespace, &[Kind::Engines, Kind::Databases]);
        if planned.backup_name.is_known() {
            wanted.kinds.insert(Kind::Backups);
        }
        if planned.backup_source.is_known() {
            // The storages of a PostgreSQL database's backups count with the one of the source.
            wanted.kinds.extend([Kind::Storages, Kind::Backups]);
        }
        wanted
    }

    /// The facts that the rules for a backup storage need.
    pub fn for_backup_storage(planned: &BackupStorageModel) -> Self {
        Self::of(&planned.namespace, &[Kind::Storages])
    }

    /// The facts that the rules for the destruction of a backup storage need: its possible users.
    pub fn for_destruction_of_backup_storage(prior: &BackupStorageModel) -> Self {
        let kinds = [Kind::Storages, Kind::Databases, Kind::Backups];
        Self::of(&prior.namespace, &kinds)
    }

    /// The facts that the rules for an existing or adopted namespace need; none for a new one.
    pub fn for_namespace(planned: &NamespaceModel, prior: Option<&NamespaceModel>) -> Self {
        let (name, upgrades) = match prior {
            Some(prior) => (
                &prior.name,
                operator_upgrade::asked_for(planned, prior).next().is_some(),
            ),
            None if planned.take_ownership.known() == Some(&true) => (&planned.name, true),
            None => return Self::default(),
        };
        let mut wanted = Self::of(name, &[Kind::Databases]);
        if upgrades {
            wanted.kinds.extend([
                Kind::EnginesEverywhere,
                Kind::Subscriptions,
                Kind::InstallPlans,
            ]);
        }
        wanted
    }

    /// The facts that the rules for the destruction of a database need: those for its final backup.
    pub fn for_destruction_of_database(prior: &DatabaseModel) -> Self {
        if !prior.final_backup.is_known() {
            return Self::default();
        }
        let kinds = [Kind::Databases, Kind::Backups, Kind::Storages];
        Self::of(&prior.namespace, &kinds)
    }

    /// The facts that the rules for a database need.
    pub fn for_database(planned: &DatabaseModel, prior: Option<&DatabaseModel>) -> Self {
        let mut wanted = Self::of(&planned.namespace, &[Kind::Engines]);
        wanted.database = prior.and_then(|prior| prior.name.known().cloned());
        let Some(spec) = planned.spec.known() else {
            return wanted;
        };
        wanted.references(spec, prior.is_some());
        wanted.volumes(planned, prior);
        if prior.is_none() {
            wanted.origin(spec);
        }
        wanted
    }

    fn note(&mut self, needed: bool, kind: Kind) {
        if needed {
            self.kinds.insert(kind);
        }
    }

    fn references(&mut self, spec: &DatabaseClusterSpec, exists: bool) {
        let engine = spec.engine.known();
        if let Some(backup) = spec.backup.known() {
            let pitr = backup.pitr.known();
            let schedules = backup.schedules.known();
            let scheduled = schedules.is_some_and(|schedules| !schedules.is_empty());
            self.note(
                scheduled || pitr.is_some_and(|pitr| pitr.backup_storage_name.is_known()),
                Kind::Storages,
            );
            let postgresql =
                engine.is_some_and(|engine| engine.type_.known() == Some(&Engine::Postgresql));
            self.note(scheduled && postgresql && exists, Kind::Backups);
        }
        if let Some(monitoring) = spec.monitoring.known() {
            self.note(
                monitoring.monitoring_config_name.is_known(),
                Kind::MonitoringConfigs,
            );
        }
        self.note(spec.pod_scheduling_policy_name.is_known(), Kind::Policies);
        let expose = spec.proxy.known().and_then(|proxy| proxy.expose.known());
        self.note(
            expose.is_some_and(|expose| expose.load_balancer_config_name.is_known()),
            Kind::LoadBalancerConfigs,
        );
        let features = spec.engine_features.known();
        let psmdb = features.and_then(|features| features.psmdb.known());
        self.note(
            psmdb.is_some_and(|psmdb| psmdb.split_horizon_dns_config_name.is_known()),
            Kind::SplitHorizons,
        );
    }

    /// A new volume needs its storage class, and so does one that may grow. For a smaller size, the
    /// engine's own object has to be read.
    fn volumes(&mut self, planned: &DatabaseModel, prior: Option<&DatabaseModel>) {
        let storages = |model: &DatabaseModel| -> [Field<Storage>; 2] {
            let spec = model.spec.known();
            let engine = spec.and_then(|spec| spec.engine.known());
            let proxy = spec.and_then(|spec| spec.proxy.known());
            [
                engine.map_or(Field::Null, |engine| engine.storage.clone()),
                proxy.map_or(Field::Null, |proxy| proxy.storage.clone()),
            ]
        };
        let changed = prior.is_none_or(|prior| storages(prior) != storages(planned));
        self.note(changed, Kind::StorageClasses);
        let (Some(before), Some(now)) = (
            prior.and_then(|prior| prior.spec.known()),
            planned.spec.known(),
        ) else {
            return;
        };
        let engine = now.engine.known().and_then(|engine| engine.type_.known());
        if let (Some(engine), Some(name)) = (engine, planned.name.known())
            && volumes::shrinks(now, before)
        {
            self.engine_object = Some((*engine, name.clone()));
        }
    }

    fn origin(&mut self, spec: &DatabaseClusterSpec) {
        let secret = spec
            .engine
            .known()
            .and_then(|engine| engine.user_secrets_name.known_str());
        self.secret(secret);
        let Some(source) = spec.data_source.known() else {
            return;
        };
        if source.db_cluster_backup_name.is_known() {
            self.kinds.extend([Kind::Backups, Kind::Databases]);
        }
        self.note(source.backup_source.is_known(), Kind::Storages);
        if let Some(import) = source.data_import.known() {
            self.kinds.insert(Kind::Importers);
            let s3 = import.source.known().and_then(|source| source.s3.known());
            // Everest makes the Secret of keys that are given with it.
            if let Some(s3) = s3.filter(|s3| s3.access_key_id.is_null()) {
                self.secret(s3.credentials_secret_name.known_str());
            }
        }
    }

    fn secret(&mut self, name: Option<&str>) {
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            self.secrets.insert(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::everest::{Backup, BackupSchedule, EngineSpec, Monitoring};
    use everest_schemas::models::DatabaseModel;

    fn database(spec: DatabaseClusterSpec) -> DatabaseModel {
        DatabaseModel {
            namespace: "prod".into(),
            name: "orders".into(),
            spec: spec.into(),
            ..DatabaseModel::default()
        }
    }

    #[test]
    fn a_plain_database_asks_for_little() {
        let plain = database(DatabaseClusterSpec::default());
        let wanted = Wanted::for_database(&plain, None);
        assert_eq!(wanted.namespace.as_deref(), Some("prod"));
        assert!(
            wanted
                .kinds
                .iter()
                .eq(&[Kind::Engines, Kind::StorageClasses])
        );
        let wanted = Wanted::for_database(&plain, Some(&plain));
        assert!(wanted.kinds.iter().eq(&[Kind::Engines]));
        assert_eq!(wanted.database.as_deref(), Some("orders"));
        assert!(wanted.secrets.is_empty());
    }

    #[test]
    fn only_what_a_database_refers_to_is_asked_for() {
        let mut spec = DatabaseClusterSpec {
            engine: EngineSpec {
                type_: Engine::Postgresql.into(),
                user_secrets_name: "mine".into(),
                ..EngineSpec::default()
            }
            .into(),
            monitoring: Monitoring {
                monitoring_config_name: "pmm".into(),
                ..Monitoring::default()
            }
            .into(),
            pod_scheduling_policy_name: Field::Unknown,
            ..DatabaseClusterSpec::default()
        };
        let model = database(spec.clone());
        let wanted = Wanted::for_database(&model, None);
        assert!(wanted.kinds.contains(&Kind::MonitoringConfigs));
        assert!(!wanted.kinds.contains(&Kind::Policies));
        assert!(wanted.secrets.contains("mine"));
        spec.backup = Backup {
            schedules: vec![BackupSchedule::default()].into(),
            ..Backup::default()
        }
        .into();
        let model = database(spec);
        let wanted = Wanted::for_database(&model, Some(&model));
        assert!(wanted.kinds.contains(&Kind::Storages));
        assert!(wanted.kinds.contains(&Kind::Backups));
        assert!(wanted.secrets.is_empty());
    }
}
