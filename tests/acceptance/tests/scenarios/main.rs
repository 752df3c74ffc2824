//! What the provider does under a real Terraform on a real control plane.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::ExitCode;

mod control_plane;

fn main() -> ExitCode {
    acceptance::scenario::main(acceptance::scenarios![
        control_plane::olm_installs_an_operator_once_its_plan_is_approved,
        control_plane::a_database_becomes_ready_on_an_installed_operator,
        control_plane::a_newer_version_waits_for_approval,
    ])
}
