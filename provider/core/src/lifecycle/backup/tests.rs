use everest_schemas::models::DatabaseModel;
use serde_json::json;

use super::*;
use crate::api::{RELEASE_LOCK, STORAGE_PROTECTION};
use crate::dialect::Dialect;
use crate::final_backup::FINAL_BACKUP_OF;
use crate::lifecycle::database::RemoveDatabase;
use crate::lifecycle::world::{World, object};
use crate::lifecycle::{Merge, ObjectKind, Requirement};
use crate::restart::RESTART;

fn model() -> BackupModel {
    serde_json::from_value(
        json!({"namespace": "prod", "name": "b", "databaseName": "orders",
        "backupStorageName": "s3"}),
    )
    .unwrap()
}

fn database(status: &str) -> Value {
    json!({"metadata": {"uid": "u"}, "status": {"status": status},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}})
}

fn backup(state: &str, metadata: Value) -> Value {
    json!({"metadata": metadata, "status": {"state": state, "gaps": false,
            "completed": "2026-01-01T11:59:00Z"},
        "spec": {"dbClusterName": "orders", "backupStorageName": "s3"}})
}

fn ready() -> World {
    World::default().with(ObjectKind::Database, "orders", database("ready"))
}

fn is_creation<T>(action: &Action<T>, name: &str) -> bool {
    matches!(action, Action::Create { object: made, .. }
        if *made == object(ObjectKind::Backup, name))
}

#[test]
fn a_backup_begins_once_its_database_is_ready_and_no_other_runs() {
    let mut take = TakeBackup::of(&model());
    for (status, said) in [(None, "does not exist"), (Some("error"), "is not ready")] {
        let mut world = World::default();
        if let Some(status) = status {
            world.put(ObjectKind::Database, "orders", database(status));
        }
        let Action::Require(Requirement::Condition { message, .. }) = world.next(&mut take) else {
            panic!("{status:?}")
        };
        let message = message.render(crate::dialect::Dialect::Terraform);
        assert!(message.contains(said), "{message}");
    }
    let mut world = World::default().with(ObjectKind::Database, "orders", database("creating"));
    assert!(matches!(world.next(&mut take), Action::Await(_)));
    let running = backup("Running", json!({}));
    let mut world = ready().with(ObjectKind::Backup, "other", running);
    assert!(matches!(world.next(&mut take), Action::Await(_)));
    let over = backup("Succeeded", json!({}));
    let mut world = ready().with(ObjectKind::Backup, "other", over);
    assert!(is_creation(&world.next(&mut take), "b"));
    // Where backups may not be listed, the engine itself queues them.
    let running = backup("Running", json!({}));
    let world = ready().with(ObjectKind::Backup, "other", running);
    let mut world = world.hiding(ObjectKind::Backup);
    assert!(is_creation(&world.next(&mut take), "b"));
}

#[test]
fn a_backup_that_was_begun_is_waited_for_whatever_its_database_is() {
    let mut take = TakeBackup::of(&model());
    let mut next = |state: &str| {
        World::default()
            .with(ObjectKind::Backup, "b", backup(state, json!({})))
            .after_making(ObjectKind::Backup, "b")
            .next(&mut take)
    };
    assert!(matches!(next("Running"), Action::Await(_)));
    assert!(matches!(next("Failed"), Action::Failed(_)));
    assert_eq!(next("Succeeded"), Action::Done(()));
}

#[test]
fn a_backup_that_has_not_begun_says_what_its_database_lacks() {
    let said = |state: &str, database: Value| {
        let next = World::default()
            .with(ObjectKind::Database, "orders", database)
            .with(ObjectKind::Backup, "b", backup(state, json!({})))
            .after_making(ObjectKind::Backup, "b")
            .next(&mut TakeBackup::of(&model()));
        match next {
            Action::Await(missing) => missing.render(Dialect::Terraform),
            other => panic!("{other:?}"),
        }
    };
    let mut broken = database("error");
    broken["status"]["message"] = json!("Error: reconcile PBM: resync: access denied");
    let missing = said("", broken.clone());
    assert!(
        missing.starts_with("the backup has not started, because its database is not ready: ")
            && missing.contains("access denied"),
        "{missing}"
    );
    assert_eq!(said("", database("ready")), "the backup has not started");
    assert_eq!(said("Running", broken), "the backup is Running");
}

