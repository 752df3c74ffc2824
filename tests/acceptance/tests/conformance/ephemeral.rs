//! An ephemeral resource: there while the client runs, and in no file afterwards.

use crate::workspace::{Workspace, oak};

#[test]
fn an_ephemeral_key_opens_for_a_write_only_secret_and_is_closed_again() {
    let workspace = Workspace::with_stored(&["hall"]);
    workspace.write(
        &("ephemeral \"shelf_key\" \"hall\" { shelf = \"hall\" }\n".to_owned()
            + &oak(
                "safe",
                "  secret_wo         = ephemeral.shelf_key.hall.key\n  secret_wo_version = 1",
            )),
    );
    workspace.apply().succeeded().says_not("turn hall.key");
    let secret_length = workspace.state("shelf_shelf.safe")["secret_length"].clone();
    assert_eq!(secret_length, "turn hall.key".len());
    assert!(!workspace.state_file().contains("turn hall.key"));
    assert!(!workspace.shelves().join("hall.key").exists());
    workspace.plan_is_empty();
}

#[test]
fn an_ephemeral_key_that_does_not_open_stops_the_plan() {
    let workspace = Workspace::new();
    workspace.write("ephemeral \"shelf_key\" \"hall\" { shelf = \"hall\" }\n");
    workspace
        .plan(&[])
        .failed()
        .says("There is no such shelf")
        .says("Build it first.");
}
