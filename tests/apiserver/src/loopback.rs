//! A web server on the loopback interface: a token server of a cloud, or an API server of which only
//! the address and the credentials matter.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A request, with its body as text.
pub type Heard = Request<String>;

/// What a server answers: a status, and JSON.
pub type Said = (StatusCode, serde_json::Value);

/// A server that listens until it is dropped.
pub struct Loopback {
    /// Its address, such as `http://127.0.0.1:4711`.
    pub url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Loopback {
    /// Starts a server with these answers.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start(
        answer: impl Fn(&Heard) -> Said + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let (record, answer) = (heard.clone(), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (record, answer) = (record.clone(), answer.clone());
                let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                    let (record, answer) = (record.clone(), answer.clone());
                    async move {
                        let (parts, body) = request.into_parts();
                        let body = body
                            .collect()
                            .await
                            .map(http_body_util::Collected::to_bytes);
                        let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
                        let request = Request::from_parts(parts, body);
                        let (status, said) = answer(&request);
                        record
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(request);
                        let mut response = Response::new(Full::new(Bytes::from(said.to_string())));
                        *response.status_mut() = status;
                        // Where a redirect leads to.
                        let target = said.get("location").and_then(|target| target.as_str());
                        if let Some(target) = target.and_then(|target| target.parse().ok()) {
                            response.headers_mut().insert("location", target);
                        }
                        Ok::<_, Infallible>(response)
                    }
                });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(Loopback { url, heard, task })
    }

    /// The address without the scheme.
    pub fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// The requests since the last call.
    pub fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
