use everest_schemas::Engine;
use everest_schemas::models::DatabaseModel;
use serde_json::{Value, json};

use crate::lifecycle::database::{
    ChangeDatabase, CreateDatabase, KeepDatabase, RemoveDatabase, RemoveUserSecret,
};
use crate::lifecycle::world::World;
use crate::lifecycle::{Action, EngineRole, ObjectKind};
use crate::passwords::Users;

const MANAGER: &str = "ours";
const SECRET: &str = "everest-secrets-orders";

fn model(users: Value, version: Value) -> DatabaseModel {
    serde_json::from_value(json!({"namespace": "prod", "name": "orders", "ready": true,
        "wait": false, "usersWo": users, "usersWoVersion": version,
        "spec": {"engine": {"type": "pxc", "replicas": 3, "storage": {"size": "25Gi"}}}}))
    .unwrap()
}

fn create(model: &DatabaseModel) -> CreateDatabase {
    CreateDatabase::of(model).with_users(Users::given(model), MANAGER)
}

fn live(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "prod", "uid": "u", "resourceVersion": "7",
            "generation": 1},
        "status": {"status": "ready", "observedGeneration": 1},
        "spec": {"engine": {"type": "pxc", "replicas": 3, "storage": {"size": "25Gi"},
            "userSecretsName": SECRET}}})
}

fn secret(manager: &str) -> Value {
    json!({"metadata": {"namespace": "prod", "uid": "s",
        "managedFields": [{"manager": manager, "operation": "Apply"}]}})
}

/// A Secret that a manager has written for the users of a database.
fn written_for(manager: &str, database: &str) -> Value {
    let mut secret = secret(manager);
    secret["metadata"]["labels"] = json!({"clusterName": database});
    secret
}

/// A Secret that this provider has written for an object of another kind.
fn of_another_kind() -> Value {
    let mut secret = secret(MANAGER);
    secret["metadata"]["managedFields"][0]["fieldsV1"] =
        json!({"f:data": {"f:ca.crt": {}, "f:ca.key": {}}});
    secret
}

fn change(version: i64) -> ChangeDatabase {
    let (prior, planned) = (
        model(json!(null), json!(1)),
        model(json!(null), json!(version)),
    );
    let config = model(json!({"root": "new"}), json!(version));
    ChangeDatabase::of(&prior, &planned, &config, MANAGER)
}

#[test]
fn the_secret_comes_before_the_database_and_goes_again_if_that_is_not_made() {
    let model = model(json!({"root": "a"}), json!(1));
    let mut create = create(&model);
    let mut world = World::default();
    let (written, _) = {
        let first = world.next(&mut create);
        let secret = world.write(&first).unwrap();
        if let Action::Apply(apply) = &first {
            crate::lifecycle::Lifecycle::wrote(&mut create, &apply.object, None);
        }
        (vec![secret], ())
    };
    assert_eq!(written, [format!("apply Secret prod/{SECRET}")]);
    let data = &world.get(ObjectKind::Secret, SECRET).unwrap()["data"];
    assert_eq!(*data, json!({"root": "YQ=="}));
    let second = world.next(&mut create);
    assert!(matches!(second, Action::Create { .. }), "{second:?}");

    let mut taken_back = create.taken_back(MANAGER).unwrap();
    world.put(ObjectKind::Secret, SECRET, written_for(MANAGER, "orders"));
    let (written, last) = world.run(&mut taken_back);
    assert_eq!(written, [format!("delete Secret prod/{SECRET}")]);
    assert_eq!(last, Action::Done(()));
}

#[test]
fn a_database_without_passwords_touches_no_secret() {
    let model = model(json!(null), json!(null));
    let mut create = create(&model);
    let next = World::default().next(&mut create);
    assert!(matches!(next, Action::Create { .. }), "{next:?}");
    assert!(create.taken_back(MANAGER).is_none());
}

