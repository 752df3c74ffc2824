//! What the controllers of Kubernetes do: collection by owner, the content of namespaces that
//! are deleted, the objects of definitions that are deleted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use crate::deletion::{FOREGROUND, ORPHAN};
use crate::kind::Kind;
use crate::managers::{self, Writer};
use crate::native;
use crate::request::Asked;
use crate::server::ApiServer;
use crate::state::{Key, State};
use crate::user::User;

/// How long after a change the controllers act.
const SOON: Duration = Duration::from_millis(20);

/// How long after a refusal they try again.
const AGAIN: Duration = Duration::from_secs(1);

/// One thing to do.
#[derive(Debug, PartialEq)]
enum Work {
    /// Delete an object, with this propagation.
    Delete(Key, Option<&'static str>),
    /// Take a finalizer off an object.
    Release(Key, &'static str),
    /// Let an object's content go: the namespace is empty.
    Empty(Key),
    /// Take owners off an object.
    Disown(Key, Vec<String>),
}

impl ApiServer {
    /// Has the controllers act in a moment, if there may be anything for them to do.
    pub(crate) fn tend_soon(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.lock().work().is_empty() || self.0.is_tending.swap(true, Ordering::Relaxed) {
            return;
        }
        let server = Arc::downgrade(&self.0);
        runtime.spawn(async move {
            let mut pause = SOON;
            loop {
                tokio::time::sleep(pause).await;
                let Some(server) = server.upgrade().map(ApiServer) else {
                    return;
                };
                let work = server.lock().work();
                if work.is_empty() {
                    server.0.is_tending.store(false, Ordering::Relaxed);
                    return;
                }
                pause = AGAIN;
                for work in work {
                    if server.act(work).await {
                        pause = SOON;
                    }
                }
            }
        });
    }

    /// Does one thing; returns true if that changed something.
    async fn act(&self, work: Work) -> bool {
        let before = self.lock().version;
        match work {
            Work::Delete(key, policy) => {
                let Some(kind) = self.lock().kind_at(&key) else {
                    return false;
                };
                let asked = Asked {
                    method: "DELETE".to_owned(),
                    verb: "delete",
                    group: kind.group.clone(),
                    version: kind.version.clone(),
                    resource: kind.plural.clone(),
                    namespace: key.namespace.clone(),
                    name: key.name.clone(),
                    body: match policy {
                        Some(policy) => json!({"propagationPolicy": policy}),
                        None => Value::Null,
                    },
                    ..Asked::default()
                };
                // A refusal is met again at the next round.
                let _ = self.delete(&kind, &asked, &User::admin()).await;
            }
            Work::Release(key, finalizer) => self.rewrite(&key, |object| {
                let finalizers = object["metadata"]["finalizers"].as_array_mut();
                if let Some(finalizers) = finalizers {
                    finalizers.retain(|held| held != finalizer);
                }
                drop_if_empty(object, "finalizers");
            }),
            Work::Empty(key) => self.rewrite(&key, |object| {
                object["spec"]["finalizers"] = json!([]);
            }),
            Work::Disown(key, uids) => self.rewrite(&key, |object| {
                let owners = object["metadata"]["ownerReferences"].as_array_mut();
                if let Some(owners) = owners {
                    owners.retain(|owner| !uids.iter().any(|uid| owner["uid"] == *uid));
                }
                drop_if_empty(object, "ownerReferences");
            }),
        }
        self.lock().version != before
    }

    /// Changes an object as a controller does; it goes if nothing holds it then.
    fn rewrite(&self, key: &Key, change: impl FnOnce(&mut Value)) {
        let mut state = self.lock();
        let (Some(kind), Some(mut object)) = (state.kind_at(key), state.get(key).cloned()) else {
            return;
        };
        let live = object.clone();
        change(&mut object);
        let writer = Writer {
            manager: "kube-controller-manager".to_owned(),
            subresource: String::new(),
            now: self.stamp(),
        };
        managers::note_update(&kind, Some(&live), &mut object, &writer);
        let is_ending = !object["metadata"]["deletionTimestamp"].is_null();
        if is_ending && native::is_let_go(&kind, &object) {
            state.remove(key);
        } else {
            state.put(key.clone(), object);
        }
        drop(state);
        self.announce();
    }
}

fn drop_if_empty(object: &mut Value, name: &str) {
    if object["metadata"][name]
        .as_array()
        .is_some_and(Vec::is_empty)
        && let Some(metadata) = object["metadata"].as_object_mut()
    {
        metadata.remove(name);
    }
}

fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    let finalizers = object["metadata"]["finalizers"].as_array();
    finalizers.is_some_and(|held| held.iter().any(|held| held == finalizer))
}

fn is_ending(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["ownerReferences"]
        .as_array()
        .into_iter()
        .flatten()
}

impl State {
    fn kind_at(&self, key: &Key) -> Option<Arc<Kind>> {
        self.kinds.iter().find(|kind| key.is_of(kind)).cloned()
    }

