//! Finding what stands, by `query`.

use acceptance::feature::{Feature, asks_without_object};

use crate::workspace::Workspace;

const ALL: &str = "list \"shelf_shelf\" \"all\" {
  provider = shelf
  config { wood = \"oak\" }
}
";

#[test]
fn a_query_finds_what_stands() {
    if !Feature::ListResources.is_there() {
        return;
    }
    let workspace = Workspace::with_stored(&["cellar", "hall"]);
    workspace.file("all.tfquery.hcl", ALL);
    workspace
        .run(&["query", "-no-color"])
        .succeeded()
        .says("name=cellar Shelf cellar")
        .says("name=hall Shelf hall");
}

#[test]
fn what_a_query_finds_is_imported_with_the_configuration_it_generates() {
    if !Feature::ListResources.is_there() {
        return;
    }
    let workspace = Workspace::with_stored(&["cellar", "hall"]);
    workspace.file(
        "all.tfquery.hcl",
        &ALL.replace("  config", "  include_resource = true\n  config"),
    );
    let said = workspace.run(&["query", "-no-color", "-generate-config-out=generated.tf"]);
    if asks_without_object() {
        said.failed().says("No configuration can be generated");
        return;
    }
    said.succeeded();
    workspace
        .apply()
        .succeeded()
        .says("2 imported, 0 added, 0 changed");
    workspace.plan_is_empty();
}
