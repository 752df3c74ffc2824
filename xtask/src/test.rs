//! `test`: every check there is, each with the time it took.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use acceptance::{
    binaries::{self, CROSSPLANE, EXAMPLE, PROVIDER, cargo},
    client::Client,
    feature::CLIENT,
    preparation::{self, Choice},
    state,
};
use lexopt::prelude::*;

use crate::{
    failure::Failure,
    generate, package,
    program::{self, interruptible},
};

mod attempts;
mod phases;

use attempts::Stage;
use phases::Phases;

/// Names the kubeconfig of the cluster to the scenarios.
const KUBECONFIG: &str = "EVEREST_TEST_KUBECONFIG";
/// Names the client's configuration file, which finds the provider.
const CLI_CONFIG: &str = "EVEREST_TEST_CLI_CONFIG";
/// Path of the example provider that the conformance tests drive.
const SHELF: &str = "EVEREST_TEST_SHELF";
/// Path of the provider's binary to test, in place of a fresh unoptimised build.
const PROVIDER_BINARY: &str = "EVEREST_TEST_PROVIDER";
/// Path of the Crossplane provider's and function's binary.
const CROSSPLANE_BINARY: &str = "EVEREST_TEST_CROSSPLANE";
/// Folder that says which process answers for which of the cluster's services.
const SERVICES: &str = "EVEREST_TEST_SERVICES";
/// How many times as long tests wait as on the test cluster.
const PATIENCE: &str = "EVEREST_TEST_PATIENCE";
/// That number where real databases start, which takes minutes.
const REAL: &str = "10";
/// How many scenarios run at once; they mostly wait.
const AT_ONCE: &str = "6";

/// What is asked for.
#[derive(Default)]
struct Asked {
    only: Option<OsString>,
    existing: bool,
    matrix: bool,
}

/// The task's own arguments: `--only NAME`, `--cluster existing`, `--matrix`.
pub(crate) fn run(args: &mut lexopt::Parser) -> Result<(), Failure> {
    let mut asked = Asked::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("only") => asked.only = Some(args.value()?),
            Long("matrix") => asked.matrix = true,
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
    phases.conclude(done)
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
    let crossplane = match std::env::var_os(CROSSPLANE_BINARY) {
        Some(given) => PathBuf::from(given),
        None => binaries::build(CROSSPLANE)?,
    };
    program::run(with(
        cargo(),
        &["build", "--quiet", "--package", "acceptance", "--tests"],
    ))
    .await?;

    let clients = if asked.matrix {
        phases.begin("further clients");
        preparation::matrix(&provider).await?
    } else {
        Client::all(&provider)?
    };

    if !asked.existing {
        if asks_for("conformance", &asked)? {
            let shelf = binaries::build_example(EXAMPLE)?;
            for client in &clients {
                phases.begin(format!("conformance, {}", client.release));
                attempts::run(
                    async || {
                        let mut tests = acceptance_tests("conformance", &asked);
                        tests.env(CLIENT, &client.program).env(SHELF, &shelf);
                        Ok(Stage {
                            tests,
                            cluster: None,
                        })
                    },
                    phases,
                )
                .await?;
            }
        }
        phases.begin("control plane");
        preparation::control_plane().await?;
    }
    if asks_for("scenarios", &asked)? {
        for client in &clients {
            phases.begin(format!("scenarios, {}", client.release));
            attempts::run(|| scenarios(&asked, client), phases).await?;
        }
    }
    if asks_for("crossplane", &asked)? {
        phases.begin("crossplane");
        attempts::run(|| managed(&asked, &crossplane), phases).await?;
    }
    if !asked.existing && asks_for("crossplane_core", &asked)? {
        phases.begin("packages");
        let binary = package::for_tests().await?;
        phases.begin("Crossplane core");
        preparation::crossplane_core().await?;
        phases.begin("under Crossplane core");
        attempts::run(|| under_core(&asked, &binary), phases).await?;
    }
    Ok(())
}

/// The tests of what a client does with the provider.
async fn scenarios(asked: &Asked, client: &Client) -> Result<Stage, Failure> {
    let mut stage = on_a_cluster("scenarios", asked).await?;
    stage
        .tests
        .env(CLI_CONFIG, &client.config)
        .env(CLIENT, &client.program);
    Ok(stage)
}

/// The tests of the Crossplane provider without Crossplane.
async fn managed(asked: &Asked, crossplane: &Path) -> Result<Stage, Failure> {
    let mut stage = on_a_cluster("crossplane", asked).await?;
    stage.tests.env(CROSSPLANE_BINARY, crossplane);
    Ok(stage)
}

/// The tests of the packages, and of the function and the managed resources that they bring.
async fn under_core(asked: &Asked, binary: &Path) -> Result<Stage, Failure> {
    let choice = Choice {
        crossplane: true,
        ..Choice::default()
    };
    let cluster = preparation::cluster(state::own(), choice).await?;
    let Some(installed) = &cluster.state().crossplane else {
        return Err(Failure::Check(
            "the cluster does not say where Crossplane's core is".to_owned(),
        ));
    };
    let mut tests = acceptance_tests("crossplane_core", asked);
    tests
        .env(KUBECONFIG, cluster.kubeconfig())
        .env(CROSSPLANE_BINARY, binary)
        .env(SERVICES, &installed.services);
    Ok(Stage {
        tests,
        cluster: Some(cluster),
    })
}

/// The tests of a folder on a cluster of their own, or on the user's.
async fn on_a_cluster(name: &str, asked: &Asked) -> Result<Stage, Failure> {
    let mut tests = acceptance_tests(name, asked);
    tests.args(["--test-threads", AT_ONCE]);
    if asked.existing {
        tests.env(KUBECONFIG, existing()?);
        return Ok(Stage {
            tests,
            cluster: None,
        });
    }
    let cluster = preparation::cluster(state::own(), Choice::default()).await?;
    tests.env(KUBECONFIG, cluster.kubeconfig());
    Ok(Stage {
        tests,
        cluster: Some(cluster),
    })
}

/// Whether any test of a folder is asked for.
fn asks_for(name: &str, asked: &Asked) -> Result<bool, Failure> {
    if asked.only.is_none() {
        return Ok(true);
    }
    let mut list = acceptance_tests(name, asked);
    list.arg("--list");
    let output = list.output().map_err(Failure::file(name))?;
    Ok(String::from_utf8_lossy(&output.stdout).contains(": test"))
}

/// The tests of one folder of `tests/acceptance/tests`, as many as are asked for. Those marked as
/// ignored need something of the test cluster's own, and say what.
fn acceptance_tests(name: &str, asked: &Asked) -> Command {
    let mut tests = with(
        cargo(),
        &["test", "--package", "acceptance", "--test", name, "--"],
    );
    tests.args(&asked.only);
    if asked.existing {
        tests.env(PATIENCE, REAL);
    } else {
        tests.arg("--include-ignored");
    }
    tests
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
