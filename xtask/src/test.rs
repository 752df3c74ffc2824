//! `test`: every check there is, each with the time it took.

use std::{path::PathBuf, process::Command, time::Duration};

use acceptance::{
    binaries::{CROSSPLANE, EXAMPLE, PROVIDER, Programs, SIMULATOR, cargo},
    client::Client,
    feature::CLIENT,
    preparation::{self, Choice},
    state,
    tools::CoreRelease,
};
use lexopt::prelude::*;

use crate::{
    failure::Failure,
    generate, package,
    program::{self, interruptible},
};

mod attempts;
mod clients;
mod phases;
mod workspace;

use attempts::Stage;
use phases::{Phases, Work, late};
use workspace::Workspace;

/// Names the kubeconfig of the cluster to the scenarios.
const KUBECONFIG: &str = "EVEREST_TEST_KUBECONFIG";
/// Names the client's configuration file, which finds the provider.
const CLI_CONFIG: &str = "EVEREST_TEST_CLI_CONFIG";
/// Folder in which the client has been initialised.
const TEMPLATE: &str = "EVEREST_TEST_TEMPLATE";
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
/// Path of the simulator, for tests that start clusters of their own.
const SIMULATOR_BINARY: &str = "EVEREST_TEST_SIMULATOR";
/// How many scenarios run at once; they mostly wait.
const AT_ONCE: &str = "6";
/// Longest time of a whole run.
const LONGEST: Duration = Duration::from_secs(85 * 60);

/// What is asked for.
#[derive(Default)]
struct Asked {
    only: Option<String>,
    existing: bool,
    matrix: bool,
    every: bool,
    core: CoreRelease,
}

/// The task's own arguments: `--only NAME`, `--cluster existing`, `--matrix`, `--every`,
/// `--crossplane oldest`.
pub(crate) fn run(args: &mut lexopt::Parser) -> Result<(), Failure> {
    let mut asked = Asked::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("only") => asked.only = Some(args.value()?.string()?),
            Long("matrix") => asked.matrix = true,
            Long("every") => asked.every = true,
            Long("cluster") => match args.value()?.string()?.as_str() {
                "existing" => asked.existing = true,
                "fresh" => asked.existing = false,
                other => {
                    return Err(Failure::Usage(format!(
                        "--cluster {other}: existing or fresh was expected"
                    )));
                }
            },
            Long("crossplane") => match args.value()?.string()?.as_str() {
                "newest" => asked.core = CoreRelease::Newest,
                "oldest" => asked.core = CoreRelease::Oldest,
                other => {
                    return Err(Failure::Usage(format!(
                        "--crossplane {other}: newest or oldest was expected"
                    )));
                }
            },
            other => return Err(other.unexpected().into()),
        }
    }
    let mut phases = Phases::default();
    let done = interruptible(async {
        tokio::time::timeout(LONGEST, check_all(&asked, &mut phases))
            .await
            .unwrap_or_else(|_| Err(late("the run", LONGEST)))
    });
    phases.conclude(done)
}

async fn check_all(asked: &Asked, phases: &mut Phases) -> Result<(), Failure> {
    let everything = asked.only.is_none() && !asked.existing;
    let compiled = workspace::feature_sets()?;
    if everything {
        phases.begin(Work::Tests, "format");
        let mut format = cargo();
        format.args(["fmt", "--all", "--check"]);
        phases.within(program::run(format)).await?;
    }
    phases.begin(Work::Rust, "build, with Clippy's lints");
    let workspace = phases.within(Workspace::build()).await?;
    workspace::one_feature_set(&compiled)?;
    if everything {
        phases.begin(Work::Tests, "unit tests");
        phases.within(workspace.unit_tests()).await?;
        phases.begin(Work::Tests, "generated files");
        generate::check(&workspace.programs)?;
    }
    let asked = Tests {
        provider: given(PROVIDER_BINARY, PROVIDER, &workspace.programs)?,
        crossplane: given(CROSSPLANE_BINARY, CROSSPLANE, &workspace.programs)?,
        workspace,
        asked,
    };

    let clients = if asked.asked.matrix {
        phases.begin(Work::Go, "clients");
        phases.within(asked.matrix()).await?
    } else {
        Client::all(&asked.provider)?
    };

    let mut found = false;
    let own = !asked.asked.existing;
    let names = asked.names("conformance")?;
    if own && !names.is_empty() {
        found = true;
        for client in &clients {
            phases.begin(Work::Tests, format!("conformance, {}", client.release));
            attempts::run(&names, async || asked.conformance(client), phases).await?;
        }
    }
    let (scenarios, crossplane) = (asked.names("scenarios")?, asked.names("crossplane")?);
    let core = asked.names("crossplane_core")?;
    if own && !(scenarios.is_empty() && crossplane.is_empty() && core.is_empty()) {
        phases.begin(Work::Go, "control plane");
        let prepared = async { Ok(preparation::control_plane().await?) };
        phases.within(prepared).await?;
    }
    if own && !core.is_empty() {
        phases.begin(Work::Tests, "packages");
        package::for_tests(&asked.crossplane)?;
        phases.begin(Work::Go, "Crossplane core");
        let prepared = async { Ok(preparation::crossplane_core(asked.asked.core).await?) };
        phases.within(prepared).await?;
    }
    found |= !scenarios.is_empty() || !crossplane.is_empty() || own && !core.is_empty();
    // Tests on clusters mostly wait, so those of the two front ends run side by side.
    let mut beside = phases.beside();
    let (terraform, crossplane) = tokio::join!(
        asked.all_scenarios(&clients, &scenarios, phases),
        asked.all_of_crossplane(&crossplane, &core, &mut beside),
    );
    phases.join(beside, &crossplane);
    terraform?;
    crossplane?;
    match &asked.asked.only {
        Some(only) if !found => Err(Failure::Usage(format!(
            "--only {only}: no acceptance test has that in its name"
        ))),
        _ => workspace::one_feature_set(&compiled),
    }
}

