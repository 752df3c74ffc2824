//! The composition function: a step of a pipeline that composes Everest's databases.

use std::process::ExitCode;

/// Runs the function with the arguments that follow the sub-command.
pub fn run(_args: lexopt::Parser) -> ExitCode {
    ExitCode::FAILURE
}
