//! The objects that the function asks Crossplane to look up.

use std::collections::BTreeSet;

use everest_schemas::crds;
use function_sdk_rust::proto::v1::resource_selector::Match;
use serde_json::{Value, json};

use crate::fixtures::{ready, spec, world};
use crate::rights;
use crate::world::World;

/// The kinds that a world's composite resource makes the function ask for. The world fails where
/// the shipped role does not let Crossplane read one of them.
fn asked(mut world: World) -> BTreeSet<String> {
    world.input["lookups"] = json!("All");
    let requirements = world.respond().requirements.unwrap();
    requirements
        .resources
        .into_values()
        .map(|selector| selector.kind)
        .collect()
}

fn with(engine: &str, more: Value) -> Value {
    let mut spec = spec(engine);
    json_patch::merge(&mut spec, &more);
    spec
}

#[test]
fn crossplane_may_read_all_that_the_function_asks_for_with_the_role_that_is_shipped() {
    let import = json!({"dataImporterName": "import", "source": {"path": "p",
        "s3": {"bucket": "b", "region": "r", "endpointURL": "https://s3.example.org",
            "credentialsSecretName": "keys"}}});
    let restored = json!({"dataSource": {"dbClusterBackupName": "nightly"}});
    let specs = [
        with(
            "pxc",
            json!({
                "monitoring": {"monitoringConfigName": "pmm"},
                "podSchedulingPolicyName": "spread",
                "proxy": {"type": "haproxy",
                    "expose": {"type": "external", "loadBalancerConfigName": "lb"}},
                "backup": {"schedules": [{"name": "nightly", "enabled": true,
                    "schedule": "0 2 * * *", "backupStorageName": "s3"}]},
                "dataSource": {"dataImport": import.clone()},
            }),
        ),
        with(
            "psmdb",
            json!({"engineFeatures": {"psmdb": {"splitHorizonDnsConfigName": "dns"}}}),
        ),
        with("postgresql", restored.clone()),
    ];
    let mut kinds: BTreeSet<String> = specs
        .into_iter()
        .flat_map(|spec| asked(world(spec)))
        .collect();
    for engine in ["pxc", "psmdb", "postgresql"] {
        kinds.extend(asked(ready(spec(engine))));
    }
    kinds.extend(asked(ready(with("pxc", restored))));
    let imported = json!({"dataSource": {"dataImport": import}});
    let mut imported = ready(with("pxc", imported));
    for database in imported.objects.values_mut() {
        if database["kind"] == "DatabaseCluster" {
            database["status"]["dataImportJobName"] = json!("orders-import");
            let annotations = &mut database["metadata"]["annotations"];
            annotations["everest.percona.com/reconcile-paused"] = json!("true");
        }
    }
    kinds.extend(asked(imported));
    for kind in [
        "BackupStorage",
        "CustomResourceDefinition",
        "DataImportJob",
        "DataImporter",
        "DatabaseCluster",
        "DatabaseClusterBackup",
        "DatabaseEngine",
        "LoadBalancerConfig",
        "MonitoringConfig",
        "Namespace",
        "PerconaPGCluster",
        "PerconaServerMongoDB",
        "PerconaXtraDBCluster",
        "PodSchedulingPolicy",
        "Secret",
        "SplitHorizonDNSConfig",
        "StorageClass",
    ] {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
    }
    rights::all_are_among(&kinds);
}

/// How the function selects the backups that it asks for: their name, or their labels.
fn selected_backups(world: &mut World) -> Vec<Match> {
    let requirements = world.respond().requirements.unwrap();
    requirements
        .resources
        .into_values()
        .filter(|selector| selector.kind == "DatabaseClusterBackup")
        .filter_map(|selector| selector.r#match)
        .collect()
}

#[test]
fn a_scheduled_database_wakes_for_its_own_backups_only() {
    let schedules = json!({"backup": {"schedules": [{"name": "nightly", "enabled": true,
        "schedule": "0 2 * * *", "backupStorageName": "s3"}]}});
    let mut scheduled = ready(with("postgresql", schedules));
    let [Match::MatchLabels(selector)] = &selected_backups(&mut scheduled)[..] else {
        panic!("one selector by labels");
    };
    let name = scheduled.reconcile().object("db")["metadata"]["name"].clone();
    assert_eq!(json!(selector.labels), json!({"clusterName": name}));
}

#[test]
fn a_database_from_a_backup_wakes_for_that_backup_only() {
    let restored = json!({"dataSource": {"dbClusterBackupName": "nightly"}});
    let mut restored = world(with("pxc", restored));
    let name = Match::MatchName("nightly".to_owned());
    assert_eq!(selected_backups(&mut restored), [name]);
}

/// A database with limits, in a cluster with the definition of databases after `change`.
fn with_limits(change: impl FnOnce(&mut Value)) -> World {
    let limits = json!({"engine": {"resources": {"limits": {"cpu": "1", "memory": "2G"}}}});
    let mut world = world(with("pxc", limits));
    let databases = crds::all().into_iter();
    let mut databases =
        databases.filter(|definition| definition.spec.names.kind == "DatabaseCluster");
    let mut definition = json!(databases.next().unwrap());
    definition["apiVersion"] = json!("apiextensions.k8s.io/v1");
    definition["kind"] = json!("CustomResourceDefinition");
    change(&mut definition);
    world.add(definition);
    world
}

#[test]
fn a_value_that_everest_in_the_cluster_lacks_is_refused() {
    let mut newest = with_limits(|_| {});
    assert_eq!(newest.reconcile().fatal(), None);
    let mut older = with_limits(|definition| {
        let resources = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/engine\
                         /properties/resources/properties";
        let resources = definition.pointer_mut(resources).unwrap();
        resources.as_object_mut().unwrap().remove("limits").unwrap();
    });
    let reconciled = older.reconcile();
    let fatal = reconciled.fatal().unwrap();
    let words = "Everest in this cluster serves no engine.resources.limits, which needs \
                 Everest 1.16 or newer";
    assert!(fatal.contains(words), "{fatal}");
}

#[test]
fn the_definition_is_looked_up_only_for_a_value_that_not_every_release_has() {
    let plain = asked(world(spec("pxc")));
    assert!(!plain.contains("CustomResourceDefinition"), "{plain:?}");
    let limited = asked(with_limits(|_| {}));
    assert!(limited.contains("CustomResourceDefinition"), "{limited:?}");
}
