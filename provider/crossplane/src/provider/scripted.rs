//! An API server in the process, for tests: answers from a function, requests recorded.

use std::sync::{Arc, Mutex};

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use kube::client::Body;
use serde_json::Value;

/// Requests seen, as `GET /api/v1/…?query` with the body.
pub(crate) type Seen = Arc<Mutex<Vec<(String, Value)>>>;

/// A client whose API server is `answer(method, path with query, body)`: a status and a body.
pub(crate) fn api(
    answer: impl Fn(&str, &str, &Value) -> (u16, Value) + Send + Sync + 'static,
) -> (kube::Client, Seen) {
    let seen = Seen::default();
    let (record, answer) = (seen.clone(), Arc::new(answer));
    let service = tower::service_fn(move |request: Request<Body>| {
        let (record, answer) = (record.clone(), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let bytes = body
                .collect()
                .await
                .map_err(|error| error.to_string())?
                .to_bytes();
            let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let target = parts
                .uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default();
            record
                .lock()
                .unwrap()
                .push((format!("{} {target}", parts.method), body.clone()));
            let (status, value) = answer(parts.method.as_str(), &target, &body);
            let body = Full::new(Bytes::from(value.to_string()));
            Ok::<_, String>(Response::builder().status(status).body(body).unwrap())
        }
    });
    (kube::Client::new(service, "default"), seen)
}

/// Returns when nothing in the process can go on without time passing.
pub(crate) async fn settled() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}
