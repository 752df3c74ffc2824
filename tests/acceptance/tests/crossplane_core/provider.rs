//! The provider's package, and its program as the pod that core makes for it would run it.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use acceptance::ports;
use kube::Client;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use crate::cluster::{PROVIDER, install_version, setting};

/// Name of the package, and the last part of its repository.
pub const NAME: &str = "provider-everest";
/// The version of this checkout.
const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));
/// No end takes this long on a slow machine.
const LONGEST: Duration = Duration::from_secs(60);

/// Held by whoever has the package installed as it needs it: there is one in a cluster.
pub static TURN: Mutex<()> = Mutex::const_new(());

/// The installed package and its process. Dropping it ends the process and leaves the package.
pub struct Provider {
    /// The package as it was when it became healthy.
    pub package: Value,
    process: Child,
    _turn: MutexGuard<'static, ()>,
}

impl Provider {
    /// Installs the version of this checkout and starts its process.
    pub async fn install(client: &Client) -> Self {
        let turn = TURN.lock().await;
        Self {
            package: install_version(client, PROVIDER, NAME, NAME, TAG).await,
            process: run(),
            _turn: turn,
        }
    }

    /// Changes the package to another version, and the process when core has changed the pod.
    pub async fn upgrade(&mut self, client: &Client, tag: &str) {
        self.package = install_version(client, PROVIDER, NAME, NAME, tag).await;
        self.end();
        self.process = run();
    }

    /// The name of the package's revision.
    pub fn revision(&self) -> &str {
        self.package["status"]["currentRevision"].as_str().unwrap()
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

fn run() -> Child {
    let [metrics, health] = ports::free().unwrap();
    Command::new(setting("EVEREST_TEST_CROSSPLANE"))
        .args([
            "provider",
            "--kubeconfig",
            &setting("EVEREST_TEST_KUBECONFIG"),
        ])
        .arg(format!("--metrics-bind-address=127.0.0.1:{metrics}"))
        .arg(format!("--health-bind-address=127.0.0.1:{health}"))
        .env_remove("KUBECONFIG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