#[test]
fn a_backup_that_failed_says_why_its_engine_could_not_take_it() {
    let engine = ObjectKind::Engine(everest_schemas::Engine::Psmdb, EngineRole::Backup);
    let why = json!({"metadata": {}, "status": {"state": "error", "error": "AccessDenied"}});
    let of = json!({"annotations": {FINAL_BACKUP_OF: "u"}});
    let mut world = ready()
        .with(ObjectKind::Backup, "b", backup("Failed", json!({})))
        .with(ObjectKind::Backup, "last", backup("Running", of.clone()))
        .with(engine, "b", why.clone())
        .with(engine, "last", why)
        .after_making(ObjectKind::Backup, "b");
    let told = |action: Action| match action {
        Action::Failed(reason) => {
            assert!(reason.contains("AccessDenied"), "{reason}");
            assert!(
                reason.contains("PerconaServerMongoDBBackup prod/"),
                "{reason}"
            );
        }
        other => panic!("{other:?}"),
    };
    told(world.next(&mut TakeBackup::of(&model())));
    let mut last = RemoveDatabase::of(&with_a_final_backup());
    assert!(matches!(world.next(&mut last), Action::Await(_)));
    world.put(ObjectKind::Backup, "last", backup("Failed", of));
    told(world.next(&mut last));
    // Where it may not be read, where to look is said.
    let hidden = backup("Failed", json!({}));
    let world = ready().with(ObjectKind::Backup, "b", hidden);
    let mut world = world.after_making(ObjectKind::Backup, "b");
    let Action::Failed(reason) = world.next(&mut TakeBackup::of(&model())) else {
        panic!("it failed")
    };
    assert!(
        reason.contains("the engine's own backup object"),
        "{reason}"
    );
}

