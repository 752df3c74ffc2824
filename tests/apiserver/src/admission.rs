//! Admission webhooks, as their configurations register them.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::kind::Kind;
use crate::request::Asked;
use crate::schema;
use crate::selector::Selector;
use crate::server::ApiServer;
use crate::state::{Key, State};
use crate::user::User;

pub(crate) const CREATE: &str = "CREATE";
pub(crate) const UPDATE: &str = "UPDATE";
pub(crate) const DELETE: &str = "DELETE";

/// Answers an AdmissionReview that was posted to a path.
pub type Review = Arc<dyn Fn(String, Value) -> BoxFuture<'static, Value> + Send + Sync>;

/// What is wrong with the server of webhooks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WebhookFault {
    /// It does not listen.
    Down,
    /// It takes so long for each answer.
    Slow(Duration),
}

/// Where webhooks are served.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// Host and port, as `127.0.0.1:9443`.
    address: String,
    review: Review,
    fault: Option<WebhookFault>,
}

impl ApiServer {
    /// Serves webhooks at `https://address`: `review` is called with the path and the
    /// AdmissionReview, and returns the AdmissionReview with the response.
    pub fn serve_webhooks<F>(
        &self,
        address: &str,
        review: impl Fn(String, Value) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Value> + Send + 'static,
    {
        let review: Review = Arc::new(move |path, asked| review(path, asked).boxed());
        let mut endpoints = self.endpoints();
        endpoints.retain(|endpoint| endpoint.address != address);
        endpoints.push(Endpoint {
            address: address.to_owned(),
            review,
            fault: None,
        });
    }

    /// Gives all servers of webhooks a fault, or takes it away.
    pub fn fault_webhooks(&self, fault: Option<WebhookFault>) {
        for endpoint in self.endpoints().iter_mut() {
            endpoint.fault = fault;
        }
    }

    /// Lets mutating webhooks change an object.
    pub(crate) async fn admit(
        &self,
        kind: &Kind,
        asked: &Asked,
        user: &User,
        operation: &str,
        live: Option<&Value>,
        mut object: Value,
    ) -> Result<Value, Failure> {
        let plural = "mutatingwebhookconfigurations";
        let webhooks = self
            .lock()
            .webhooks(plural, kind, asked, operation, &object, live);
        for webhook in webhooks {
            let review = review(kind, asked, user, operation, Some(&object), live);
            let Some(response) = self.ask(&webhook, review).await? else {
                continue;
            };
            let Some(patch) = response["patch"].as_str() else {
                continue;
            };
            let patch = STANDARD.decode(patch).unwrap_or_default();
            let patch: json_patch::Patch = serde_json::from_slice(&patch).unwrap_or_default();
            if let Err(error) = json_patch::patch(&mut object, &patch.0) {
                return Err(Failure::internal(&error.to_string()));
            }
            schema::prune(kind.node(), &mut object);
            schema::fill(kind.node(), &mut object);
        }
        Ok(object)
    }

    /// Asks validating webhooks.
    pub(crate) async fn admitted(
        &self,
        kind: &Kind,
        asked: &Asked,
        user: &User,
        operation: &str,
        live: Option<&Value>,
        object: &Value,
    ) -> Result<(), Failure> {
        let plural = "validatingwebhookconfigurations";
        let webhooks = self
            .lock()
            .webhooks(plural, kind, asked, operation, object, live);
        for webhook in webhooks {
            let new = (operation != DELETE).then_some(object);
            let review = review(kind, asked, user, operation, new, live);
            self.ask(&webhook, review).await?;
        }
        Ok(())
    }

    /// Asks one webhook; `None` if it cannot be asked and need not be.
    async fn ask(&self, webhook: &Value, review: Value) -> Result<Option<Value>, Failure> {
        let name = webhook["name"].as_str().unwrap_or_default();
        match self.call(webhook, review).await {
            Ok(answer) if answer["response"]["allowed"] == true => {
                Ok(Some(answer["response"].clone()))
            }
            Ok(answer) => Err(denied(name, &answer["response"]["status"])),
            Err(_) if webhook["failurePolicy"] == "Ignore" => Ok(None),
            Err(why) => Err(Failure::internal(&format!(
                "failed calling webhook {name:?}: failed to call webhook: {why}"
            ))),
        }
    }

    async fn call(&self, webhook: &Value, review: Value) -> Result<Value, String> {
        let seconds = webhook["timeoutSeconds"].as_u64().unwrap_or(10);
        let config = &webhook["clientConfig"];
        let url = match config["url"].as_str() {
            Some(url) => url.to_owned(),
            None => {
                let service = &config["service"];
                let text = |name: &str| service[name].as_str().unwrap_or_default();
                let port = service["port"].as_u64().unwrap_or(443);
                let path = text("path");
                format!(
                    "https://{}.{}.svc:{port}{path}",
                    text("name"),
                    text("namespace")
                )
            }
        };
        let rest = url.strip_prefix("https://").unwrap_or(&url);
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = format!("/{path}");
        let failed = |why: String| format!("Post \"{url}?timeout={seconds}s\": {why}");
        let endpoint = self
            .endpoints()
            .iter()
            .find(|endpoint| endpoint.address == address)
            .filter(|endpoint| endpoint.fault != Some(WebhookFault::Down))
            .cloned();
        let Some(endpoint) = endpoint else {
            let why = format!("dial tcp {address}: connect: connection refused");
            return Err(failed(why));
        };
        let answer = async {
            if let Some(WebhookFault::Slow(pause)) = endpoint.fault {
                tokio::time::sleep(pause).await;
            }
            (endpoint.review)(path, review).await
        };
        tokio::time::timeout(Duration::from_secs(seconds), answer)
            .await
            .map_err(|_| failed("context deadline exceeded".to_owned()))
    }
}

impl State {
    /// The webhooks that a request is for.
    fn webhooks(
        &self,
        plural: &str,
        kind: &Kind,
        asked: &Asked,
        operation: &str,
        object: &Value,
        live: Option<&Value>,
    ) -> Vec<Value> {
        if kind.group == "admissionregistration.k8s.io" {
            return Vec::new();
        }
        let configurations = self
            .objects
            .iter()
            .filter(|(key, _)| key.group == "admissionregistration.k8s.io" && key.plural == plural);
        let all = configurations
            .flat_map(|(_, found)| found["webhooks"].as_array().into_iter().flatten());
        let objects = [Some(object), live];
        all.filter(|webhook| {
            let rules = webhook["rules"].as_array().into_iter().flatten();
            let mut rules = rules.filter(|rule| concerns(rule, kind, asked, operation));
            let by_object = Selector::of_labels(&webhook["objectSelector"]);
            rules.next().is_some()
                && objects
                    .iter()
                    .flatten()
                    .any(|object| by_object.matches(object))
                && self.selects_namespace(&webhook["namespaceSelector"], kind, object)
        })
        .cloned()
        .collect()
    }

