//! The life of the process from start to end.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::handshake::{self, Request};
use super::listener::Listener;
use super::runs::{self, ByConnection};
use super::services::{Broker, Controller, Healthy, Stdio};
use super::signals::{self, StartedBy};
use super::tls::{self, TlsError};
use super::{log, panic, reattach};
use crate::proto::health::health_server::HealthServer;
use crate::proto::plugin::grpc_broker_server::GrpcBrokerServer;
use crate::proto::plugin::grpc_controller_server::GrpcControllerServer;
use crate::proto::plugin::grpc_stdio_server::GrpcStdioServer;
use crate::provider::Provider;
use crate::server::{Server, Signals};

/// The time that calls in progress have after the host has asked the process to end. The host kills
/// the process after 2 s.
const DRAIN: Duration = Duration::from_millis(500);
/// The interval at which the process checks whether the host still runs.
const WATCH: Duration = Duration::from_secs(1);

/// Options for serving a provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeOptions {
    /// The full source address, such as `registry.terraform.io/NAMESPACE/NAME`. Its last part names
    /// the log variable `TF_LOG_PROVIDER_NAME`.
    pub source: String,
    /// The address for bug reports, used in messages.
    pub issues: String,
    /// Targets of `tracing` that are never logged, at any level: libraries that may quote the data
    /// that they receive, and so secrets. A target includes everything below it.
    pub silent: &'static [&'static str],
    /// True if a person starts the provider. It then prints how to attach, uses no TLS, and ends at
    /// Ctrl-C.
    pub debug: bool,
}

impl ServeOptions {
    /// Options for the provider at `source`, a full address such as
    /// `registry.terraform.io/NAMESPACE/NAME`. `issues` is the address for bug reports, used in
    /// messages. `--debug` on the command line sets [`ServeOptions::debug`].
    pub fn new(source: impl Into<String>, issues: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            issues: issues.into(),
            silent: &[],
            debug: std::env::args_os()
                .skip(1)
                .any(|argument| argument == "--debug" || argument == "-debug"),
        }
    }

    /// The same options with [`ServeOptions::silent`] set to these targets.
    #[must_use]
    pub fn silent(mut self, targets: &'static [&'static str]) -> Self {
        self.silent = targets;
        self
    }

    /// The same options with [`ServeOptions::debug`] set.
    #[must_use]
    pub fn debug(mut self, debug: bool) -> Self {
        self.debug = debug;
        self
    }
}

