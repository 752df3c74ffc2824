//! An API server in the process, for tests: answers from a function, requests recorded.

use std::sync::{Arc, Mutex};

use http::request::Parts;
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
            let (parts, target, body) = heard(request).await?;
            record
                .lock()
                .unwrap()
                .push((format!("{} {target}", parts.method), body.clone()));
            let answer = answer(parts.method.as_str(), &target, &body);
            Ok::<_, String>(spoken(answer))
        }
    });
    (kube::Client::new(service, "default"), seen)
}

/// A request's head, its path with query, and its body.
pub(crate) async fn heard(request: Request<Body>) -> Result<(Parts, String, Value), String> {
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await.map_err(|error| error.to_string())?;
    let body = serde_json::from_slice(&bytes.to_bytes()).unwrap_or_default();
    let target = parts.uri.path_and_query().map(ToString::to_string);
    Ok((parts, target.unwrap_or_default(), body))
}

/// The response of a status and a body.
pub(crate) fn spoken((status, body): (u16, Value)) -> Response<Full<Bytes>> {
    let body = Full::new(Bytes::from(body.to_string()));
    Response::builder().status(status).body(body).unwrap()
}

/// Returns when nothing in the process can go on without time passing.
pub(crate) async fn settled() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}
