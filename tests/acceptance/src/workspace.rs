//! A folder with a configuration, and Terraform run in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{io::AsyncReadExt, process::Child};

use crate::{client::Client, run::Run};

/// File that every workspace starts with: the provider's source and the
/// variable through which configurations name their namespace.
const PREAMBLE: &str = r#"
variable "namespace" {
  type = string
}
"#;

/// One configuration with its state. Its namespace is its own; the
/// configuration names it as `var.namespace`.
#[derive(Debug)]
pub struct Workspace {
    folder: PathBuf,
    namespace: String,
    client: Arc<Client>,
    environment: Vec<(String, String)>,
}

impl Workspace {
    /// A workspace in a folder named like its namespace, initialised as the
    /// client's template is.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn new(client: Arc<Client>, namespace: &str, kubeconfig: &Path) -> io::Result<Self> {
        let folder = crate::target_folder()
            .join("test-workspaces")
            .join(namespace);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        copy(&client.template, &folder)?;
        fs::write(
            folder.join("versions.tf"),
            format!("{}{PREAMBLE}", crate::client::REQUIREMENTS),
        )?;
        let environment = [
            ("KUBE_CONFIG_PATH", kubeconfig.display().to_string()),
            ("TF_VAR_namespace", namespace.to_owned()),
            ("TF_IN_AUTOMATION", "1".to_owned()),
            ("TF_INPUT", "0".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        Ok(Self {
            folder,
            namespace: namespace.to_owned(),
            client,
            environment,
        })
    }

    /// The namespace that is this workspace's own.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sets an environment variable for the runs to come.
    pub fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Takes an environment variable away.
    pub fn unset(&mut self, name: &str) {
        self.environment.retain(|(known, _)| known != name);
    }

    /// Writes the configuration, in place of what was there.
    ///
    /// # Panics
    /// When the file cannot be written.
    #[track_caller]
    pub fn configure(&self, hcl: &str) {
        let written = fs::write(self.folder.join("main.tf"), hcl);
        assert!(written.is_ok(), "main.tf: {written:?}");
    }

    /// `validate`.
    pub async fn validate(&self) -> Run {
        self.run(&["validate", "-json"]).await
    }

    /// `plan`: exit code 0 is an empty plan, 2 one with changes, 1 an error.
    pub async fn plan(&self) -> Run {
        self.run(&["plan", "-json", "-detailed-exitcode"]).await
    }

    /// `plan` with further arguments.
    pub async fn plan_with(&self, arguments: &[&str]) -> Run {
        self.run(&[&["plan", "-json", "-detailed-exitcode"], arguments].concat())
            .await
    }

    /// `apply`, approved.
    pub async fn apply(&self) -> Run {
        self.run(&["apply", "-json", "-auto-approve"]).await
    }

    /// `apply`, approved, with further arguments.
    pub async fn apply_with(&self, arguments: &[&str]) -> Run {
        self.run(&[&["apply", "-json", "-auto-approve"], arguments].concat())
            .await
    }

    /// `destroy`, approved.
    pub async fn destroy(&self) -> Run {
        self.apply_with(&["-destroy"]).await
    }

    /// `import`; what it prints is text.
    pub async fn import(&self, address: &str, id: &str) -> Run {
        self.run(&["import", "-no-color", address, id]).await
    }

    /// Takes a resource out of the state and leaves it where it is.
    pub async fn forget(&self, address: &str) -> Run {
        self.run(&["state", "rm", address]).await
    }

    /// The state as `show -json` tells it.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn state(&self) -> Value {
        let run = self.run(&["show", "-json"]).await;
        run.must_succeed();
        serde_json::from_str(run.output.lines().next().unwrap_or_default()).unwrap_or_default()
    }

    /// The attributes of one resource in the state; null when it is not there.
    pub async fn resource(&self, address: &str) -> Value {
        self.state()
            .await
            .pointer("/values/root_module/resources")
            .and_then(Value::as_array)
            .and_then(|resources| {
                resources
                    .iter()
                    .find(|resource| resource["address"] == address)
            })
            .map_or(Value::Null, |resource| resource["values"].clone())
    }

    /// The addresses in the state; those in need of replacement end in
    /// ` (tainted)`.
    pub async fn resources(&self) -> Vec<String> {
        self.state()
            .await
            .pointer("/values/root_module/resources")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|resource| {
                let address = resource["address"].as_str()?;
                let taint = if resource["tainted"] == true {
                    " (tainted)"
                } else {
                    ""
                };
                Some(format!("{address}{taint}"))
            })
            .collect()
    }

    /// Runs the client to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn run(&self, arguments: &[&str]) -> Run {
        self.start(arguments).finish().await
    }

    /// Starts the client; for runs that are interrupted.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.client.command(&self.folder);
        command
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn();
        let Ok(child) = child else {
            panic!("{} cannot be started: {child:?}", self.client.program);
        };
        Running {
            child,
            command: format!("{} {}", self.client.program, arguments.join(" ")),
            started: Instant::now(),
        }
    }
}

/// A run of the client that has not ended yet.
#[derive(Debug)]
pub struct Running {
    child: Child,
    command: String,
    started: Instant,
}

impl Running {
    /// What Ctrl-C does.
    pub fn interrupt(&self) {
        let number = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(process) = number.and_then(Pid::from_raw) {
            // Ended meanwhile: the test will see what it printed.
            let _ = kill_process(process, Signal::INT);
        }
    }

    /// Waits for its end.
    pub async fn finish(mut self) -> Run {
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let (mut stdout, mut stderr) = (self.child.stdout.take(), self.child.stderr.take());
        // A pipe that breaks off has told all it had to tell.
        let _ = tokio::join!(
            async {
                match &mut stdout {
                    Some(pipe) => pipe.read_to_end(&mut output).await,
                    None => Ok(0),
                }
            },
            async {
                match &mut stderr {
                    Some(pipe) => pipe.read_to_end(&mut errors).await,
                    None => Ok(0),
                }
            }
        );
        let code = self
            .child
            .wait()
            .await
            .ok()
            .and_then(|status| status.code())
            .unwrap_or(-1);
        output.extend(errors);
        Run::read(
            self.command,
            code,
            String::from_utf8_lossy(&output).into_owned(),
            self.started.elapsed(),
        )
    }
}

/// Copies a folder, links as links to the same place: the provider in an
/// initialised folder is a relative link into the mirror.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::canonicalize(entry.path())?, target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
