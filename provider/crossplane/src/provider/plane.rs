//! A control plane in the process, for tests: it keeps what is written to it, and the process
//! under test can be made to die right after any of its writes. It may do what the roles say that
//! are shipped, and nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use http::Request;
use kube::client::Body;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::rights;
use super::scripted::{heard, spoken};

/// Objects by the path they are served at.
pub(crate) type Objects = BTreeMap<String, Value>;

/// Plays the operators: called after every write with the path.
pub(crate) type React = fn(&mut Objects, &str);

/// The control plane. It is the cluster of the external objects as well.
#[derive(Clone)]
pub(crate) struct Plane(Arc<Mutex<State>>);

struct State {
    objects: Objects,
    /// What each manager last applied to each object.
    applied: BTreeMap<(String, String), Value>,
    react: React,
    version: u64,
    /// Writes that were taken, as `PATCH /apis/…`.
    writes: Vec<String>,
    /// Paths at which an object began to exist, in order.
    made: Vec<String>,
    /// The process dies once so many more writes are taken.
    dies_after: Option<usize>,
    died: CancellationToken,
    /// Cancelled when a process that died is no longer there to be waited for.
    buried: CancellationToken,
}

impl Plane {
    /// A control plane with these objects.
    pub(crate) fn new(objects: Objects, react: React) -> Self {
        Plane(Arc::new(Mutex::new(State {
            objects,
            applied: BTreeMap::new(),
            react,
            version: 1,
            writes: Vec::new(),
            made: Vec::new(),
            dies_after: None,
            died: CancellationToken::new(),
            buried: CancellationToken::new(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// A client of a process that lives until [`Plane::kill_after`] says otherwise: after its
    /// death nothing of it is heard.
    pub(crate) fn client(&self) -> kube::Client {
        let (plane, died) = (self.clone(), self.death());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (plane, died) = (plane.clone(), died.clone());
            async move {
                let (parts, target, body) = heard(request).await?;
                let kind = parts.headers.get("content-type").cloned();
                let apply = kind.is_some_and(|kind| kind == "application/apply-patch+yaml");
                let answer = match died.is_cancelled() {
                    true => None,
                    false => Some(plane.answer(parts.method.as_str(), &target, apply, &body)),
                };
                if died.is_cancelled() {
                    plane.burial().cancelled().await;
                    return Err("the process has died".to_owned());
                }
                Ok::<_, String>(spoken(answer.unwrap_or_default()))
            }
        });
        kube::Client::new(service, "default")
    }

    /// Has the process die right after its `writes`th write from now on.
    pub(crate) fn kill_after(&self, writes: usize) {
        let mut state = self.lock();
        state.dies_after = Some(writes);
        state.died = CancellationToken::new();
        state.buried = CancellationToken::new();
    }

    /// A process that begins now lives.
    pub(crate) fn spare(&self) {
        let mut state = self.lock();
        state.buried.cancel();
        state.dies_after = None;
        state.died = CancellationToken::new();
    }

    /// Cancelled when the process has died.
    pub(crate) fn death(&self) -> CancellationToken {
        self.lock().died.clone()
    }

    fn burial(&self) -> CancellationToken {
        self.lock().buried.clone()
    }

    /// The object at a path.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.lock().objects.get(path).cloned()
    }

    /// All objects.
    pub(crate) fn all(&self) -> Objects {
        self.lock().objects.clone()
    }

    /// Somebody else changes an object.
    pub(crate) fn change(&self, path: &str, body: &Value) {
        self.lock().merge(path, body, None);
    }

    /// The object gets a state, without its operator.
    pub(crate) fn state(&self, path: &str, name: &str) {
        let mut state = self.lock();
        let object = state.objects.get_mut(path).unwrap();
        object["status"]["status"] = json!(name);
    }

    /// Somebody else makes an object.
    pub(crate) fn put(&self, path: &str, object: Value) {
        let mut state = self.lock();
        let applied = state.applied.iter_mut();
        for (_, applied) in applied.filter(|((of, _), _)| of == path) {
            lose(applied, &object);
        }
        state.keep(path, object);
    }

    /// Somebody else deletes an object.
    pub(crate) fn delete(&self, path: &str) {
        self.lock().delete(path);
    }

    /// How many writes were taken so far.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.lock().writes.clone()
    }

    /// How often an object began to exist at a path.
    pub(crate) fn made(&self, path: &str) -> usize {
        let state = self.lock();
        state.made.iter().filter(|made| *made == path).count()
    }

    fn answer(&self, method: &str, target: &str, apply: bool, body: &Value) -> (u16, Value) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut state = self.lock();
        let exists = state
            .objects
            .contains_key(path.strip_suffix("/status").unwrap_or(path));
        let is_watch = query.contains("watch=");
        if let Some((verbs, group, resource)) = rights::asked(method, path, exists, is_watch)
            && !verbs
                .iter()
                .all(|verb| rights::allow(verb, group, &resource))
        {
            return forbidden(&verbs, group, &resource);
        }
        if method == "GET" {
            return state.read(path, query);
        }
        let manager = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("fieldManager="))
            .unwrap_or_default();
        let (status, value) = match method {
            "DELETE" => {
                let found = state.objects.get(path);
                let uid = &body["preconditions"]["uid"];
                match found {
                    None => return refusal(404, "NotFound"),
                    Some(found) if !uid.is_null() && *uid != found["metadata"]["uid"] => {
                        return refusal(409, "Conflict");
                    }
                    Some(_) => state.delete(path),
                }
                (200, json!({"kind": "Status", "status": "Success"}))
            }
            "POST" if state.is_ending(path) => return terminating(),
            "POST" if query.contains("dryRun=All") => return (201, body.clone()),
            "PATCH" if apply && state.is_ending(path) && !state.objects.contains_key(path) => {
                return terminating();
            }
            "PATCH" if apply => state.apply(path, body, manager),
            "PATCH" => state.merge(path, body, Some(manager)),
            _ => refusal(405, "MethodNotAllowed"),
        };
        if status == 200 {
            state.writes.push(format!("{method} {path}"));
            if let Some(left) = &mut state.dies_after {
                *left -= 1;
                if *left == 0 {
                    state.dies_after = None;
                    state.died.cancel();
                }
            }
        }
        (status, value)
    }
}

