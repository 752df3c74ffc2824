//! The provider: controllers of managed resources.

pub mod definitions;

use std::process::ExitCode;

/// Runs the provider with the arguments that follow the sub-command.
pub fn run(_args: lexopt::Parser) -> ExitCode {
    ExitCode::FAILURE
}
