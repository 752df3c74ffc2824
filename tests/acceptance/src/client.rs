//! The programs that run the provider: Terraform, OpenTofu, or both, and the
//! filesystem mirror through which they install it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::release::Release;

/// The version that this checkout builds.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why the provider could not be installed for a client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Neither program is on PATH.
    #[error(
        "neither `terraform` nor `tofu` was found on PATH: install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install) or OpenTofu 1.11 or newer (https://opentofu.org)"
    )]
    Missing,
    /// A file cannot be written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// `init` of the template ended with an error.
    #[error("`{program} init` failed:\n{output}")]
    Init {
        /// The program.
        program: String,
        /// What it printed.
        output: String,
    },
}

/// A program that speaks Terraform's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// `terraform` or `tofu` when it is on PATH, otherwise where it is.
    pub program: PathBuf,
    /// What it says it is.
    pub release: Release,
    /// Its configuration file, which finds the provider in the mirror.
    pub config: PathBuf,
    /// A folder in which it has been initialised.
    pub template: PathBuf,
}

/// What every workspace needs to know of the provider.
pub(crate) const REQUIREMENTS: &str = r#"terraform {
  required_providers {
    everest = {
      source = "openeverest/everest"
    }
  }
}
"#;

impl Client {
    /// The clients on PATH, Terraform first, with the provider installed for each.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn all(provider: &Path) -> Result<Vec<Self>, ClientError> {
        Self::with_further(provider, &[])
    }

    /// The clients on PATH, then those of `further` that are other releases, with
    /// the provider installed for each.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn with_further(provider: &Path, further: &[PathBuf]) -> Result<Vec<Self>, ClientError> {
        let folder = crate::target_folder().join("terraform");
        let config = install(provider, &folder)?;
        let mut clients: Vec<Self> = Vec::new();
        let on_path = ["terraform", "tofu"].map(PathBuf::from);
        for program in on_path.iter().chain(further) {
            let Some(release) = Release::of(program) else {
                continue;
            };
            if clients.iter().all(|known| known.release != release) {
                clients.push(Self {
                    program: program.clone(),
                    config: config.clone(),
                    template: folder
                        .join("template")
                        .join(release.to_string().replace(' ', "-")),
                    release,
                });
            }
        }
        if clients.is_empty() {
            return Err(ClientError::Missing);
        }
        Ok(clients)
    }

    /// The program in `folder`, free of the caller's Terraform and Kubernetes
    /// settings, ready to be given arguments.
    #[must_use]
    pub fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("TF_") || text.starts_with("KUBE") {
                command.env_remove(&name);
            }
        }
        command
            .current_dir(folder)
            .env("TF_CLI_CONFIG_FILE", &self.config)
            .env("CHECKPOINT_DISABLE", "1");
        command
    }

    /// Runs `init` once, in the template that workspaces are copied from.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn initialise(&self) -> Result<(), ClientError> {
        // A lock file of an earlier build would refuse this one's hash.
        let _ = fs::remove_dir_all(&self.template);
        fs::create_dir_all(&self.template).map_err(file(&self.template))?;
        let versions = self.template.join("versions.tf");
        fs::write(&versions, REQUIREMENTS).map_err(file(&versions))?;
        let Output {
            status,
            stdout,
            stderr,
        } = self
            .command(&self.template)
            .args(["init", "-no-color", "-input=false"])
            .output()
            .map_err(|_| ClientError::Missing)?;
        if status.success() {
            return Ok(());
        }
        Err(ClientError::Init {
            program: self.program.display().to_string(),
            output: [stdout, stderr]
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .concat(),
        })
    }
}

/// Copies what `init` has left in `from`, so that `to` is initialised too: the provider is linked
/// to, not copied.
///
/// # Errors
/// When a file cannot be read or written.
pub fn copy_initialised(from: &Path, to: &Path) -> io::Result<()> {
    let lock = ".terraform.lock.hcl";
    fs::copy(from.join(lock), to.join(lock))?;
    copy_links(&from.join(".terraform"), &to.join(".terraform"))
}

/// Copies a folder; links in it stay links.
fn copy_links(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&path)?, target)?;
        } else if entry.file_type()?.is_dir() {
            copy_links(&path, &target)?;
        } else {
            fs::copy(&path, target)?;
        }
    }
    Ok(())
}

/// Puts the provider's binary into a filesystem mirror below `folder` and writes
/// the CLI configuration that uses it; returns that file.
///
/// # Errors
/// See [`ClientError`].
pub fn install(provider: &Path, folder: &Path) -> Result<PathBuf, ClientError> {
    let mirror = folder.join("mirror");
    for registry in ["registry.terraform.io", "registry.opentofu.org"] {
        let package = mirror
            .join(registry)
            .join("openeverest/everest")
            .join(VERSION)
            .join(platform());
        fs::create_dir_all(&package).map_err(file(&package))?;
        let binary = package.join(format!(
            "terraform-provider-everest_v{VERSION}{}",
            std::env::consts::EXE_SUFFIX
        ));
        // A binary that runs cannot be written to, but it can be replaced.
        let unfinished = folder.join("terraform-provider-everest.part");
        fs::copy(provider, &unfinished).map_err(file(provider))?;
        fs::rename(&unfinished, &binary).map_err(file(&binary))?;
    }
    let config = folder.join("terraform.rc");
    let path = mirror.display();
    let text = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path    = \"{path}\"\n    include = [\"openeverest/everest\"]\n  }}\n  direct {{\n    exclude = [\"openeverest/everest\"]\n  }}\n}}\n"
    );
    fs::write(&config, text).map_err(file(&config))?;
    Ok(config)
}

/// The platform's name in Terraform's notation, e.g. `linux_amd64`.
fn platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}_{machine}")
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> ClientError {
    let path = path.to_owned();
    move |source| ClientError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_has_the_layout_that_clients_look_for() {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("some-binary");
        fs::write(&binary, "x").unwrap();
        let config = install(&binary, folder.path()).unwrap();
        let installed = folder
            .path()
            .join("mirror/registry.terraform.io/openeverest/everest")
            .join(VERSION)
            .join(platform())
            .join(format!("terraform-provider-everest_v{VERSION}"));
        assert!(installed.is_file());
        let text = fs::read_to_string(config).unwrap();
        assert!(text.contains("filesystem_mirror"));
        assert!(text.contains("exclude = [\"openeverest/everest\"]"));
    }
}
