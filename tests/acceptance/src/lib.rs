//! The local test cluster and the scenarios that run on it.
//!
//! The cluster is a real control plane without a container engine: etcd, the
//! Kubernetes API server, controller manager and scheduler, KWOK for the node
//! and its pods, and OLM with a small catalog, all built from pinned Go modules
//! ([`tools`]) and run on loopback ([`control_plane`]). Everest's own operator
//! and the engines are played by the simulator beside this crate.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

use std::path::{Path, PathBuf};

pub mod binaries;
pub mod catalog;
mod changed_module;
pub mod client;
mod components;
pub mod control_plane;
pub mod crossplane;
pub mod feature;
mod go_build;
pub mod installation;
pub mod kubeconfig;
mod module_files;
pub mod patience;
mod pki;
pub mod plain;
pub mod ports;
pub mod preparation;
pub mod process;
pub mod progress;
pub mod release;
pub mod running;
pub mod said;
pub mod state;
pub mod told;
pub mod tools;

/// Root folder of the workspace.
#[must_use]
pub fn workspace_folder() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_owned()
}

/// Cargo's target folder.
#[must_use]
pub fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .filter(|folder| !folder.is_empty())
        .map_or_else(|| workspace_folder().join("target"), PathBuf::from)
}

/// Makes the workspace's one TLS library the one that clients in this process use.
pub fn install_tls() {
    // A second installation changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Returns when the user, or the system, asks this process to end.
pub async fn interruption() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut interrupt), Ok(mut terminate)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        ) {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler of ours the system ends the process itself.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
