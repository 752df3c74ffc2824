//! A server whose every answer a test makes up: for what no true server answers, or for single
//! answers.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};

use crate::failure::Failure;

/// What the server answers: a code and a body, a stream that stays open, nothing at all, or a
/// failure of the connection.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A code and a body.
    Json(u16, Value),
    /// A code and a body that need not be JSON.
    Text(u16, &'static str),
    /// Events of a watch that stays open.
    Stream(Vec<Value>),
    /// The same, each of them after such a time.
    Slow(Duration, Vec<Value>),
    /// Nothing.
    Never,
    /// A failure of the connection, in these words.
    Broken(&'static str),
}

impl From<(u16, Value)> for Answer {
    fn from((code, body): (u16, Value)) -> Self {
        Answer::Json(code, body)
    }
}

/// Requests seen, as `GET /api/v1/…?query` with the body.
pub type Seen = Arc<Mutex<Vec<(String, Value)>>>;

/// A client whose server is `answer(method, path with query, body)`. It has to be made within a
/// runtime.
pub fn client<A: Into<Answer>>(
    answer: impl Fn(&str, &str, &Value) -> A + Send + Sync + 'static,
) -> (kube::Client, Seen) {
    let seen = Seen::default();
    let (record, answer) = (seen.clone(), Arc::new(answer));
    let service = tower::service_fn(move |request: Request<Body>| {
        let (record, answer) = (record.clone(), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(|error| error.to_string())?;
            let body: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
            let target = parts.uri.path_and_query().map(ToString::to_string);
            let target = target.unwrap_or_default();
            let line = format!("{} {target}", parts.method);
            record.lock().unwrap().push((line, body.clone()));
            let mut pause = Duration::ZERO;
            let (code, frames, open) = match answer(parts.method.as_str(), &target, &body).into() {
                Answer::Json(code, value) => (code, vec![value.to_string()], false),
                Answer::Text(code, text) => (code, vec![text.to_owned()], false),
                Answer::Stream(events) => {
                    let lines = events.iter().map(|event| format!("{event}\n"));
                    (200, lines.collect(), true)
                }
                Answer::Slow(each, events) => {
                    pause = each;
                    let lines = events.iter().map(|event| format!("{event}\n"));
                    (200, lines.collect(), true)
                }
                Answer::Never => std::future::pending().await,
                Answer::Broken(why) => return Err(why.to_owned()),
            };
            let frames = futures::stream::iter(frames).then(move |text| async move {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                Ok::<_, Infallible>(Frame::data(Bytes::from(text)))
            });
            let body = match open {
                true => BoxBody::new(StreamBody::new(frames.chain(futures::stream::pending()))),
                false => BoxBody::new(StreamBody::new(frames)),
            };
            Ok::<_, String>(Response::builder().status(code).body(body).unwrap())
        }
    });
    (kube::Client::new(service, "default"), seen)
}

/// A failure Status as the API server writes it.
pub fn failure(code: u16, reason: &str, message: &str, details: Value) -> Answer {
    let mut failure = Failure::new(code, reason, message);
    *failure.details = details;
    Answer::Json(code, failure.body())
}

/// "not found" for a named object.
pub fn absent(resource: &str, name: &str) -> Answer {
    let details = json!({"name": name, "kind": resource});
    let message = format!("{resource} {name:?} not found");
    failure(404, "NotFound", &message, details)
}

/// A list of objects.
pub fn list(items: Vec<Value>) -> Answer {
    let list = json!({"kind": "List", "apiVersion": "v1",
        "metadata": {"resourceVersion": "100"}, "items": items});
    Answer::Json(200, list)
}

/// The writes among the requests seen.
pub fn writes(seen: &Seen) -> Vec<String> {
    let seen = seen.lock().unwrap();
    let writes = seen.iter().filter(|(line, _)| !line.starts_with("GET"));
    writes
        .map(|(line, _)| line.split('?').next().unwrap_or_default().to_owned())
        .collect()
}
