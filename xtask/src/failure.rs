//! Why a task ended without success.

use std::{io, path::PathBuf};

use acceptance::{
    binaries::BinaryError, client::ClientError, control_plane::StartError,
    installation::InstallError, preparation::PreparationError,
};

use crate::package::PackageError;

/// What a task can fail of; each is told to the user as it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line is not understood.
    #[error("{0}\n\n`cargo xtask --help` lists the tasks")]
    Usage(String),
    /// A program that the task runs ended without success; it has said why.
    #[error("`{program}` failed ({status})")]
    Program {
        /// Program and arguments.
        program: String,
        /// How it ended.
        status: String,
    },
    /// A program cannot be started.
    #[error("`{program}` cannot be run: {source}")]
    Missing {
        /// The program.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Ctrl-C, or the like.
    #[error("interrupted")]
    Interrupted,
    /// A check did not pass; the text says which and what to do.
    #[error("{0}")]
    Check(String),
    /// A package cannot be made.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// There is no test cluster.
    #[error(transparent)]
    Preparation(#[from] PreparationError),
    /// A binary of the project does not build.
    #[error(transparent)]
    Binary(#[from] BinaryError),
    /// There is no Terraform, or it does not take the provider.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// An object cannot be put into the cluster.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The cluster cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl Failure {
    /// The exit code that shells expect.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Interrupted => 130,
            _ => 1,
        }
    }

    /// Turns an error about a file into a failure.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}
