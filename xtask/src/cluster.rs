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

/// What is asked for.
pub(crate) enum Asked {
    Up(Choice),
    Down,
    Status,
}

impl Asked {
    /// Reads the task's own arguments: `up` with what differs from the usual cluster, `down` or
    /// `status`.
    pub(crate) fn parse(args: &mut lexopt::Parser) -> Result<Self, Failure> {
        let mut asked = match args.value()?.string()?.as_str() {
            "up" => Self::Up(Choice::default()),
            "down" => Self::Down,
            "status" => Self::Status,
            other => {
                return Err(Failure::Usage(format!(
                    "cluster {other}: up, down or status was expected"
                )));
            }
        };
        while let Some(arg) = args.next()? {
            match (arg, &mut asked) {
                (Long("crds"), Self::Up(choice)) => {
                    choice.crds = Some(PathBuf::from(args.value()?));
                }
                (Long("without-simulator"), Self::Up(choice)) => choice.without_simulator = true,
                (Long("crossplane"), Self::Up(choice)) => {
                    choice.crossplane = Some(CoreRelease::Newest);
                }
                (other, _) => return Err(other.unexpected().into()),
            }
        }
        Ok(asked)
    }
}

/// Starts the standing cluster, ends it, or says what runs.
pub(crate) fn run(asked: Asked) -> Result<(), Failure> {
    match asked {
        Asked::Up(choice) => {
            interruptible(up(choice))?;
            status();
            Ok(())
        }
        Asked::Down => down(),
        Asked::Status => {
            status();
            Ok(())
        }
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
