//! `demo`: the quickstart, applied by a real Terraform on the test cluster.

use std::{
    fs,
    path::{Path, PathBuf},
};

use acceptance::preparation::Choice;
use lexopt::prelude::*;

use crate::{
    cluster,
    failure::Failure,
    program::{self, interruptible},
    quickstart::{Quickstart, VARIABLES},
};

/// What is asked for.
#[derive(Default)]
pub(crate) struct Asked {
    down: bool,
}

impl Asked {
    /// Reads the task's own arguments: `--down`.
    pub(crate) fn parse(args: &mut lexopt::Parser) -> Result<Self, Failure> {
        let mut asked = Self::default();
        while let Some(arg) = args.next()? {
            match arg {
                Long("down") => asked.down = true,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(asked)
    }
}

/// Runs the demo, or takes it down.
pub(crate) fn run(asked: &Asked) -> Result<(), Failure> {
    if !asked.down {
        return interruptible(up());
    }
    cluster::down()?;
    let folder = folder();
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::file(&folder))?;
    }
    Ok(())
}

fn folder() -> PathBuf {
    acceptance::target_folder().join("demo")
}

/// Cluster, provider, `init`, `plan`, `apply`.
async fn up() -> Result<(), Failure> {
    let quickstart = Quickstart::at(folder())?;

    println!("── starting the test cluster");
    let fresh = acceptance::state::State::load(&acceptance::state::standing())
        .is_none_or(|state| !state.complete());
    let kubeconfig = cluster::up(Choice::default()).await?;

    let folder = &quickstart.folder;
    if fresh && folder.exists() {
        // A state of a cluster that is gone.
        fs::remove_dir_all(folder).map_err(Failure::file(folder))?;
    }
    quickstart.copy()?;
    let terraform = |arguments: &[&str]| quickstart.command(arguments, Some(&kubeconfig));
    program::run(terraform(&["init", "-input=false"])).await?;
    program::run(terraform(&["plan", "-input=false", "-out=plan"])).await?;
    program::run(terraform(&["apply", "-input=false", "plan"])).await?;
    program::run(terraform(&["output"])).await?;
    tell(&quickstart, &kubeconfig);
    Ok(())
}

fn tell(quickstart: &Quickstart, kubeconfig: &Path) {
    let Quickstart { client, folder } = quickstart;
    println!("\nIt stays until `cargo xtask demo --down`. To go on with it:\n");
    println!("  cd {}", folder.display());
    println!("  export TF_CLI_CONFIG_FILE={}", client.config.display());
    println!("  export KUBE_CONFIG_PATH={}", kubeconfig.display());
    for (name, value) in VARIABLES {
        println!("  export {name}={value}");
    }
    let program = client.program.display();
    println!("\n  {program} plan        # nothing to change");
    println!("  {program} destroy     # everything goes, the backup's data stays in its bucket");
    println!(
        "  kubectl --kubeconfig {} get databaseclusters --all-namespaces",
        kubeconfig.display()
    );
}
