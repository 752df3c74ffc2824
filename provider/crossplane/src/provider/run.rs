//! The process: everything made from the flags, run until a signal, ended in order.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use everest_schemas::managed::{ClusterProviderConfig, ProviderConfig};
use futures::FutureExt;
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::config::{Targets, controller};
use super::context::Context;
use super::flags::{self, Asked, LogFormat, Options};
use super::gate::{self, Gate};
use super::kinds::KINDS;
use super::server::{self, Health};
use super::usage::Usages;

/// How long reconciles that are under way may take to end.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Why the process ended by itself.
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
    /// Signals cannot be received.
    #[error("signals cannot be received: {0}")]
    Signals(std::io::Error),
}

/// Runs the provider with the arguments that follow the sub-command.
pub fn run(args: lexopt::Parser) -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    let options = match flags::parse(args, &environment) {
        Ok(Asked::Run(options)) => *options,
        Ok(Asked::Help) => {
            print!("{}", flags::HELP);
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
        Ok(runtime) => runtime.block_on(serve(options)),
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

fn log(options: &Options) {
    use tracing_subscriber::prelude::*;
    let filter = if options.debug {
        "info,everest_crossplane=debug,everest_cluster=debug,kube=debug"
    } else {
        "info"
    };
    let filter = tracing_subscriber::EnvFilter::new(filter);
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
/// 1. The probes answer first, so that the kubelet sees a process that lives.
/// 2. Configs and usages are looked after from the start, each kind of managed resource from
///    when it is served.
/// 3. At the end controllers take no new work and finish what is under way; then the servers
///    end.
async fn serve(options: Options) -> Result<(), RunError> {
    let shutdown = on_signal()?;
    let servers = CancellationToken::new();
    let health = Health::default();
    let mut tasks = JoinSet::new();
    if let Some(address) = options.health {
        let listener = server::listen(address)
            .await
            .map_err(|source| RunError::Listen {
                flag: "--health-bind-address",
                address,
                source,
            })?;
        tasks.spawn(server::serve(listener, health.routes(), servers.clone()));
    }
    let control = control(&options).await?;
    let (opened, gate) = Gate::new();
    let mut controllers = JoinSet::new();
    controllers.spawn(gate::follow(control.clone(), opened, shutdown.clone()));
    let context = Arc::new(Context {
        targets: Targets::with_commands(control.clone(), options.allow_exec_credentials),
        usages: Usages::new(control.clone()),
        control,
        options,
    });
    start(&mut controllers, &context, &gate, &shutdown);
    health.set_ready(true);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the provider runs");

    shutdown.cancelled().await;
    health.set_ready(false);
    tracing::info!("the provider ends: what is under way is finished");
    let ended = async { while controllers.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, ended).await.is_err() {
        tracing::warn!("what was under way is left; it goes on at the next start");
    }
    servers.cancel();
    Ok(())
}

/// Starts each controller when its kind is served.
fn start(
    controllers: &mut JoinSet<()>,
    context: &Arc<Context>,
    gate: &Gate,
    shutdown: &CancellationToken,
) {
    let usages = context.clone();
    let token = shutdown.clone();
    let mut when = |plural: &'static str, run: futures::future::BoxFuture<'static, ()>| {
        let (gate, shutdown) = (gate.clone(), shutdown.clone());
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

/// A token that the system's wish to end this process cancels.
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
