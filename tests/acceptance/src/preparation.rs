//! From a checkout to a cluster: building what is missing and starting it.

use std::path::{Path, PathBuf};

use crate::{
    binaries::{self, BinaryError, SIMULATOR},
    client::{Client, ClientError},
    control_plane::{ControlPlane, Options, StartError},
    crossplane,
    progress::Progress,
    tools::{self, Core, ToolError, Tools},
};

/// Why there is no cluster, or no client.
#[derive(Debug, thiserror::Error)]
pub enum PreparationError {
    /// The generated CRDs are not there.
    #[error("{} is missing: `cargo xtask generate` writes it", .0.display())]
    NoCrds(PathBuf),
    /// A binary of the project does not build.
    #[error(transparent)]
    Binary(#[from] BinaryError),
    /// A binary of the control plane, or a further client, does not build.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The provider cannot be installed for a client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The cluster does not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// What differs from the usual cluster.
#[derive(Debug, Default)]
pub struct Choice {
    /// Everest's CRDs from elsewhere than `schemas/crds`.
    pub crds: Option<PathBuf>,
    /// Nothing plays Everest's operator and the engines.
    pub without_simulator: bool,
    /// Crossplane's core runs on it.
    pub crossplane: bool,
    /// The cluster stays when this process ends.
    pub standing: bool,
}

/// Builds what a cluster is started from, where it is missing.
///
/// # Errors
/// See [`PreparationError`].
pub async fn control_plane() -> Result<(), PreparationError> {
    blocking(|| {
        Tools::build(&Progress::shown())?;
        binaries::build(SIMULATOR)?;
        Ok(())
    })
    .await
}

/// Builds Crossplane's core, where it is missing.
///
/// # Errors
/// See [`PreparationError`].
pub async fn crossplane_core() -> Result<(), PreparationError> {
    blocking(crossplane_binaries).await.map(drop)
}

/// Builds what is needed and starts a cluster in `folder`. Dropping the future
/// ends what it has started.
///
/// # Errors
/// See [`PreparationError`].
pub async fn cluster(folder: PathBuf, choice: Choice) -> Result<ControlPlane, PreparationError> {
    let crds = choice
        .crds
        .unwrap_or_else(|| crate::workspace_folder().join("schemas/crds"));
    if !crds.is_dir() {
        return Err(PreparationError::NoCrds(crds));
    }
    let without_simulator = choice.without_simulator;
    let crossplane = choice.crossplane;
    let (tools, simulator, crossplane) = blocking(move || {
        let tools = Tools::build(&Progress::shown())?;
        let simulator = if without_simulator {
            None
        } else {
            Some(binaries::build(SIMULATOR)?)
        };
        let crossplane = crossplane.then(crossplane_binaries).transpose()?;
        Ok((tools, simulator, crossplane))
    })
    .await?;
    let progress = Progress::shown();
    progress.say("starting the test cluster");
    let options = Options {
        folder,
        everest_crds: crds,
        simulator,
        standing: choice.standing,
    };
    let mut cluster = ControlPlane::start(&tools, &options, &progress).await?;
    progress.say("Everest ready");
    if let Some(binaries) = crossplane {
        add(&mut cluster, &binaries, &progress).await?;
    }
    Ok(cluster)
}

/// Adds Crossplane's core to a cluster that runs, unless it has it.
///
/// # Errors
/// See [`PreparationError`].
pub async fn crossplane(cluster: &mut ControlPlane) -> Result<(), PreparationError> {
    let binaries = blocking(crossplane_binaries).await?;
    add(cluster, &binaries, &Progress::shown()).await
}

async fn add(
    cluster: &mut ControlPlane,
    binaries: &crossplane::Binaries,
    progress: &Progress,
) -> Result<(), PreparationError> {
    let added = cluster.add_crossplane(binaries, progress).await;
    if added.is_err() {
        cluster.keep_logs();
    }
    Ok(added?)
}

fn crossplane_binaries() -> Result<crossplane::Binaries, PreparationError> {
    Ok(crossplane::Binaries {
        core: Core::build(&Progress::shown())?,
        network: binaries::build_one("acceptance", "crossplane-network")?,
    })
}

/// Runs what blocks, such as a build, where it may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PreparationError> + Send + 'static,
) -> Result<T, PreparationError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// The clients on PATH and the pinned ones, which are built when they are
/// missing, with the provider installed for each.
///
/// # Errors
/// See [`PreparationError`].
pub async fn matrix(provider: &Path) -> Result<Vec<Client>, PreparationError> {
    let further = blocking(|| Ok(tools::clients(&Progress::shown())?)).await?;
    Ok(Client::with_further(provider, &further)?)
}