#[test]
fn a_backup_goes_once_its_data_is_kept_and_nobody_reads_it() {
    let mut remove = RemoveBackup::of(&model());
    let mut world = World::default();
    world.put(
        ObjectKind::Backup,
        "b",
        backup("Succeeded", json!({"resourceVersion": "7"})),
    );
    let body = json!({"metadata": {"resourceVersion": "7", "finalizers": [STORAGE_PROTECTION]}});
    let kept = Merge {
        object: object(ObjectKind::Backup, "b"),
        body: body.into(),
    };
    assert_eq!(world.next(&mut remove), Action::Merge(vec![kept]));

    let held = json!({"uid": "b", "finalizers": [STORAGE_PROTECTION, IN_USE]});
    world.put(ObjectKind::Backup, "b", backup("Succeeded", held.clone()));
    let restore = json!({"metadata": {}, "status": {"state": "Restoring"}, "spec":
        {"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "b"}}});
    world.put(ObjectKind::Restore, "r", restore);
    let Action::Require(Requirement::Unused { users, .. }) = world.next(&mut remove) else {
        panic!("it is used")
    };
    assert_eq!(users[0].name, "restore r");

    // Everest alone holds it: it is waited for, and not for ever.
    world.drop(ObjectKind::Restore, "r");
    assert!(matches!(world.next(&mut remove), Action::Await(_)));
    world.pass(120);
    let uid = Some("b".to_owned());
    let gone = Action::Delete {
        object: object(ObjectKind::Backup, "b"),
        uid,
    };
    assert_eq!(world.next(&mut remove), gone);
}

#[test]
fn a_backup_that_is_being_taken_ends_before_it_goes() {
    let mut remove = RemoveBackup::of(&model());
    let held = json!({"uid": "b", "finalizers": [STORAGE_PROTECTION, IN_USE]});
    let mut world = ready().with(ObjectKind::Backup, "b", backup("Running", held.clone()));
    for _ in 0..2 {
        let Action::Await(missing) = world.next(&mut remove) else {
            panic!("Everest would refuse it")
        };
        let missing = missing.render(Dialect::Terraform);
        assert!(missing.contains("the backup is Running"), "{missing}");
        world.pass(600);
    }
    // Nobody ends it without its database: the server decides.
    let mut alone = World::default().with(ObjectKind::Backup, "b", backup("Running", held));
    let mut orphan = RemoveBackup::of(&model());
    assert!(matches!(alone.next(&mut orphan), Action::Await(_)));
    alone.pass(120);
    assert!(matches!(alone.next(&mut orphan), Action::Delete { .. }));
    let free = json!({"uid": "b", "finalizers": [STORAGE_PROTECTION]});
    world.put(ObjectKind::Backup, "b", backup("Succeeded", free));
    assert!(matches!(world.next(&mut remove), Action::Delete { .. }));
}

#[test]
fn the_engines_own_backup_has_to_go_too() {
    let mut remove = RemoveBackup::of(&model());
    let engine = ObjectKind::Engine(everest_schemas::Engine::Pxc, EngineRole::Backup);
    let own = |owner: &str| {
        json!({"metadata": {"finalizers": ["delete-s3-backup"], "ownerReferences":
            [{"kind": "DatabaseClusterBackup", "name": owner, "uid": "b"}]}})
    };
    let mut world = World::default().with(engine, "b", own("b"));
    let Action::Await(missing) = world.next(&mut remove) else {
        panic!("it is left")
    };
    let missing = missing.render(crate::dialect::Dialect::Terraform);
    assert!(missing.contains("delete-s3-backup"), "{missing}");
    world.put(engine, "b", own("another"));
    assert_eq!(world.next(&mut remove), Action::Done(()));
}

fn with_a_final_backup() -> DatabaseModel {
    serde_json::from_value(json!({"namespace": "prod", "name": "orders", "finalBackup":
        {"backupStorageName": "s3", "name": "last"}, "keepBackupData": false,
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}}))
    .unwrap()
}

#[test]
fn a_database_goes_after_its_final_backup() {
    let mut remove = RemoveDatabase::of(&with_a_final_backup());
    let mut world = ready();
    assert!(is_creation(&world.next(&mut remove), "last"));
    let of = json!({"annotations": {FINAL_BACKUP_OF: "u"}});
    world.put(ObjectKind::Backup, "last", backup("Running", of.clone()));
    assert!(matches!(world.next(&mut remove), Action::Await(_)));
    world.put(ObjectKind::Backup, "last", backup("Succeeded", of.clone()));
    assert!(matches!(world.next(&mut remove), Action::Merge(_)));
    let mut kept = of;
    kept["finalizers"] = json!([STORAGE_PROTECTION]);
    world.put(ObjectKind::Backup, "last", backup("Succeeded", kept));
    assert!(matches!(world.next(&mut remove), Action::Delete { .. }));
    world.drop(ObjectKind::Database, "orders");
    assert_eq!(world.next(&mut remove), Action::Done(()));
}

#[test]
fn a_paused_mongodb_stays_while_a_backup_needs_a_member_of_it() {
    let engine = ObjectKind::Engine(everest_schemas::Engine::Psmdb, EngineRole::Backup);
    let model = DatabaseModel {
        final_backup: Field::Null,
        ..with_a_final_backup()
    };
    let next = |paused: bool, annotations: Value, finalizers: Value| {
        let metadata = json!({"uid": "u", "namespace": "prod", "annotations": annotations});
        let mongodb = json!({"metadata": metadata, "status": {"status": "paused"}, "spec":
            {"paused": paused, "engine": {"type": "psmdb", "storage": {"size": "1Gi"}}}});
        World::default()
            .with(ObjectKind::Database, "orders", mongodb)
            .with(ObjectKind::Backup, "b", backup("Succeeded", json!({})))
            .with(engine, "b", json!({"metadata": {"finalizers": finalizers}}))
            .next(&mut RemoveDatabase::of(&model))
    };
    let taken = || json!([RELEASE_LOCK]);
    let Action::Refuse { message, .. } = next(true, json!({}), taken()) else {
        panic!("its deletion would not end")
    };
    for (dialect, advice) in [
        (Dialect::Terraform, "Set paused = false, apply that"),
        (
            Dialect::ManagedResource,
            "spec.paused of its DatabaseCluster",
        ),
    ] {
        let message = message.render(dialect);
        assert!(message.contains("prod/orders is paused"), "{message}");
        assert!(message.contains(advice), "{message}");
    }
    // One that runs or restarts, and backups of an operator before 1.20.
    let restart = json!({RESTART: "true"});
    for action in [
        next(false, json!({}), taken()),
        next(true, restart, taken()),
        next(true, json!({}), json!(["percona.com/delete-backup"])),
    ] {
        assert!(matches!(action, Action::Delete { .. }), "{action:?}");
    }
}

#[test]
fn a_final_backup_that_fails_while_it_is_waited_for_is_not_taken_again_at_once() {
    let of = json!({"annotations": {FINAL_BACKUP_OF: "u"}});
    let mut world = ready();
    world.put(ObjectKind::Backup, "last", backup("Running", of.clone()));
    let mut remove = RemoveDatabase::of(&with_a_final_backup());
    assert!(matches!(world.next(&mut remove), Action::Await(_)));
    world.put(ObjectKind::Backup, "last", backup("Failed", of));
    assert!(matches!(world.next(&mut remove), Action::Failed(_)));
    // Who asks for the first time finds one that failed before: it makes room.
    let mut again = RemoveDatabase::of(&with_a_final_backup());
    assert!(matches!(world.next(&mut again), Action::Merge(_)));
}

#[test]
fn a_database_that_is_protected_or_takes_no_backup_any_more_stays() {
    let protected = DatabaseModel {
        deletion_protection: true.into(),
        ..with_a_final_backup()
    };
    let mut remove = RemoveDatabase::of(&protected);
    assert!(matches!(ready().next(&mut remove), Action::Refuse { .. }));
    let going = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
    let mut ending = ready().with(ObjectKind::Namespace, "prod", going);
    let mut remove = RemoveDatabase::of(&with_a_final_backup());
    assert!(matches!(ending.next(&mut remove), Action::Require(_)));
    // What was backed up before outlives the namespace.
    let keeping = DatabaseModel {
        keep_backup_data: true.into(),
        ..with_a_final_backup()
    };
    ending.put(ObjectKind::Backup, "old", backup("Succeeded", json!({})));
    let mut remove = RemoveDatabase::of(&keeping);
    assert!(matches!(ending.next(&mut remove), Action::Merge(_)));
}

#[test]
fn the_data_of_all_backups_is_kept_before_a_database_goes() {
    let model = DatabaseModel {
        final_backup: Field::Null,
        keep_backup_data: Field::Null,
        ..with_a_final_backup()
    };
    let mut remove = RemoveDatabase::of(&model);
    let mut world = ready()
        .with(ObjectKind::Backup, "a", backup("Succeeded", json!({})))
        .with(ObjectKind::Backup, "b", backup("Running", json!({})));
    let Action::Merge(changes) = world.next(&mut remove) else {
        panic!("their data would go")
    };
    assert_eq!(changes.len(), 2);
    // Somebody takes the protection off as fast as it is put on.
    for _ in 1..20 {
        assert!(matches!(world.next(&mut remove), Action::Merge(_)));
    }
    assert!(matches!(world.next(&mut remove), Action::Refuse { .. }));
}
