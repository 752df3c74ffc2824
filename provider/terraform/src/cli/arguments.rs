//! The arguments of a person.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::{connection::Connection, doctor::Doctor};
use crate::export::Export;

/// Terraform and OpenTofu provider for OpenEverest: MySQL, MongoDB and PostgreSQL on Kubernetes.
///
/// Terraform or OpenTofu starts this program. To use it, write
///
///   terraform {
///     required_providers {
///       everest = { source = "openeverest/everest" }
///     }
///   }
///
/// and run `terraform init`. The commands below are for people.
#[derive(Debug, Parser)]
#[command(
    name = "terraform-provider-everest",
    version,
    verbatim_doc_comment,
    disable_help_subcommand = true,
    after_help = EXIT_CODES,
    after_long_help = EXAMPLES,
)]
pub struct Arguments {
    /// Serve until interrupted, and print the TF_REATTACH_PROVIDERS line to use it with. Stands
    /// alone.
    #[arg(long)]
    pub debug: bool,

    /// The command.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong arguments. Run `terraform-provider-everest COMMAND --help` \
for examples.";

const EXAMPLES: &str = "\
Examples:
  Check that a cluster and an identity are ready for an apply:
    terraform-provider-everest doctor --kubeconfig ~/.kube/config --context production

  Read what a guardrail rule means:
    terraform-provider-everest explain cpu-minimum

  Write the configuration of what exists, with its import blocks:
    terraform-provider-everest export --kubeconfig ~/.kube/config --namespace prod > prod.tf

Exit codes:
  0  the command did what was asked; doctor: no check failed
  1  the command failed; doctor: a check failed
  2  the arguments are wrong

Guide: docs/guides/command-line.md";

/// What a person can run.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check that a cluster and an identity are ready for the provider
    Doctor(Doctor),
    /// Explain a guardrail rule, or list all rules
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain {
        /// Name of the rule, as in the message of a plan; without it, all rules are listed
        rule: Option<String>,
    },
    /// Print the configuration of what exists, with the import blocks that adopt it
    Export(ExportArguments),
    /// Print the provider's schema as JSON, as `terraform providers schema -json` does
    Schema,
    /// Print the versions of the provider, the plugin protocol, Everest and the Kubernetes client
    Version,
    /// Print a script that completes the commands in a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page of the program, or of one command
    #[command(after_help = MAN_EXAMPLES)]
    Man {
        /// The command; without it, the program
        command: Option<String>,
    },
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  terraform-provider-everest explain
  terraform-provider-everest explain cpu-minimum

Exit codes: 0 explained, 2 there is no such rule.";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  terraform-provider-everest completions bash > \
/etc/bash_completion.d/terraform-provider-everest
  terraform-provider-everest completions fish > \
~/.config/fish/completions/terraform-provider-everest.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  terraform-provider-everest man > terraform-provider-everest.1
  terraform-provider-everest man doctor > terraform-provider-everest-doctor.1";

/// The arguments of `export`.
#[derive(Debug, Args)]
#[command(after_help = EXPORT_EXAMPLES)]
pub struct ExportArguments {
    /// Only this namespace and what is in it; may be repeated. Without it: all namespaces, what belongs
    /// to the whole cluster, and the accounts, the access control and the single sign-on of Everest's
    /// server
    #[arg(short, long = "namespace", value_name = "NAME")]
    namespaces: Vec<String>,

    /// Also backups and restores, most of which schedules and people have made
    #[arg(long)]
    operations: bool,

    #[command(flatten)]
    connection: Connection,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  terraform-provider-everest export --kubeconfig ~/.kube/config > everest.tf
  KUBE_CONFIG_PATH=~/.kube/config terraform-provider-everest export -n prod -n staging

Exit codes: 0 exported, or nothing was found; 1 failed; 2 wrong arguments.";

impl ExportArguments {
    /// The request.
    pub fn export(self) -> Export {
        Export {
            namespaces: self.namespaces,
            with_operations: self.operations,
            connection: self.connection.settings(),
        }
    }
}
