//! Requests for managed resources have the same result whatever happens on the way: see the crate
//! `test_stories`.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use everest_schemas::for_each_kind;
use everest_schemas::managed::ManagedModel;
use serde_json::{Value, json};
use test_apiserver::{Kind as Served, Process};
use test_stories::{Attempt, Dies, Story, Teller, World};

use super::{Next, reconcile};
use crate::provider::context::Context;
use crate::provider::controllers::controller;
use crate::provider::kind::{
    BackupStorages, Backups, DataImportJobs, DataImporters, DatabaseNamespaces, Databases,
    EngineVersionPolicies, Kind, LoadBalancerConfigs, MonitoringConfigs, PodSchedulingPolicies,
    Restores, SplitHorizonDnsConfigs,
};
use crate::provider::rights;

/// The group of managed resources.
const GROUP: &str = "everest.m.openeverest.io";

macro_rules! of_managed_resources {
    ($($module:ident::$kind:ident = $model:ty;)*) => {
        /// Kind and plural of the managed resources, and the name of their stories.
        const MANAGED: &[(&str, &str, &str)] = &[
            $((<$model>::KIND, <$model>::PLURAL, stringify!($module))),*
        ];
    };
}

for_each_kind!(of_managed_resources);

/// The kinds of the managed resources' objects.
const CONFIGS: [(&str, &str, bool); 4] = [
    ("ProviderConfig", "providerconfigs", true),
    ("ClusterProviderConfig", "clusterproviderconfigs", false),
    ("ProviderConfigUsage", "providerconfigusages", true),
    (
        "ClusterProviderConfigUsage",
        "clusterproviderconfigusages",
        false,
    ),
];

/// An action of a user on the managed resource at a path.
type Turn = fn(&World, &str);

/// A story before it is told.
struct Script<K> {
    name: &'static str,
    /// Kind and plural of the managed resource, and what it says in `forProvider`.
    kind: &'static str,
    plural: &'static str,
    spec: Value,
    /// The name of the external object, where it is another one than that of the managed resource.
    external_name: Option<&'static str>,
    has_olm: bool,
    scene: fn(&World),
    turn: Option<Turn>,
    of: PhantomData<fn() -> K>,
}

impl<K: Kind> Script<K> {
    fn new(name: &'static str, kind: &'static str, plural: &'static str, spec: Value) -> Self {
        Self {
            name,
            kind,
            plural,
            spec,
            external_name: None,
            has_olm: false,
            scene: |_| {},
            turn: None,
            of: PhantomData,
        }
    }

    /// The external object has this name.
    fn named(mut self, name: &'static str) -> Self {
        self.external_name = Some(name);
        self
    }

    /// Operators are installed by the Operator Lifecycle Manager.
    fn with_olm(mut self) -> Self {
        self.has_olm = true;
        self
    }

    /// After something that others have done.
    fn in_scene(mut self, scene: fn(&World)) -> Self {
        self.scene = scene;
        self
    }

    /// Once everything has come to rest a user does that.
    fn then(mut self, turn: Turn) -> Self {
        self.turn = Some(turn);
        self
    }