impl State {
    /// Objects and lists within a namespace; watches are not allowed.
    fn read(&self, path: &str, query: &str) -> (u16, Value) {
        if path == "/apis/everest.percona.com/v1alpha1" {
            let list = json!({"kind": "APIResourceList", "groupVersion": "x/v1", "resources": []});
            return (200, list);
        }
        let depth = path.split('/').count() - if path.starts_with("/apis/") { 4 } else { 3 };
        let is_managed = path.starts_with("/apis/everest.m.openeverest.io/");
        if query.contains("watch=") || depth == 1 && !is_managed {
            return refusal(403, "Forbidden");
        }
        if depth % 2 == 1 {
            // Those of all namespaces, where none is named.
            let (above, plural) = path.rsplit_once('/').unwrap_or_default();
            let inside = |key: &&String| {
                key.rsplit_once('/').is_some_and(|(all, _)| {
                    all == path
                        || depth == 1
                            && all.starts_with(&format!("{above}/namespaces/"))
                            && all.ends_with(&format!("/{plural}"))
                })
            };
            let items: Vec<&Value> = self
                .objects
                .iter()
                .filter(|(key, _)| inside(key))
                .map(|(_, object)| object)
                .collect();
            let list = json!({"kind": "List", "apiVersion": "v1",
                "metadata": {"resourceVersion": "1"}, "items": items});
            return (200, list);
        }
        match self.objects.get(path) {
            Some(object) => (200, object.clone()),
            None => refusal(404, "NotFound"),
        }
    }

    /// Whether a path is in a namespace that is being deleted.
    fn is_ending(&self, path: &str) -> bool {
        let inside = path.split_once("/namespaces/").map(|(_, rest)| rest);
        let Some((namespace, _)) = inside.and_then(|rest| rest.split_once('/')) else {
            return false;
        };
        let namespace = self.objects.get(&format!("/api/v1/namespaces/{namespace}"));
        namespace.is_some_and(|found| !found["metadata"]["deletionTimestamp"].is_null())
    }

    fn apply(&mut self, path: &str, body: &Value, manager: &str) -> (u16, Value) {
        if let Some(refused) = self.outdated(path, body) {
            return refused;
        }
        let mut wanted = body.clone();
        if let Some(metadata) = wanted["metadata"].as_object_mut() {
            metadata.remove("resourceVersion");
            metadata.remove("uid");
        }
        let key = (path.to_owned(), manager.to_owned());
        let before = self.applied.insert(key, wanted.clone());
        let mut object = self.objects.get(path).cloned().unwrap_or_default();
        if !object.is_null() {
            give_up(&mut object, &before.unwrap_or_default(), &wanted);
        }
        json_patch::merge(&mut object, &wanted);
        owned(&mut object, manager, "Apply", &wanted);
        self.keep(path, object)
    }

    fn merge(&mut self, path: &str, body: &Value, manager: Option<&str>) -> (u16, Value) {
        let path = path.strip_suffix("/status").unwrap_or(path);
        if let Some(refused) = self.outdated(path, body) {
            return refused;
        }
        let Some(mut object) = self.objects.get(path).cloned() else {
            return refusal(404, "NotFound");
        };
        json_patch::merge(&mut object, body);
        if let Some(manager) = manager {
            owned(&mut object, manager, "Update", body);
        }
        self.keep(path, object)
    }

