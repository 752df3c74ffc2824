//! Deletion of objects.

use serde_json::{Value, json};

use crate::admission;
use crate::failure::Failure;
use crate::kind::Kind;
use crate::native;
use crate::request::Asked;
use crate::selector::Selector;
use crate::server::ApiServer;
use crate::state::Key;
use crate::system_fields::versioned;
use crate::user::User;

/// Keeps an object until its dependents are gone.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

/// Keeps an object until its dependents have been let go.
pub(crate) const ORPHAN: &str = "orphan";

impl ApiServer {
    /// Answers a DELETE of one object.
    pub(crate) async fn delete(
        &self,
        kind: &Kind,
        asked: &Asked,
        user: &User,
    ) -> Result<(u16, Value), Failure> {
        let key = Key::new(kind, &asked.namespace, &asked.name);
        let live = self.lock().get(&key).cloned();
        let live = live.ok_or_else(|| Failure::not_found(kind, &asked.name))?;
        let live = versioned(kind, live);
        preconditions(kind, asked, &live)?;
        self.admitted(kind, asked, user, admission::DELETE, Some(&live), &live)
            .await?;
        let mut state = self.lock();
        let Some(held) = state.get(&key).cloned() else {
            return Err(Failure::not_found(kind, &asked.name));
        };
        preconditions(kind, asked, &held)?;
        let new = ending(kind, asked, &held, &self.stamp());
        if asked.is_dry_run() {
            return Ok((200, done(kind, &held, &new)));
        }
        let answer = if native::is_let_go(kind, &new) {
            state.remove(&key);
            done(kind, &held, &new)
        } else if new == held {
            versioned(kind, held)
        } else {
            versioned(kind, state.put(key, new))
        };
        drop(state);
        self.announce();
        Ok((200, answer))
    }

    /// Answers a DELETE of all objects of a kind.
    pub(crate) async fn delete_all(
        &self,
        kind: &Kind,
        asked: &Asked,
        user: &User,
    ) -> Result<(u16, Value), Failure> {
        let selector = Selector::of(asked, kind)?;
        let listed = {
            let state = self.lock();
            state.listed(kind, &asked.namespace, state.version)
        };
        let mut items = Vec::new();
        for object in listed.into_iter().filter(|object| selector.matches(object)) {
            let text = |name: &str| {
                object["metadata"][name]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            let one = Asked {
                namespace: text("namespace"),
                name: text("name"),
                ..asked.clone()
            };
            match self.delete(kind, &one, user).await {
                Ok(_) => items.push(object),
                Err(failure) if failure.code == 404 => {}
                Err(failure) => return Err(failure),
            }
        }
        let version = self.lock().version.to_string();
        Ok((
            200,
            json!({"kind": format!("{}List", kind.name), "apiVersion": kind.api_version(),
                "metadata": {"resourceVersion": version}, "items": items}),
        ))
    }
}

/// Refuses to delete another object than the one that was meant.
fn preconditions(kind: &Kind, asked: &Asked, live: &Value) -> Result<(), Failure> {
    for (name, what, end) in [
        ("uid", "UID", "deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "modified"),
    ] {
        let meant = asked.body["preconditions"][name].as_str();
        let held = live["metadata"][name].as_str().unwrap_or_default();
        if let Some(meant) = meant.filter(|meant| *meant != held) {
            let why = format!(
                "the {what} in the precondition ({meant}) does not match the {what} in record \
                 ({held}). The object might have been {end}"
            );
            return Err(Failure::conflict(
                &kind.name,
                &kind.group,
                &asked.name,
                &why,
            ));
        }
    }
    Ok(())
}

/// The object with the marks of its deletion.
fn ending(kind: &Kind, asked: &Asked, held: &Value, now: &str) -> Value {
    let mut new = held.clone();
    let policy = asked.body["propagationPolicy"].as_str();
    let policy = policy.unwrap_or_else(|| asked.parameter("propagationPolicy"));
    let mut finalizers: Vec<Value> = held["metadata"]["finalizers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let wanted = match policy {
        "Foreground" => Some(FOREGROUND),
        "Orphan" => Some(ORPHAN),
        _ => None,
    };
    if !policy.is_empty() {
        finalizers.retain(|finalizer| {
            let is_ours = *finalizer == FOREGROUND || *finalizer == ORPHAN;
            !is_ours || wanted.is_some_and(|wanted| finalizer == wanted)
        });
    }
    if let Some(wanted) = wanted.filter(|wanted| !finalizers.contains(&json!(wanted))) {
        finalizers.push(json!(wanted));
    }
    if let Some(metadata) = new["metadata"].as_object_mut() {
        metadata.remove("finalizers");
        if !finalizers.is_empty() {
            metadata.insert("finalizers".to_owned(), json!(finalizers));
        }
    }
    if held["metadata"]["deletionTimestamp"].is_null() {
        let metadata = &mut new["metadata"];
        metadata["deletionTimestamp"] = json!(now);
        metadata["deletionGracePeriodSeconds"] = json!(0);
        if let Some(generation) = metadata["generation"].as_i64() {
            metadata["generation"] = json!(generation + 1);
        }
        if kind.name == "Namespace" && !kind.is_custom {
            if let Some(metadata) = new["metadata"].as_object_mut() {
                metadata.remove("deletionGracePeriodSeconds");
            }
            new["status"]["phase"] = json!("Terminating");
        }
    }
    new
}

/// The answer to a deletion that is complete.
fn done(kind: &Kind, held: &Value, new: &Value) -> Value {
    if kind.returns_deleted {
        return versioned(kind, new.clone());
    }
    let mut details = json!({"name": held["metadata"]["name"]});
    if !kind.group.is_empty() {
        details["group"] = json!(kind.group);
    }
    details["kind"] = json!(kind.plural);
    details["uid"] = held["metadata"]["uid"].clone();
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details})
}
