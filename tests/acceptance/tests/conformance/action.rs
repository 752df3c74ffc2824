//! An action, and the progress it reports while it runs.

use acceptance::feature::Feature;

use crate::workspace::{Workspace, oak};

const DUST: &str = "action \"shelf_dust\" \"hall\" {
  config { shelf = \"hall\" }
}
";

const INVOKE: [&str; 5] = [
    "apply",
    "-auto-approve",
    "-input=false",
    "-no-color",
    "-invoke=action.shelf_dust.hall",
];

#[test]
fn an_action_is_invoked_and_reports_its_progress() {
    if !Feature::Actions.is_there() {
        return;
    }
    let workspace = Workspace::with_stored(&["hall"]);
    workspace.write(DUST);
    workspace
        .run(&INVOKE)
        .succeeded()
        .says("Board 1 is clean")
        .says("Board 2 is clean")
        .says("1 invoked");
}

#[test]
fn an_action_follows_the_creation_that_triggers_it() {
    if !Feature::ActionsAfterwards.is_there() {
        return;
    }
    let workspace = Workspace::new();
    let trigger = "  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.shelf_dust.hall]
    }
  }";
    workspace.write(&(oak("hall", trigger) + DUST));
    workspace
        .apply()
        .succeeded()
        .says("1 added")
        .says("Board 2 is clean");
    workspace.plan_is_empty();
}

#[test]
fn an_action_that_fails_says_why() {
    if !Feature::Actions.is_there() {
        return;
    }
    let workspace = Workspace::new();
    workspace.write(DUST);
    workspace
        .run(&INVOKE)
        .failed()
        .says("There is no such shelf");
}

#[test]
fn an_action_is_triggered_by_a_change() {
    if !Feature::Actions.is_there() {
        return;
    }
    let workspace = Workspace::new();
    workspace.write(&oak("hall", ""));
    workspace.apply().succeeded();
    let trigger = "  boards = 3
  lifecycle {
    action_trigger {
      events  = [before_update]
      actions = [action.shelf_dust.hall]
    }
  }";
    workspace.write(&(oak("hall", trigger) + DUST));
    workspace
        .apply()
        .succeeded()
        .says("1 changed")
        .says("Board 2 is clean")
        .says_not("Board 3 is clean");
    workspace.plan_is_empty();
}
