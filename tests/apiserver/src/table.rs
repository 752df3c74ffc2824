//! Requests that a real API server and this one have to answer alike.

mod cases;
mod definitions;
mod normal;

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, Request};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};

pub use cases::cases;
pub use definitions::{GROUP, definitions};

/// How long something is waited for that happens by itself. A real garbage collector looks every 30 s
/// whether there are new kinds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Some requests that follow from each other, in a namespace of their own.
pub struct Case {
    /// What is asked, as a sentence.
    pub name: &'static str,
    steps: Vec<Step>,
}

/// A request of the table. `NS` stands for the case's namespace; `${a.uid}` for a part of the
/// answer that was saved as `a`.
pub(crate) struct Step {
    method: Method,
    path: String,
    content_type: &'static str,
    body: Value,
    save: Option<&'static str>,
    is_limited: bool,
    /// The request is made until it is answered with this code; only that answer counts.
    until: Option<u16>,
    /// Only the code is compared.
    is_rough: bool,
}

impl Step {
    fn new(method: Method, path: &str, content_type: &'static str, body: Value) -> Self {
        Self {
            method,
            path: path.to_owned(),
            content_type,
            body,
            save: None,
            is_limited: false,
            until: None,
            is_rough: false,
        }
    }

    fn saved(mut self, name: &'static str) -> Self {
        self.save = Some(name);
        self
    }

    /// As a user who may only get, list and patch, and only what has no group of Kubernetes.
    fn limited(mut self) -> Self {
        self.is_limited = true;
        self
    }

    fn until(mut self, code: u16) -> Self {
        self.until = Some(code);
        self
    }

    fn rough(mut self) -> Self {
        self.is_rough = true;
        self
    }
}

/// What the user of limited requests may do.
pub fn may_limited(asks: &crate::Asks<'_>) -> bool {
    asks.group == GROUP && ["get", "list", "patch"].contains(&asks.verb)
}

/// An answer, without what no two servers share.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The case and the request.
    pub what: String,
    /// The code.
    pub code: u16,
    /// The body.
    pub body: Value,
}

/// Makes the requests of a case in `namespace`, which exists; returns what they were answered.
///
/// # Panics
/// If the server cannot be reached, or something that is waited for does not happen.
pub async fn run(
    case: &Case,
    admin: &kube::Client,
    limited: &kube::Client,
    namespace: &str,
) -> Vec<Answered> {
    let mut saved: BTreeMap<&str, Value> = BTreeMap::new();
    let mut names = normal::Names::new(namespace);
    let mut answers = Vec::new();
    for (place, step) in case.steps.iter().enumerate() {
        let fill = |text: &str| filled(text, namespace, &saved);
        let path = fill(&step.path);
        let body = match &step.body {
            Value::Null => String::new(),
            body => fill(&body.to_string()),
        };
        let client = match step.is_limited {
            true => limited,
            false => admin,
        };
        let ask = async || ask(client, step, &path, &body).await;
        let (code, answer) = match step.until {
            None => ask().await,
            Some(wanted) => {
                let wait = async {
                    loop {
                        let (code, answer) = ask().await;
                        if code == wanted {
                            return (code, answer);
                        }
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                };
                let answer = tokio::time::timeout(PATIENCE, wait).await;
                answer.unwrap_or_else(|_| panic!("{}: {path} is never {wanted}", case.name))
            }
        };
        if let Some(name) = step.save {
            saved.insert(name, answer.clone());
        }
        let body = names.answer(answer);
        answers.push(Answered {
            what: format!(
                "{} ({}): {} {}",
                case.name,
                place + 1,
                step.method,
                step.path
            ),
            code,
            body: match step.is_rough {
                true => Value::Null,
                false => body,
            },
        });
    }
    answers
}

fn filled(text: &str, namespace: &str, saved: &BTreeMap<&str, Value>) -> String {
    let mut text = text.replace("NS", namespace);
    for (name, value) in saved {
        let metadata = &value["metadata"];
        for part in ["uid", "resourceVersion", "continue", "name"] {
            let found = metadata[part].as_str().unwrap_or_default();
            text = text.replace(&format!("${{{name}.{part}}}"), found);
        }
        let entries = metadata["managedFields"].to_string();
        text = text.replace(&format!("\"${{{name}.managedFields}}\""), &entries);
    }
    text
}

async fn ask(client: &kube::Client, step: &Step, path: &str, body: &str) -> (u16, Value) {
    let mut request = Request::builder().method(step.method.clone()).uri(path);
    request = request
        .header("accept", "application/json")
        .header("user-agent", "table/1");
    if !step.content_type.is_empty() {
        request = request.header("content-type", step.content_type);
    }
    let request = request
        .body(Body::from(body.to_owned().into_bytes()))
        .unwrap();
    let response = client.send(request).await.unwrap();
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body = if path.contains("watch=") && code == 200 {
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let mut events: Vec<Value> = lines.collect();
        // When a server tells the version again is its own affair.
        events.retain(|event| {
            let annotations = &event["object"]["metadata"]["annotations"];
            event["type"] != "BOOKMARK" || !annotations.is_null()
        });
        Value::Array(events)
    } else {
        serde_json::from_str(&text).unwrap_or(json!(text))
    };
    (code, body)
}

/// How two servers differ in their answers, as one text a difference.
pub fn differences(real: &[Answered], double: &[Answered]) -> Vec<String> {
    let pairs = real
        .iter()
        .zip(double)
        .filter(|(real, double)| real != double);
    pairs
        .map(|(real, double)| {
            format!(
                "{}\n  real   {} {}\n  double {} {}",
                real.what, real.code, real.body, double.code, double.body
            )
        })
        .collect()
}
