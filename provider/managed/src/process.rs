//! The process: sets everything up from the flags, runs until a signal, and ends in order.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::StatusCode;
use kube::Resource;
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::changelog::ChangeLogs;
use crate::concurrency::ConcurrencyLimit;
use crate::context::Context;
use crate::controllers;
use crate::events::Events;
use crate::external::Connector;
use crate::flags::{LogFormat, Options};
use crate::gate::{self, Gate};
use crate::leader::{self, LeaderError, Seat};
use crate::metadata::Marks;
use crate::metrics::{self, Metrics};
use crate::provider::Provider;
use crate::provider_config::ProviderConfigUsage;
use crate::rate_limiter::RateLimiter;
use crate::relations::Notifier;
use crate::server::{self, Health, Routes};
use crate::usage::Usages;

/// The longest time for running reconciles to end.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// The reason why the process ended by itself.
#[derive(Debug, thiserror::Error)]
enum RunError {
    /// The control plane's kubeconfig, or the Pod's service account, cannot be used.
    #[error("the control plane cannot be connected to: {0}")]
    Control(Box<dyn std::error::Error + Send + Sync>),
    /// A port is taken, or an address is not this machine's.
    #[error("{flag} {address} cannot be listened on: {source}")]
    Listen {
        flag: &'static str,
        address: std::net::SocketAddr,
        source: std::io::Error,
    },
    /// The lease cannot be used.
    #[error(transparent)]
    Leader(#[from] LeaderError),
    /// Another replica may lead. The process ends, and restarts as a waiting replica.
    #[error("the lease was lost, so all controllers were stopped; another replica may lead")]
    LeaseLost,
    /// Signals cannot be received.
    #[error("signals cannot be received: {0}")]
    Signals(std::io::Error),
}

/// A controller that waits until its kind is served.
pub struct Task {
    /// Plural name of the kind, in the provider's group.
    pub plural: String,
    /// The controller.
    pub run: BoxFuture<'static, ()>,
}

impl Task {
    /// The controller of a kind of managed resources until `shutdown`; `connector` is made with the
    /// notifier of its managed resources.
    pub fn of<C: Connector>(
        context: Arc<Context>,
        connector: impl FnOnce(Notifier) -> C + Send + 'static,
        shutdown: CancellationToken,
    ) -> Self {
        Task {
            plural: C::Managed::plural(&()).into_owned(),
            run: controllers::run(context, connector, shutdown).boxed(),
        }
    }
}

/// Runs a provider until a signal. `tasks` are its controllers, which run until the token is
/// cancelled. With `--debug`, the log has more of the crates in `crates`.
pub fn run(
    provider: &Provider,
    options: Options,
    crates: &[&str],
    tasks: impl FnOnce(&Arc<Context>, &CancellationToken) -> Vec<Task>,
) -> ExitCode {
    log(&options, crates);
    // A second installation changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // Reconciles wait, they do not compute: two threads are plenty, and each costs memory.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(serve(*provider, options, tasks)),
        Err(error) => {
            tracing::error!(%error, "threads cannot be started");
            return ExitCode::FAILURE;
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the provider ends");
            ExitCode::FAILURE
        }
    }
}

/// The log filter. The Kubernetes client's own lines are omitted: it logs a response that it cannot
/// decode as a warning, in full, and a truncated response may be a Secret. Its errors contain the
/// same information without the answer.
fn filter(debug: bool, crates: &[&str]) -> Targets {
    let filter = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("kube_client", LevelFilter::OFF);
    if !debug {
        return filter;
    }
    let crates = ["crossplane_managed", "kube"].iter().chain(crates);
    filter.with_targets(crates.map(|name| (*name, LevelFilter::DEBUG)))
}

fn log(options: &Options, crates: &[&str]) {
    use tracing_subscriber::prelude::*;
    let filter = filter(options.debug, crates);
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // A second subscriber in one process is refused, and the first goes on.
    let _ = match options.log_format {
        LogFormat::Json => registry.with(lines.json()).try_init(),
        LogFormat::Text => registry.with(lines.with_ansi(false)).try_init(),
    };
}