    fn story(self) -> Story {
        let script = Arc::new(self);
        let name = format!("crossplane/{}", script.name);
        let begin = move || {
            let script = script.clone();
            async move {
                let world = match script.has_olm {
                    true => World::with_olm().await,
                    false => World::new().await,
                };
                let managed = MANAGED
                    .iter()
                    .map(|&(kind, plural, _)| (kind, plural, true));
                for (kind, plural, namespaced) in managed.chain(CONFIGS) {
                    world.serve(
                        Served::new(GROUP, "v1alpha1", kind, plural, namespaced).with_status(),
                    );
                }
                world
                    .server
                    .put(json!({"apiVersion": format!("{GROUP}/v1alpha1"),
                    "kind": "ClusterProviderConfig", "metadata": {"name": "default"},
                    "spec": {"credentials": {"source": "InjectedIdentity"}, "grants": [
                        {"from": {"namespaces": ["shop"]}, "to": ["team"], "databaseNamespaces": true,
                            "clusterKinds": ["PodSchedulingPolicy", "LoadBalancerConfig", "DataImporter"]}]}}));
                (script.scene)(&world);
                world.passes(Duration::from_secs(120)).await;
                let mut metadata = json!({"name": "orders", "namespace": "shop"});
                if let Some(name) = script.external_name {
                    metadata["annotations"] = json!({"crossplane.io/external-name": name});
                }
                world
                    .server
                    .put(json!({"apiVersion": format!("{GROUP}/v1alpha1"),
                    "kind": script.kind, "metadata": metadata,
                    "spec": {"forProvider": script.spec}}));
                let path = format!(
                    "/apis/{GROUP}/v1alpha1/namespaces/shop/{}/orders",
                    script.plural
                );
                if let Some(turn) = script.turn {
                    reconcile_until_rest::<K>(&world, &path, &world.server.process())
                        .await
                        .unwrap();
                    world.passes(Duration::from_secs(60)).await;
                    turn(&world, &path);
                }
                (world, path)
            }
        };
        let teller = |world, path| {
            let of = PhantomData::<fn() -> K>;
            Box::new(Managed { world, path, of }) as Box<dyn Teller>
        };
        Story::new(name, &[Dies::Process], begin, teller)
    }
}

/// A managed resource in the middle of a story.
struct Managed<K> {
    world: World,
    path: String,
    of: PhantomData<fn() -> K>,
}

#[async_trait(?Send)]
impl<K: Kind> Teller for Managed<K> {
    fn world(&self) -> &World {
        &self.world
    }

    async fn attempt(&mut self, process: &Process, _: Dies) -> Attempt {
        let death = process.death();
        let errors = tokio::select! {
            biased;
            () = death.cancelled() => vec!["the process was killed".to_owned()],
            rests = reconcile_until_rest::<K>(&self.world, &self.path, process) => match rests {
                Ok(()) => Vec::new(),
                Err(conditions) => vec![format!("never at rest: {conditions}")],
            },
        };
        let at_rest = errors.is_empty();
        Attempt { errors, at_rest }
    }

    fn remembers(&self) -> Value {
        Value::Null
    }
}

