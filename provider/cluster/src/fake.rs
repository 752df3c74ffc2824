//! An API server in the process: answers from a function, requests recorded.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};

use crate::{Catalog, Cluster};

/// What the fake answers: a status and a body, a stream that stays open, nothing at all, or a
/// failure of the connection.
pub(crate) enum Answer {
    Json(u16, Value),
    Stream(Vec<Value>),
    Never,
    Broken(&'static str),
}

/// Requests seen, as `GET /api/v1/…?query` with the body.
pub(crate) type Seen = Arc<Mutex<Vec<(String, Value)>>>;

/// A cluster whose API server is `answer(method, path with query, body)`.
pub(crate) fn cluster(
    answer: impl Fn(&str, &str, &Value) -> Answer + Send + Sync + 'static,
) -> (Cluster, Seen) {
    let seen = Seen::default();
    let (record, answer) = (seen.clone(), Arc::new(answer));
    let service = tower::service_fn(move |request: Request<Body>| {
        let (record, answer) = (record.clone(), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| error.to_string())?
                .to_bytes();
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            let target = parts
                .uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default();
            record
                .lock()
                .unwrap()
                .push((format!("{} {target}", parts.method), body.clone()));
            let (status, frames, open) = match answer(parts.method.as_str(), &target, &body) {
                Answer::Json(status, value) => (status, vec![value.to_string()], false),
                Answer::Stream(events) => (
                    200,
                    events.iter().map(|event| format!("{event}\n")).collect(),
                    true,
                ),
                Answer::Never => std::future::pending().await,
                Answer::Broken(why) => return Err(why.to_owned()),
            };
            let frames = futures::stream::iter(frames.into_iter().map(|text| {
                Ok::<_, std::convert::Infallible>(http_body::Frame::data(Bytes::from(text)))
            }));
            let body = if open {
                StreamBody::new(futures::StreamExt::chain(
                    frames,
                    futures::stream::pending(),
                ))
                .boxed()
            } else {
                StreamBody::new(frames).boxed()
            };
            Ok::<_, String>(Response::builder().status(status).body(body).unwrap())
        }
    });
    let client = kube::Client::new(service, "default");
    (Cluster::new(client, Catalog::default()), seen)
}

/// A failure Status as the API server writes it.
pub(crate) fn failure(code: u16, reason: &str, message: &str, details: Value) -> Answer {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": code, "reason": reason, "message": message, "details": details});
    Answer::Json(code, status)
}

/// "not found" for a named object.
pub(crate) fn absent(resource: &str, name: &str) -> Answer {
    let message = format!("{resource} {name:?} not found");
    failure(
        404,
        "NotFound",
        &message,
        json!({"name": name, "kind": resource}),
    )
}

/// A list of objects.
pub(crate) fn list(items: Vec<Value>) -> Answer {
    Answer::Json(
        200,
        json!({"kind": "List", "apiVersion": "v1",
        "metadata": {"resourceVersion": "100"}, "items": items}),
    )
}

/// Objects by the path they are served at.
pub(crate) type Objects = std::collections::BTreeMap<String, Value>;

