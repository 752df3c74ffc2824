//! The provider's binary: what Terraform and OpenTofu start, and what a person may run.

use std::process::ExitCode;

fn main() -> ExitCode {
    terraform_provider_everest::cli::run(std::env::args_os().skip(1))
}
