//! The project's own binaries, built by Cargo when they are not fresh: the
//! provider under test and the simulator. Both without optimisation; what is
//! shipped is built once, by the release.

use std::{
    path::PathBuf,
    process::{Command, ExitStatus},
};

/// Package and binary of the provider.
pub const PROVIDER: &str = "terraform-provider-everest";
/// Package and binary that plays Everest's operator and the engines.
pub const SIMULATOR: &str = "everest-simulator";

/// Why a binary of the project is not there.
#[derive(Debug, thiserror::Error)]
pub enum BinaryError {
    /// Cargo could not be started.
    #[error("cargo cannot be run ({0}): Rust is needed, https://rustup.rs")]
    Cargo(std::io::Error),
    /// It does not compile; Cargo has printed why.
    #[error("building {package} failed ({status})")]
    Build {
        /// The package.
        package: &'static str,
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

/// Builds a package's binary of the same name, unoptimised; returns its path.
///
/// # Errors
/// See [`BinaryError`].
pub fn build(package: &'static str) -> Result<PathBuf, BinaryError> {
    let status = cargo()
        .args(["build", "--quiet", "--package", package, "--bin", package])
        .status()
        .map_err(BinaryError::Cargo)?;
    if !status.success() {
        return Err(BinaryError::Build { package, status });
    }
    Ok(crate::target_folder()
        .join("debug")
        .join(format!("{package}{}", std::env::consts::EXE_SUFFIX)))
}
