//! A resource's life.

use std::fs;

use serde_json::json;

use crate::workspace::{Workspace, oak};

const ADDRESS: &str = "shelf_shelf.books";

#[test]
fn a_resource_is_created_changed_and_destroyed() {
    let workspace = Workspace::new();
    workspace.write(&oak("books", ""));
    workspace.apply().succeeded().says("1 added");
    workspace.plan_is_empty();
    assert_eq!(workspace.stored("books")["spec"]["boards"], 2);

    workspace.write(&oak(
        "books",
        "  boards = 5\n  labels = { room = \"study\" }",
    ));
    workspace.apply().succeeded().says("1 changed");
    workspace.plan_is_empty();
    let state = workspace.state(ADDRESS);
    assert_eq!(state["boards"], 5);
    assert_eq!(state["labels"], json!({"room": "study"}));

    workspace.destroy().succeeded().says("1 destroyed");
    assert!(workspace.stored("books").is_null());
}

#[test]
fn another_name_replaces_the_object() {
    let workspace = Workspace::new();
    workspace.write(&oak("books", ""));
    workspace.apply().succeeded();
    workspace.write(&oak("books", "").replace("\"books\"\n", "\"maps\"\n"));
    workspace
        .apply()
        .succeeded()
        .says("forces replacement")
        .says("1 added, 0 changed, 1 destroyed");
    assert!(workspace.stored("books").is_null());
    assert_eq!(workspace.stored("maps")["name"], "maps");
}

#[test]
fn an_object_that_is_gone_is_planned_anew() {
    let workspace = Workspace::new();
    workspace.write(&oak("books", ""));
    workspace.apply().succeeded();
    fs::remove_file(workspace.shelves().join("books.json")).unwrap();
    workspace.plan(&[]).succeeded().says("1 to add");
}

#[test]
fn an_imported_object_has_nothing_to_change() {
    let workspace = Workspace::new();
    workspace.write(&oak("books", ""));
    workspace.apply().succeeded();
    workspace.run(&["state", "rm", ADDRESS]).succeeded();
    workspace
        .run(&["import", "-input=false", "-no-color", ADDRESS, "books"])
        .succeeded();
    workspace.plan_is_empty();
}

#[test]
fn a_mistake_in_the_configuration_is_told_at_its_attribute() {
    let workspace = Workspace::new();
    workspace.write(&oak("books", "  boards = 12"));
    workspace
        .plan(&[])
        .failed()
        .says("boards = 12")
        .says("between 1 and 9");
}

#[test]
fn what_is_required_cannot_be_null() {
    let workspace = Workspace::new();
    workspace.write(&oak("books", "").replace("\"oak\"", "null"));
    workspace
        .plan(&[])
        .failed()
        .says("wood is required, and null here.");
}

#[test]
fn a_creation_that_is_late_keeps_its_state_and_is_not_tainted() {
    let workspace = Workspace::new();
    workspace.write(&oak("books", "  simulate = \"late\""));
    workspace
        .apply()
        .succeeded()
        .says("The next apply goes on waiting.");
    assert_eq!(workspace.state(ADDRESS)["ready"], false);
    workspace.plan(&[]).succeeded().says_not("tainted");
}

#[test]
fn a_creation_that_is_refused_leaves_no_state() {
    let workspace = Workspace::new();
    workspace.write(&oak("books", "  simulate = \"refuse\""));
    workspace.apply().failed().says("Ask it nicely.");
    assert!(workspace.state(ADDRESS).is_null());
}

#[test]
fn a_creation_that_failed_is_tainted() {
    let workspace = Workspace::new();
    workspace.write(&oak("books", "  simulate = \"fail\""));
    workspace.apply().failed().says("It will be built anew.");
    workspace.plan(&[]).succeeded().says("is tainted");
}

#[test]
fn a_write_only_secret_reaches_the_provider_and_no_state() {
    let workspace = Workspace::new();
    workspace.write(&oak(
        "books",
        "  secret_wo = \"open sesame\"\n  secret_wo_version = 1",
    ));
    let said = workspace.apply().succeeded();
    assert!(!said.text.contains("sesame"), "{}", said.text);
    assert_eq!(workspace.state(ADDRESS)["secret_length"], 11);
    assert!(!workspace.state_file().contains("sesame"));
    workspace.plan_is_empty();
}