/// A program that the caller gives by an environment variable, or the one that was built.
fn given(variable: &str, name: &'static str, programs: &Programs) -> Result<PathBuf, Failure> {
    match std::env::var_os(variable) {
        Some(given) => Ok(PathBuf::from(given)),
        None => Ok(programs.binary(name)?),
    }
}

/// The acceptance tests, and what they are run with.
struct Tests<'a> {
    workspace: Workspace,
    provider: PathBuf,
    crossplane: PathBuf,
    asked: &'a Asked,
}

impl Tests<'_> {
    /// The clients on PATH and those that are pinned.
    async fn matrix(&self) -> Result<Vec<Client>, Failure> {
        Ok(preparation::matrix(&self.provider).await?)
    }

    /// The names of a target's tests, as far as they are asked for.
    fn names(&self, target: &str) -> Result<Vec<String>, Failure> {
        let tests = self.workspace.acceptance(target)?;
        attempts::names(tests, self.asked.only.as_deref())
    }

    /// The tests of one target. Those marked as ignored need something of the test cluster's own,
    /// and say what.
    fn tests(&self, target: &str) -> Result<Command, Failure> {
        let mut tests = self.workspace.acceptance(target)?;
        tests.env(SIMULATOR_BINARY, self.workspace.programs.binary(SIMULATOR)?);
        if self.asked.existing {
            tests.env(PATIENCE, REAL);
        } else {
            tests.arg("--include-ignored");
        }
        Ok(tests)
    }

    /// What differs from the usual cluster: its programs are built already.
    fn choice(&self) -> Choice {
        Choice {
            programs: self.workspace.programs.clone(),
            ..Choice::default()
        }
    }

    /// The tests of the protocol, with the example provider.
    fn conformance(&self, client: &Client) -> Result<Stage, Failure> {
        let mut tests = self.tests("conformance")?;
        tests
            .env(CLIENT, &client.program)
            .env(SHELF, self.workspace.programs.example(EXAMPLE)?);
        Ok(Stage {
            tests,
            cluster: None,
        })
    }

    /// The scenarios under each client, one client after the other.
    async fn all_scenarios(
        &self,
        clients: &[Client],
        scenarios: &[String],
        phases: &mut Phases,
    ) -> Result<(), Failure> {
        if scenarios.is_empty() {
            return Ok(());
        }
        for (client, names) in clients::share(clients, scenarios, self.asked)? {
            phases.begin(
                Work::Tests,
                format!("{} scenarios, {}", names.len(), client.release),
            );
            client.initialise()?;
            attempts::run(&names, async || self.scenarios(client).await, phases).await?;
        }
        Ok(())
    }

    /// The tests of the Crossplane provider, without Crossplane and under its core.
    async fn all_of_crossplane(
        &self,
        without: &[String],
        under_core: &[String],
        phases: &mut Phases,
    ) -> Result<(), Failure> {
        if !without.is_empty() {
            phases.begin(Work::Tests, "crossplane");
            attempts::run(without, async || self.managed().await, phases).await?;
        }
        if !self.asked.existing && !under_core.is_empty() {
            phases.begin(Work::Tests, "under Crossplane core");
            attempts::run(under_core, async || self.under_core().await, phases).await?;
        }
        Ok(())
    }

    /// The tests of what a client does with the provider.
    async fn scenarios(&self, client: &Client) -> Result<Stage, Failure> {
        let mut stage = self.on_a_cluster("scenarios").await?;
        stage
            .tests
            .env(CLI_CONFIG, &client.config)
            .env(TEMPLATE, &client.template)
            .env(CLIENT, &client.program);
        Ok(stage)
    }

    /// The tests of the Crossplane provider without Crossplane.
    async fn managed(&self) -> Result<Stage, Failure> {
        let mut stage = self.on_a_cluster("crossplane").await?;
        stage.tests.env(CROSSPLANE_BINARY, &self.crossplane);
        Ok(stage)
    }

    /// The tests of the packages, and of the function and the managed resources that they bring.
    async fn under_core(&self) -> Result<Stage, Failure> {
        let choice = Choice {
            crossplane: Some(self.asked.core),
            ..self.choice()
        };
        let cluster = preparation::cluster(state::own(), choice).await?;
        let Some(installed) = &cluster.state().crossplane else {
            return Err(Failure::Check(
                "the cluster does not say where Crossplane's core is".to_owned(),
            ));
        };
        let mut tests = self.tests("crossplane_core")?;
        tests
            .env(KUBECONFIG, cluster.kubeconfig())
            .env(CROSSPLANE_BINARY, &self.crossplane)
            .env(SERVICES, &installed.services);
        Ok(Stage {
            tests,
            cluster: Some(cluster),
        })
    }

    /// The tests of a target on a cluster of their own, or on the user's.
    async fn on_a_cluster(&self, target: &str) -> Result<Stage, Failure> {
        let mut tests = self.tests(target)?;
        tests.args(["--test-threads", AT_ONCE]);
        if self.asked.existing {
            tests.env(KUBECONFIG, existing()?);
            return Ok(Stage {
                tests,
                cluster: None,
            });
        }
        let cluster = preparation::cluster(state::own(), self.choice()).await?;
        tests.env(KUBECONFIG, cluster.kubeconfig());
        Ok(Stage {
            tests,
            cluster: Some(cluster),
        })
    }
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