#[test]
fn a_secret_that_exists_is_taken_only_if_a_creation_of_ours_has_left_it() {
    let model = model(json!({"root": "a"}), json!(1));
    let next = |held: Value, reader: Option<&str>| {
        let mut world = World::default().with(ObjectKind::Secret, SECRET, held);
        if let Some(reader) = reader {
            world.put(ObjectKind::Database, reader, live(reader));
        }
        world.next(&mut create(&model))
    };
    let left = || written_for(MANAGER, "orders");
    assert!(matches!(next(left(), None), Action::Apply(_)));
    for (held, reader) in [
        (written_for("kubectl", "orders"), None),
        (left(), Some("other")),
        // What this provider writes for another database, or for another kind.
        (written_for(MANAGER, "crm"), None),
        (of_another_kind(), None),
    ] {
        match next(held.clone(), reader) {
            Action::Refuse { attribute, .. } => {
                assert_eq!(attribute.unwrap().to_string(), "usersWo");
            }
            other => panic!("{held}: {other:?}"),
        }
    }
    // The Secret of a database that is in the way is not touched.
    let in_the_way = next(left(), Some("orders"));
    assert!(matches!(in_the_way, Action::Create { .. }));
}

#[test]
fn a_secret_of_another_kind_is_neither_changed_nor_deleted_with_a_database() {
    let mut named = live("orders");
    named["spec"]["engine"]["userSecretsName"] = json!("dns");
    let mut world = World::default()
        .with(ObjectKind::Database, "orders", named)
        .with(ObjectKind::Secret, "dns", of_another_kind());
    let refused = world.next(&mut change(2));
    assert!(matches!(refused, Action::Refuse { .. }), "{refused:?}");

    let mut model = model(json!(null), json!(1));
    model.credentials_secret_name = "dns".into();
    for (held, goes) in [
        (of_another_kind(), false),
        (written_for(MANAGER, "crm"), false),
        (written_for(MANAGER, "orders"), true),
    ] {
        let mut world = World::default().with(ObjectKind::Secret, "dns", held.clone());
        let (written, last) = world.run(&mut RemoveUserSecret::of(&model, MANAGER));
        assert_eq!(!written.is_empty(), goes, "{held}: {written:?}");
        assert_eq!(last, Action::Done(()));
    }
}

#[test]
fn a_new_version_is_merged_into_the_secret_once_everest_takes_changes() {
    let mut busy = live("orders");
    busy["status"]["status"] = json!("restoring");
    let mut world = World::default()
        .with(ObjectKind::Database, "orders", busy)
        .with(ObjectKind::Secret, SECRET, secret("operator"));
    let mut change = change(2);
    assert!(matches!(world.next(&mut change), Action::Await(_)));

    world.put(ObjectKind::Database, "orders", live("orders"));
    let Action::Merge(changes) = world.next(&mut change) else {
        panic!("the passwords are not sent")
    };
    let body = changes[0].body.expose();
    assert_eq!(body["data"], json!({"root": "bmV3"}));
    assert_eq!(body["metadata"]["uid"], "s");
    world.write(&Action::<()>::Merge(changes));
    let next = world.next(&mut change);
    assert!(matches!(next, Action::Apply(_)), "{next:?}");
}

#[test]
fn new_passwords_are_done_once_the_operator_has_had_the_time_to_read_them() {
    let of_mongodb = |mut model: DatabaseModel| {
        model.wait = true.into();
        let spec = model.spec.known_mut().unwrap();
        spec.engine.known_mut().unwrap().type_ = Engine::Psmdb.into();
        model
    };
    let (prior, planned) = (model(json!(null), json!(1)), model(json!(null), json!(2)));
    let config = model(json!({"MONGODB_USER_ADMIN_PASSWORD": "new"}), json!(2));
    let [prior, planned, config] = [prior, planned, config].map(of_mongodb);
    let mut change = ChangeDatabase::of(&prior, &planned, &config, MANAGER);
    let mut database = live("orders");
    database["spec"]["engine"]["type"] = json!("psmdb");
    // The operator has nothing to do with the spec, and says so.
    let at_rest = json!({"metadata": {"generation": 3},
        "status": {"state": "ready", "observedGeneration": 3}});
    let engine = ObjectKind::Engine(Engine::Psmdb, EngineRole::Database);
    let mut world = World::default()
        .with(ObjectKind::Database, "orders", database)
        .with(engine, "orders", at_rest)
        .with(ObjectKind::Secret, SECRET, secret("operator"));
    let (written, last) = world.run(&mut change);
    assert_eq!(written.len(), 2, "{written:?}");
    assert!(matches!(last, Action::Await(_)), "{last:?}");
    world.pass(15);
    assert_eq!(world.next(&mut change), Action::Done(()));
}

