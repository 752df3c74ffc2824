//! The process: sets everything up from the flags, runs until a signal, and ends in order.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crossplane_managed::flags::{Asked, LogFormat, Options};
use crossplane_managed::metadata::Marks;
use everest_schemas::managed::{ClusterProviderConfig, ProviderConfig};
use futures::FutureExt;
use http::StatusCode;
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::PROVIDER;
use super::changelog::ChangeLogs;
use super::config::{Targets, controller};
use super::context::Context;
use super::events::Events;
use super::flags::{self, ExecCredentials};
use super::gate::{self, Gate};
use super::kinds::KINDS;
use super::leader::{self, LeaderError, Seat};
use super::metrics::{self, Metrics};
use super::rate_limiter::RateLimiter;
use super::server::{self, Health, Routes};
use super::usage::Usages;

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

/// Runs the provider with the arguments that follow the sub-command.
pub fn run(args: lexopt::Parser) -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    let (options, commands) = match flags::parse(args, &environment) {
        Ok((Asked::Run(options), commands)) => (*options, commands),
        Ok((Asked::Help, _)) => {
            print!("{}", flags::help());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}. Try everest-crossplane provider --help.");
            return ExitCode::FAILURE;
        }
    };
    log(&options);
    // Reconciles wait, they do not compute: two threads are plenty, and each costs memory.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(serve(options, commands)),
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
fn filter(debug: bool) -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::new(if debug {
        "info,everest_crossplane=debug,everest_cluster=debug,kube=debug,kube_client=off"
    } else {
        "info,kube_client=off"
    })
}

fn log(options: &Options) {
    use tracing_subscriber::prelude::*;
    let filter = filter(options.debug);
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
async fn serve(options: Options, commands: ExecCredentials) -> Result<(), RunError> {
    let signal = on_signal()?;
    let servers = CancellationToken::new();
    let health = Health::default();
    let metrics = Metrics::new(PROVIDER.metrics);
    let mut tasks = JoinSet::new();
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
        tasks.spawn(server::serve(listener, routes, servers.clone()));
    }
    let control = control(&options).await?;
    health.set_ready(true);
    let leadership = if options.leader_election {
        let seat = Seat {
            namespace: options.leader_election_namespace.clone(),
            lease: PROVIDER.lease.to_owned(),
            identity: leader::identity(&PROVIDER, &|name| std::env::var(name).ok()),
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
    controllers.spawn(async move { gate::follow(&PROVIDER, follower, opened, until).await });
    let (events, writer) = Events::new(&PROVIDER, control.clone(), servers.clone());
    tasks.spawn(writer);
    let changelogs = match &options.changelogs {
        Some(socket) => {
            let (changelogs, teller) = ChangeLogs::new(&PROVIDER, socket.clone(), servers.clone());
            tasks.spawn(teller);
            changelogs
        }
        None => ChangeLogs::off(),
    };
    let context = Arc::new(Context {
        targets: Targets::with_commands(control.clone(), commands),
        usages: Usages::new(&PROVIDER, control.clone()),
        events,
        metrics,
        changelogs,
        gate,
        rate_limiter: RateLimiter::new(options.max_reconcile_rate),
        marks: Marks::of(&PROVIDER),
        control,
        options,
    });
    start(&mut controllers, &context, &shutdown);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the provider runs");

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
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// Starts each controller when its kind is served.
fn start(controllers: &mut JoinSet<()>, context: &Arc<Context>, shutdown: &CancellationToken) {
    let usages = context.clone();
    let token = shutdown.clone();
    let mut when = |plural: &'static str, run: futures::future::BoxFuture<'static, ()>| {
        let (gate, shutdown) = (context.gate.clone(), shutdown.clone());
        controllers.spawn(async move {
            tokio::select! {
                () = gate.served(plural) => {}
                () = shutdown.cancelled() => return,
            }
            tracing::info!(kind = plural, "the controller starts");
            run.await;
        });
    };
    when(
        "providerconfigusages",
        async move { usages.usages.follow(token).await }.boxed(),
    );
    when(
        "providerconfigs",
        controller::run::<ProviderConfig>(context.clone(), shutdown.clone()).boxed(),
    );
    when(
        "clusterproviderconfigs",
        controller::run::<ClusterProviderConfig>(context.clone(), shutdown.clone()).boxed(),
    );
    for kind in KINDS {
        when(kind.plural, (kind.run)(context.clone(), shutdown.clone()));
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
    use tracing_subscriber::EnvFilter;
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
    async fn logged(filter: EnvFilter) -> String {
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
        let careless = logged(EnvFilter::new("info")).await;
        assert!(careless.contains("hush"), "what the client does by itself");
        for debug in [false, true] {
            let log = logged(filter(debug)).await;
            assert!(log.contains("the end") && !log.contains("hush"), "{log}");
        }
    }
}
