//! `test`: every check there is, each with the time it took.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use acceptance::{
    binaries::{self, PROVIDER, cargo},
    client::Client,
    preparation::{self, Choice},
    state,
};
use lexopt::prelude::*;

use crate::{
    failure::Failure,
    generate,
    program::{self, interruptible},
};

/// Names the kubeconfig of the cluster to the scenarios.
const KUBECONFIG: &str = "EVEREST_TEST_KUBECONFIG";
/// Names the client's configuration file, which finds the provider.
const CLI_CONFIG: &str = "EVEREST_TEST_CLI_CONFIG";
/// Names the client: `terraform` or `tofu`.
const CLIENT: &str = "EVEREST_TEST_TERRAFORM";
/// Path of the provider's binary to test, in place of a fresh unoptimised build.
const PROVIDER_BINARY: &str = "EVEREST_TEST_PROVIDER";
/// How many scenarios run at once; they mostly wait.
const AT_ONCE: &str = "6";

/// What is asked for.
#[derive(Default)]
struct Asked {
    only: Option<OsString>,
    existing: bool,
}

/// The task's own arguments: `--only NAME`, `--cluster existing`.
pub(crate) fn run(args: &mut lexopt::Parser) -> Result<(), Failure> {
    let mut asked = Asked::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("only") => asked.only = Some(args.value()?),
            Long("cluster") => match args.value()?.string()?.as_str() {
                "existing" => asked.existing = true,
                "fresh" => asked.existing = false,
                other => {
                    return Err(Failure::Usage(format!(
                        "--cluster {other}: existing or fresh was expected"
                    )));
                }
            },
            other => return Err(other.unexpected().into()),
        }
    }
    let mut phases = Phases::default();
    let done = interruptible(check_all(asked, &mut phases));
    phases.tell(done.is_ok());
    done
}

async fn check_all(asked: Asked, phases: &mut Phases) -> Result<(), Failure> {
    if asked.only.is_none() && !asked.existing {
        phases.begin("format");
        program::run(with(cargo(), &["fmt", "--all", "--check"])).await?;
        phases.begin("clippy");
        program::run(with(
            cargo(),
            &[
                "clippy",
                "--quiet",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
        ))
        .await?;
        phases.begin("unit tests");
        program::run(with(
            cargo(),
            &["test", "--quiet", "--workspace", "--exclude", "acceptance"],
        ))
        .await?;
        program::run(with(
            cargo(),
            &["test", "--quiet", "--package", "acceptance", "--lib"],
        ))
        .await?;
        phases.begin("generated files");
        generate::check().await?;
    }

    phases.begin("build");
    let provider = match std::env::var_os(PROVIDER_BINARY) {
        Some(given) => PathBuf::from(given),
        None => binaries::build(PROVIDER)?,
    };
    program::run(with(
        cargo(),
        &["build", "--quiet", "--package", "acceptance", "--tests"],
    ))
    .await?;

    if asked.existing {
        phases.begin("scenarios");
        return play(&asked, &provider, &existing()?).await;
    }
    phases.begin("cluster");
    let mut cluster = preparation::cluster(state::own(), Choice::default()).await?;
    phases.begin("scenarios");
    let done = play(&asked, &provider, cluster.kubeconfig()).await;
    if done.is_err() {
        phases.failed = Some("scenarios");
        cluster.keep_logs();
    }
    phases.begin("cluster down");
    drop(cluster);
    done
}

/// Runs the scenarios under each client on PATH.
async fn play(asked: &Asked, provider: &Path, kubeconfig: &Path) -> Result<(), Failure> {
    for client in Client::all(provider)? {
        let mut scenarios = with(
            cargo(),
            &[
                "test",
                "--package",
                "acceptance",
                "--test",
                "scenarios",
                "--",
            ],
        );
        scenarios
            .args(["--test-threads", AT_ONCE])
            .args(&asked.only)
            .env(KUBECONFIG, kubeconfig)
            .env(CLI_CONFIG, &client.config)
            .env(CLIENT, &client.program);
        program::run(scenarios).await?;
    }
    Ok(())
}

fn with(mut command: Command, args: &[&str]) -> Command {
    command.args(args);
    command
}

/// The kubeconfig of the user's own cluster.
fn existing() -> Result<PathBuf, Failure> {
    std::env::var_os("KUBECONFIG")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .ok_or_else(|| {
            Failure::Usage(
                "--cluster existing: set KUBECONFIG to the kubeconfig file of a cluster that runs Everest".to_owned(),
            )
        })
}

/// What has been done and how long it took.
#[derive(Default)]
struct Phases {
    done: Vec<(&'static str, Duration)>,
    current: Option<(&'static str, Instant)>,
    /// The phase that failed, when it is not the last one.
    failed: Option<&'static str>,
}

impl Phases {
    fn begin(&mut self, name: &'static str) {
        self.end();
        println!("── {name}");
        self.current = Some((name, Instant::now()));
    }

    fn end(&mut self) {
        if let Some((name, since)) = self.current.take() {
            self.done.push((name, since.elapsed()));
        }
    }

    fn tell(&mut self, passed: bool) {
        self.end();
        println!();
        let last = self.done.last().map(|(name, _)| *name);
        let failed = if passed { None } else { self.failed.or(last) };
        for (name, took) in &self.done {
            let mark = if failed == Some(*name) {
                "FAILED"
            } else {
                "ok"
            };
            println!("{:8.1}s  {name:16} {mark}", took.as_secs_f32());
        }
        let total: Duration = self.done.iter().map(|(_, took)| *took).sum();
        println!("{:8.1}s  in all", total.as_secs_f32());
    }
}