#[test]
fn a_version_that_is_in_the_secret_is_not_sent_again() {
    let mut held = secret("operator");
    held["metadata"]["annotations"] = json!({"everest.openeverest.io/users-version": "2"});
    let mut world = World::default()
        .with(ObjectKind::Database, "orders", live("orders"))
        .with(ObjectKind::Secret, SECRET, held);
    let next = world.next(&mut change(2));
    assert!(matches!(next, Action::Apply(_)), "{next:?}");
}

#[test]
fn a_secret_that_was_not_made_for_the_database_stays() {
    let mut named = live("orders");
    named["spec"]["engine"]["userSecretsName"] = json!("theirs");
    let mut world = World::default()
        .with(ObjectKind::Database, "orders", named)
        .with(ObjectKind::Secret, "theirs", secret("kubectl"));
    let refused = world.next(&mut change(2));
    assert!(matches!(refused, Action::Refuse { .. }), "{refused:?}");
    // That of Everest's API is the database's.
    let mut labelled = secret("everest-server");
    labelled["metadata"]["labels"] = json!({"clusterName": "orders"});
    world.put(ObjectKind::Secret, "theirs", labelled);
    assert!(matches!(world.next(&mut change(2)), Action::Merge(_)));
}

#[test]
fn a_managed_resource_sends_what_its_secret_gives_until_it_is_there() {
    let source = serde_json::from_value(json!({"data": {"root": "YQ=="},
        "metadata": {"name": "users", "uid": "source", "resourceVersion": "7"}}))
    .unwrap();
    let wanted: DatabaseModel = serde_json::from_value(json!({"namespace": "prod",
        "name": "orders", "spec": {"engine": {"type": "pxc", "replicas": 3,
            "storage": {"size": "25Gi"}, "userSecretsName": SECRET}}}))
    .unwrap();
    let mut keep = KeepDatabase::of(&wanted, None, MANAGER).with_users(Users::filled_from(&source));
    let mut world = World::default()
        .with(ObjectKind::Database, "orders", live("orders"))
        .with(ObjectKind::Secret, SECRET, secret("operator"));
    let sent = world.next(&mut keep);
    assert!(matches!(sent, Action::Merge(_)), "{sent:?}");
    world.write(&sent);
    let mut held = world.get(ObjectKind::Secret, SECRET).unwrap().clone();
    held["metadata"]["managedFields"] = json!([{"manager": MANAGER, "operation": "Update",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:root": {}}}}]);
    world.put(ObjectKind::Secret, SECRET, held);
    assert_eq!(world.next(&mut keep), Action::Done(()));
}

#[test]
fn what_the_operator_leaves_of_our_secret_goes_with_the_database() {
    let model = model(json!(null), json!(1));
    let removal = || {
        RemoveDatabase::of(&DatabaseModel {
            keep_backup_data: false.into(),
            ..model.clone()
        })
        .with_users(Some(RemoveUserSecret::of(&model, MANAGER)))
    };
    let world = |manager: &str| {
        World::default()
            .with(ObjectKind::Database, "orders", live("orders"))
            .with(ObjectKind::Secret, SECRET, written_for(manager, "orders"))
    };
    let (written, _) = world(MANAGER).run(&mut removal());
    assert_eq!(
        written,
        [
            "delete DatabaseCluster prod/orders".to_owned(),
            format!("delete Secret prod/{SECRET}")
        ]
    );
    let (written, last) = world("kubectl").run(&mut removal());
    assert_eq!(written.len(), 1, "{written:?}");
    assert_eq!(last, Action::Done(()));
}
