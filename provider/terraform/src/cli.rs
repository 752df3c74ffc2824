//! The ways in which the binary is started: by Terraform as a plugin host, by a debugger, or by a
//! person.

use std::{ffi::OsString, io::Write as _, process::ExitCode, sync::Arc};

use tfplugin::ServeOptions;

use crate::{EverestProvider, export::Export, schema_json::schema_json};

const SOURCE: &str = "registry.terraform.io/openeverest/everest";
const ISSUES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");

/// The Kubernetes client logs an answer that it cannot decode as a warning, in full: a truncated
/// answer may be a Secret. Its errors contain the same information without the answer.
const SILENT: &[&str] = &["kube_client"];

const HELP: &str = "\
Terraform and OpenTofu provider for OpenEverest: MySQL, MongoDB and PostgreSQL on Kubernetes.

This program is started by Terraform or OpenTofu. To use it, write

  terraform {
    required_providers {
      everest = { source = \"openeverest/everest\" }
    }
  }

and run `terraform init`.

What a person can run:
  --version   print the version
  --help      print this text
  schema      print the provider's schema as JSON, as `terraform providers schema -json` does
  export      print the configuration of what exists, with the import blocks that adopt it
    --namespace NAME       only of this namespace; may be repeated
    --operations           also backups and restores
    --config-path PATH     the kubeconfig; without it, KUBE_CONFIG_PATH and the other variables of
                           the provider's settings count
    --config-context NAME  its context
  --debug     serve until interrupted, and print the TF_REATTACH_PROVIDERS line to use it with
";

/// Runs the program with its arguments (without the program's name).
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match Request::parse(arguments) {
        Ok(Request::Serve) if tfplugin::started_by_host() => serve(false),
        Ok(Request::Serve) => {
            complain("this is a Terraform provider: Terraform or OpenTofu starts it.\n");
            complain(HELP);
            ExitCode::FAILURE
        }
        Ok(Request::Debug) => serve(true),
        Ok(Request::Version) => print(&format!(
            "terraform-provider-everest {}\n",
            env!("CARGO_PKG_VERSION")
        )),
        Ok(Request::Help) => print(HELP),
        Ok(Request::Schema) => match schema_json() {
            Ok(schema) => print(&format!("{schema:#}\n")),
            Err(error) => {
                complain(&format!("{error}\n"));
                ExitCode::FAILURE
            }
        },
        Ok(Request::Export(export)) => exported(&export),
        Err(error) => {
            complain(&format!("{error}\nTry --help.\n"));
            ExitCode::FAILURE
        }
    }
}

enum Request {
    Export(Box<Export>),
    Serve,
    Debug,
    Version,
    Help,
    Schema,
}

impl Request {
    fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, lexopt::Error> {
        use lexopt::prelude::{Long, Short, Value};
        let mut parser = lexopt::Parser::from_args(arguments);
        let mut request = Self::Serve;
        while let Some(argument) = parser.next()? {
            request = match argument {
                // Go's flag package, which other providers use, takes one dash or two.
                Long("debug") => Self::Debug,
                Short('d') => {
                    let rest = parser.optional_value().unwrap_or_default();
                    if rest == "ebug" {
                        Self::Debug
                    } else {
                        return Err(Short('d').unexpected());
                    }
                }
                Long("version") | Short('V') => Self::Version,
                Long("help") | Short('h') => Self::Help,
                Value(word) if word == "schema" => Self::Schema,
                Value(word) if word == "export" => return Self::export(&mut parser),
                other => return Err(other.unexpected()),
            };
        }
        Ok(request)
    }

    fn export(parser: &mut lexopt::Parser) -> Result<Self, lexopt::Error> {
        use lexopt::ValueExt as _;
        use lexopt::prelude::{Long, Short};
        let mut export = Export::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("namespace") | Short('n') => export.namespaces.push(parser.value()?.string()?),
                Long("operations") => export.with_operations = true,
                Long("config-path") => {
                    export.connection.config_path = Some(parser.value()?.string()?);
                }
                Long("config-context") => {
                    export.connection.config_context = Some(parser.value()?.string()?);
                }
                other => return Err(other.unexpected()),
            }
        }
        Ok(Self::Export(Box::new(export)))
    }
}

fn serve(debug: bool) -> ExitCode {
    // One crypto provider in the process: rustls on aws-lc-rs. An error means that it is
    // installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let options = ServeOptions::new(SOURCE, ISSUES)
        .silent(SILENT)
        .debug(debug);
    match tfplugin::serve(|| Arc::new(EverestProvider::new()), options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("the provider cannot serve: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

fn exported(export: &Export) -> ExitCode {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let exported = match runtime {
        Ok(runtime) => runtime
            .block_on(export.run())
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match exported {
        Ok(text) if text.is_empty() => {
            complain(
                "Everest manages nothing there: no namespace, database, backup storage or \
                      monitoring configuration was found.\n",
            );
            ExitCode::SUCCESS
        }
        Ok(text) => print(&text),
        Err(error) => {
            complain(&format!("Nothing was exported: {error}.\n"));
            ExitCode::FAILURE
        }
    }
}

/// Prints to standard output; a closed pipe is the reader's choice, not a failure.
fn print(text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn complain(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
