//! A resource that was of another type, of another provider.

use serde_json::json;

use crate::workspace::{Workspace, oak};

#[test]
fn a_resource_moves_here_from_another_type() {
    let workspace = Workspace::with_stored(&["attic"]);
    workspace.file(
        "terraform.tfstate",
        &json!({
            "version": 4,
            "terraform_version": "1.11.0",
            "serial": 1,
            "lineage": "bookcases",
            "outputs": {},
            "resources": [{
                "mode": "managed",
                "type": "bookcase_case",
                "name": "attic",
                "provider": "provider[\"registry.terraform.io/example/bookcase\"]",
                "instances": [{"schema_version": 0, "attributes": {"title": "attic"}}],
            }],
        })
        .to_string(),
    );
    // OpenTofu takes the type moved from for one of its own registry's providers otherwise.
    workspace.file(
        "provider.tf",
        &workspace.read("provider.tf").replace(
            "shelf =",
            "bookcase = { source = \"registry.terraform.io/example/bookcase\" }\n    shelf =",
        ),
    );
    workspace.write(
        &(oak("attic", "")
            + "moved {\n  from = bookcase_case.attic\n  to   = shelf_shelf.attic\n}\n"),
    );
    workspace
        .apply()
        .succeeded()
        .says("0 added, 0 changed, 0 destroyed");
    assert_eq!(workspace.state("shelf_shelf.attic")["boards"], 2);
    workspace.plan_is_empty();
}
