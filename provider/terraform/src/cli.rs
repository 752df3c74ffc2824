//! The ways in which the binary is started: by Terraform as a plugin host, by a debugger, or by a
//! person.
//!
//! | Exit code | Meaning |
//! |---|---|
//! | 0 | the command did what was asked; `doctor`: no check failed |
//! | 1 | the command failed; `doctor`: a check failed |
//! | 2 | the arguments are wrong |

mod arguments;
mod connection;
mod doctor;
mod explain;
mod manual;
mod terminal;
mod version;

use std::{ffi::OsString, future::Future, io::Write as _, process::ExitCode, sync::Arc};

use clap::{CommandFactory as _, Parser as _};
use tfplugin::ServeOptions;

use crate::{
    EverestProvider,
    export::{Export, Told},
    schema_json::schema_json,
};
use arguments::{Arguments, Command};
use terminal::Progress;

/// The name of the program.
const PROGRAM: &str = env!("CARGO_PKG_NAME");

const SOURCE: &str = "registry.terraform.io/openeverest/everest";
const ISSUES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");

/// The Kubernetes client logs an answer that it cannot decode as a warning, in full: a truncated
/// answer may be a Secret. Its errors contain the same information without the answer.
const SILENT: &[&str] = &["kube_client"];

/// The exit code for wrong arguments.
const USAGE: u8 = 2;

/// The ways to end with something to print.
pub enum Ended {
    /// With this text on standard output.
    Done(String),
    /// With this text on standard output, because it tells of something that fails.
    Found(String),
    /// With this text on standard error, and nothing on standard output.
    Nothing(String),
    /// With this error.
    Failed(String),
    /// With this error about the arguments.
    Usage(String),
}

impl Ended {
    /// Prints it; a closed pipe is the reader's choice, not a failure.
    fn print(self) -> ExitCode {
        let (text, code) = match self {
            Self::Done(text) => {
                let _ = std::io::stdout().write_all(text.as_bytes());
                return ExitCode::SUCCESS;
            }
            Self::Found(text) => {
                let _ = std::io::stdout().write_all(text.as_bytes());
                return ExitCode::FAILURE;
            }
            Self::Nothing(text) => (text, ExitCode::SUCCESS),
            Self::Failed(text) => (text, ExitCode::FAILURE),
            Self::Usage(text) => (text, ExitCode::from(USAGE)),
        };
        let _ = std::io::stderr().write_all(text.as_bytes());
        code
    }
}

/// Runs the program with its arguments (without the program's name).
///
/// A host gives none, so its start does not go through the parser of arguments.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.collect();
    if arguments.is_empty() && tfplugin::started_by_host() {
        return serve(false);
    }
    match parsed(arguments) {
        Ok(Asked::Serve) => serve(true),
        Ok(Asked::Command(command)) => carry_out(*command).print(),
        Err(ended) => ended.print(),
    }
}

/// The request of a person.
enum Asked {
    /// Serve for a debugger.
    Serve,
    /// Carry out a command.
    Command(Box<Command>),
}

/// Reads the arguments of a person.
///
/// # Errors
/// The end of the program, if there is nothing to carry out: help, or wrong arguments.
fn parsed(mut arguments: Vec<OsString>) -> Result<Asked, Ended> {
    // Go's flag package, which other providers use, takes one dash or two.
    if let [only] = arguments.as_mut_slice()
        && *only == *"-debug"
    {
        *only = OsString::from("--debug");
    }
    let program = OsString::from(PROGRAM);
    match Arguments::try_parse_from(std::iter::once(program).chain(arguments)) {
        Ok(Arguments {
            debug: true,
            command: None,
        }) => Ok(Asked::Serve),
        Ok(Arguments { debug: true, .. }) => Err(Ended::Usage(
            "--debug stands alone: it serves the provider, and no command runs beside it.\n"
                .to_owned(),
        )),
        Ok(Arguments {
            command: Some(command),
            ..
        }) => Ok(Asked::Command(Box::new(command))),
        Ok(_) => {
            let help = Arguments::command().render_help();
            Err(Ended::Usage(format!(
                "This is a Terraform provider: Terraform or OpenTofu starts it.\n\n{help}"
            )))
        }
        Err(error) => {
            let text = error.render().to_string();
            Err(match error.use_stderr() {
                true => Ended::Usage(text),
                false => Ended::Done(text),
            })
        }
    }
}

fn carry_out(command: Command) -> Ended {
    match command {
        Command::Doctor(arguments) => in_runtime(arguments.run()),
        Command::Explain { rule } => explain::explain(rule.as_deref()),
        Command::Export(arguments) => in_runtime(exported(arguments.export())),
        Command::Schema => match schema_json() {
            Ok(schema) => Ended::Done(format!("{schema:#}\n")),
            Err(error) => Ended::Failed(format!("{error}\n")),
        },
        Command::Version => Ended::Done(version::text()),
        Command::Completions { shell } => Ended::Done(manual::completions(shell)),
        Command::Man { command } => manual::page(command.as_deref()),
    }
}

fn serve(debug: bool) -> ExitCode {
    install_crypto();
    let options = ServeOptions::new(SOURCE, ISSUES)
        .silent(SILENT)
        .debug(debug);
    match tfplugin::serve(|| Arc::new(EverestProvider::new()), options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => Ended::Failed(format!("the provider cannot serve: {error}\n")).print(),
    }
}

/// One crypto provider in the process: rustls on aws-lc-rs. An error means that it is installed
/// already.
fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Carries out a command that sends requests.
fn in_runtime(command: impl Future<Output = Ended>) -> Ended {
    install_crypto();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => Ended::Failed(format!("The command could not start: {error}.\n")),
    }
}

async fn exported(export: Export) -> Ended {
    let mut progress = Progress::on_stderr();
    let exported = export
        .run(&mut |told| match told {
            Told::Reading(what) => progress.show(&format!("Reading {what}")),
            Told::LeftOut(what, error) => progress.note(&format!("{what} is left out: {error}.")),
        })
        .await;
    progress.clear();
    match exported {
        Ok(text) if text.is_empty() => Ended::Nothing(
            "Everest manages nothing there: no namespace, database, backup storage or monitoring \
             configuration was found.\n"
                .to_owned(),
        ),
        Ok(text) => Ended::Done(text),
        Err(error) => Ended::Failed(format!("Nothing was exported: {error}.\n")),
    }
}

#[cfg(test)]
mod tests;