/// Has a process look at a managed resource until there is nothing left to do.
///
/// # Errors
/// If that never is so: the conditions.
async fn reconcile_until_rest<K: Kind>(
    world: &World,
    path: &str,
    process: &Process,
) -> Result<(), Value> {
    // It may do what the roles say that are shipped.
    let process = process
        .clone()
        .of_user("provider", rights::in_control_plane);
    let target = process.client_of("provider", rights::in_target);
    let context = Context::apart(process.client(), target);
    let controller = controller::<K>(Arc::new(context)).0;
    for _ in 0..60 {
        let Some(managed) = world.server.get(path) else {
            return Ok(());
        };
        let before = process.writes().len();
        let managed = serde_json::from_value(managed).unwrap();
        let next = reconcile(&managed, &controller).await;
        if process.writes().len() == before && matches!(next, Next::Usual | Next::Never) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    let managed = world.server.get(path).unwrap_or_default();
    Err(managed["status"]["conditions"].clone())
}

/// The user says something else in `forProvider`.
fn say(world: &World, path: &str, spec: &Value) {
    let changed = world.server.change(path, |managed| {
        json_patch::merge(managed, &json!({"spec": {"forProvider": spec}}));
    });
    assert!(changed, "{path} is not there");
}

fn delete(world: &World, path: &str) {
    world.server.mark_deleted(path);
}

fn databases() -> Vec<Story> {
    let database = |name, more: Value| {
        let mut spec = json!({"engine": {"type": "pxc", "version": "8.0.41-32.1", "replicas": 3,
            "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
            "proxy": {"type": "haproxy", "replicas": 3}});
        json_patch::merge(&mut spec, &more);
        Script::<Databases>::new(name, "Database", "everestdatabases", spec)
    };
    let scripts = vec![
        database("database/create", json!({})),
        database("database/update", json!({}))
            .then(|world, path| say(world, path, &json!({"engine": {"replicas": 5}}))),
        database("database/restart", json!({"restartTrigger": "a"}))
            .then(|world, path| say(world, path, &json!({"restartTrigger": "b"}))),
        database("database/upgrade", json!({}))
            .then(|world, path| say(world, path, &json!({"engine": {"version": "8.0.42-33.1"}}))),
        database("database/pause", json!({}))
            .then(|world, path| say(world, path, &json!({"paused": true}))),
        database(
            "database/create-with-passwords",
            json!({"usersSecretRef": {"name": "passwords"}}),
        )
        .in_scene(passwords),
        database(
            "database/delete-with-passwords",
            json!({"usersSecretRef": {"name": "passwords"}}),
        )
        .in_scene(passwords)
        .then(delete),
        database(
            "database/create-with-import-keys",
            json!({"importSecretRef": {"name": "dumps"}, "dataSource": {"dataImport": {
                "dataImporterName": "dump", "source": {"path": "d", "s3": {"bucket": "b",
                    "region": "r", "endpointURL": "https://s3.test",
                    "credentialsSecretName": "orders-dumps"}}}}}),
        )
        .in_scene(dumps),
        database("database/delete", json!({})).then(delete),
        database(
            "database/delete-after-backup",
            json!({"finalBackup": {"backupStorageName": "s3", "name": "last"}}),
        )
        .then(delete),
        database(
            "database/delete-with-data",
            json!({"keepBackupData": false}),
        )
        .then(delete),
        database("database/take-over", json!({"engine": {"replicas": 5}}))
            .in_scene(|world| world.add_database("main"))
            .named("main"),
    ];
    scripts.into_iter().map(Script::story).collect()
}

/// A Secret with a password of the engine's users.
fn passwords(world: &World) {
    world.server.put(
        json!({"apiVersion": "v1", "kind": "Secret", "data": {"root": "YQ=="},
        "metadata": {"name": "passwords", "namespace": "shop"}}),
    );
}

/// An importer, and a Secret with keys of a bucket.
fn dumps(world: &World) {
    world
        .server
        .put(json!({"apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DataImporter", "metadata": {"name": "dump"},
        "spec": {"supportedEngines": ["pxc"], "jobSpec": {"image": "dump:1"}}}));
    world
        .server
        .put(json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "dumps", "namespace": "shop"},
        "data": {"AWS_ACCESS_KEY_ID": "aWQ=", "AWS_SECRET_ACCESS_KEY": "a2V5"}}));
}

