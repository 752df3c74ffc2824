//! The quickstart in a folder of its own, for a real client.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use acceptance::{
    binaries::{PROVIDER, Programs},
    client::{Client, ClientError},
    workspace_folder,
};

use crate::{failure::Failure, program};

/// What the quickstart's variables are set to: its bucket does not exist, and
/// nothing on the test cluster asks for it.
pub(crate) const VARIABLES: [(&str, &str); 2] = [
    ("TF_VAR_s3_access_key_id", "demo"),
    ("TF_VAR_s3_secret_access_key", "demo-secret"),
];

/// The quickstart and the client that plans it.
pub(crate) struct Quickstart {
    /// The first client on PATH.
    pub(crate) client: Client,
    /// Where the configuration is.
    pub(crate) folder: PathBuf,
}

impl Quickstart {
    /// Builds the provider, and finds the client.
    ///
    /// The provider is Cargo's unoptimised build: it is there in seconds, where the
    /// release takes minutes to link, and the difference cannot be seen here.
    pub(crate) fn at(folder: PathBuf) -> Result<Self, Failure> {
        println!("── building the provider");
        let provider = Programs::OnDemand.binary(PROVIDER)?;
        let client = Client::all(&provider)?.into_iter().next();
        let client = client.ok_or(ClientError::Missing)?;
        Ok(Self { client, folder })
    }

    /// Copies the configuration; a state that is there stays.
    pub(crate) fn copy(&self) -> Result<(), Failure> {
        let folder = &self.folder;
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
        // The provider may have been built anew since the lock file was written.
        let lock = folder.join(".terraform.lock.hcl");
        if lock.exists() {
            fs::remove_file(&lock).map_err(Failure::file(&lock))?;
        }
        Ok(())
    }

    /// A command of the client, shown as one would type it.
    pub(crate) fn command(&self, arguments: &[&str], kubeconfig: Option<&Path>) -> Command {
        let mut command = self.client.command(&self.folder);
        command.args(arguments).envs(VARIABLES);
        if let Some(kubeconfig) = kubeconfig {
            command.env("KUBE_CONFIG_PATH", kubeconfig);
        }
        println!("\n$ {}", program::shown(&command));
        command
    }
}
