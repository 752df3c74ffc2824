//! The facts that the rules for a database need from the cluster.

use everest_schemas::everest::{DatabaseClusterSpec, Storage};
use everest_schemas::models::DatabaseModel;
use everest_schemas::{Engine, Field};

use super::locked_backups;
use super::proxy::is_proxysql;
use super::users;
use crate::facts::{Kind, SomeBackups, Wanted};
use crate::rules::{import, served};
use crate::volumes;

/// The facts that the rules for a database need.
pub(super) fn for_change(planned: &DatabaseModel, prior: Option<&DatabaseModel>) -> Wanted {
    let mut wanted = Wanted::of(&planned.namespace, &[Kind::Engines]);
    wanted.database = prior.and_then(|prior| prior.name.known().cloned());
    let Some(spec) = planned.spec.known() else {
        return wanted;
    };
    references(&mut wanted, spec, prior);
    if is_proxysql(spec) {
        wanted.served = Some(served::definition(planned, prior));
    }
    volumes(&mut wanted, planned, prior);
    wanted.note(users::names_another_secret(planned, prior), Kind::Databases);
    if prior.is_none() {
        origin(&mut wanted, planned, spec);
    }
    wanted
}

/// The facts that the rules for the destruction of a database need: those for its final backup,
/// which a paused database does not get, or those for its other backups, and the databases that may
/// read the Secret that it names.
pub(super) fn for_destruction(prior: &DatabaseModel) -> Wanted {
    if prior.final_backup.is_known() {
        let kinds = [Kind::Databases, Kind::Backups, Kind::Storages];
        return Wanted::of(&prior.namespace, &kinds);
    }
    let mut wanted = locked_backups::wanted(prior);
    if users::names_a_secret(prior) {
        wanted.namespace = prior.namespace.known().cloned();
        wanted.kinds.insert(Kind::Databases);
    }
    wanted
}

fn references(wanted: &mut Wanted, spec: &DatabaseClusterSpec, prior: Option<&DatabaseModel>) {
    backups(wanted, spec, prior);
    if let Some(backup) = spec.backup.known() {
        let pitr = backup.pitr.known();
        let schedules = backup.schedules.known();
        let scheduled = schedules.is_some_and(|schedules| !schedules.is_empty());
        wanted.note(
            scheduled || pitr.is_some_and(|pitr| pitr.backup_storage_name.is_known()),
            Kind::Storages,
        );
    }
    if let Some(monitoring) = spec.monitoring.known() {
        wanted.note(
            monitoring.monitoring_config_name.is_known(),
            Kind::MonitoringConfigs,
        );
    }
    wanted.note(spec.pod_scheduling_policy_name.is_known(), Kind::Policies);
    let expose = spec.proxy.known().and_then(|proxy| proxy.expose.known());
    wanted.note(
        expose.is_some_and(|expose| expose.load_balancer_config_name.is_known()),
        Kind::LoadBalancerConfigs,
    );
    let features = spec.engine_features.known();
    let psmdb = features.and_then(|features| features.psmdb.known());
    wanted.note(
        psmdb.is_some_and(|psmdb| psmdb.split_horizon_dns_config_name.is_known()),
        Kind::SplitHorizons,
    );
}

/// The storages of a PostgreSQL database are limited, and its backups are in some. What has no
/// schedule, and had none, is not judged by them.
fn backups(wanted: &mut Wanted, spec: &DatabaseClusterSpec, prior: Option<&DatabaseModel>) {
    let Some(before) = prior.map(|prior| prior.spec.known()) else {
        return;
    };
    let engine = spec.engine.known().and_then(|engine| engine.type_.known());
    let is_scheduled = |spec: &DatabaseClusterSpec| {
        let backup = spec.backup.known();
        let schedules = backup.and_then(|backup| backup.schedules.known());
        schedules.is_some_and(|schedules| !schedules.is_empty())
    };
    let scheduled = is_scheduled(spec) || before.is_some_and(is_scheduled);
    if scheduled && engine == Some(&Engine::Postgresql) {
        wanted.kinds.insert(Kind::Backups);
        wanted.backups = wanted.database.clone().map(SomeBackups::OfDatabase);
    }
}

/// A new volume needs its class, and a changed one may grow. For a smaller size, the rules need the
/// engine's own object.
fn volumes(wanted: &mut Wanted, planned: &DatabaseModel, prior: Option<&DatabaseModel>) {
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
    wanted.note(changed, Kind::StorageClasses);
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
        wanted.engine_object = Some((*engine, name.clone()));
    }
}