    /// Why a write that names the object or the version it was made from is refused, if it is. As
    /// on a real server a version alone keeps no object from being made.
    fn outdated(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        let (named, held) = (&body["metadata"], self.objects.get(path));
        let differs = |member: &str| {
            let held = held.map_or(&Value::Null, |held| &held["metadata"][member]);
            !named[member].is_null() && named[member] != *held
        };
        let version = held.is_some() && differs("resourceVersion");
        (version || differs("uid")).then(|| refusal(409, "Conflict"))
    }

    /// Keeps an object as it was written, unless nothing holds it any more.
    fn keep(&mut self, path: &str, mut object: Value) -> (u16, Value) {
        self.version += 1;
        let version = self.version;
        let held = self.objects.get(path).cloned();
        let metadata = &mut object["metadata"];
        if held.is_none() {
            metadata["uid"] = json!(format!("uid-{version}"));
            metadata["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
            metadata["generation"] = json!(1);
            self.made.push(path.to_owned());
        } else if held.as_ref().map(|held| &held["spec"]) != Some(&object["spec"]) {
            let before = object["metadata"]["generation"].as_i64().unwrap_or(1);
            object["metadata"]["generation"] = json!(before + 1);
        }
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        if is_let_go(&object) {
            self.objects.remove(path);
            self.applied.retain(|(of, _), _| of != path);
        } else {
            self.objects.insert(path.to_owned(), object.clone());
        }
        (self.react)(&mut self.objects, path);
        (200, self.objects.get(path).cloned().unwrap_or(object))
    }

    fn delete(&mut self, path: &str) {
        if let Some(mut object) = self.objects.get(path).cloned() {
            object["metadata"]["deletionTimestamp"] = json!("2026-01-01T01:00:00Z");
            self.keep(path, object);
        }
    }
}

fn is_let_go(object: &Value) -> bool {
    let metadata = &object["metadata"];
    let finalizers = metadata["finalizers"].as_array();
    !metadata["deletionTimestamp"].is_null() && finalizers.is_none_or(Vec::is_empty)
}

fn refusal(code: u16, reason: &str) -> (u16, Value) {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "reason": reason, "message": reason, "details": {"name": "x"}});
    (code, status)
}

/// The answer to a request that no role allows.
fn forbidden(verbs: &[&str], group: &str, resource: &str) -> (u16, Value) {
    let (code, mut status) = refusal(403, "Forbidden");
    let verb = verbs.join(" and ");
    status["message"] = json!(format!(
        "x is forbidden: User \"provider\" cannot {verb} resource \"{resource}\" in API group \
         \"{group}\" in the namespace \"shop\""
    ));
    (code, status)
}

/// A namespace that is being deleted takes no new objects.
fn terminating() -> (u16, Value) {
    let (code, mut status) = refusal(403, "Forbidden");
    status["details"]["causes"] = json!([{"reason": "NamespaceTerminating"}]);
    (code, status)
}

/// Takes away what was applied before and is not any more.
fn give_up(object: &mut Value, before: &Value, now: &Value) {
    let (Some(members), Some(before)) = (object.as_object_mut(), before.as_object()) else {
        return;
    };
    for (key, value) in before {
        match (members.get_mut(key), now.get(key)) {
            (Some(_), None) => drop(members.remove(key)),
            (Some(member), Some(now)) => give_up(member, value, now),
            (None, _) => {}
        }
    }
}

/// Takes out of what was applied what somebody else has given another value: it is theirs now.
fn lose(applied: &mut Value, object: &Value) {
    if let Some(members) = applied.as_object_mut() {
        members.retain(|name, member| {
            let held = &object[name.as_str()];
            if member.is_object() && held.is_object() {
                lose(member, held);
                return true;
            }
            member == held
        });
    }
}

/// Notes who wrote what.
fn owned(object: &mut Value, manager: &str, operation: &str, body: &Value) {
    fn fields(value: &Value) -> Value {
        let members = value.as_object();
        let fields = members.into_iter().flatten();
        let fields: Map<String, Value> = fields
            .map(|(key, value)| (format!("f:{key}"), fields_of(value)))
            .collect();
        Value::Object(fields)
    }
    fn fields_of(value: &Value) -> Value {
        if value.is_object() {
            fields(value)
        } else {
            json!({})
        }
    }
    let entries = &mut object["metadata"]["managedFields"];
    if !entries.is_array() {
        *entries = json!([]);
    }
    let entries = entries.as_array_mut().unwrap();
    let is_same = |entry: &Value| entry["manager"] == manager && entry["operation"] == operation;
    let mut new = fields(body);
    if operation == "Update"
        && let Some(before) = entries.iter().find(|entry| is_same(entry))
    {
        let mut all = before["fieldsV1"].clone();
        json_patch::merge(&mut all, &new);
        new = all;
    }
    entries.retain(|entry| !is_same(entry));
    entries.push(
        json!({"manager": manager, "operation": operation, "fieldsType": "FieldsV1",
        "apiVersion": "v1", "fieldsV1": new}),
    );
}
