//! Selects the server that answers a connection.
//!
//! A host starts one process for each provider block and each run, and kills it afterwards. A
//! process that a person started serves all of them, each on its own connection: two aliases, two
//! contexts, a run after a run that was stopped.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::codegen::{Service, http};
use tonic::server::NamedService;

use crate::proto::tfplugin6::provider_server::ProviderServer;
use crate::provider::Provider;
use crate::server::{MAX_MESSAGE, Server};

/// The timeout of the last call: the host waits for its response.
pub(super) const FAREWELL: Duration = Duration::from_secs(3);

/// The server that a connection has reached.
pub(super) type Reached<P> = Arc<Server<P>>;

/// A selector that gives every connection the same server.
pub(super) fn one<P: Provider>(
    server: Server<P>,
) -> impl Fn() -> (Reached<P>, Option<DropGuard>) + Send + Sync {
    let server = Arc::new(server);
    move || (Arc::clone(&server), None)
}

/// A selector that gives each connection its own server. `make` creates the server, and its run
/// ends with the connection.
pub(super) fn each<P: Provider>(
    make: impl Fn() -> Server<P> + Send + Sync,
) -> impl Fn() -> (Reached<P>, Option<DropGuard>) + Send + Sync {
    move || {
        let server = Arc::new(make());
        let (run, closed) = (Arc::clone(&server), CancellationToken::new());
        let open = closed.clone().drop_guard();
        tokio::spawn(async move {
            closed.cancelled().await;
            farewell(&run).await;
        });
        (server, Some(open))
    }
}

/// The last call of a run.
pub(super) async fn farewell<P: Provider>(server: &Server<P>) {
    if tokio::time::timeout(FAREWELL, server.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("the provider did not end in time");
    }
}

/// Passes each call to the server that its connection has reached.
pub(super) struct ByConnection<P>(PhantomData<fn() -> P>);

impl<P> ByConnection<P> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P> Clone for ByConnection<P> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<P: Provider> NamedService for ByConnection<P> {
    const NAME: &'static str = <ProviderServer<Server<P>> as NamedService>::NAME;
}

impl<P: Provider> Service<http::Request<tonic::body::Body>> for ByConnection<P> {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        let Some(server) = request.extensions().get::<Reached<P>>() else {
            let status = tonic::Status::internal("the connection has reached no provider");
            return Box::pin(std::future::ready(Ok(status.into_http())));
        };
        ProviderServer::from_arc(Arc::clone(server))
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE)
            .call(request)
    }
}
