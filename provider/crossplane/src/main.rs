//! `everest-crossplane`: one binary with two sub-commands, `function` and `provider`.

use std::process::ExitCode;

use everest_crossplane::{function, provider};
use lexopt::prelude::*;

const HELP: &str = "\
everest-crossplane: Everest's databases for Crossplane

Usage: everest-crossplane function [OPTIONS]   the composition function
       everest-crossplane provider [OPTIONS]   the controllers of managed resources

Options:
  -h, --help     this text; after a sub-command, its options
  -V, --version  the version
";

fn main() -> ExitCode {
    // The one TLS library of the workspace; a second installation changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut args = lexopt::Parser::from_env();
    match args.next() {
        Ok(Some(Value(command))) if command == "function" => function::run(args),
        Ok(Some(Value(command))) if command == "provider" => provider::run(args),
        Ok(Some(Short('h') | Long("help"))) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Some(Short('V') | Long("version"))) => {
            println!("everest-crossplane {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Ok(Some(other)) => {
            eprintln!("{}. Try --help.", other.unexpected());
            ExitCode::FAILURE
        }
        Ok(None) => {
            eprint!("{HELP}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}. Try --help.");
            ExitCode::FAILURE
        }
    }
}
