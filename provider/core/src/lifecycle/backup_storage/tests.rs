use serde_json::{Value, json};

use super::*;
use crate::api::IN_USE;
use crate::lifecycle::ObjectKind;
use crate::lifecycle::world::{World, object};
use crate::v1::ObjectMapping;

const MANAGER: &str = "ours";

fn remove() -> RemoveStorage {
    let model = BackupStorageModel::at("prod".into(), "s3".into());
    RemoveStorage::of(&model, MANAGER)
}

fn storage(metadata: Value) -> Value {
    let mut held = json!({"namespace": "prod", "uid": "u", "resourceVersion": "7"});
    let members = held.as_object_mut().unwrap();
    members.extend(metadata.as_object().unwrap().clone());
    json!({"metadata": held,
        "spec": {"type": "s3", "bucket": "b", "credentialsSecretName": "s3"}})
}

fn backup(metadata: Value) -> Value {
    json!({"metadata": metadata, "spec": {"dbClusterName": "orders", "backupStorageName": "s3"}})
}

fn users(action: Action) -> Vec<(String, bool)> {
    match action {
        Action::Require(Requirement::Unused { users, .. }) => {
            let users = users.into_iter();
            users.map(|user| (user.name, user.is_going)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn deletes(action: &Action, kind: ObjectKind) -> bool {
    matches!(action, Action::Delete { object: gone, .. } if *gone == object(kind, "s3"))
}

#[test]
fn a_storage_goes_once_nothing_uses_it_and_everest_has_let_go() {
    let held = storage(json!({"finalizers": [IN_USE]}));
    let mut world = World::default()
        .with(ObjectKind::BackupStorage, "s3", held)
        .with(ObjectKind::Backup, "b", backup(json!({})));
    let mut remove = remove();
    assert_eq!(
        users(world.next(&mut remove)),
        [("backup b".to_owned(), false)]
    );
    let going = backup(json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}));
    world.put(ObjectKind::Backup, "b", going);
    assert_eq!(
        users(world.next(&mut remove)),
        [("backup b".to_owned(), true)]
    );
    world.drop(ObjectKind::Backup, "b");
    assert!(matches!(world.next(&mut remove), Action::Await(_)));
    world.pass(60);
    assert!(deletes(&world.next(&mut remove), ObjectKind::BackupStorage));
}

#[test]
fn users_that_only_the_caller_knows_count_too() {
    let free = storage(json!({}));
    let mut world = World::default().with(ObjectKind::BackupStorage, "s3", free);
    let last = User {
        name: "the final backup of orders".to_owned(),
        is_going: false,
    };
    let found = users(world.next(&mut remove().used_by(vec![last.clone()])));
    assert_eq!(found, [(last.name, false)]);
}

#[test]
fn a_storage_that_was_deleted_while_it_was_used_is_let_go() {
    let stuck = storage(json!({"finalizers": [IN_USE, "other"],
        "deletionTimestamp": "2026-01-01T00:00:00Z"}));
    let mut world = World::default().with(ObjectKind::BackupStorage, "s3", stuck);
    let body = json!({"metadata": {"resourceVersion": "7", "finalizers": ["other"]}});
    let merge: Action = Action::merge(&object(ObjectKind::BackupStorage, "s3"), body.clone());
    assert_eq!(world.next(&mut remove()), merge);
    let mut release = ReleaseStorage::of("prod", "s3");
    let merge = Action::merge(&object(ObjectKind::BackupStorage, "s3"), body);
    assert_eq!(world.next(&mut release), merge);
    world.drop(ObjectKind::BackupStorage, "s3");
    assert_eq!(world.next(&mut release), Action::Done(true));

    let stuck = storage(json!({"finalizers": [IN_USE],
        "deletionTimestamp": "2026-01-01T00:00:00Z"}));
    world.put(ObjectKind::BackupStorage, "s3", stuck);
    world.put(ObjectKind::Backup, "b", backup(json!({})));
    let mut release = ReleaseStorage::of("prod", "s3");
    assert_eq!(world.next(&mut release), Action::Done(false));
    let mut waiting = release.once_unused();
    assert!(matches!(world.next(&mut waiting), Action::Require(_)));
}

#[test]
fn the_secret_goes_after_the_storage_if_it_is_ours_and_nobody_reads_it() {
    let written = json!({"managedFields": [{"manager": MANAGER, "operation": "Apply"}]});
    let owned = json!({"ownerReferences": [{"apiVersion": "v1", "kind": "BackupStorage",
        "name": "s3", "uid": "u"}]});
    let other = storage(json!({"uid": "another"}));
    for (secret, beside, goes) in [
        (written.clone(), None, true),
        (owned, None, true),
        (json!({}), None, false),
        (written.clone(), Some(&other), false),
    ] {
        let free = storage(json!({}));
        let mut world = World::default()
            .with(ObjectKind::BackupStorage, "s3", free)
            .with(ObjectKind::Secret, "s3", json!({ "metadata": secret }));
        let mut remove = remove();
        assert!(deletes(&world.next(&mut remove), ObjectKind::BackupStorage));
        world.drop(ObjectKind::BackupStorage, "s3");
        if let Some(beside) = beside {
            world.put(ObjectKind::BackupStorage, "other", beside.clone());
        }
        let next = world.next(&mut remove);
        assert_eq!(deletes(&next, ObjectKind::Secret), goes, "{next:?}");
        assert_eq!(next == Action::Done(()), !goes);
    }
    // Where storages may not be listed, one may read it.
    let secret = json!({ "metadata": written });
    let world = World::default().with(ObjectKind::Secret, "s3", secret);
    let mut world = world.hiding(ObjectKind::BackupStorage);
    assert_eq!(world.next(&mut remove()), Action::Done(()));
}
