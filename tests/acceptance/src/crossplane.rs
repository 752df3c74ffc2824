//! Crossplane's core and RBAC manager beside the control plane, started only
//! where they are asked for: the real ones, with the package runtime and the
//! roles that clusters have. What they cannot have here is played: KWOK lets the
//! Deployments that core makes of packages look as if they ran, [`Registry`]
//! hands out packages, and [`Services`] leads to the processes that really run.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use kube::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    control_plane::{ControlPlane, StartError, client, system},
    go_build::last_lines,
    installation::{self, LOOK},
    kubeconfig, ports,
    progress::Progress,
    tools::Core,
};

mod chart;
mod registry;
mod services;

pub use chart::ChartError;
pub use registry::{Answer, Registry};
pub use services::Services;

/// Namespace of the core and of what runs for packages.
pub const NAMESPACE: &str = "crossplane-system";
/// Where the packages say they come from. The test cluster takes them from its
/// own registry instead, by an `ImageConfig`, as a cluster without a way to the
/// outside would.
pub const REPOSITORY: &str = "ghcr.io/openeverest/";
/// Tag of the provider's version that tests upgrade to, beside that of this checkout.
pub const NEXT_TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"), "-next");
/// Process that runs the registry and the way to services.
const NETWORK: &str = "crossplane-network";
/// Name of the core's process, its service account and its role.
const CORE: &str = "crossplane";
/// Name of the RBAC manager's process and service account.
const RBAC_MANAGER: &str = "rbac-manager";
/// Secret of the certificate with which the core calls functions.
const CLIENT_SECRET: &str = "crossplane-tls-client";
/// How often `init` is run: where the CRDs are new, its first run does not find
/// them established.
const INITIALISATIONS: usize = 20;

/// The core as a running cluster knows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Installed {
    /// Host and port of the registry.
    pub registry: String,
    /// Folder of OCI layouts that the registry hands out.
    pub packages: PathBuf,
    /// Folder of [`Services`].
    pub services: PathBuf,
}

/// The binaries that are needed.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// The core.
    pub core: Core,
    /// What plays the network around it.
    pub network: PathBuf,
}

/// The folder of packages that the registry hands out: what `cargo xtask
/// package crossplane` writes.
#[must_use]
pub fn packages() -> PathBuf {
    crate::target_folder().join("packages/oci")
}

impl ControlPlane {
    /// Starts the core in a running cluster, unless it has it, and waits until
    /// it is ready:
    ///
    /// 1. registry and way to services are started;
    /// 2. the chart's service accounts and roles are created; from here on core
    ///    and RBAC manager have no other rights;
    /// 3. `init` creates CRDs, certificates and defaults, again until the CRDs
    ///    are established;
    /// 4. the core is started with the certificate that `init` made, and the RBAC
    ///    manager beside it;
    /// 5. core is told to take this project's packages from the registry.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn add_crossplane(
        &mut self,
        binaries: &Binaries,
        progress: &Progress,
    ) -> Result<(), StartError> {
        if self.state().crossplane.is_some() {
            return Ok(());
        }
        let folder = self.folder().join(CORE);
        let cache = folder.join("cache");
        fs::create_dir_all(&cache).map_err(system(CORE))?;
        let [registry, proxy, metrics, health] = ports::free().map_err(system("free ports"))?;
        let installed = Installed {
            registry: format!("127.0.0.1:{registry}"),
            packages: packages(),
            services: folder.join("services"),
        };
        let mut network = Command::new(&binaries.network);
        network
            .arg("--packages")
            .arg(&installed.packages)
            .args(["--registry-port", &registry.to_string()])
            .arg("--services")
            .arg(&installed.services)
            .args(["--proxy-port", &proxy.to_string()]);
        self.spawn(NETWORK, network)?;

        let client = client(self.kubeconfig()).await?;
        installation::create(&client, namespace()).await?;
        installation::create_all(&client, chart::roles(&binaries.core.chart)?).await?;
        let role = format!("/apis/rbac.authorization.k8s.io/v1/clusterroles/{CORE}");
        self.until("the role of Crossplane's core", || {
            installation::condition(&client, &role, |role| role["rules"][0].is_object())
        })
        .await?;
        let kubeconfig = self.identity(&client, CORE).await?;
        initialise(&binaries.core, &kubeconfig, &folder).await?;
        progress.say("Crossplane's CRDs established");

        let certificates = folder.join("client");
        write_secret(&client, CLIENT_SECRET, &certificates).await?;
        let mut core = command(&binaries.core, &kubeconfig);
        core.args(["core", "start"])
            .env("TLS_CLIENT_CERTS_DIR", &certificates)
            .env("XPKG_CACHE_DIR", &cache)
            .env("METRICS_PORT", metrics.to_string())
            .env("HEALTH_PROBE_PORT", health.to_string())
            .env("HTTPS_PROXY", format!("http://127.0.0.1:{proxy}"));
        self.spawn(CORE, core)?;
        let mut manager = Command::new(&binaries.core.binary);
        manager
            .args(["rbac", "start", "--provider-clusterrole"])
            .arg(format!("{CORE}:allowed-provider-permissions"))
            .env("KUBECONFIG", self.identity(&client, RBAC_MANAGER).await?);
        self.spawn(RBAC_MANAGER, manager)?;
        installation::create(&client, image_config(&installed.registry)).await?;
        self.until("Crossplane's core", || healthy(health)).await?;
        progress.say("Crossplane core ready");
        self.installed_crossplane(installed)
    }

    /// Writes the kubeconfig of one of the chart's service accounts.
    async fn identity(&self, client: &Client, account: &str) -> Result<PathBuf, StartError> {
        let text =
            kubeconfig::of_service_account(client, self.kubeconfig(), NAMESPACE, account).await?;
        let path = self
            .folder()
            .join(CORE)
            .join(format!("{account}.kubeconfig"));
        fs::write(&path, text).map_err(system(account))?;
        Ok(path)
    }
}

