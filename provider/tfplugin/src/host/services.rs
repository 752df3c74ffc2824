//! The services that the host itself needs: shutdown, health check, and some that must exist but do
//! nothing.

use std::marker::PhantomData;
use std::pin::Pin;

use futures::Stream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::runs::{Reached, farewell};
use crate::proto::health::health_check_response::ServingStatus;
use crate::proto::health::health_server::Health;
use crate::proto::health::{HealthCheckRequest, HealthCheckResponse};
use crate::proto::plugin::grpc_broker_server::GrpcBroker;
use crate::proto::plugin::grpc_controller_server::GrpcController;
use crate::proto::plugin::grpc_stdio_server::GrpcStdio;
use crate::proto::plugin::{ConnInfo, Empty, StdioData};
use crate::provider::Provider;

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A stream without items that lasts until the server ends: the host treats an ended stream as a
/// failure.
fn idle<T: Send + 'static>(ended: &CancellationToken) -> Streamed<T> {
    let ended = ended.clone();
    Box::pin(futures::stream::unfold((), move |()| {
        let ended = ended.clone();
        async move {
            ended.cancelled().await;
            None
        }
    }))
}

/// Shuts the process down.
pub(super) struct Controller<P> {
    pub(super) end: CancellationToken,
    of: PhantomData<fn() -> P>,
}

impl<P> Controller<P> {
    /// Cancels `end` once the run of the connection has ended.
    pub(super) fn new(end: CancellationToken) -> Self {
        let of = PhantomData;
        Self { end, of }
    }
}

#[tonic::async_trait]
impl<P: Provider> GrpcController for Controller<P> {
    async fn shutdown(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        if let Some(server) = request.extensions().get::<Reached<P>>() {
            farewell(server).await;
        }
        self.end.cancel();
        Ok(Response::new(Empty {}))
    }
}

/// Opened by the host and never used by a provider.
pub(super) struct Broker(pub(super) CancellationToken);

#[tonic::async_trait]
impl GrpcBroker for Broker {
    async fn start_stream(
        &self,
        _: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Streamed<ConnInfo>>, Status> {
        Ok(Response::new(idle(&self.0)))
    }
}

/// Sends nothing: the host would log any output as unexpected.
pub(super) struct Stdio(pub(super) CancellationToken);

#[tonic::async_trait]
impl GrpcStdio for Stdio {
    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<Streamed<StdioData>>, Status> {
        Ok(Response::new(idle(&self.0)))
    }
}

/// Reports the service `plugin` as serving as long as the process runs.
pub(super) struct Healthy(pub(super) CancellationToken);

fn status(service: &str) -> Option<HealthCheckResponse> {
    matches!(service, "" | "plugin").then(|| HealthCheckResponse {
        status: ServingStatus::Serving as i32,
    })
}

#[tonic::async_trait]
impl Health for Healthy {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        status(&request.into_inner().service)
            .map(Response::new)
            .ok_or_else(|| Status::not_found("there is only the service \"plugin\""))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Streamed<HealthCheckResponse>>, Status> {
        let now = status(&request.into_inner().service).unwrap_or(HealthCheckResponse {
            status: ServingStatus::ServiceUnknown as i32,
        });
        let first = futures::stream::once(async move { Ok(now) });
        let stream = futures::StreamExt::chain(first, idle(&self.0));
        Ok(Response::new(Box::pin(stream)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::host::runs::FAREWELL;
    use crate::registry::Registry;
    use crate::server::Server;

    #[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
    struct Nothing {}

    /// A provider with something left to do, which may take forever.
    struct Busy {
        forever: bool,
        done: AtomicBool,
    }

    impl Provider for Busy {
        type Config = Nothing;

        fn register(self: &Arc<Self>, _: &mut Registry) {}

        async fn shutdown(&self) {
            if self.forever {
                std::future::pending().await
            }
            self.done.store(true, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn what_is_left_to_do_is_done_before_the_end_and_not_waited_for_long() {
        for forever in [false, true] {
            let provider = Arc::new(Busy {
                forever,
                done: AtomicBool::new(false),
            });
            let end = CancellationToken::new();
            let controller = Controller::<Busy>::new(end.clone());
            let made = Arc::clone(&provider);
            let server = Server::new(move || Arc::clone(&made), "https://example.com");
            let mut request = Request::new(Empty {});
            request.extensions_mut().insert(Arc::new(server));
            let ended = controller.shutdown(request);
            let ended = tokio::time::timeout(FAREWELL * 2, ended).await;
            assert!(ended.is_ok_and(|answer| answer.is_ok()));
            assert!(end.is_cancelled());
            assert_eq!(provider.done.load(Ordering::Relaxed), !forever);
        }
    }
}
