//! The provider's process, as its package would start it.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use acceptance::ports;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use crate::rights;

/// No start and no end takes this long on a slow machine.
const LONGEST: Duration = Duration::from_secs(60);

/// Where the cluster and the binary are, as `cargo xtask test` says.
pub fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run these tests by `cargo xtask test`, which starts the cluster and builds the provider")
    })
}

/// The kubeconfig of the cluster's administrator. The cluster is control plane and target in one.
pub fn kubeconfig() -> String {
    setting("EVEREST_TEST_KUBECONFIG")
}

/// A running provider; dropped, it is told to end.
pub struct Provider {
    child: Child,
    log: PathBuf,
    metrics: u16,
    health: u16,
    _folder: TempDir,
}

/// The one that tests share, while any of them holds it.
static SHARED: Mutex<Weak<Provider>> = Mutex::new(Weak::new());

/// Held together by those who share a provider, by one alone who has others.
static TURN: RwLock<()> = RwLock::const_new(());

/// The provider that tests share.
pub struct Shared {
    provider: Arc<Provider>,
    _turn: RwLockReadGuard<'static, ()>,
}

impl std::ops::Deref for Shared {
    type Target = Provider;

    fn deref(&self) -> &Provider {
        &self.provider
    }
}

impl Provider {
    /// The provider that all tests share which need no other.
    pub async fn shared() -> Shared {
        let turn = TURN.read().await;
        let kubeconfig = rights::kubeconfig().await;
        let (provider, fresh) = {
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            match shared.upgrade() {
                Some(provider) => (provider, false),
                None => {
                    let provider = Arc::new(Provider::launch(kubeconfig, &[], &[]));
                    *shared = Arc::downgrade(&provider);
                    (provider, true)
                }
            }
        };
        if fresh {
            provider.until_ready().await;
        }
        Shared {
            provider,
            _turn: turn,
        }
    }

    /// While this is held no test shares a provider: for those that start their own, since two
    /// on one cluster would do each thing twice.
    pub async fn alone() -> RwLockWriteGuard<'static, ()> {
        TURN.write().await
    }

    /// Another one, with further arguments and variables, that is ready.
    pub async fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let provider = Provider::begin(arguments, variables).await;
        provider.until_ready().await;
        provider
    }

    /// Starts the process, with the rights that it has where its package runs.
    pub async fn begin(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Provider::launch(rights::kubeconfig().await, arguments, variables)
    }

    fn launch(kubeconfig: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("everest-crossplane-")
            .tempdir()
            .unwrap();
        let log = folder.path().join("log");
        let output = File::create(&log).unwrap();
        let [metrics, health] = ports::free().unwrap();
        let child = Command::new(setting("EVEREST_TEST_CROSSPLANE"))
            .arg("provider")
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(["--debug", "--log-format=text"])
            .arg(format!("--metrics-bind-address=127.0.0.1:{metrics}"))
            .arg(format!("--health-bind-address=127.0.0.1:{health}"))
            .args(arguments)
            .env_remove("KUBECONFIG")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .unwrap();
        Self {
            child,
            log,
            metrics,
            health,
            _folder: folder,
        }
    }

    /// Returns when `/readyz` says so.
    pub async fn until_ready(&self) {
        let begun = Instant::now();
        while self.probe("/readyz").await != Some(200) {
            assert!(
                begun.elapsed() < LONGEST,
                "the provider is not ready: {}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The status of a probe; none while nobody answers.
    pub async fn probe(&self, path: &str) -> Option<u16> {
        get(self.health, path).await.map(|(status, _)| status)
    }

    /// The metrics as they are scraped.
    pub async fn metrics(&self) -> String {
        get(self.metrics, "/metrics").await.unwrap().1
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it has logged a text.
    pub async fn until_logged(&self, text: &str) {
        let begun = Instant::now();
        while !self.log().contains(text) {
            assert!(
                begun.elapsed() < LONGEST,
                "{text:?} is not logged: {}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends it at once, as a node that fails would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end and returns whether it did so in good order, and its log.
    pub async fn end(mut self) -> (bool, String) {
        self.signal(Signal::TERM);
        let status = self.exited().await;
        (status, self.log())
    }

    /// Returns, when it has ended, whether it did so in good order.
    pub async fn exited(&mut self) -> bool {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            assert!(begun.elapsed() < LONGEST, "it does not end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends the process a signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::TERM);
            let begun = Instant::now();
            while matches!(self.child.try_wait(), Ok(None)) && begun.elapsed() < LONGEST {
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Status and body of a GET on loopback.
async fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}
