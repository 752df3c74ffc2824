//! A provider whose objects are files: for trying the crate out under a real Terraform.

mod field;
mod model;
mod provider;

use std::process::ExitCode;
use std::sync::Arc;

use provider::Shelves;

fn main() -> ExitCode {
    let debug = std::env::args().any(|argument| argument == "--debug" || argument == "-debug");
    if !debug && !tfplugin::started_by_host() {
        eprintln!("This is a Terraform provider; Terraform starts it. Or give it --debug.");
        return ExitCode::FAILURE;
    }
    let options = tfplugin::ServeOptions {
        source: "registry.terraform.io/example/shelf".to_owned(),
        issues: "https://example.com/issues".to_owned(),
        debug,
    };
    match tfplugin::serve(Arc::new(Shelves::default()), options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
