//! Composed backups.

use function_sdk_rust::proto::v1::Severity;
use serde_json::json;

use crate::everest;
use crate::fixtures::{ready, spec, world};
use crate::world::{World, key};

const PROTECTION: &str = "everest.percona.com/dbb-storage-protection";

fn with_backup(mut world: World) -> World {
    world.input["backups"] = json!([{
        "resource": "first", "database": "db", "backupStorageName": "s3",
    }]);
    world
}

#[test]
fn a_backup_is_taken_once_its_database_is_ready() {
    let mut early = with_backup(world(spec("pxc")));
    let answer = early.reconcile();
    assert!(!answer.desired().contains_key("first"));
    assert!(!answer.all_ready());

    let mut world = with_backup(ready(spec("pxc")));
    let answer = world.reconcile();
    let database = world.object("db")["metadata"]["name"].clone();
    let backup = answer.object("first");
    assert_eq!(
        backup["spec"],
        json!({"backupStorageName": "s3", "dbClusterName": database})
    );
    assert_eq!(backup["metadata"]["finalizers"], json!([PROTECTION]));
    assert_eq!(
        backup["metadata"]["labels"],
        json!({"clusterName": database})
    );
    assert!(!answer.is_ready("first"));

    world.object("first")["status"] = json!({"state": "Running", "gaps": false});
    assert!(!world.reconcile().is_ready("first"));
    world.object("first")["status"]["state"] = json!("Succeeded");
    assert!(world.reconcile().all_ready());
    world.object("db")["status"]["status"] = json!("initializing");
    let answer = world.reconcile();
    assert!(
        answer.desired().contains_key("first"),
        "a backup that was taken stays"
    );

    world.object("first")["status"]["state"] = json!("Failed");
    assert!(world.reconcile().messages(Severity::Warning)[0].contains("the backup failed"));
}

#[test]
fn a_backup_of_an_earlier_step_waits_for_its_database_as_well() {
    let mut world = world(spec("pxc"));
    world.input["backups"] = json!([{"resource": "first", "database": "db"}]);
    world.earlier.insert(
        "first".to_owned(),
        json!({
            "apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseClusterBackup",
            "metadata": {"name": "before-release"},
            "spec": {"dbClusterName": "orders", "backupStorageName": "s3"},
        }),
    );
    let answer = world.reconcile();
    assert_eq!(answer.fatal(), None);
    assert!(!answer.desired().contains_key("first"));
    assert!(answer.desired().contains_key("db"));
    let told = answer.condition("DatabasesReady").2;
    assert!(
        told.contains("backup \"first\": it is taken once"),
        "{told}"
    );

    everest::take_up(&mut world, "db");
    everest::make_ready(&mut world, "db");
    world.reconcile();
    let backup = world.reconcile().object("first");
    assert_eq!(backup["metadata"]["name"], "before-release");
}

#[test]
fn a_backup_that_only_an_earlier_step_names_waits_for_its_database_as_well() {
    let mut world = world(spec("pxc"));
    world.input["databases"][0]["name"] = json!("orders");
    world.earlier.insert(
        "theirs".to_owned(),
        json!({
            "apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseClusterBackup",
            "metadata": {"name": "before-release"},
            "spec": {"dbClusterName": "orders", "backupStorageName": "s3"},
        }),
    );
    let answer = world.reconcile();
    assert_eq!(answer.fatal(), None);
    assert!(!answer.desired().contains_key("theirs"));
    assert!(!answer.all_ready());
    let told = answer.condition("DatabasesReady").2;
    assert!(
        told.contains("backup \"theirs\": it is taken once"),
        "{told}"
    );

    everest::take_up(&mut world, "db");
    assert!(!world.reconcile().desired().contains_key("theirs"));
    everest::make_ready(&mut world, "db");
    world.reconcile();
    assert!(world.reconcile().desired().contains_key("theirs"));
}

