//! The project's own binaries, built by Cargo when they are not fresh: the
//! provider under test and the simulator. Both without optimisation; what is
//! shipped is built once, by the release.

use std::{
    path::PathBuf,
    process::{Command, ExitStatus},
};

/// Package and binary of the provider.
pub const PROVIDER: &str = "terraform-provider-everest";
/// Package and binary of the Crossplane provider and function.
pub const CROSSPLANE: &str = "everest-crossplane";
/// Package and binary that plays Everest's operator and the engines.
pub const SIMULATOR: &str = "everest-simulator";

/// Package and name of the example provider that the protocol's tests drive.
pub const EXAMPLE: (&str, &str) = ("tfplugin", "shelf");

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
    build_one(package, package)
}

/// Builds one binary of a package, unoptimised; returns its path.
///
/// # Errors
/// See [`BinaryError`].
pub fn build_one(package: &'static str, binary: &str) -> Result<PathBuf, BinaryError> {
    compile(package, ["--bin", binary])?;
    Ok(crate::target_folder()
        .join("debug")
        .join(format!("{binary}{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds an example of a package, unoptimised; returns its path.
///
/// # Errors
/// See [`BinaryError`].
pub fn build_example((package, example): (&'static str, &str)) -> Result<PathBuf, BinaryError> {
    compile(package, ["--example", example])?;
    Ok(crate::target_folder()
        .join("debug/examples")
        .join(format!("{example}{}", std::env::consts::EXE_SUFFIX)))
}

fn compile(package: &'static str, target: [&str; 2]) -> Result<(), BinaryError> {
    let status = cargo()
        .args(["build", "--quiet", "--package", package])
        .args(target)
        .status()
        .map_err(BinaryError::Cargo)?;
    if status.success() {
        Ok(())
    } else {
        Err(BinaryError::Build { package, status })
    }
}
