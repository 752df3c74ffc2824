//! A configuration in its own folder, for a real client.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// The number of workspaces that this process has created, so that each has its own folder.
static MADE: AtomicU32 = AtomicU32::new(0);

/// A folder with a configuration and its state, in which the real `terraform` or `tofu` runs a
/// freshly built provider. It needs no `init`, because the client uses the binary by
/// `dev_overrides`. Dropping the value deletes the folder.
#[derive(Debug)]
pub struct Workspace {
    folder: PathBuf,
    client: PathBuf,
    overrides: Vec<(String, PathBuf)>,
    environment: Vec<(String, String)>,
}

impl Workspace {
    /// An empty folder for `client`, a path or the name of a program in `PATH`.
    ///
    /// # Errors
    /// Returns an error if no folder can be created in the temporary directory.
    pub fn new(client: impl Into<PathBuf>) -> io::Result<Self> {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("tfplugin-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder)?;
        let workspace = Self {
            folder,
            client: client.into(),
            overrides: Vec::new(),
            environment: Vec::new(),
        };
        workspace.configure_client()?;
        Ok(workspace)
    }

    /// The same workspace, in which the client starts `binary` for the provider at `source`, a full
    /// address such as `registry.terraform.io/example/notes`.
    ///
    /// # Errors
    /// Returns an error if the binary cannot be linked or copied into the folder.
    pub fn with_provider(mut self, source: &str, binary: &Path) -> io::Result<Self> {
        let name = source.rsplit('/').next().unwrap_or(source);
        let folder = self.folder.join(".binaries").join(name);
        fs::create_dir_all(&folder)?;
        let suffix = std::env::consts::EXE_SUFFIX;
        let place = folder.join(format!("terraform-provider-{name}{suffix}"));
        link(&fs::canonicalize(binary)?, &place)?;
        self.overrides.push((source.to_owned(), folder));
        self.configure_client()?;
        Ok(self)
    }

    fn configure_client(&self) -> io::Result<()> {
        let overrides = self.overrides.iter();
        let overrides: String = overrides
            .map(|(source, folder)| format!("    {source:?} = {folder:?}\n"))
            .collect();
        let installation = match overrides.as_str() {
            "" => String::new(),
            overrides => format!("  dev_overrides {{\n{overrides}  }}\n"),
        };
        let text = format!("provider_installation {{\n{installation}}}\n");
        fs::write(self.client_configuration(), text)
    }

    fn client_configuration(&self) -> PathBuf {
        self.folder.join(".client.tfrc")
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Writes a file of the folder, such as `main.tf`.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn write(&self, name: &str, content: &str) -> io::Result<()> {
        fs::write(self.folder.join(name), content)
    }

    /// The content of a file of the folder; empty if the file does not exist.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }

    /// Sets an environment variable for the client.
    pub fn environment(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.environment.push((name.into(), value.into()));
    }

    /// The command to start the client with `arguments` in the folder. Of the environment variables
    /// for Terraform, it has only those that [`Workspace::environment`] set.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.client);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TF_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("TF_CLI_CONFIG_FILE", self.client_configuration())
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the client with `arguments` to its end.
    ///
    /// # Errors
    /// Returns an error if the client cannot be started. The caller checks the exit status.
    pub fn run<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> io::Result<Output> {
        self.command(arguments).output()
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's temporary directory.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(unix)]
fn link(binary: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(binary, place)
}

#[cfg(not(unix))]
fn link(binary: &Path, place: &Path) -> io::Result<()> {
    fs::copy(binary, place).map(|_| ())
}