#[test]
fn a_backup_waits_until_a_former_one_of_its_name_is_gone() {
    let mut world = with_backup(ready(spec("pxc")));
    world.input["backups"][0]["name"] = json!("nightly");
    let former = json!({
        "apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DatabaseClusterBackup",
        "metadata": {"name": "nightly", "namespace": "prod", "finalizers": [PROTECTION],
            "deletionTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"dbClusterName": "former", "backupStorageName": "s3"},
    });
    world.add(former.clone());
    let answer = world.reconcile();
    assert_eq!(answer.fatal(), None);
    assert!(!answer.desired().contains_key("first"));
    let told = answer.condition("DatabasesReady").2;
    assert!(told.contains("which is being deleted"), "{told}");
    world.objects.remove(&key(&former));
    assert!(world.reconcile().desired().contains_key("first"));
}

#[test]
fn the_data_goes_only_if_that_is_said() {
    let mut world = with_backup(ready(spec("pxc")));
    world.input["backups"][0]["keepBackupData"] = json!(false);
    assert_eq!(
        world.reconcile().object("first")["metadata"].get("finalizers"),
        None
    );
}

#[test]
fn a_backup_that_is_going_gets_no_finalizer_back() {
    let mut world = with_backup(ready(spec("pxc")));
    world.reconcile();
    world.object("first")["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let answer = world.reconcile();
    assert_eq!(
        answer.object("first")["metadata"]["finalizers"],
        json!([PROTECTION])
    );
    // Everest has taken it off; the API server lets nobody put it on again.
    world.object("first")["metadata"]["finalizers"] = json!(["foregroundDeletion"]);
    let answer = world.reconcile();
    assert_eq!(answer.object("first")["metadata"].get("finalizers"), None);
}

#[test]
fn a_backup_of_an_earlier_step_is_protected_beside_its_own_finalizers() {
    let mut world = ready(spec("pxc"));
    world.earlier.insert(
        "theirs".to_owned(),
        json!({
            "apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseClusterBackup",
            "metadata": {"name": "before-release", "finalizers": ["example.com/ours"]},
            "spec": {"dbClusterName": "orders", "backupStorageName": "s3"},
        }),
    );
    let backup = world.reconcile().object("theirs");
    assert_eq!(backup["metadata"]["name"], "before-release");
    assert_eq!(
        backup["metadata"]["finalizers"],
        json!(["example.com/ours", PROTECTION])
    );
    assert_eq!(backup["metadata"]["labels"]["clusterName"], "orders");
}

#[test]
fn a_database_is_not_let_go_of_before_its_backups() {
    let mut world = with_backup(ready(spec("pxc")));
    world.reconcile();
    let name = world.object("db")["metadata"]["name"].clone();
    world.input["databases"] = json!([]);
    world.input["backups"] = json!([]);
    let mut theirs = world.object("first").clone();
    theirs["metadata"] = json!({"name": "first"});
    world.earlier.insert("first".to_owned(), theirs);
    let answer = world.reconcile();
    let refused = answer.fatal().unwrap();
    assert!(
        refused.contains(&format!(
            "database \"db\" ({}) is no longer composed",
            name.as_str().unwrap()
        )),
        "{refused}"
    );
    world.earlier.clear();
    let answer = world.reconcile();
    assert_eq!(answer.fatal(), None);
    assert_eq!(answer.desired().len(), 0, "both go together");
}

#[test]
fn what_a_backup_lacks_is_said() {
    let mut world = ready(spec("pxc"));
    for (entry, words) in [
        (
            json!({"resource": "a", "backupStorageName": "s3"}),
            "database is missing",
        ),
        (
            json!({"resource": "a", "database": "nope", "backupStorageName": "s3"}),
            "no database is composed under the name \"nope\"",
        ),
    ] {
        world.input["backups"] = json!([entry]);
        let answer = world.reconcile();
        assert!(
            answer.fatal().unwrap().contains(words),
            "{:?}",
            answer.fatal()
        );
    }
    world.input["backups"] = json!([{
        "resource": "a", "database": "db", "backupStorageNameFrom": "spec.backupTo",
    }]);
    let answer = world.reconcile();
    assert!(
        answer.fatal().is_none() && answer.all_ready(),
        "nobody asks for the backup"
    );
    world.composite["spec"]["backupTo"] = json!("elsewhere");
    let warned = world.reconcile().messages(Severity::Warning).join("");
    assert!(
        warned.contains("No backup storage of the namespace is called \"elsewhere\""),
        "{warned}"
    );
}