/// Runs the controllers until a signal.
///
/// 1. The probes answer first, so that the kubelet sees a live process. It is ready once it leads
///    or waits for the lease.
/// 2. Controllers of configs and usages start at once, those of managed resources when their kind
///    is served.
/// 3. At the end, controllers accept no new work and finish running reconciles. Then the lease is
///    released, so that the next replica finds nothing half done. Then the servers end.
///
/// If the lease is lost, the controllers stop at once and the process ends in failure.
async fn serve(
    provider: Provider,
    options: Options,
    tasks: impl FnOnce(&Arc<Context>, &CancellationToken) -> Vec<Task>,
) -> Result<(), RunError> {
    let signal = on_signal()?;
    let servers = CancellationToken::new();
    let health = Health::default();
    let metrics = Metrics::new(provider.metrics);
    let mut helpers = JoinSet::new();
    let scraped = metrics.clone();
    let metrics_routes: Routes = Arc::new(move |path| {
        (path == "/metrics").then(|| (StatusCode::OK, metrics::CONTENT_TYPE, scraped.text()))
    });
    for (flag, address, routes) in [
        ("--health-bind-address", options.health, health.routes()),
        ("--metrics-bind-address", options.metrics, metrics_routes),
    ] {
        let Some(address) = address else { continue };
        let listener = server::listen(address)
            .await
            .map_err(|source| RunError::Listen {
                flag,
                address,
                source,
            })?;
        helpers.spawn(server::serve(listener, routes, servers.clone()));
    }
    let control = control(&options).await?;
    health.set_ready(true);
    let leadership = if options.leader_election {
        let seat = Seat {
            namespace: options.leader_election_namespace.clone(),
            lease: provider.lease.to_owned(),
            identity: leader::identity(&provider, &|name| std::env::var(name).ok()),
        };
        match leader::lead(&control, &seat, &signal).await? {
            Some(leadership) => Some(leadership),
            None => return Ok(()),
        }
    } else {
        None
    };
    let lost = leadership
        .as_ref()
        .map_or_else(CancellationToken::new, |leadership| leadership.lost.clone());

    let shutdown = CancellationToken::new();
    let (opened, gate) = Gate::new();
    let mut controllers = JoinSet::new();
    let (follower, until) = (control.clone(), shutdown.clone());
    controllers.spawn(async move { gate::follow(&provider, follower, opened, until).await });
    let (events, writer) = Events::new(&provider, control.clone(), servers.clone());
    helpers.spawn(writer);
    let changelogs = match &options.changelogs {
        Some(socket) => {
            let (changelogs, teller) = ChangeLogs::new(&provider, socket.clone(), servers.clone());
            helpers.spawn(teller);
            changelogs
        }
        None => ChangeLogs::off(),
    };
    let context = Arc::new(Context {
        provider,
        usages: Usages::new(&provider, control.clone()),
        events,
        metrics,
        changelogs,
        gate,
        rate_limiter: RateLimiter::new(options.max_reconcile_rate),
        concurrency: ConcurrencyLimit::default(),
        marks: Marks::of(&provider),
        control,
        options,
    });
    let kinds = tasks(&context, &shutdown);
    start(&mut controllers, &context, &shutdown, kinds);
    tracing::info!(version = provider.release, "the provider runs");

    let lost = tokio::select! {
        () = signal.cancelled() => false,
        () = lost.cancelled() => true,
    };
    health.set_ready(false);
    if lost {
        controllers.shutdown().await;
        return Err(RunError::LeaseLost);
    }
    tracing::info!("shutting down: finishing reconciles in progress");
    shutdown.cancel();
    let ended = async { while controllers.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, ended).await.is_err() {
        tracing::warn!(
            "shutting down: reconciles in progress were cancelled and resume at the next start"
        );
        controllers.shutdown().await;
    }
    if let Some(leadership) = leadership {
        leadership.release().await;
    }
    servers.cancel();
    while helpers.join_next().await.is_some() {}
    Ok(())
}

/// Starts each controller when its kind is served.
fn start(
    controllers: &mut JoinSet<()>,
    context: &Arc<Context>,
    shutdown: &CancellationToken,
    tasks: Vec<Task>,
) {
    let (usages, until) = (context.usages.clone(), shutdown.clone());
    let usages = Task {
        plural: ProviderConfigUsage::PLURAL.to_owned(),
        run: async move { usages.follow(until).await }.boxed(),
    };
    for task in std::iter::once(usages).chain(tasks) {
        let (gate, shutdown) = (context.gate.clone(), shutdown.clone());
        controllers.spawn(async move {
            tokio::select! {
                () = gate.served(&task.plural) => {}
                () = shutdown.cancelled() => return,
            }
            tracing::info!(kind = task.plural, "the controller starts");
            task.run.await;
        });
    }
}

/// A token that is cancelled by a signal to end this process.
fn on_signal() -> Result<CancellationToken, RunError> {
    let shutdown = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signals)?;
    let token = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        token.cancel();
    });
    Ok(shutdown)
}

/// A client of the control plane.
async fn control(options: &Options) -> Result<kube::Client, RunError> {
    let control = |error: Box<dyn std::error::Error + Send + Sync>| RunError::Control(error);
    let mut config = match &options.kubeconfig {
        Some(path) => {
            let kubeconfig = Kubeconfig::read_from(path).map_err(|error| control(error.into()))?;
            kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
                .await
                .map_err(|error| control(error.into()))?
        }
        None => kube::Config::infer()
            .await
            .map_err(|error| control(error.into()))?,
    };
    config.connect_timeout = Some(Duration::from_secs(10));
    config.default_retry = false;
    kube::Client::try_from(config).map_err(|error| control(error.into()))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io::Write;
    use std::sync::{Mutex, PoisonError};

    use k8s_openapi::api::core::v1::Secret;
    use kube::client::Body;
    use tracing_subscriber::prelude::*;

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            log.write(text)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is logged with `filter` of an answer that was cut short.
    async fn logged(filter: Targets) -> String {
        let log = Log::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(filter);
        let _logging = tracing::subscriber::set_default(subscriber.with(lines));
        let cut = tower::service_fn(|_: http::Request<Body>| async {
            let body = Body::from(br#"{"data": {"password": "hush"#.to_vec());
            Ok::<_, Infallible>(http::Response::new(body))
        });
        let client = kube::Client::new(cut, "default");
        let secrets = kube::Api::<Secret>::namespaced(client, "default");
        assert!(secrets.get("orders").await.is_err());
        tracing::warn!("the end");
        let log = log.0.lock().unwrap().clone();
        String::from_utf8(log).unwrap()
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_decoded_is_not_logged() {
        let careless = logged(Targets::new().with_default(LevelFilter::INFO)).await;
        assert!(careless.contains("hush"), "what the client does by itself");
        for debug in [false, true] {
            let log = logged(filter(debug, &["notes"])).await;
            assert!(log.contains("the end") && !log.contains("hush"), "{log}");
        }
    }
}