/// Writes the keys of a Secret of the core's namespace as files into a folder,
/// as a pod would have them mounted.
///
/// # Errors
/// When there is no such Secret yet or the folder cannot be written.
pub async fn write_secret(client: &Client, name: &str, folder: &Path) -> Result<(), StartError> {
    let request = http::Request::get(format!("/api/v1/namespaces/{NAMESPACE}/secrets/{name}"))
        .body(Vec::new())
        .map_err(|error| StartError::Client(error.to_string()))?;
    let secret: Value = client
        .request(request)
        .await
        .map_err(|error| StartError::Client(format!("Secret {NAMESPACE}/{name}: {error}")))?;
    fs::create_dir_all(folder).map_err(system(&folder.display().to_string()))?;
    for (key, value) in secret["data"].as_object().into_iter().flatten() {
        let content = BASE64_STANDARD
            .decode(value.as_str().unwrap_or_default())
            .map_err(|error| StartError::Client(format!("Secret {NAMESPACE}/{name}: {error}")))?;
        let path = folder.join(key);
        fs::write(&path, content).map_err(system(&path.display().to_string()))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
                .map_err(system(&path.display().to_string()))?;
        }
    }
    Ok(())
}

/// The core's binary with what all of its commands are told. Webhooks need a
/// Service in front of the core: without them, protection by `Usage` objects is
/// all that is missing.
fn command(core: &Core, kubeconfig: &Path) -> Command {
    let mut command = Command::new(&core.binary);
    command
        .env("KUBECONFIG", kubeconfig)
        .env("POD_NAMESPACE", NAMESPACE)
        .env("POD_SERVICE_ACCOUNT", CORE)
        .env("ENABLE_WEBHOOKS", "false")
        .env("TLS_CA_SECRET_NAME", "crossplane-root-ca")
        .env("TLS_CLIENT_SECRET_NAME", CLIENT_SECRET);
    command
}

async fn initialise(core: &Core, kubeconfig: &Path, folder: &Path) -> Result<(), StartError> {
    let log = folder.join("init.log");
    for _ in 0..INITIALISATIONS {
        let output = fs::File::create(&log).map_err(system("init.log"))?;
        let mut init = command(core, kubeconfig);
        init.args(["core", "init", "--activation", "*"])
            .env("CRDS_PATH", &core.crds)
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(system("init.log"))?)
            .stderr(output);
        let status = tokio::process::Command::from(init)
            .kill_on_drop(true)
            .status()
            .await
            .map_err(system("crossplane core init"))?;
        if status.success() {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(StartError::Ended {
        name: "crossplane core init".to_owned(),
        words: last_lines(&log, 15),
    })
}

/// Whether the core says that it is ready.
async fn healthy(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream
            .write_all(b"GET /readyz HTTP/1.0\r\nhost: localhost\r\n\r\n")
            .await?;
        let mut said = String::new();
        stream.read_to_string(&mut said).await?;
        Ok::<_, io::Error>(said)
    };
    ask.await
        .is_ok_and(|said| said.split(' ').nth(1) == Some("200"))
}

fn namespace() -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } })
}

fn image_config(registry: &str) -> Value {
    json!({
        "apiVersion": "pkg.crossplane.io/v1beta1",
        "kind": "ImageConfig",
        "metadata": { "name": "loopback-registry" },
        "spec": {
            "matchImages": [{ "prefix": REPOSITORY }],
            "rewriteImage": { "prefix": format!("{registry}/") },
        },
    })
}