    /// What the controllers would do now.
    fn work(&self) -> Vec<Work> {
        let mut work = Vec::new();
        for (key, object) in &self.objects {
            if is_ending(object) {
                self.finish(key, object, &mut work);
            }
            if owners(object).next().is_some() {
                self.collect(key, object, &mut work);
            }
        }
        work
    }

    fn dependents<'a>(&'a self, uid: &'a Value) -> impl Iterator<Item = (&'a Key, &'a Value)> {
        self.objects
            .iter()
            .filter(move |(_, object)| owners(object).any(|owner| owner["uid"] == *uid))
    }

    /// What an object that is being deleted waits for.
    fn finish(&self, key: &Key, object: &Value, work: &mut Vec<Work>) {
        let uid = &object["metadata"]["uid"];
        if has_finalizer(object, ORPHAN) {
            for (dependent, _) in self.dependents(uid) {
                let uid = uid.as_str().unwrap_or_default().to_owned();
                work.push(Work::Disown(dependent.clone(), vec![uid]));
            }
            work.push(Work::Release(key.clone(), ORPHAN));
        }
        if has_finalizer(object, FOREGROUND) {
            let holds = |dependent: &Value| {
                owners(dependent)
                    .any(|owner| owner["uid"] == *uid && owner["blockOwnerDeletion"] == true)
            };
            if !self.dependents(uid).any(|(_, dependent)| holds(dependent)) {
                work.push(Work::Release(key.clone(), FOREGROUND));
            }
        }
        if key.plural == "namespaces" && key.group.is_empty() {
            let inside = self
                .objects
                .iter()
                .filter(|(inner, _)| inner.namespace == key.name);
            let mut is_empty = true;
            for (inner, object) in inside {
                is_empty = false;
                if !is_ending(object) {
                    work.push(Work::Delete(inner.clone(), None));
                }
            }
            if is_empty && object["spec"]["finalizers"] == json!(["kubernetes"]) {
                work.push(Work::Empty(key.clone()));
            }
        }
        if key.plural == "customresourcedefinitions" && has_finalizer(object, native::CLEANUP) {
            let spec = &object["spec"];
            let inside = self.objects.iter().filter(|(inner, _)| {
                spec["group"] == inner.group && spec["names"]["plural"] == inner.plural
            });
            let mut is_empty = true;
            for (inner, object) in inside {
                is_empty = false;
                if !is_ending(object) {
                    work.push(Work::Delete(inner.clone(), None));
                }
            }
            if is_empty {
                work.push(Work::Release(key.clone(), native::CLEANUP));
            }
        }
    }

    /// What becomes of an object with owners.
    fn collect(&self, key: &Key, object: &Value, work: &mut Vec<Work>) {
        let (mut solid, mut waiting, mut gone) = (0, Vec::new(), Vec::new());
        for owner in owners(object) {
            let Some(found) = self.owner(key, owner) else {
                // An owner of a kind that is not served may exist for all that is known.
                return;
            };
            match found {
                None => gone.push(owner["uid"].as_str().unwrap_or_default().to_owned()),
                Some(owner) if is_ending(owner) && has_finalizer(owner, FOREGROUND) => {
                    waiting.push(
                        owner["metadata"]["uid"]
                            .as_str()
                            .unwrap_or_default()
                            .to_owned(),
                    );
                }
                Some(_) => solid += 1,
            }
        }
        if waiting.is_empty() && gone.is_empty() {
            return;
        }
        if solid > 0 {
            gone.extend(waiting);
            work.push(Work::Disown(key.clone(), gone));
            return;
        }
        let is_foreground =
            !waiting.is_empty() && self.dependents(&object["metadata"]["uid"]).next().is_some();
        if is_ending(object) {
            return;
        }
        let policy = match is_foreground {
            true => "Foreground",
            false => "Background",
        };
        work.push(Work::Delete(key.clone(), Some(policy)));
    }

    /// The owner that a reference names: `None` if its kind is not served, `Some(None)` if it
    /// does not exist.
    fn owner(&self, key: &Key, reference: &Value) -> Option<Option<&Value>> {
        let kind = self.kind_of(&json!({"kind": reference["kind"],
            "apiVersion": reference["apiVersion"]}))?;
        let name = reference["name"].as_str().unwrap_or_default();
        let found = self.get(&Key::new(&kind, &key.namespace, name));
        Some(found.filter(|found| found["metadata"]["uid"] == reference["uid"]))
    }
}
