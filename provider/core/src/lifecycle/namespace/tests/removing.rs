//! In which order a namespace goes.

use super::*;
use crate::lifecycle::Requirement;

fn removal(body: Value) -> RemoveNamespace {
    RemoveNamespace::of(&model(body), subscriber())
}

fn full() -> World {
    let mut world = managed()
        .with(ObjectKind::Database, "orders", database("ready"))
        .with(
            ObjectKind::Restore,
            "r",
            json!({"spec": {"dbClusterName": "orders", "dataSource": {}},
                "status": {"state": "Succeeded"}}),
        )
        .with(
            ObjectKind::Backup,
            "b",
            json!({"spec": {"dbClusterName": "orders", "backupStorageName": "s3"},
                "status": {"state": "Succeeded", "gaps": false}}),
        )
        .with(
            ObjectKind::BackupStorage,
            "s3",
            json!({"spec": {"type": "s3", "bucket": "b", "credentialsSecretName": "s3"}}),
        )
        .with(
            ObjectKind::MonitoringConfig,
            "pmm",
            json!({"metadata": {"finalizers": ["everest.percona.com/vmagent"]},
                "spec": {"type": "pmm", "credentialsSecretName": "p", "pmm": {"url": "u",
                "image": "i"}}}),
        );
    install(&mut world, PXC, "1.17.0", None);
    world
}

#[test]
fn a_namespace_goes_in_everests_order_and_keeps_the_data_of_backups() {
    let mut world = full();
    let (written, last) = world.run(&mut removal(json!({"forceDestroy": true})));
    let pxc = format!("prod/{PXC}");
    assert_eq!(
        written,
        [
            "merge DatabaseClusterBackup prod/b".to_owned(),
            "delete DatabaseCluster prod/orders".to_owned(),
            "delete DatabaseClusterRestore prod/r".to_owned(),
            "delete DatabaseClusterBackup prod/b".to_owned(),
            "delete BackupStorage prod/s3".to_owned(),
            "delete MonitoringConfig prod/pmm".to_owned(),
            format!("delete Subscription {pxc}"),
            format!("delete ClusterServiceVersion {pxc}.v1.17.0"),
            "delete OperatorGroup prod/everest-databases".to_owned(),
            "delete Namespace prod".to_owned(),
        ]
    );
    assert_eq!(last, Action::Done(()));
}

#[test]
fn databases_keep_a_namespace_unless_they_are_to_be_destroyed() {
    let mut world = full();
    let (written, last) = world.run(&mut removal(json!({})));
    assert_eq!(written, [""; 0]);
    let Action::Require(Requirement::Emptied {
        left, is_moving, ..
    }) = last
    else {
        panic!("{last:?}")
    };
    assert_eq!(left[0].name, "database orders");
    assert!(!is_moving);
    // A backup that is being taken may be the last one of a database that is about to go.
    let mut backup = world.get(ObjectKind::Backup, "b").unwrap().clone();
    backup["status"]["state"] = json!("Running");
    world.put(ObjectKind::Backup, "b", backup);
    let next = world.next(&mut removal(json!({})));
    assert!(
        matches!(
            next,
            Action::Require(Requirement::Emptied {
                is_moving: true,
                ..
            })
        ),
        "{next:?}"
    );
    let mut going = database("deleting");
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T11:00:00Z");
    world.put(ObjectKind::Database, "orders", going);
    let said = words(&world.next(&mut removal(json!({}))));
    assert_eq!(said, "waits for the deletion of database orders");
}

#[test]
fn a_namespace_that_is_kept_loses_what_was_added_once_nothing_needs_everest() {
    let kept = || removal(json!({"keepNamespace": true, "engines": {"pxc": {}}}));
    let mut world = full();
    install(&mut world, PSMDB, "1.20.0", None);
    world.drop(ObjectKind::Database, "orders");
    let said = words(&world.run(&mut kept()).1);
    assert!(said.contains("monitoring configuration pmm"), "{said}");
    assert!(!said.contains("backup storage"), "{said}");
    world.drop(ObjectKind::MonitoringConfig, "pmm");
    let (written, last) = world.run(&mut kept());
    assert_eq!(
        written,
        [
            format!("delete Subscription prod/{PXC}"),
            format!("delete ClusterServiceVersion prod/{PXC}.v1.17.0"),
            "apply Namespace prod".to_owned(),
            "merge Namespace prod".to_owned(),
        ],
        "the group serves the operator that is left"
    );
    assert_eq!(last, Action::Done(()));
}

#[test]
fn an_operator_stays_as_long_as_it_has_to_take_something_down() {
    use crate::lifecycle::EngineRole;
    let owned = json!({"metadata": {"ownerReferences": [
        {"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseClusterBackup"}]}});
    let mut world = managed();
    install(&mut world, PXC, "1.17.0", None);
    let kind = ObjectKind::Engine(Engine::Pxc, EngineRole::Backup);
    world.put(kind, "b", owned);
    let (written, last) = world.run(&mut removal(json!({})));
    assert_eq!(written, [""; 0]);
    assert_eq!(words(&last), "waits for PerconaXtraDBClusterBackup b to go");
    world.put(kind, "b", json!({}));
    let (_, last) = world.run(&mut removal(json!({})));
    assert_eq!(last, Action::Done(()), "by hand");
}

#[test]
fn a_storage_that_was_deleted_while_in_use_is_let_go_once_nothing_uses_it() {
    let going = json!({"metadata": {"deletionTimestamp": "2026-01-01T11:00:00Z",
            "finalizers": ["everest.percona.com/in-use-protection"]},
        "spec": {"type": "s3", "bucket": "b", "credentialsSecretName": "s3"}});
    let mut world = managed().with(ObjectKind::BackupStorage, "s3", going);
    let action = world.next(&mut ReleaseStorages::of("prod"));
    assert!(matches!(action, Action::Merge(_)), "{action:?}");
    let backup = json!({"spec": {"dbClusterName": "orders", "backupStorageName": "s3"}});
    world.put(ObjectKind::Backup, "b", backup);
    let action = world.next(&mut ReleaseStorages::of("prod"));
    assert_eq!(action, Action::Done(vec![]));
}

#[test]
fn a_namespace_of_everest_or_kubernetes_is_never_removed() {
    for name in ["everest-system", "everest-olm", "kube-system"] {
        for keeps in [true, false] {
            let body = json!({"forceDestroy": true, "keepNamespace": keeps});
            let named = NamespaceModel {
                name: name.into(),
                ..model(body)
            };
            let mut world = World::default().with(ObjectKind::Namespace, name, json!({}));
            let (written, last) = world.run(&mut RemoveNamespace::of(&named, subscriber()));
            assert_eq!(written, [""; 0]);
            assert!(matches!(last, Action::Refuse { .. }), "{name}: {last:?}");
        }
    }
}
