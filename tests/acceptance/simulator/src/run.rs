//! From options to a running simulator.

use std::path::PathBuf;

use everest_simulator::{Clock, Error, Pace, ServeError, Server, Settings, Simulator, register};
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tracing::info;

use crate::options::Options;

/// Why the simulator does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The kubeconfig cannot be read or used.
    #[error("kubeconfig: {0}")]
    Kubeconfig(#[from] KubeconfigError),
    /// No client can be made of the kubeconfig, or the API refused the
    /// webhooks.
    #[error("cluster: {0}")]
    Cluster(#[from] Error),
    /// The webhooks cannot be served.
    #[error("webhooks: {0}")]
    Webhooks(#[from] ServeError),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// The process cannot be told to end.
    #[error("signals: {0}")]
    Signals(std::io::Error),
}

/// 1. connect; 2. fill caches and start controllers; 3. serve and register the
///    webhooks; 4. write the ready file; 5. go on until SIGTERM or SIGINT.
pub async fn run(options: Options) -> Result<(), RunError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::Signals)?;
    let kubeconfig = Kubeconfig::read_from(&options.kubeconfig)?;
    let config =
        kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let client = Client::try_from(config).map_err(Error::from)?;
    let path = options.certificates.join("ca.crt");
    let authority = tokio::fs::read_to_string(&path)
        .await
        .map_err(|source| RunError::File { path, source })?;
    let server = Server::bind(&options.certificates, options.webhook_port).await?;
    let port = server.port;
    let settings = Settings {
        pace: Pace::quick(),
        clock: Clock::starting_at(jiff::Timestamp::now()),
    };
    // Ends the server when this function ends.
    let mut serving = JoinSet::new();
    let started = async {
        let simulator = Simulator::start(client.clone(), settings).await;
        serving.spawn(server.serve(simulator.admission()));
        register(&client, &format!("https://127.0.0.1:{port}"), &authority).await?;
        let path = options.ready_file.clone();
        tokio::fs::write(&path, format!("{port}\n"))
            .await
            .map_err(|source| RunError::File { path, source })?;
        info!("ready");
        std::future::pending::<Result<(), RunError>>().await
    };
    tokio::select! {
        result = started => result,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}
