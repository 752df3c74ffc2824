use super::*;
use crate::dialect::Dialect;
use crate::lifecycle::world::World;
use crate::lifecycle::{Apply, ObjectKind};
use serde_json::json;

const MANAGER: &str = "ours";

fn model(importer: &str) -> DataImportJobModel {
    serde_json::from_value(json!({"namespace": "prod", "name": "first-load",
        "databaseName": "orders", "dataImporterName": importer,
        "source": {"path": "d", "s3": {"bucket": "b", "region": "r",
            "endpointURL": "https://s3.example.com"}}}))
    .unwrap()
}

fn with_keys() -> BeginImport {
    let content =
        json!({"metadata": {"name": "first-load"}, "data": {"AWS_ACCESS_KEY_ID": "aQ=="}});
    BeginImport::of(&model("dump"), Some(Sensitive::new(content)), MANAGER)
}

fn without_keys() -> BeginImport {
    BeginImport::of(&model("dump"), None, MANAGER)
}

fn database(status: &str) -> Value {
    json!({"metadata": {"namespace": "prod", "uid": "d"}, "status": {"status": status},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}})
}

fn job(state: &str, owner: Value) -> Value {
    json!({"metadata": {"namespace": "prod", "uid": "j", "ownerReferences": owner},
        "status": {"state": state, "message": "because"},
        "spec": {"targetClusterName": "orders", "dataImporterName": "dump",
            "source": {"path": "d", "s3": {"bucket": "b", "region": "r",
                "endpointURL": "https://s3.example.com", "credentialsSecretName": "first-load"}}}})
}

fn owner(kind: &str, uid: &str) -> Value {
    json!([{"apiVersion": "v1", "kind": kind, "name": "orders", "uid": uid, "controller": true}])
}

/// A Secret with the keys of a bucket that a manager has applied.
fn secret(manager: &str, key: &str, owners: Value) -> Value {
    json!({"metadata": {"namespace": "prod", "uid": "s", "ownerReferences": owners,
        "managedFields": [{"manager": manager, "operation": "Apply",
            "fieldsV1": {"f:data": {format!("f:{key}"): {}}}}]}})
}

fn ready() -> World {
    World::default().with(ObjectKind::Database, "orders", database("ready"))
}

