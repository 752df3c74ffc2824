use serde_json::{Value, json};

use everest_schemas::Sensitive;
use everest_schemas::models::BackupStorageModel;

use super::*;
use crate::api::IN_USE;
use crate::dialect::Dialect;
use crate::lifecycle::world::{World, object};
use crate::lifecycle::{
    Agreed, Apply, ChangeWithSecret, CreateWithSecret, ObjectKind, Requirement,
};
use crate::storage_users::User;
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
    world.pass(75);
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
    let written = json!({"managedFields": [applied()]});
    let mut of_another_kind = written.clone();
    of_another_kind["managedFields"][0]["fieldsV1"] = json!({"f:data": {"f:root": {}}});
    let owned = json!({"ownerReferences": [{"apiVersion": "v1", "kind": "BackupStorage",
        "name": "s3", "uid": "u"}]});
    let other = storage(json!({"uid": "another"}));
    // A connection Secret, which this provider writes too.
    let mut published = written.clone();
    published["ownerReferences"] = json!([{"apiVersion": "everest.m.openeverest.io/v1alpha1",
        "kind": "Database", "name": "s3", "uid": "managed"}]);
    for (secret, beside, goes) in [
        (written.clone(), None, true),
        (published, None, false),
        (of_another_kind, None, false),
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

fn content() -> Option<Sensitive<Value>> {
    Some(Sensitive::new(
        json!({"data": {"AWS_ACCESS_KEY_ID": "eA=="}}),
    ))
}

fn make(content: Option<Sensitive<Value>>) -> CreateWithSecret<BackupStorage> {
    let model = BackupStorageModel::at("prod".into(), "s3".into());
    CreateWithSecret::of(&model, content, MANAGER)
}

/// The names of what was written, and the last action as a word.
fn course(world: &mut World, content: Option<Sensitive<Value>>) -> (Vec<String>, Action) {
    let mut make = make(content);
    let mut written = Vec::new();
    loop {
        let action = world.next(&mut make);
        let Some(what) = world.write(&action) else {
            return (written, action);
        };
        if let Action::Apply(apply) = &action {
            make.wrote(&apply.object, None);
        }
        written.push(what);
        if matches!(action, Action::Create { .. }) {
            return (written, action);
        }
    }
}

/// What a Secret says of the credentials that this provider has written.
fn applied() -> Value {
    json!({"manager": MANAGER, "operation": "Apply",
        "fieldsV1": {"f:data": {"f:AWS_ACCESS_KEY_ID": {}}}})
}

/// A Secret that this provider has written, with owners.
fn ours(owners: &[&str]) -> Value {
    let owners: Vec<_> = owners
        .iter()
        .map(|uid| json!({"apiVersion": "v1", "kind": "BackupStorage", "name": "s3", "uid": uid}))
        .collect();
    json!({"metadata": {"uid": "secret", "ownerReferences": owners,
        "managedFields": [applied()]}})
}

#[test]
fn the_secret_is_written_before_the_storage_is_made() {
    let written = ["apply Secret prod/s3", "create BackupStorage prod/s3"];
    assert_eq!(course(&mut World::default(), content()).0, written);
    let mut left = World::default().with(ObjectKind::Secret, "s3", ours(&[]));
    assert_eq!(
        course(&mut left, content()).0,
        written,
        "left by a killed creation"
    );
    let there = json!({"metadata": {"uid": "secret"}});
    let mut there = World::default().with(ObjectKind::Secret, "s3", there);
    assert_eq!(course(&mut there, None).0, written[1..], "left as it is");
}

#[test]
fn a_secret_that_is_there_is_written_only_if_the_same_creation_left_it() {
    let foreign = json!({"metadata": {"uid": "secret"}});
    let mut other = storage(json!({"uid": "another"}));
    other["metadata"]["name"] = json!("other");
    for (secret, beside) in [(foreign, None), (ours(&[]), Some(other))] {
        let mut world = World::default().with(ObjectKind::Secret, "s3", secret);
        if let Some(beside) = beside {
            world.put(ObjectKind::BackupStorage, "other", beside);
        }
        let (written, last) = course(&mut world, content());
        assert_eq!(written, [""; 0]);
        let Action::Refuse { message, .. } = last else {
            panic!("{last:?}")
        };
        let text = message.render(Dialect::Terraform);
        assert!(
            text.contains("already exists and was not written for it"),
            "{text}"
        );
        assert!(
            text.contains("omit access_key_id and secret_access_key"),
            "{text}"
        );
    }
}

#[test]
fn a_secret_that_an_import_reads_is_not_taken_for_left_over() {
    let s3 = json!({"bucket": "b", "region": "r", "endpointURL": "https://s3.example.com",
        "credentialsSecretName": "s3"});
    let import = json!({"dataImporterName": "dump", "source": {"path": "d", "s3": s3}});
    let job = json!({"metadata": {"uid": "j"}, "spec": {"targetClusterName": "orders",
        "dataImporterName": "dump", "source": {"path": "d", "s3": s3}}});
    let database = json!({"metadata": {"uid": "d"}, "spec": {"engine": {"type": "pxc",
        "storage": {"size": "1Gi"}}, "dataSource": {"dataImport": import}}});
    for (kind, reader) in [
        (ObjectKind::DataImportJob, job),
        (ObjectKind::Database, database),
    ] {
        let world = World::default().with(ObjectKind::Secret, "s3", ours(&[]));
        let (written, last) = course(&mut world.with(kind, "reader", reader), content());
        assert_eq!(written, [""; 0]);
        assert!(matches!(last, Action::Refuse { .. }), "{last:?}");
    }
}

#[test]
fn a_secret_of_another_use_is_not_read_and_so_not_deleted_with_the_storage() {
    let mut passwords = ours(&[]);
    passwords["metadata"]["managedFields"][0]["fieldsV1"] = json!({"f:data": {"f:root": {}}});
    for (held, is_refused) in [(passwords, true), (ours(&[]), false)] {
        let mut world = World::default().with(ObjectKind::Secret, "s3", held);
        let (written, last) = course(&mut world, None);
        match last {
            Action::Refuse { message, attribute } => {
                assert!(is_refused && written.is_empty(), "{written:?}");
                assert_eq!(attribute.unwrap().to_string(), "name");
                let said = message.render(Dialect::Terraform);
                assert!(
                    said.contains("Secret prod/s3 has none of the keys"),
                    "{said}"
                );
            }
            other => assert!(!is_refused, "{other:?}"),
        }
    }
}

#[test]
fn a_secret_that_goes_with_a_former_storage_is_waited_for() {
    for content in [content(), None] {
        let mut world = World::default().with(ObjectKind::Secret, "s3", ours(&["former"]));
        let (written, last) = course(&mut world, content.clone());
        assert_eq!(written, [""; 0]);
        assert!(matches!(last, Action::Await(_)), "{last:?}");
    }
    // That of the storage which the same creation has made is none of these.
    let mut world = World::default()
        .with(ObjectKind::BackupStorage, "s3", storage(json!({})))
        .with(ObjectKind::Secret, "s3", ours(&["u"]))
        .after_making(ObjectKind::BackupStorage, "s3");
    let (written, last) = course(&mut world, content());
    assert_eq!(written, ["apply Secret prod/s3"]);
    assert_eq!(last, Action::Done(()));
}

#[test]
fn without_credentials_the_secret_has_to_be_there() {
    let (written, last) = course(&mut World::default(), None);
    assert_eq!(written, [""; 0]);
    let Action::Require(Requirement::Condition { remedy, .. }) = last else {
        panic!("{last:?}")
    };
    let said = remedy.render(Dialect::ManagedResource);
    assert_eq!(
        said,
        "Set spec.forProvider.secretRef, or create that Secret with the keys AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY first"
    );
}

#[test]
fn the_secret_of_a_storage_that_was_not_made_is_taken_back_if_nothing_reads_it() {
    let mut making = make(content());
    assert!(making.taken_back().is_none(), "nothing is written yet");
    let mut world = World::default();
    let secret = world.next(&mut making);
    world.write(&secret);
    making.wrote(&object(ObjectKind::Secret, "s3"), None);
    world.put(ObjectKind::Secret, "s3", ours(&[]));
    let mut back = making.taken_back().unwrap();
    assert!(deletes(&world.next(&mut back), ObjectKind::Secret));
    // Somebody else has made one of this name meanwhile.
    world.put(ObjectKind::BackupStorage, "s3", storage(json!({})));
    assert_eq!(world.next(&mut back), Action::Done(()));
}

#[test]
fn what_is_written_to_a_secret_is_never_shown() {
    let written = World::default().next(&mut make(content()));
    assert!(!format!("{written:?}").contains("eA=="), "{written:?}");
}

#[test]
fn a_storage_that_is_in_the_way_keeps_its_secret() {
    let mut world = World::default().with(ObjectKind::BackupStorage, "s3", storage(json!({})));
    let (written, _) = course(&mut world, content());
    assert_eq!(
        written,
        ["create BackupStorage prod/s3"],
        "which is refused"
    );
}

#[test]
fn a_change_writes_the_secret_first() {
    let model = BackupStorageModel::at("prod".into(), "s3".into());
    let apply = Apply {
        object: object(ObjectKind::BackupStorage, "s3"),
        body: json!({"spec": {"bucket": "c"}}).into(),
        agreed: Agreed::Nothing,
        hand_over: None,
    };
    let mut world = World::default().with(ObjectKind::BackupStorage, "s3", storage(json!({})));
    let mut both = ChangeWithSecret::of(&model, content(), MANAGER, Some(apply.clone()));
    let written = ["apply Secret prod/s3", "apply BackupStorage prod/s3"];
    assert_eq!(
        world.run(&mut both),
        (written.map(str::to_owned).into(), Action::Done(()))
    );
    let mut one = ChangeWithSecret::of(&model, None, MANAGER, Some(apply));
    assert_eq!(world.run(&mut one).0, written[1..]);

    let mut gone = ChangeWithSecret::of(&model, content(), MANAGER, None);
    let next = World::default().next(&mut gone);
    assert!(matches!(next, Action::Refuse { .. }), "{next:?}");
}

#[test]
fn a_change_writes_no_secret_of_others() {
    let foreign = json!({"metadata": {"uid": "secret"}});
    let mut owned = ours(&["u"]);
    owned["metadata"]["managedFields"] = json!([{"manager": "everest", "operation": "Update"}]);
    let mut published = ours(&["managed"]);
    published["metadata"]["ownerReferences"][0]["kind"] = json!("Database");
    // The passwords of a database, which this provider writes too.
    let mut passwords = ours(&[]);
    passwords["metadata"]["managedFields"][0]["fieldsV1"] = json!({"f:data": {"f:root": {}}});
    for (secret, is_written) in [
        (foreign, false),
        (published, false),
        (passwords, false),
        (owned, true),
        (ours(&[]), true),
    ] {
        let model = BackupStorageModel::at("prod".into(), "s3".into());
        let mut world = World::default()
            .with(ObjectKind::BackupStorage, "s3", storage(json!({})))
            .with(ObjectKind::Secret, "s3", secret.clone());
        let mut change = ChangeWithSecret::of(&model, content(), MANAGER, None);
        let next = world.next(&mut change);
        let applied = matches!(next, Action::Apply(_));
        assert_eq!(applied, is_written, "{secret}: {next:?}");
        assert_eq!(matches!(next, Action::Refuse { .. }), !is_written);
    }
}
