//! The two small HTTP servers: probes and metrics.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Longest time for the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer: status, content type, body.
pub type Answer = (StatusCode, &'static str, String);

/// A function from a path to the answer; `None` if the path is unknown.
pub type Routes = Arc<dyn Fn(&str) -> Option<Answer> + Send + Sync>;

/// The health of the process, for the kubelet.
#[derive(Clone, Debug, Default)]
pub struct Health {
    ready: Arc<AtomicBool>,
}

impl Health {
    /// Sets whether the process is ready.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    /// `/healthz` and `/readyz`.
    pub fn routes(&self) -> Routes {
        let ready = self.ready.clone();
        Arc::new(move |path| match path {
            "/healthz" => Some((StatusCode::OK, "text/plain", "ok\n".to_owned())),
            "/readyz" if ready.load(Ordering::Acquire) => {
                Some((StatusCode::OK, "text/plain", "ok\n".to_owned()))
            }
            "/readyz" => Some((
                StatusCode::SERVICE_UNAVAILABLE,
                "text/plain",
                "not ready: the control plane has not answered yet, or the process is ending\n"
                    .to_owned(),
            )),
            _ => None,
        })
    }
}

/// Listens on `address`.
///
/// # Errors
/// If the address cannot be used.
pub async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves `routes` until `shutdown`.
pub async fn serve(listener: TcpListener, routes: Routes, shutdown: CancellationToken) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Too many open files, mostly: it passes.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = shutdown.cancelled() => return,
        };
        let (routes, shutdown) = (routes.clone(), shutdown.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer(&routes, &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke");
                },
                () = shutdown.cancelled() => {}
            }
        });
    }
}

fn answer(routes: &Routes, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, kind, body) =
        if request.method() == Method::GET || request.method() == Method::HEAD {
            routes(request.uri().path()).unwrap_or((
                StatusCode::NOT_FOUND,
                "text/plain",
                "not found\n".to_owned(),
            ))
        } else {
            (
                StatusCode::METHOD_NOT_ALLOWED,
                "text/plain",
                "only GET\n".to_owned(),
            )
        };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}
