//! A function of the provider's.

use crate::workspace::{Workspace, oak};

#[test]
fn a_function_adds_up_and_takes_null() {
    let workspace = Workspace::new();
    workspace.write(
        "output \"kg\" { value = provider::shelf::total(null, 12, 30.5) }
output \"none\" { value = provider::shelf::total(\"t\") }
",
    );
    workspace
        .apply()
        .succeeded()
        .says("kg = \"42.5 kg\"")
        .says("none = \"0 t\"");
}

#[test]
fn a_function_is_evaluated_once_its_argument_is_known() {
    let workspace = Workspace::new();
    workspace.write(
        &(oak("hall", "")
            + "output \"unit\" { value = provider::shelf::total(shelf_shelf.hall.finish.colour, 1) }\n"),
    );
    workspace
        .plan(&[])
        .succeeded()
        .says("unit = (known after apply)");
    workspace.apply().succeeded().says("unit = \"1 natural\"");
}

#[test]
fn a_function_s_error_points_at_the_argument() {
    let workspace = Workspace::new();
    workspace.write("output \"kg\" { value = provider::shelf::total(\"kg\", 12, -1) }\n");
    workspace
        .plan(&[])
        .failed()
        .says("\"loads\"")
        .says("A load is not below zero.");
}
