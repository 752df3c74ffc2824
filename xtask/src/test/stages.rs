//! The acceptance tests of each target, ready to run: on their cluster, with their programs.

use std::{path::PathBuf, process::Command};

use acceptance::{
    binaries::{CROSSPLANE, EXAMPLE, PROVIDER, Programs, SIMULATOR, STAND_IN},
    client::Client,
    feature::CLIENT,
    preparation::{self, Choice},
    state,
};

use super::{
    Asked,
    attempts::{self, Stage},
    workspace::Workspace,
};
use crate::failure::Failure;

/// Names the kubeconfig of the cluster to the scenarios.
const KUBECONFIG: &str = "EVEREST_TEST_KUBECONFIG";
/// Names the client's configuration file, which finds the provider.
const CLI_CONFIG: &str = "EVEREST_TEST_CLI_CONFIG";
/// Folder in which the client has been initialised.
const TEMPLATE: &str = "EVEREST_TEST_TEMPLATE";
/// Path of the example provider that the conformance tests drive.
const SHELF: &str = "EVEREST_TEST_SHELF";
/// Path of the program that stands in for other providers.
const STAND_IN_BINARY: &str = "EVEREST_TEST_STAND_IN";
/// Path of the provider's binary to test, in place of a fresh unoptimised build.
const PROVIDER_BINARY: &str = "EVEREST_TEST_PROVIDER";
/// Path of the Crossplane provider's and function's binary.
const CROSSPLANE_BINARY: &str = "EVEREST_TEST_CROSSPLANE";
/// Path of Crossplane's command that renders compositions.
const RENDER: &str = "EVEREST_TEST_RENDER";
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

/// The acceptance tests, and what they are run with.
pub(super) struct Tests<'a> {
    workspace: Workspace,
    pub(super) provider: PathBuf,
    pub(super) crossplane: PathBuf,
    pub(super) asked: &'a Asked,
}

impl<'a> Tests<'a> {
    /// The tests of a workspace that was built.
    pub(super) fn new(workspace: Workspace, asked: &'a Asked) -> Result<Self, Failure> {
        Ok(Self {
            provider: given(PROVIDER_BINARY, PROVIDER, &workspace.programs)?,
            crossplane: given(CROSSPLANE_BINARY, CROSSPLANE, &workspace.programs)?,
            workspace,
            asked,
        })
    }

    /// The clients on PATH and those that are pinned.
    pub(super) async fn matrix(&self) -> Result<Vec<Client>, Failure> {
        Ok(preparation::matrix(&self.provider).await?)
    }

    /// The names of a target's tests, as far as they are asked for.
    pub(super) fn names(&self, target: &str) -> Result<Vec<String>, Failure> {
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
    pub(super) fn conformance(&self, client: &Client) -> Result<Stage, Failure> {
        let mut tests = self.tests("conformance")?;
        tests
            .env(CLIENT, &client.program)
            .env(SHELF, self.workspace.programs.example(EXAMPLE)?);
        Ok(Stage {
            tests,
            cluster: None,
        })
    }

    /// The tests of what a client does with the provider.
    pub(super) async fn scenarios(&self, client: &Client) -> Result<Stage, Failure> {
        let mut stage = self.on_a_cluster("scenarios").await?;
        stage
            .tests
            .env(CLI_CONFIG, &client.config)
            .env(TEMPLATE, &client.template)
            .env(PROVIDER_BINARY, &self.provider)
            .env(STAND_IN_BINARY, self.workspace.programs.example(STAND_IN)?)
            .env(CLIENT, &client.program);
        Ok(stage)
    }

    /// The tests of the Crossplane provider without Crossplane.
    pub(super) async fn managed(&self) -> Result<Stage, Failure> {
        let mut stage = self.on_a_cluster("crossplane").await?;
        stage.tests.env(CROSSPLANE_BINARY, &self.crossplane);
        Ok(stage)
    }

    /// The tests of the packages, and of the function and the managed resources that they bring.
    pub(super) async fn under_core(&self) -> Result<Stage, Failure> {
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
            .env(RENDER, preparation::crossplane_render().await?)
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

/// A program that the caller gives by an environment variable, or the one that was built.
fn given(variable: &str, name: &'static str, programs: &Programs) -> Result<PathBuf, Failure> {
    match std::env::var_os(variable) {
        Some(given) => Ok(PathBuf::from(given)),
        None => Ok(programs.binary(name)?),
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
