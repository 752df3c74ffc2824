//! Restores and imports that an earlier step composes.

use function_sdk_rust::proto::v1::Severity;
use serde_json::{Value, json};

use crate::everest;
use crate::fixtures::{ready, spec, world};
use crate::world::World;

fn restore() -> Value {
    json!({
        "apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DatabaseClusterRestore",
        "metadata": {"name": "drill"},
        "spec": {"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "b"}},
    })
}

fn import() -> Value {
    json!({
        "apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DataImportJob",
        "metadata": {"name": "load"},
        "spec": {"targetClusterName": "orders", "dataImporterName": "dump",
            "source": {"path": "/dump"}},
    })
}

/// The database `orders` of the composite resource, which does not exist yet, and an operation of an
/// earlier step.
fn beside(operation: Value) -> World {
    let mut world = world(spec("pxc"));
    world.input["databases"][0]["name"] = json!("orders");
    world.earlier.insert("operation".to_owned(), operation);
    world
}

#[test]
fn a_composed_restore_is_judged_and_warned_of() {
    let mut world = ready(spec("pxc"));
    world.earlier.insert(
        "restore".to_owned(),
        json!({
            "apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseClusterRestore",
            "metadata": {"name": "drill"},
            "spec": {"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "b"}},
        }),
    );
    let answer = world.reconcile();
    assert!(
        answer.messages(Severity::Warning)[0].contains("runs again whenever its object is deleted")
    );
    assert_eq!(
        answer.object("restore")["metadata"]["labels"]["clusterName"],
        "orders"
    );
    assert!(!answer.is_ready("restore"));
    world.object("restore")["status"] = json!({"state": "Succeeded"});
    assert!(world.reconcile().is_ready("restore"));
}

#[test]
fn a_restore_begins_once_its_composed_database_exists() {
    let mut world = beside(restore());
    let answer = world.reconcile();
    assert_eq!(answer.fatal(), None);
    assert!(!answer.desired().contains_key("operation"));
    let told = answer.condition("DatabasesReady").2;
    assert!(
        told.contains("restore \"operation\": it begins once the database \"orders\" exists"),
        "{told}"
    );
    // It may be the repair of a database that does not start.
    everest::take_up(&mut world, "db");
    assert!(world.reconcile().desired().contains_key("operation"));
}

#[test]
fn an_import_begins_once_its_composed_database_is_ready() {
    let mut world = beside(import());
    let answer = world.reconcile();
    assert_eq!(answer.fatal(), None);
    assert!(!answer.desired().contains_key("operation"));
    everest::take_up(&mut world, "db");
    let answer = world.reconcile();
    assert!(!answer.desired().contains_key("operation"));
    let told = answer.condition("DatabasesReady").2;
    assert!(
        told.contains("import \"operation\": it begins once the database \"orders\" is ready"),
        "{told}"
    );
    everest::make_ready(&mut world, "db");
    world.reconcile();
    assert!(world.reconcile().desired().contains_key("operation"));
    world.object("db")["status"]["status"] = json!("initializing");
    assert!(
        world.reconcile().desired().contains_key("operation"),
        "an import that has begun stays"
    );
}

#[test]
fn a_composed_import_is_ready_once_it_has_succeeded_and_warned_of() {
    let mut world = ready(spec("pxc"));
    world.earlier.insert("load".to_owned(), import());
    let answer = world.reconcile();
    let warned = answer.messages(Severity::Warning).join("\n");
    assert!(
        warned.contains("A composed DataImportJob runs again whenever its object is deleted"),
        "{warned}"
    );
    assert!(!answer.is_ready("load"));
    for (state, told) in [
        ("Running", "the import is Running"),
        ("Error", "Everest tries again"),
        ("Failed", "the import failed; no such object"),
    ] {
        world.object("load")["status"] = json!({"state": state, "message": "no such object"});
        let answer = world.reconcile();
        assert!(!answer.is_ready("load") && !answer.all_ready(), "{state}");
        let said = answer.condition("DatabasesReady").2;
        assert!(said.contains(told), "{state}: {said}");
    }
    world.object("load")["status"] = json!({"state": "Succeeded"});
    assert!(world.reconcile().is_ready("load"));
    world.input["silence"] = json!(["composed-import"]);
    assert!(world.reconcile().messages(Severity::Warning).is_empty());
}
