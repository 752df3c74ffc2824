//! `demo`: the quickstart, applied by a real Terraform on the test cluster.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use acceptance::{
    binaries::{PROVIDER, Programs},
    client::Client,
    preparation::Choice,
    workspace_folder,
};
use lexopt::prelude::*;

use crate::{
    cluster,
    failure::Failure,
    program::{self, interruptible},
};

/// What the quickstart's variables are set to: its bucket does not exist, and
/// nothing on the test cluster asks for it.
const VARIABLES: [(&str, &str); 2] = [
    ("TF_VAR_s3_access_key_id", "demo"),
    ("TF_VAR_s3_secret_access_key", "demo-secret"),
];

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
///
/// The provider is Cargo's unoptimised build: it is there in seconds, where the
/// release takes minutes to link, and the difference cannot be seen here.
async fn up() -> Result<(), Failure> {
    println!("── building the provider");
    let provider = Programs::OnDemand.binary(PROVIDER)?;
    let client = Client::all(&provider)?
        .into_iter()
        .next()
        .ok_or(acceptance::client::ClientError::Missing)?;

    println!("── starting the test cluster");
    let fresh = acceptance::state::State::load(&acceptance::state::standing())
        .is_none_or(|state| !state.complete());
    let kubeconfig = cluster::up(Choice::default()).await?;

    let folder = folder();
    if fresh && folder.exists() {
        // A state of a cluster that is gone.
        fs::remove_dir_all(&folder).map_err(Failure::file(&folder))?;
    }
    copy_quickstart(&folder)?;
    let terraform = |arguments: &[&str]| {
        let mut command: Command = client.command(&folder);
        command
            .args(arguments)
            .envs(VARIABLES)
            .env("KUBE_CONFIG_PATH", &kubeconfig);
        println!("\n$ {}", program::shown(&command));
        command
    };
    // The provider may have been built anew since the lock file was written.
    let lock = folder.join(".terraform.lock.hcl");
    if lock.exists() {
        fs::remove_file(&lock).map_err(Failure::file(&lock))?;
    }
    program::run(terraform(&["init", "-input=false"])).await?;
    program::run(terraform(&["plan", "-input=false", "-out=plan"])).await?;
    program::run(terraform(&["apply", "-input=false", "plan"])).await?;
    program::run(terraform(&["output"])).await?;
    tell(&client, &folder, &kubeconfig);
    Ok(())
}

/// Copies the quickstart's configuration; a state that is there stays.
fn copy_quickstart(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    let source = workspace_folder().join("examples/terraform/quickstart");
    for entry in fs::read_dir(&source).map_err(Failure::file(&source))? {
        let path = entry.map_err(Failure::file(&source))?.path();
        if let Some(name) = path.file_name()
            && path.extension().is_some_and(|kind| kind == "tf")
        {
            fs::copy(&path, folder.join(name)).map_err(Failure::file(&path))?;
        }
    }
    Ok(())
}

fn tell(client: &Client, folder: &Path, kubeconfig: &Path) {
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