fn said(action: &Action) -> String {
    match action {
        Action::Refuse { message, .. } | Action::Await(message) => {
            message.render(Dialect::Terraform)
        }
        Action::Require(Requirement::Condition { message, .. }) => {
            message.render(Dialect::Terraform)
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn the_secret_comes_before_the_job_and_goes_again_if_that_is_not_made() {
    let mut world = ready();
    let mut begin = with_keys();
    let first = world.next(&mut begin);
    let Action::Apply(apply) = &first else {
        panic!("{first:?}")
    };
    let Apply { object, .. } = &**apply;
    assert_eq!(object.to_string(), "Secret prod/first-load");
    assert!(begin.taken_back().is_none(), "nothing was written yet");
    begin.wrote(object, None);
    world.put(
        ObjectKind::Secret,
        "first-load",
        secret(MANAGER, "AWS_ACCESS_KEY_ID", json!([])),
    );
    let next = world.next(&mut begin);
    assert!(matches!(next, Action::Create { .. }), "{next:?}");
    let mut taken_back = begin.taken_back().unwrap();
    let next = world.next(&mut taken_back);
    assert!(matches!(next, Action::Delete { .. }), "{next:?}");
}

#[test]
fn the_secret_of_a_job_that_exists_is_not_touched() {
    let mut world = ready().with(
        ObjectKind::DataImportJob,
        "first-load",
        job("Running", json!([])),
    );
    let next = world.next(&mut with_keys());
    assert!(matches!(next, Action::Create { .. }), "{next:?}");
}

#[test]
fn a_secret_that_exists_is_written_only_if_the_same_creation_has_left_it() {
    let ours = |key: &str, owners: Value| secret(MANAGER, key, owners);
    for (held, is_written) in [
        (ours("AWS_ACCESS_KEY_ID", json!([])), true),
        // The passwords of a database, which this provider writes too.
        (ours("root", json!([])), false),
        (
            ours("AWS_ACCESS_KEY_ID", owner("MonitoringConfig", "m")),
            false,
        ),
        (secret("kubectl", "AWS_ACCESS_KEY_ID", json!([])), false),
    ] {
        let mut world = ready().with(ObjectKind::Secret, "first-load", held.clone());
        let next = world.next(&mut with_keys());
        assert_eq!(
            matches!(next, Action::Apply(_)),
            is_written,
            "{held}: {next:?}"
        );
        let is_refused = said(&next).contains("was not written for it");
        assert_eq!(is_refused, !is_written, "{next:?}");
    }
    let storage = json!({"metadata": {"namespace": "prod", "uid": "b"},
        "spec": {"type": "s3", "bucket": "b", "credentialsSecretName": "first-load"}});
    let mut world = ready().with(ObjectKind::BackupStorage, "s3", storage).with(
        ObjectKind::Secret,
        "first-load",
        ours("AWS_ACCESS_KEY_ID", json!([])),
    );
    let next = world.next(&mut with_keys());
    assert!(said(&next).contains("was not written for it"), "{next:?}");
}

#[test]
fn a_secret_that_is_used_as_it_is_belongs_to_nobody_else() {
    let mut world = ready();
    let next = world.next(&mut without_keys());
    assert!(said(&next).contains("no credentials are set"), "{next:?}");
    world.put(
        ObjectKind::Secret,
        "first-load",
        secret("kubectl", "AWS_ACCESS_KEY_ID", json!([])),
    );
    let next = world.next(&mut without_keys());
    assert!(matches!(next, Action::Create { .. }), "{next:?}");
    let owned = secret("kubectl", "AWS_ACCESS_KEY_ID", owner("BackupStorage", "b"));
    world.put(ObjectKind::Secret, "first-load", owned);
    let next = world.next(&mut without_keys());
    assert!(
        said(&next).contains("belongs to BackupStorage orders"),
        "{next:?}"
    );
}

#[test]
fn nothing_is_imported_beside_something_else() {
    let restore = json!({"metadata": {}, "status": {"state": "Restoring"},
        "spec": {"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "b"}}});
    for (kind, name, beside, words) in [
        (
            ObjectKind::Database,
            "orders",
            database("restoring"),
            "to be ready",
        ),
        (
            ObjectKind::DataImportJob,
            "other",
            job("Error", json!([])),
            "import other",
        ),
        (ObjectKind::Restore, "drill", restore, "restore drill"),
    ] {
        let mut world = ready().with(kind, name, beside);
        let next = world.next(&mut with_keys());
        assert!(matches!(next, Action::Await(_)), "{next:?}");
        assert!(said(&next).contains(words), "{next:?}");
    }
    let mut world = ready()
        .with(
            ObjectKind::DataImportJob,
            "other",
            job("Succeeded", json!([])),
        )
        .with(
            ObjectKind::DataImportJob,
            "another",
            job("Failed", json!([])),
        );
    let next = world.next(&mut with_keys());
    assert!(matches!(next, Action::Apply(_)), "{next:?}");
}

#[test]
fn an_earlier_import_whose_end_would_be_taken_for_this_one_is_in_the_way() {
    let left = |database: &str, mark: &str| {
        json!({"metadata": {"namespace": "prod", "annotations": {BY_IMPORTER: mark}},
            "spec": {"pxcCluster": database}, "status": {"state": "Succeeded"}})
    };
    let restore = ObjectKind::Engine(Engine::Pxc, EngineRole::Restore);
    let next = |importer: &str, left: Value| {
        let mut world = ready().with(restore, "0cc175b9", left);
        let content = Some(Sensitive::new(json!({"data": {}})));
        world.next(&mut BeginImport::of(&model(importer), content, MANAGER))
    };
    let shipped = "everest-percona-pxc-operator";
    let stopped = next(shipped, left("orders", "true"));
    let words = "PerconaXtraDBClusterRestore prod/0cc175b9 of an earlier import";
    assert!(said(&stopped).contains(words), "{stopped:?}");
    for (importer, left) in [
        ("dump", left("orders", "true")),
        (shipped, left("other", "true")),
        // A restore of Everest's.
        (shipped, left("orders", "")),
    ] {
        let next = next(importer, left);
        assert!(matches!(next, Action::Apply(_)), "{importer}: {next:?}");
    }
}

#[test]
fn an_import_is_over_when_its_database_is_usable_again() {
    let mut world = World::default()
        .with(ObjectKind::Database, "orders", database("initializing"))
        .with(
            ObjectKind::DataImportJob,
            "first-load",
            job("Succeeded", json!([])),
        )
        .after_making(ObjectKind::DataImportJob, "first-load");
    let next = world.next(&mut with_keys());
    assert!(said(&next).contains("to be ready again"), "{next:?}");
    world.put(ObjectKind::Database, "orders", database("ready"));
    assert_eq!(world.next(&mut with_keys()), Action::Done(()));
    world.put(
        ObjectKind::DataImportJob,
        "first-load",
        job("Error", json!([])),
    );
    let next = world.next(&mut with_keys());
    assert!(
        said(&next).contains("Everest tries again; because"),
        "{next:?}"
    );
    world.put(
        ObjectKind::DataImportJob,
        "first-load",
        job("Failed", json!([])),
    );
    assert_eq!(
        world.next(&mut with_keys()),
        Action::Failed("the import failed; because".to_owned())
    );
}

#[test]
fn a_job_goes_with_the_secret_that_was_written_for_it() {
    for (owners, goes) in [(json!([]), true), (owner("Pod", "p"), false)] {
        let mut world = ready()
            .with(
                ObjectKind::DataImportJob,
                "first-load",
                job("Running", json!([])),
            )
            .with(
                ObjectKind::Secret,
                "first-load",
                secret(MANAGER, "AWS_ACCESS_KEY_ID", owners),
            );
        let (written, _) = world.run(&mut RemoveImport::of(&model("dump"), MANAGER));
        let mut expected = vec!["delete DataImportJob prod/first-load"];
        expected.extend(goes.then_some("delete Secret prod/first-load"));
        assert_eq!(written, expected);
    }
    // Passwords of a database, whose Secret somebody has named the import after.
    let mut world = ready().with(
        ObjectKind::Secret,
        "first-load",
        secret(MANAGER, "root", json!([])),
    );
    let next = world.next(&mut RemoveImport::of(&model("dump"), MANAGER));
    assert_eq!(next, Action::Done(()));
}

#[test]
fn the_job_that_everest_made_for_a_database_stays_as_long_as_the_database_does() {
    let own = job("Succeeded", owner("DatabaseCluster", "d"));
    let mut world = ready().with(ObjectKind::DataImportJob, "first-load", own);
    let next = world.next(&mut RemoveImport::of(&model("dump"), MANAGER));
    assert!(said(&next).contains("would import again"), "{next:?}");
    world.drop(ObjectKind::Database, "orders");
    let next = world.next(&mut RemoveImport::of(&model("dump"), MANAGER));
    assert!(matches!(next, Action::Delete { .. }), "{next:?}");
}
