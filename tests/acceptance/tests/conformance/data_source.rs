//! Reading what is there.

use crate::workspace::{Workspace, oak};

#[test]
fn a_data_source_is_read_and_waits_for_what_it_depends_on() {
    let workspace = Workspace::with_stored(&["hall"]);
    let inventory = "data \"shelf_inventory\" \"oak\" {
  wood       = \"oak\"
  depends_on = [shelf_shelf.attic]
}
output \"names\" { value = join(\"+\", data.shelf_inventory.oak.names) }
";
    workspace.write(&(oak("attic", "") + inventory));
    workspace.apply().succeeded().says("names = \"attic+hall\"");
    workspace.plan_is_empty();
}

#[test]
fn a_data_source_takes_its_filters() {
    let workspace = Workspace::with_stored(&["cellar", "hall"]);
    workspace.write(
        "data \"shelf_inventory\" \"pine\" { wood = \"pine\" }
data \"shelf_inventory\" \"one\" { limit = 1 }
output \"pine\" { value = length(data.shelf_inventory.pine.names) }
output \"one\" { value = join(\"+\", data.shelf_inventory.one.names) }
",
    );
    workspace
        .apply()
        .succeeded()
        .says("pine = 0")
        .says("one = \"cellar\"");
}