fn namespaces() -> Vec<Story> {
    let namespace = |name, more: Value| {
        let (kind, plural) = ("DatabaseNamespace", "everestdatabasenamespaces");
        let mut spec = json!({"engines": {"pxc": {}}});
        json_patch::merge(&mut spec, &more);
        Script::<DatabaseNamespaces>::new(name, kind, plural, spec)
            .named("team")
            .with_olm()
    };
    let scripts = vec![
        namespace("namespace/create", json!({})),
        namespace("namespace/delete", json!({})).then(delete),
        namespace("namespace/take-over", json!({"takeOwnership": true})).in_scene(|world| {
            world
                .server
                .put(json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": "team"}}));
        }),
    ];
    scripts.into_iter().map(Script::story).collect()
}

fn storages() -> Vec<Story> {
    let storage = |name| {
        let spec = json!({"type": "s3", "bucket": "mine", "region": "r",
            "secretRef": {"name": "keys"}});
        Script::<BackupStorages>::new(name, "BackupStorage", "everestbackupstorages", spec)
            .in_scene(|world| {
                world
                    .server
                    .put(json!({"apiVersion": "v1", "kind": "Secret",
                    "metadata": {"name": "keys", "namespace": "shop"},
                    "data": {"AWS_ACCESS_KEY_ID": "aWQ=", "AWS_SECRET_ACCESS_KEY": "a2V5"}}));
            })
    };
    let scripts = vec![
        storage("backup_storage/create"),
        storage("backup_storage/update")
            .then(|world, path| say(world, path, &json!({"description": "of the shop"}))),
        storage("backup_storage/delete").then(delete),
    ];
    scripts.into_iter().map(Script::story).collect()
}

fn monitoring_configs() -> Vec<Story> {
    let config = |name| {
        let (kind, plural) = ("MonitoringConfig", "everestmonitoringconfigs");
        let spec = json!({"type": "pmm", "pmm": {"url": "https://pmm.test"},
            "secretRef": {"name": "keys"}});
        Script::<MonitoringConfigs>::new(name, kind, plural, spec).in_scene(|world| {
            world
                .server
                .put(json!({"apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "keys", "namespace": "shop"}, "data": {"apiKey": "a2V5"}}));
        })
    };
    let scripts = vec![
        config("monitoring_config/create"),
        config("monitoring_config/update")
            .then(|world, path| say(world, path, &json!({"verifyTLS": false}))),
        config("monitoring_config/delete").then(delete),
    ];
    scripts.into_iter().map(Script::story).collect()
}

fn pod_scheduling_policies() -> Vec<Story> {
    let policy = |name| {
        let (kind, plural) = ("PodSchedulingPolicy", "everestpodschedulingpolicies");
        let spec = json!({"engineType": "pxc",
            "affinityConfig": {"pxc": {"engine": {"podAntiAffinity": {}}}}});
        Script::<PodSchedulingPolicies>::new(name, kind, plural, spec).named("spread")
    };
    let scripts = vec![
        policy("pod_scheduling_policy/create"),
        policy("pod_scheduling_policy/update").then(|world, path| {
            let proxy = json!({"affinityConfig": {"pxc": {"proxy": {"podAffinity": {}}}}});
            say(world, path, &proxy);
        }),
        policy("pod_scheduling_policy/delete").then(delete),
    ];
    scripts.into_iter().map(Script::story).collect()
}

fn engine_version_policies() -> Vec<Story> {
    let policy = |name| {
        let (kind, plural) = ("EngineVersionPolicy", "everestengineversionpolicies");
        let spec = json!({"engine": "pxc", "allowedVersions": ["8.0.41-32.1"]});
        Script::<EngineVersionPolicies>::new(name, kind, plural, spec)
    };
    let scripts = vec![
        policy("engine_version_policy/create"),
        policy("engine_version_policy/update").then(|world, path| {
            let widened = json!({"allowedVersions": ["8.0.41-32.1", "8.0.42-33.1"]});
            say(world, path, &widened);
        }),
        policy("engine_version_policy/delete").then(delete),
    ];
    scripts.into_iter().map(Script::story).collect()
}

fn load_balancer_configs() -> Vec<Story> {
    let config = |name| {
        let (kind, plural) = ("LoadBalancerConfig", "everestloadbalancerconfigs");
        let spec = json!({"annotations": {"a": "b"}});
        Script::<LoadBalancerConfigs>::new(name, kind, plural, spec).named("internal")
    };
    let scripts = vec![
        config("load_balancer_config/create"),
        config("load_balancer_config/update")
            .then(|world, path| say(world, path, &json!({"annotations": {"a": null, "c": "d"}}))),
        config("load_balancer_config/delete").then(delete),
    ];
    scripts.into_iter().map(Script::story).collect()
}

fn data_importers() -> Vec<Story> {
    let importer = |name| {
        let spec = json!({"supportedEngines": ["pxc"], "jobSpec": {"image": "dump:1"}});
        Script::<DataImporters>::new(name, "DataImporter", "everestdataimporters", spec)
            .named("dump")
    };
    let scripts = vec![
        importer("data_importer/create"),
        importer("data_importer/update")
            .then(|world, path| say(world, path, &json!({"jobSpec": {"image": "dump:2"}}))),
        importer("data_importer/delete").then(delete),
    ];
    scripts.into_iter().map(Script::story).collect()
}

fn split_horizon_dns_configs() -> Vec<Story> {
    let config = |name| {
        let (kind, plural) = ("SplitHorizonDNSConfig", "everestsplithorizondnsconfigs");
        let spec = json!({"baseDomainNameSuffix": "db.example.com", "secretRef": {"name": "ca"}});
        Script::<SplitHorizonDnsConfigs>::new(name, kind, plural, spec).in_scene(|world| {
            world
                .server
                .put(json!({"apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "ca", "namespace": "shop"},
                "data": {"ca.crt": "Y3J0", "ca.key": "a2V5"}}));
        })
    };
    let scripts = vec![
        config("split_horizon_dns_config/create"),
        config("split_horizon_dns_config/update").then(|world, path| {
            say(world, path, &json!({"baseDomainNameSuffix": "example.org"}));
        }),
        config("split_horizon_dns_config/delete").then(delete),
    ];
    scripts.into_iter().map(Script::story).collect()
}

fn backups() -> Vec<Story> {
    let backup = |name| {
        let spec = json!({"databaseName": "main", "backupStorageName": "s3"});
        Script::<Backups>::new(name, "Backup", "everestbackups", spec)
            .in_scene(|world| world.add_database("main"))
    };
    let scripts = vec![
        backup("backup/create"),
        backup("backup/delete").then(delete),
        backup("backup/delete-with-data").then(|world, path| {
            say(world, path, &json!({"keepBackupData": false}));
            delete(world, path);
        }),
    ];
    scripts.into_iter().map(Script::story).collect()
}

fn restores() -> Vec<Story> {
    let restore = |name| {
        let spec = json!({"databaseName": "main", "backupName": "sunday"});
        Script::<Restores>::new(name, "Restore", "everestrestores", spec).in_scene(|world| {
            world.add_database("main");
            world.add_backup("main", "sunday");
        })
    };
    let scripts = vec![
        restore("restore/create"),
        restore("restore/delete").then(delete),
    ];
    scripts.into_iter().map(Script::story).collect()
}

fn data_import_jobs() -> Vec<Story> {
    let import = |name| {
        let spec = json!({"databaseName": "main", "dataImporterName": "dump",
            "source": {"path": "dumps/main", "s3": {"bucket": "dumps", "region": "r",
                "endpointURL": "https://s3.test"}},
            "secretRef": {"name": "dumps"}});
        Script::<DataImportJobs>::new(name, "DataImportJob", "everestdataimportjobs", spec)
            .in_scene(|world| {
                world.add_database("main");
                dumps(world);
            })
    };
    let scripts = vec![
        import("data_import_job/create"),
        import("data_import_job/delete").then(delete),
    ];
    scripts.into_iter().map(Script::story).collect()
}

pub(super) fn all() -> Vec<Story> {
    [
        databases(),
        namespaces(),
        storages(),
        monitoring_configs(),
        pod_scheduling_policies(),
        load_balancer_configs(),
        data_importers(),
        data_import_jobs(),
        engine_version_policies(),
        split_horizon_dns_configs(),
        backups(),
        restores(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_story_ends_well_whatever_happens_on_the_way() {
    test_stories::tell(all());
}

#[test]
fn every_kind_has_stories() {
    let stories = all();
    for (kind, _, of_kind) in MANAGED {
        let beginning = format!("crossplane/{of_kind}/");
        let mut names = stories.iter().map(|story| &story.name);
        assert!(names.any(|name| name.starts_with(&beginning)), "{kind}");
    }
}
