//! The project's task runner: `cargo xtask TASK`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

use std::process::ExitCode;

mod attributes;
mod bench;
mod cluster;
mod demo;
mod docs;
mod effects;
mod failure;
mod generate;
mod guardrails;
mod handshake;
mod package;
#[cfg(test)]
mod pages;
mod plan;
mod program;
mod quickstart;
mod reference;
#[cfg(test)]
mod registry;
mod rights;
mod rooms;
mod test;
#[cfg(test)]
mod workflows;

use failure::Failure;
use lexopt::prelude::*;

const USAGE: &str = "\
cargo xtask TASK

  plan                        plan examples/terraform/quickstart with real Terraform and no cluster,
                              and once more with wrong values in it
  demo                        apply examples/terraform/quickstart with real Terraform on the
                              local test cluster, and leave both for you to look at
    --down                    end the cluster and remove the demo's folder
  test                        every check there is
    --only NAME               only the acceptance scenarios with NAME in their name
    --cluster existing        the scenarios on the cluster of KUBECONFIG, which runs Everest
    --matrix                  under further clients as well, built from source: the Terraform
                              and OpenTofu that tests/acceptance/tools pins. All scenarios under
                              one of them, which turns from day to day; those about the client
                              under each
    --every                   with --matrix, all scenarios under each
    --crossplane oldest       under the oldest of Crossplane's cores that is supported
  cluster up                  start the local test cluster and leave it running
    --crds DIR                with other CRDs of Everest than schemas/crds
    --without-simulator       with nothing that plays Everest's operator
    --crossplane              with Crossplane's core, also where the cluster runs already
  cluster down                end it and remove its data
  cluster status              what runs, and how to reach it
  generate                    write the generated files: schemas/crds, docs
    --check                   only say whether they are up to date
  package crossplane          the packages for Crossplane, into target/packages: .xpkg files and
                              OCI layouts for registries
    --binary ARCH=PATH        of this static program, amd64 or arm64, once for each; without
                              it one is built for this machine
    --dev                     unoptimised, when it is built
    --out DIR                 into another folder
  package terraform           the assets of a release, and a mirror that `terraform init` reads,
                              into target/packages/terraform
    --binary PLATFORM=PATH    of this program, such as linux_amd64=PATH, once for each; without
                              it one is built for this machine
    --sign-with KEY           with a signature of the checksums, by an RSA key of GnuPG's keyring
    --dev, --out DIR          as above
  package reproduce PACKAGE   build the program of terraform or crossplane twice, from two clones
                              of what is committed, and say whether both are the same
    --dev                     unoptimised
  bench                       size, start-up time and memory of the release binary, and how
                              long the test cluster takes to start
  bench crossplane            how soon 200 databases are ready through function and provider,
                              their memory, and what they write when nothing happens
    --function, --provider    only one of the two
    --databases N             another number
    --dev                     unoptimised, to try it out
";

fn main() -> ExitCode {
    let task = Task::parse(&mut lexopt::Parser::from_env());
    match task.and_then(Task::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// A task with its arguments.
enum Task {
    Help,
    Plan,
    Demo(demo::Asked),
    Test(test::Asked),
    Cluster(cluster::Asked),
    Generate(generate::Asked),
    Package(package::Task),
    Bench(bench::Asked),
}

impl Task {
    /// Reads a command line.
    ///
    /// # Errors
    /// `Usage` and the like if it names no task, or an argument that the task does not have.
    fn parse(args: &mut lexopt::Parser) -> Result<Self, Failure> {
        let task = match args.next()? {
            Some(Value(task)) => task,
            Some(Short('h') | Long("help")) | None => return Ok(Self::Help),
            Some(other) => return Err(other.unexpected().into()),
        };
        Ok(match task.to_str() {
            Some("plan") => {
                plan::parse(args)?;
                Self::Plan
            }
            Some("demo") => Self::Demo(demo::Asked::parse(args)?),
            Some("test") => Self::Test(test::Asked::parse(args)?),
            Some("cluster") => Self::Cluster(cluster::Asked::parse(args)?),
            Some("generate") => Self::Generate(generate::Asked::parse(args)?),
            Some("package") => Self::Package(package::Task::parse(args)?),
            Some("bench") => Self::Bench(bench::Asked::parse(args)?),
            _ => return Err(Failure::Usage(format!("no task {task:?}"))),
        })
    }

    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Help => {
                print!("{USAGE}");
                Ok(())
            }
            Self::Plan => plan::run(),
            Self::Demo(asked) => demo::run(&asked),
            Self::Test(asked) => test::run(&asked),
            Self::Cluster(asked) => cluster::run(asked),
            Self::Generate(asked) => generate::run(&asked),
            Self::Package(task) => package::run(task),
            Self::Bench(asked) => bench::run(asked),
        }
    }
}