/// The reason why a provider could not be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// No host started the process: a person did, without [`ServeOptions::debug`].
    #[error(
        "this is a Terraform provider, and it is started by Terraform, when a configuration needs it; \
         with --debug it runs until you stop it, and says how to attach Terraform to it"
    )]
    NoHost,
    /// No socket or port could be opened, or stdout is closed.
    #[error("the provider cannot be reached by its host: {0}")]
    Io(#[from] io::Error),
    /// The host sent no certificate, so it would communicate without TLS, although its calls
    /// contain credentials. Only a provider that a person started ([`ServeOptions::debug`]) accepts
    /// that.
    #[error(
        "the host offers no certificate (PLUGIN_CLIENT_CERT is not set), and a provider speaks to it \
         by TLS alone: unset TF_DISABLE_PLUGIN_TLS, or start the provider yourself with --debug"
    )]
    NoCertificate,
    /// The certificate of the host or of this process cannot be used.
    #[error("{0}")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection layer failed.
    #[error("serving failed: {0}")]
    Transport(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<TlsError> for ServeError {
    fn from(error: TlsError) -> Self {
        Self::Tls(Box::new(error))
    }
}

/// Serves the providers that `make` creates, until the host ends the process:
/// 1. panics and `tracing` events are written to stderr in the host's format;
/// 2. a socket is opened and the handshake line printed;
/// 3. calls are answered until the host calls Shutdown, which calls [`Provider::shutdown`], or the
///    host dies;
/// 4. calls in progress have half a second to finish; then the socket is removed.
///
/// Ctrl-C is ignored, because the terminal also sends it to the host, which then calls
/// StopProvider. SIGTERM is a stop: waits return with the result so far. Then the host ends the
/// process; if it does not, the process ends after 20 s.
///
/// Each run of the host has its own provider. If a host starts the process, there is one run. If a
/// person starts it ([`ServeOptions::debug`]), each connection and each ConfigureProvider begins a
/// run.
///
/// # Errors
/// Returns a [`ServeError`] if the provider could not be served. Print it to stderr and exit with
/// 1.
pub fn serve<P: Provider>(
    make: impl Fn() -> Arc<P> + Send + Sync + 'static,
    options: ServeOptions,
) -> Result<(), ServeError> {
    if !options.debug && !handshake::started_by_host() {
        return Err(ServeError::NoHost);
    }
    panic::report();
    log::start(&options.source, options.silent);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let result = runtime.block_on(serving(Arc::new(make), options));
    // Whatever still runs ends with the process.
    runtime.shutdown_background();
    result
}

/// [`serve`], for a `main` that does nothing else: errors are printed to stderr.
pub fn run<P: Provider>(
    make: impl Fn() -> Arc<P> + Send + Sync + 'static,
    options: ServeOptions,
) -> ExitCode {
    match serve(make, options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Who reads it may have gone.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serving<P: Provider>(
    make: Arc<impl Fn() -> Arc<P> + Send + Sync + 'static>,
    options: ServeOptions,
) -> Result<(), ServeError> {
    // Before the host knows that we are there: it may be killed as soon as it does.
    let host = parent();
    let request = if options.debug {
        Request::default()
    } else {
        Request::from_env()
    };
    let (tls, certificate) = match &request.client_cert {
        Some(pem) => {
            let (config, certificate) = tls::mutual(pem)?;
            (Some(config), Some(certificate))
        }
        None if options.debug => (None, None),
        None => return Err(ServeError::NoCertificate),
    };
    let (listener, socket) = Listener::bind(&request).await?;
    let (network, address) = (listener.network, listener.address.clone());

    let signals = Signals::default();
    let end = signals.end.clone();
    let started_by = match options.debug {
        true => StartedBy::Person,
        false => StartedBy::Host,
    };
    let server = {
        let (signals, issues) = (signals.clone(), options.issues);
        move || {
            let make = Arc::clone(&make);
            Server::until(signals.clone(), move || make(), issues.as_str())
        }
    };
    let connections = match started_by {
        StartedBy::Host => listener.connections(tls, runs::one(server())),
        StartedBy::Person => listener.connections(tls, runs::each(server)),
    };
    let serving = tonic::transport::Server::builder()
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .add_service(ByConnection::<P>::new())
        .add_service(GrpcControllerServer::new(Controller::<P>::new(end.clone())))
        .add_service(GrpcBrokerServer::new(Broker(end.clone())))
        .add_service(GrpcStdioServer::new(Stdio(end.clone())))
        .add_service(HealthServer::new(Healthy(end.clone())))
        .serve_with_incoming_shutdown(
            ReceiverStream::new(connections),
            end.clone().cancelled_owned(),
        );

    signals::watch(started_by, &signals)?;
    if options.debug {
        let value = reattach::value(&options.source, network, &address);
        handshake::announce(&reattach::instructions(&value))?;
    } else {
        if !request.compatible {
            tracing::warn!("the host does not speak protocol 6 and will say so");
        }
        let certificate = certificate.as_deref();
        handshake::announce(&handshake::line(
            network,
            &address,
            certificate,
            request.multiplex,
        ))?;
        watch_host(host, end.clone());
    }

    let result = tokio::select! {
        result = serving => result,
        () = drained(&signals) => Ok(()),
    };
    drop(socket);
    result.map_err(|error| ServeError::Transport(Box::new(error)))
}

/// Completes once the process must end and waiting calls, which are stopped then, have had
/// [`DRAIN`] to return.
async fn drained(signals: &Signals) {
    signals.end.cancelled().await;
    signals.stop.cancel();
    tokio::time::sleep(DRAIN).await;
}

/// The parent process; 0 if the system does not provide it.
fn parent() -> u32 {
    #[cfg(unix)]
    return std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    return 0;
}

/// Cancels `end` when `host` is gone. A killed host cannot call Shutdown, but its child processes
/// get another parent.
fn watch_host(host: u32, end: CancellationToken) {
    tokio::spawn(async move {
        while parent() == host {
            tokio::select! {
                () = tokio::time::sleep(WATCH) => {}
                () = end.cancelled() => return,
            }
        }
        tracing::warn!("the host is gone");
        end.cancel();
    });
}