    fn selects_namespace(&self, selector: &Value, kind: &Kind, object: &Value) -> bool {
        let selector = Selector::of_labels(selector);
        if kind.name == "Namespace" && !kind.is_custom {
            return selector.matches(object);
        }
        if !kind.namespaced {
            return true;
        }
        let namespace = Key {
            group: String::new(),
            plural: "namespaces".to_owned(),
            namespace: String::new(),
            name: object["metadata"]["namespace"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        };
        self.get(&namespace)
            .is_none_or(|found| selector.matches(found))
    }
}

fn concerns(rule: &Value, kind: &Kind, asked: &Asked, operation: &str) -> bool {
    let has = |name: &str, wanted: &str| {
        let values = rule[name].as_array().into_iter().flatten();
        values
            .filter_map(Value::as_str)
            .any(|value| value == "*" || value == wanted)
    };
    let resource = match asked.subresource.as_str() {
        "" => kind.plural.clone(),
        part => format!("{}/{part}", kind.plural),
    };
    let scope = match kind.namespaced {
        true => "Namespaced",
        false => "Cluster",
    };
    let by_scope = rule["scope"].as_str().unwrap_or("*");
    let resources = rule["resources"].as_array().into_iter().flatten();
    let by_resource = resources.filter_map(Value::as_str).any(|named| {
        named == resource || named == "*/*" || named == "*" && asked.subresource.is_empty()
    });
    has("operations", operation)
        && has("apiGroups", &kind.group)
        && has("apiVersions", &kind.version)
        && by_resource
        && (by_scope == "*" || by_scope == scope)
}

fn review(
    kind: &Kind,
    asked: &Asked,
    user: &User,
    operation: &str,
    object: Option<&Value>,
    live: Option<&Value>,
) -> Value {
    let subject = object.or(live).unwrap_or(&Value::Null);
    let of = json!({"group": kind.group, "version": kind.version, "kind": kind.name});
    let resource = json!({"group": kind.group, "version": kind.version, "resource": kind.plural});
    let mut request = json!({
        "uid": "0c1d9f5e-0000-4000-8000-000000000000",
        "kind": of,
        "resource": resource,
        "requestKind": of,
        "requestResource": resource,
        "name": subject["metadata"]["name"],
        "operation": operation,
        "userInfo": {"username": user.name, "groups": ["system:authenticated"]},
        "object": object,
        "oldObject": live,
        "dryRun": asked.is_dry_run(),
    });
    if kind.namespaced {
        request["namespace"] = subject["metadata"]["namespace"].clone();
    }
    if !asked.subresource.is_empty() {
        request["subResource"] = json!(asked.subresource);
    }
    json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request})
}

/// A webhook's refusal, as the API server passes it on.
fn denied(webhook: &str, status: &Value) -> Failure {
    let text = |name: &str| status[name].as_str().unwrap_or_default();
    let denied = format!("admission webhook {webhook:?} denied the request");
    let message = match (text("message"), text("reason")) {
        ("", "") => format!("{denied} without explanation"),
        ("", reason) => format!("{denied}: {reason}"),
        (message, _) => format!("{denied}: {message}"),
    };
    let code = status["code"].as_u64().unwrap_or_default().max(400);
    let mut failure = Failure::new(u16::try_from(code).unwrap_or(500), text("reason"), message);
    *failure.details = status["details"].clone();
    failure
}