fn origin(wanted: &mut Wanted, planned: &DatabaseModel, spec: &DatabaseClusterSpec) {
    let secret = spec
        .engine
        .known()
        .and_then(|engine| engine.user_secrets_name.known_str());
    wanted.secret(secret);
    let Some(source) = spec.data_source.known() else {
        return;
    };
    if let Some(backup) = source.db_cluster_backup_name.known() {
        wanted.kinds.extend([Kind::Backups, Kind::Databases]);
        wanted.backups = Some(SomeBackups::Named(backup.clone()));
        wanted.passwords_since = users::are_copied(spec).then(|| backup.clone());
        // The log of a MySQL database lies in a storage of its own.
        wanted.note(source.pitr.is_known(), Kind::Storages);
    }
    wanted.note(source.backup_source.is_known(), Kind::Storages);
    if let Some(data) = source.data_import.known() {
        wanted.kinds.insert(Kind::Importers);
        if import::is_at_risk(&data.data_importer_name, spec) {
            wanted.served = Some(served::definition(planned, None));
        }
        let s3 = data.source.known().and_then(|source| source.s3.known());
        // Everest makes the Secret of keys that are given with it.
        if let Some(s3) = s3.filter(|s3| !s3.gives_keys()) {
            wanted.secret(s3.credentials_secret_name.known_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::everest::{
        Backup, BackupSchedule, DataImport, DataSource, EngineSpec, Monitoring,
    };
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
        let wanted = for_change(&plain, None);
        assert_eq!(wanted.namespace.as_deref(), Some("prod"));
        assert!(
            wanted
                .kinds
                .iter()
                .eq(&[Kind::Engines, Kind::StorageClasses])
        );
        let wanted = for_change(&plain, Some(&plain));
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
        let wanted = for_change(&model, None);
        assert!(wanted.kinds.contains(&Kind::MonitoringConfigs));
        assert!(!wanted.kinds.contains(&Kind::Policies));
        assert!(wanted.secrets.contains("mine"));
        spec.backup = Backup {
            schedules: vec![BackupSchedule::default()].into(),
            ..Backup::default()
        }
        .into();
        let model = database(spec);
        let wanted = for_change(&model, Some(&model));
        assert!(wanted.kinds.contains(&Kind::Storages));
        assert!(wanted.kinds.contains(&Kind::Backups));
        let own = SomeBackups::OfDatabase("orders".to_owned());
        assert_eq!(wanted.backups, Some(own.clone()));
        assert!(wanted.secrets.is_empty());
        let mut bare = model.clone();
        bare.spec.known_mut().unwrap().backup = Field::Null;
        let wanted = for_change(&bare, Some(&model));
        assert_eq!(
            wanted.backups,
            Some(own),
            "none may be left without schedules"
        );
        assert_eq!(for_change(&bare, Some(&bare)).backups, None);
    }

    #[test]
    fn an_import_that_an_older_everest_may_lose_asks_for_its_release() {
        let served = |replicas: Field<i32>, importer: &str| {
            let import = DataImport {
                data_importer_name: importer.into(),
                ..DataImport::default()
            };
            let model = database(DatabaseClusterSpec {
                engine: EngineSpec {
                    type_: Engine::Postgresql.into(),
                    replicas,
                    ..EngineSpec::default()
                }
                .into(),
                data_source: DataSource {
                    data_import: import.into(),
                    ..DataSource::default()
                }
                .into(),
                ..DatabaseClusterSpec::default()
            });
            for_change(&model, None).served.map(|kind| kind.kind)
        };
        let shipped = "everest-percona-pg-operator";
        let databases = Some("DatabaseCluster".to_owned());
        assert_eq!(served(2.into(), shipped), databases);
        assert_eq!(served(Field::Null, shipped), databases);
        assert_eq!(served(Field::Unknown, shipped), None);
        assert_eq!(served(1.into(), shipped), None);
        assert_eq!(served(2.into(), "dump"), None);
    }

    #[test]
    fn a_database_from_a_backup_asks_for_that_backup_alone() {
        let model = database(DatabaseClusterSpec {
            data_source: DataSource {
                db_cluster_backup_name: "nightly".into(),
                ..DataSource::default()
            }
            .into(),
            ..DatabaseClusterSpec::default()
        });
        let wanted = for_change(&model, None);
        let backup = SomeBackups::Named("nightly".to_owned());
        assert_eq!(wanted.backups, Some(backup));
    }
}
