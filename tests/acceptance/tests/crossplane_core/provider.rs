//! The provider's package, and its program as the pod that core makes for it would run it: under
//! the service account that core gave the pod, with the rights that the RBAC manager and the shipped
//! roles give to that account.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use acceptance::{crossplane::NAMESPACE, kubeconfig::of_service_account, ports};
use kube::Client;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use crate::cluster::{
    BINDING, DEPLOYMENT, PROVIDER, apply_example, install_version, setting, until,
};

/// Name of the package, and the last part of its repository.
pub const NAME: &str = "provider-everest";
/// The version of this checkout.
pub const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));
/// No end takes this long on a slow machine.
const LONGEST: Duration = Duration::from_secs(60);

/// Held by whoever has the package installed as it needs it: there is one in a cluster.
pub static TURN: Mutex<()> = Mutex::const_new(());

/// The installed package and its process. Dropping it ends the process and leaves the package.
pub struct Provider {
    /// The package as it was when it became healthy.
    pub package: Value,
    process: Child,
    /// Folder of the process's kubeconfig.
    identity: TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// Installs a version of the package, with the roles and the account that the guide has for it.
pub async fn install_package(client: &Client, tag: &str) -> Value {
    for file in ["provider.yaml", "injected-identity.yaml"] {
        apply_example(client, &format!("rbac/{file}")).await;
    }
    install_version(client, PROVIDER, NAME, NAME, tag).await
}

/// The name of the current revision of an installed package.
pub fn revision(package: &Value) -> &str {
    package["status"]["currentRevision"].as_str().unwrap()
}

impl Provider {
    /// Installs the version of this checkout and starts its process.
    pub async fn install(client: &Client) -> Self {
        let turn = TURN.lock().await;
        let package = install_package(client, TAG).await;
        let identity = tempfile::tempdir().unwrap();
        Self {
            process: run(client, revision(&package), &identity).await,
            package,
            identity,
            _turn: turn,
        }
    }

    /// Changes the package to another version, and the process when core has changed the pod.
    pub async fn upgrade(&mut self, client: &Client, tag: &str) {
        self.package = install_package(client, tag).await;
        self.end();
        self.process = run(client, revision(&self.package), &self.identity).await;
    }

    /// The name of the package's revision.
    pub fn revision(&self) -> &str {
        revision(&self.package)
    }

    /// Asks the process to end, as the kubelet would, and waits for it.
    fn end(&mut self) {
        if let Some(pid) = Pid::from_raw(self.process.id().cast_signed()) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let begun = Instant::now();
        while matches!(self.process.try_wait(), Ok(None)) && begun.elapsed() < LONGEST {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs what the pod of a revision would run, once its account has the rights that it is given.
async fn run(client: &Client, revision: &str, identity: &TempDir) -> Child {
    let deployment = until(client, DEPLOYMENT, NAMESPACE, revision, |deployment| {
        deployment.is_object()
    })
    .await;
    let account = deployment["spec"]["template"]["spec"]["serviceAccountName"]
        .as_str()
        .unwrap();
    let subject = json!({ "kind": "ServiceAccount", "namespace": NAMESPACE, "name": account });
    let binding = format!("crossplane:provider:{revision}:system");
    until(client, BINDING, "", &binding, |binding| {
        binding["subjects"] == json!([subject])
    })
    .await;
    let administrators = setting("EVEREST_TEST_KUBECONFIG");
    let kubeconfig = of_service_account(client, administrators.as_ref(), NAMESPACE, account)
        .await
        .unwrap();
    let path = identity.path().join("kubeconfig");
    fs::write(&path, kubeconfig).unwrap();
    let [metrics, health] = ports::free().unwrap();
    Command::new(setting("EVEREST_TEST_CROSSPLANE"))
        .args(["provider", "--kubeconfig"])
        .arg(&path)
        .arg(format!("--metrics-bind-address=127.0.0.1:{metrics}"))
        .arg(format!("--health-bind-address=127.0.0.1:{health}"))
        .env_remove("KUBECONFIG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