/// A cluster that keeps what is applied to it. `react` plays its controllers: it is called
/// after every write with the method and the path. Watches are forbidden, so waits poll.
pub(crate) fn store(
    objects: Objects,
    react: impl Fn(&mut Objects, &str, &str) + Send + Sync + 'static,
) -> (Cluster, Seen, Arc<Mutex<Objects>>) {
    let objects = Arc::new(Mutex::new(objects));
    let kept = objects.clone();
    let version = std::sync::atomic::AtomicU64::new(1);
    let (cluster, seen) = cluster(move |method, target, body| {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let parts = path.trim_start_matches('/').split('/').count();
        // Below the version: a kind, a namespace's kind, or one object.
        let depth = parts - if path.starts_with("/apis/") { 3 } else { 2 };
        let mut objects = kept.lock().unwrap();
        if method == "GET" && query.contains("watch=true") {
            return failure(
                403,
                "Forbidden",
                "User \"u\" cannot watch resource \"x\" in API group \"\"",
                json!({}),
            );
        }
        if method == "GET" && depth % 2 == 1 {
            let inside = |key: &str| {
                let (above, _) = key.rsplit_once('/').unwrap_or_default();
                above == path
                    || (depth == 1
                        && key.contains("/namespaces/")
                        && above.ends_with(&format!("/{name}")))
            };
            return list(
                objects
                    .iter()
                    .filter(|(key, _)| inside(key))
                    .map(|(_, object)| object.clone())
                    .collect(),
            );
        }
        match method {
            "GET" => {}
            "DELETE" => {
                if objects.remove(path).is_none() {
                    return absent("x", &name);
                }
                react(&mut objects, method, path);
                return Answer::Json(
                    200,
                    json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}),
                );
            }
            _ if query.contains("dryRun=All") => {
                let mut object = objects.get(path).cloned().unwrap_or_default();
                json_patch::merge(&mut object, body);
                return Answer::Json(200, object);
            }
            _ => {
                let applies = !body["apiVersion"].is_null();
                if !applies && !objects.contains_key(path) {
                    return absent("x", &name);
                }
                if let Some(refused) = outdated(objects.get(path), body) {
                    return refused;
                }
                let object = objects
                    .entry(path.to_owned())
                    .or_insert_with(|| json!({"metadata": {"uid": format!("uid of {path}")}}));
                let uid = object["metadata"]["uid"].clone();
                json_patch::merge(object, body);
                if !uid.is_null() {
                    object["metadata"]["uid"] = uid;
                }
                let next = 100 + version.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                object["metadata"]["resourceVersion"] = json!(next.to_string());
                if applies {
                    own(object, body, query);
                }
                react(&mut objects, method, path);
            }
        }
        match objects.get(path) {
            Some(object) => Answer::Json(200, object.clone()),
            None => absent("x", &name),
        }
    });
    (cluster, seen, objects)
}

/// Why a write that names the object or the version that it means is refused, as the API server
/// does it: a version alone keeps no object from being made.
fn outdated(held: Option<&Value>, body: &Value) -> Option<Answer> {
    let (uid, version) = (
        &body["metadata"]["uid"],
        &body["metadata"]["resourceVersion"],
    );
    let Some(held) = held else {
        let message = format!(
            "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        );
        return (!uid.is_null()).then(|| failure(409, "Conflict", &message, json!({})));
    };
    let held = &held["metadata"];
    if !version.is_null()
        && !held["resourceVersion"].is_null()
        && *version != held["resourceVersion"]
    {
        let message = "the object has been modified";
        return Some(failure(409, "Conflict", message, json!({})));
    }
    (!uid.is_null() && *uid != held["uid"]).then(|| {
        let causes = json!({"causes": [{"reason": "FieldValueInvalid", "field": "metadata.uid",
            "message": "Invalid value: field is immutable"}]});
        failure(422, "Invalid", "x is invalid: metadata.uid", causes)
    })
}

/// Notes the annotations of an apply as those of its manager.
fn own(object: &mut Value, body: &Value, query: &str) {
    let manager = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("fieldManager="))
        .unwrap_or_default();
    let annotations = body["metadata"]["annotations"].as_object();
    let keys: serde_json::Map<String, Value> = annotations
        .into_iter()
        .flat_map(|annotations| annotations.keys())
        .map(|key| (format!("f:{key}"), json!({})))
        .collect();
    let fields = &mut object["metadata"]["managedFields"];
    if !fields.is_array() {
        *fields = json!([]);
    }
    let entries = fields.as_array_mut().unwrap();
    let ours = |entry: &Value| entry["manager"] == manager && entry["operation"] == "Apply";
    let place = entries.iter().position(ours).unwrap_or_else(|| {
        entries.push(
            json!({"manager": manager, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {}}),
        );
        entries.len() - 1
    });
    entries[place]["fieldsV1"]["f:metadata"]["f:annotations"] = Value::Object(keys);
}

/// The writes among the requests seen.
pub(crate) fn writes(seen: &Seen) -> Vec<String> {
    let seen = seen.lock().unwrap();
    seen.iter()
        .filter(|(line, _)| !line.starts_with("GET"))
        .map(|(line, _)| line.split('?').next().unwrap_or_default().to_owned())
        .collect()
}
