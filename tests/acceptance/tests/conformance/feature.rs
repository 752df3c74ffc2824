//! What the clients have not got they refuse.

use acceptance::feature::Feature;

use crate::workspace::Workspace;

/// Proves that what is left out could not have run.
#[test]
fn what_a_client_has_not_got_it_refuses() {
    let identity = "resource \"shelf_shelf\" \"hall\" {
  name    = \"hall\"
  wood    = \"oak\"
  load_kg = \"40\"
}
import {
  to       = shelf_shelf.hall
  identity = { name = \"hall\" }
}
";
    let action = "action \"shelf_dust\" \"hall\" {
  config { shelf = \"hall\" }
}
";
    for (feature, command, configuration, refusal) in [
        (
            Feature::ImportByIdentity,
            "validate",
            identity,
            "An argument named \"identity\" is not expected here",
        ),
        (
            Feature::Actions,
            "validate",
            action,
            "Blocks of type \"action\" are not expected here",
        ),
        (
            Feature::ListResources,
            "query",
            "",
            "no command named \"query\"",
        ),
    ] {
        let workspace = Workspace::new();
        workspace.write(configuration);
        let said = workspace.run(&[command, "-no-color"]);
        match feature.lacking() {
            Some(why) => {
                assert_ne!(said.code, Some(0), "{why}, and yet:\n{}", said.text);
                said.says(refusal);
            }
            None => {
                said.says_not(refusal);
            }
        }
    }
}
