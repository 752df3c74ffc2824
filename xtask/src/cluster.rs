//! `cluster up`, `cluster down`, `cluster status`: the local test cluster that
//! stays until it is told to go.

use std::path::PathBuf;

use acceptance::{
    control_plane::ControlPlane,
    preparation::{self, Choice},
    progress::Progress,
    state::{self, State},
    tools::CoreRelease,
};
use lexopt::prelude::*;

use crate::{failure::Failure, program::interruptible};

/// The task's own arguments: `up`, `down` or `status`.
pub(crate) fn run(args: &mut lexopt::Parser) -> Result<(), Failure> {
    let verb = args.value()?.string()?;
    let mut choice = Choice::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("crds") if verb == "up" => choice.crds = Some(PathBuf::from(args.value()?)),
            Long("without-simulator") if verb == "up" => choice.without_simulator = true,
            Long("crossplane") if verb == "up" => choice.crossplane = Some(CoreRelease::Newest),
            other => return Err(other.unexpected().into()),
        }
    }
    match verb.as_str() {
        "up" => {
            interruptible(up(choice))?;
            status();
            Ok(())
        }
        "down" => down(),
        "status" => {
            status();
            Ok(())
        }
        other => Err(Failure::Usage(format!(
            "cluster {other}: up, down or status was expected"
        ))),
    }
}

/// Starts the standing cluster unless it runs; returns its kubeconfig.
pub(crate) async fn up(choice: Choice) -> Result<PathBuf, Failure> {
    let folder = state::standing();
    if let Some(mut cluster) = ControlPlane::attach(folder.clone()) {
        println!("the test cluster is running already");
        if choice.crossplane.is_some() {
            preparation::crossplane(&mut cluster).await?;
        }
        return Ok(cluster.kubeconfig().to_owned());
    }
    let choice = Choice {
        standing: true,
        ..choice
    };
    let cluster = preparation::cluster(folder, choice).await?;
    Ok(cluster.kubeconfig().to_owned())
}

/// Ends the standing cluster.
pub(crate) fn down() -> Result<(), Failure> {
    let folder = state::standing();
    let progress = Progress::shown();
    if state::down(&folder).map_err(Failure::file(&folder))? {
        progress.say("the test cluster has ended and its data is removed");
    } else {
        println!("no test cluster is running");
    }
    Ok(())
}

fn status() {
    let folder = state::standing();
    let Some(state) = State::load(&folder) else {
        println!("no test cluster is running; `cargo xtask cluster up` starts one");
        return;
    };
    let ended = state.ended();
    if state.complete() {
        println!("the test cluster is running at {}", state.server);
    } else {
        println!("the test cluster is broken: `cargo xtask cluster down` ends the rest of it");
    }
    if let Some(seconds) = state.ready_after {
        println!("  ready after {seconds:.1} s");
    }
    for process in &state.processes {
        let word = if ended.contains(&process) {
            "ended"
        } else {
            "runs"
        };
        println!("  {word:5} {:24} pid {}", process.name, process.pid);
    }
    if let Some(crossplane) = &state.crossplane {
        println!(
            "  Crossplane core, packages of {} from {}",
            crossplane.packages.display(),
            crossplane.registry
        );
    }
    println!("  logs  {}", folder.join("logs").display());
    println!("  export KUBECONFIG={}", state.kubeconfig.display());
}
