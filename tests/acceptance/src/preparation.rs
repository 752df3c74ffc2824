//! From a checkout to a cluster: building what is missing and starting it.

use std::path::{Path, PathBuf};

use crate::{
    binaries::{BinaryError, CROSSPLANE_NETWORK, Programs, SIMULATOR},
    client::{Client, ClientError},
    control_plane::{ControlPlane, Options, StartError},
    crossplane,
    progress::Progress,
    tools::{self, Core, CoreRelease, ToolError, Tools},
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
    /// This release of Crossplane's core runs on it.
    pub crossplane: Option<CoreRelease>,
    /// The cluster stays when this process ends.
    pub standing: bool,
    /// Where the project's own programs come from.
    pub programs: Programs,
}

/// Builds what the control plane of a cluster is made of, where it is missing.
///
/// # Errors
/// See [`PreparationError`].
pub async fn control_plane() -> Result<(), PreparationError> {
    blocking(|| {
        Tools::build(&Progress::shown())?;
        Ok(())
    })
    .await
}

/// Builds Crossplane's core, where it is missing.
///
/// # Errors
/// See [`PreparationError`].
pub async fn crossplane_core(release: CoreRelease) -> Result<(), PreparationError> {
    blocking(move || {
        Core::build(release, &Progress::shown())?;
        Ok(())
    })
    .await
}

/// Builds Crossplane's command that renders compositions, where it is missing; returns its path.
///
/// # Errors
/// See [`PreparationError`].
pub async fn crossplane_render() -> Result<PathBuf, PreparationError> {
    blocking(|| Ok(tools::crossplane_render(&Progress::shown())?)).await
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
    let programs = choice.programs;
    let (tools, simulator, crossplane) = blocking(move || {
        let tools = Tools::build(&Progress::shown())?;
        let simulator = if without_simulator {
            None
        } else {
            Some(programs.binary(SIMULATOR)?)
        };
        let crossplane = crossplane
            .map(|release| crossplane_binaries(release, &programs))
            .transpose()?;
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

/// Adds the newest of Crossplane's cores to a cluster that runs, unless it has it.
///
/// # Errors
/// See [`PreparationError`].
pub async fn crossplane(cluster: &mut ControlPlane) -> Result<(), PreparationError> {
    let binaries =
        blocking(|| crossplane_binaries(CoreRelease::Newest, &Programs::OnDemand)).await?;
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

fn crossplane_binaries(
    release: CoreRelease,
    programs: &Programs,
) -> Result<crossplane::Binaries, PreparationError> {
    Ok(crossplane::Binaries {
        core: Core::build(release, &Progress::shown())?,
        network: programs.binary(CROSSPLANE_NETWORK)?,
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
