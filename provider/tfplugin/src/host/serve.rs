//! From the start of the process to its end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::handshake::{self, Request};
use super::listener::Listener;
use super::services::{Broker, Controller, Healthy, Stdio};
use super::tls::{self, TlsError};
use super::{log, panic, reattach};
use crate::proto::health::health_server::HealthServer;
use crate::proto::plugin::grpc_broker_server::GrpcBrokerServer;
use crate::proto::plugin::grpc_controller_server::GrpcControllerServer;
use crate::proto::plugin::grpc_stdio_server::GrpcStdioServer;
use crate::proto::tfplugin6::provider_server::ProviderServer;
use crate::provider::Provider;
use crate::server::{MAX_MESSAGE, Server};

/// How long calls in flight may take once the host has asked us to end; it kills after 2 s.
const DRAIN: Duration = Duration::from_millis(500);
/// How often we look whether the host still lives.
const WATCH: Duration = Duration::from_secs(1);

/// How a provider is served.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The full source address, such as `registry.terraform.io/NAMESPACE/NAME`. Its last part names
    /// the log variable `TF_LOG_PROVIDER_NAME`.
    pub source: String,
    /// Where faults are reported, for messages.
    pub issues: String,
    /// Targets of `tracing` of which nothing is logged at any level: of libraries that may quote what
    /// they receive, and so secrets. A target counts with everything below it.
    pub silent: &'static [&'static str],
    /// Started by a person: prints how to attach, speaks without TLS, ends at Ctrl-C.
    pub debug: bool,
}

/// Why a provider could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No socket or port could be had, or stdout is closed.
    #[error("the provider cannot be reached by its host: {0}")]
    Io(#[from] io::Error),
    /// The host's certificate or our own is unusable.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The connection layer failed.
    #[error("serving failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves `provider` until the host ends it:
/// 1. panics are reported in the host's words, `tracing` events as its log lines;
/// 2. a socket is opened, the handshake line printed;
/// 3. calls are answered until the host calls Shutdown, which is [`Provider::shutdown`], or dies;
/// 4. calls in flight have half a second; the socket is removed.
///
/// Ctrl-C is ignored: the terminal sends it to the host as well, which calls StopProvider.
///
/// # Errors
/// [`ServeError`] when nothing could be served. To be told to stderr, with exit code 1.
pub fn serve<P: Provider>(provider: Arc<P>, options: ServeOptions) -> Result<(), ServeError> {
    panic::report();
    log::start(&options.source, options.silent);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let result = runtime.block_on(run(provider, options));
    // Whatever still runs ends with the process.
    runtime.shutdown_background();
    result
}

async fn run<P: Provider>(provider: Arc<P>, options: ServeOptions) -> Result<(), ServeError> {
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
        None => (None, None),
    };
    let (listener, socket) = Listener::bind(&request).await?;
    let (network, address) = (listener.network, listener.address.clone());

    let end = CancellationToken::new();
    let controller = Controller {
        provider: Arc::clone(&provider),
        end: end.clone(),
    };
    let server = Server::new(provider, options.issues);
    let stop = server.stop_token();
    let serving = tonic::transport::Server::builder()
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .add_service(
            ProviderServer::new(server)
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_MESSAGE),
        )
        .add_service(GrpcControllerServer::new(controller))
        .add_service(GrpcBrokerServer::new(Broker(end.clone())))
        .add_service(GrpcStdioServer::new(Stdio(end.clone())))
        .add_service(HealthServer::new(Healthy(end.clone())))
        .serve_with_incoming_shutdown(
            ReceiverStream::new(listener.connections(tls)),
            end.clone().cancelled_owned(),
        );

    watch_interrupt(options.debug.then(|| end.clone()))?;
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
        () = drained(&end, &stop) => Ok(()),
    };
    drop(socket);
    Ok(result?)
}

/// Once we are to end: whatever waits is told to, and has [`DRAIN`] to do so.
async fn drained(end: &CancellationToken, stop: &CancellationToken) {
    end.cancelled().await;
    stop.cancel();
    tokio::time::sleep(DRAIN).await;
}

/// Takes Ctrl-C, which would end the process otherwise. It cancels `end`, if there is one.
fn watch_interrupt(end: Option<CancellationToken>) -> io::Result<()> {
    #[cfg(unix)]
    let mut interrupts = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            #[cfg(unix)]
            let interrupted = interrupts.recv().await.is_some();
            #[cfg(not(unix))]
            let interrupted = tokio::signal::ctrl_c().await.is_ok();
            match &end {
                Some(end) => end.cancel(),
                None => tracing::debug!("an interrupt is left to the host"),
            }
            if !interrupted {
                return;
            }
        }
    });
    Ok(())
}

/// The process that started us; 0 where the system does not tell.
fn parent() -> u32 {
    #[cfg(unix)]
    return std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    return 0;
}

/// Cancels `end` when `host` is gone: a host that was killed calls nothing, and its children get
/// another parent.
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
