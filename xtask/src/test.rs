//! `test`: every check there is, each with the time it took.

use std::time::Duration;

use acceptance::{binaries::cargo, client::Client, preparation, tools::CoreRelease};
use lexopt::prelude::*;

use crate::{
    failure::Failure,
    generate, package,
    program::{self, interruptible},
};

mod attempts;
mod clients;
mod phases;
mod stages;
mod workspace;

use phases::{Phases, Work, late};
use stages::Tests;
use workspace::Workspace;

/// Longest time of a whole run.
const LONGEST: Duration = Duration::from_secs(85 * 60);

/// What is asked for.
#[derive(Default)]
pub(crate) struct Asked {
    only: Option<String>,
    existing: bool,
    matrix: bool,
    every: bool,
    core: CoreRelease,
}

impl Asked {
    /// Reads the task's own arguments: `--only NAME`, `--cluster existing`, `--matrix`, `--every`,
    /// `--crossplane oldest`.
    pub(crate) fn parse(args: &mut lexopt::Parser) -> Result<Self, Failure> {
        let mut asked = Self::default();
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
        Ok(asked)
    }
}

/// Runs the checks that are asked for.
pub(crate) fn run(asked: &Asked) -> Result<(), Failure> {
    let mut phases = Phases::default();
    let done = interruptible(async {
        tokio::time::timeout(LONGEST, check_all(asked, &mut phases))
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
    let tests = Tests::new(workspace, asked)?;

    let clients = if asked.matrix {
        phases.begin(Work::Go, "clients");
        phases.within(tests.matrix()).await?
    } else {
        Client::all(&tests.provider)?
    };

    let mut found = false;
    let own = !asked.existing;
    let names = tests.names("conformance")?;
    if own && !names.is_empty() {
        found = true;
        for client in &clients {
            phases.begin(Work::Tests, format!("conformance, {}", client.release));
            attempts::run(&names, async || tests.conformance(client), phases).await?;
        }
    }
    let (scenarios, crossplane) = (tests.names("scenarios")?, tests.names("crossplane")?);
    let core = tests.names("crossplane_core")?;
    if own && !(scenarios.is_empty() && crossplane.is_empty() && core.is_empty()) {
        phases.begin(Work::Go, "control plane");
        let prepared = async { Ok(preparation::control_plane().await?) };
        phases.within(prepared).await?;
    }
    if own && !core.is_empty() {
        phases.begin(Work::Tests, "packages");
        package::for_tests(&tests.crossplane)?;
        phases.begin(Work::Go, "Crossplane core and render");
        let prepared = async {
            preparation::crossplane_core(asked.core).await?;
            Ok(preparation::crossplane_render().await?)
        };
        phases.within(prepared).await?;
    }
    found |= !scenarios.is_empty() || !crossplane.is_empty() || own && !core.is_empty();
    // Tests on clusters mostly wait, so those of the two front ends run side by side.
    let mut beside = phases.beside();
    let (terraform, crossplane) = tokio::join!(
        all_scenarios(&tests, &clients, &scenarios, phases),
        all_of_crossplane(&tests, &crossplane, &core, &mut beside),
    );
    phases.join(beside, &crossplane);
    terraform?;
    crossplane?;
    match &asked.only {
        Some(only) if !found => Err(Failure::Usage(format!(
            "--only {only}: no acceptance test has that in its name"
        ))),
        _ => workspace::one_feature_set(&compiled),
    }
}

/// The scenarios under each client, one client after the other.
async fn all_scenarios(
    tests: &Tests<'_>,
    clients: &[Client],
    scenarios: &[String],
    phases: &mut Phases,
) -> Result<(), Failure> {
    if scenarios.is_empty() {
        return Ok(());
    }
    for (client, names) in clients::share(clients, scenarios, tests.asked)? {
        phases.begin(
            Work::Tests,
            format!("{} scenarios, {}", names.len(), client.release),
        );
        client.initialise()?;
        attempts::run(&names, async || tests.scenarios(client).await, phases).await?;
    }
    Ok(())
}

/// The tests of the Crossplane provider, without Crossplane and under its core.
async fn all_of_crossplane(
    tests: &Tests<'_>,
    without: &[String],
    under_core: &[String],
    phases: &mut Phases,
) -> Result<(), Failure> {
    if !without.is_empty() {
        phases.begin(Work::Tests, "crossplane");
        attempts::run(without, async || tests.managed().await, phases).await?;
    }
    if !tests.asked.existing && !under_core.is_empty() {
        phases.begin(Work::Tests, "under Crossplane core");
        attempts::run(under_core, async || tests.under_core().await, phases).await?;
    }
    Ok(())
}
