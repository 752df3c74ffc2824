//! The project's own binaries, built by Cargo when they are not fresh: the
//! provider under test and the simulator. Both without optimisation; what is
//! shipped is built once, by the release.

use std::{
    collections::BTreeMap,
    io::IsTerminal as _,
    path::PathBuf,
    process::{Command, ExitStatus},
};

/// Binary of the provider, and its package.
pub const PROVIDER: &str = "terraform-provider-everest";
/// Binary of the Crossplane provider and function, and its package.
pub const CROSSPLANE: &str = "everest-crossplane";
/// Binary that plays Everest's operator and the engines.
pub const SIMULATOR: &str = "everest-simulator";

/// The program that stands in for the network of Crossplane's core.
pub const CROSSPLANE_NETWORK: &str = "crossplane-network";

/// The example provider that the protocol's tests drive.
pub const EXAMPLE: &str = "shelf";
/// The example that stands in for providers that connect to databases.
pub const STAND_IN: &str = "stand_in";
/// The example that writes the CRDs.
pub const WRITE_CRDS: &str = "write_crds";

/// Why a binary of the project is not there.
#[derive(Debug, thiserror::Error)]
pub enum BinaryError {
    /// Cargo could not be started.
    #[error("cargo cannot be run ({0}): Rust is needed, https://rustup.rs")]
    Cargo(std::io::Error),
    /// It is not among the programs that were built.
    #[error("{0} is not among the programs that were built")]
    Unbuilt(&'static str),
    /// It does not compile; Cargo has printed why.
    #[error("building {target} failed ({status})")]
    Build {
        /// The binary or example.
        target: &'static str,
        /// How Cargo ended.
        status: ExitStatus,
    },
}

/// Cargo, the one that runs this process where there is one, in the workspace.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::workspace_folder());
    command
}

/// Silences a build of Cargo's, unless standard error is a terminal: Cargo's bar is shown there.
pub fn quiet_unless_watched(build: &mut Command) {
    if !std::io::stderr().is_terminal() {
        build.arg("--quiet");
    }
}

/// Where the programs come from.
#[derive(Debug, Clone, Default)]
pub enum Programs {
    /// Cargo builds each one when it is asked for.
    #[default]
    OnDemand,
    /// They are there, by their names.
    Built(BTreeMap<String, PathBuf>),
}

impl Programs {
    /// Path of an unoptimised binary.
    ///
    /// # Errors
    /// See [`BinaryError`].
    pub fn binary(&self, name: &'static str) -> Result<PathBuf, BinaryError> {
        self.path(["--bin", name], "debug")
    }

    /// Path of an unoptimised example.
    ///
    /// # Errors
    /// See [`BinaryError`].
    pub fn example(&self, name: &'static str) -> Result<PathBuf, BinaryError> {
        self.path(["--example", name], "debug/examples")
    }

    fn path(&self, target: [&'static str; 2], folder: &str) -> Result<PathBuf, BinaryError> {
        let [_, name] = target;
        match self {
            Self::Built(paths) => paths.get(name).cloned().ok_or(BinaryError::Unbuilt(name)),
            Self::OnDemand => {
                compile(target)?;
                Ok(crate::target_folder()
                    .join(folder)
                    .join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
            }
        }
    }
}

/// Without `--package`, so that dependencies have the features that the whole workspace asks for,
/// and what another build has compiled of them is used.
fn compile(target: [&'static str; 2]) -> Result<(), BinaryError> {
    let mut build = cargo();
    build.arg("build").args(target);
    quiet_unless_watched(&mut build);
    let status = build.status().map_err(BinaryError::Cargo)?;
    if status.success() {
        Ok(())
    } else {
        Err(BinaryError::Build {
            target: target[1],
            status,
        })
    }
}
