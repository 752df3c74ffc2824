//! The provider: controllers of managed resources.

pub mod decision;
pub mod definitions;
pub mod metadata;
pub mod policies;
pub mod report;

use std::process::ExitCode;

/// Runs the provider with the arguments that follow the sub-command.
pub fn run(_args: lexopt::Parser) -> ExitCode {
    ExitCode::FAILURE
}
