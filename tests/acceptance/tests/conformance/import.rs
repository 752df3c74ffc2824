//! Taking over what stands already, by blocks in the configuration.

use acceptance::feature::{Feature, asks_without_object, provider_of_an_import};

use crate::workspace::{Workspace, oak};

const BY_ID: &str = "import {
  to = shelf_shelf.hall
  id = \"hall\"
}
";

#[test]
fn an_import_block_by_id_changes_nothing() {
    let workspace = Workspace::with_stored(&["hall"]);
    workspace.write(&(oak("hall", "") + BY_ID));
    workspace
        .apply()
        .succeeded()
        .says("1 imported, 0 added, 0 changed");
    workspace.plan_is_empty();
}

#[test]
fn an_import_block_by_identity_changes_nothing() {
    if !Feature::ImportByIdentity.is_there() {
        return;
    }
    let workspace = Workspace::with_stored(&["hall"]);
    workspace.write(
        &(oak("hall", "")
            + "import {\n  to       = shelf_shelf.hall\n  identity = { name = \"hall\" }\n}\n"),
    );
    workspace
        .apply()
        .succeeded()
        .says("1 imported, 0 added, 0 changed");
    workspace.plan_is_empty();
}

#[test]
fn what_is_not_there_is_not_imported() {
    let workspace = Workspace::new();
    workspace.write(&(oak("hall", "") + BY_ID));
    workspace
        .plan(&[])
        .failed()
        .says("Cannot import non-existent remote object");
}

#[test]
fn generated_configuration_is_applied_as_it_is() {
    let workspace = Workspace::with_stored(&["hall"]);
    let provider = provider_of_an_import("shelf");
    workspace.write(&BY_ID.replace("import {\n", &format!("import {{\n{provider}")));
    let said = workspace.plan(&["-generate-config-out=generated.tf"]);
    if asks_without_object() {
        said.failed().says("No configuration can be generated");
        return;
    }
    said.succeeded();
    let written_by_provider = Feature::GenerateConfig.lacking().is_none();
    // What the store chose is left out by the provider; the client cannot tell.
    let generated = workspace.read("generated.tf");
    assert_eq!(generated.contains("boards"), !written_by_provider);
    workspace.write(BY_ID);
    workspace
        .apply()
        .succeeded()
        .says("1 imported, 0 added, 0 changed");
    workspace.plan_is_empty();
}
