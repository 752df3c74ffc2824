//! What tests do to the objects behind the server's back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::kind::Kind;
use crate::native;
use crate::schema;
use crate::server::ApiServer;
use crate::state::{Key, State};

impl State {
    /// The kind and the key of the object that is served at a path.
    fn at(&self, path: &str) -> Option<(std::sync::Arc<Kind>, Key)> {
        let (parts, ()) = http::Request::get(path).body(()).ok()?.into_parts();
        let asked = crate::request::Asked::new(&parts, Value::Null);
        let kind = self.find(&asked.group, &asked.version, &asked.resource)?;
        let key = Key::new(&kind, &asked.namespace, &asked.name);
        Some((kind, key))
    }
}

impl ApiServer {
    /// The path that an object is served at; `None` if its kind is not served.
    pub fn path_of(&self, object: &Value) -> Option<String> {
        let kind = self.lock().kind_of(object)?;
        let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
        Some(kind.path(text("namespace"), text("name")))
    }

    /// The object at a path, as `/api/v1/namespaces/shop/secrets/keys`.
    pub fn get(&self, path: &str) -> Option<Value> {
        let state = self.lock();
        let (_, key) = state.at(path)?;
        state.get(&key).cloned()
    }

    /// All objects, by their paths.
    pub fn all(&self) -> BTreeMap<String, Value> {
        let state = self.lock();
        let objects = state.objects.iter();
        objects
            .filter_map(|(key, object)| {
                let kind = state.kinds.iter().find(|kind| key.is_of(kind))?;
                Some((kind.path(&key.namespace, &key.name), object.clone()))
            })
            .collect()
    }

    /// Changes objects as a map by their paths: those that are new or other than before are put
    /// there as they are, those that are missing are taken away.
    ///
    /// # Panics
    /// If an object is put at a path of no kind that is served.
    pub fn edit<T>(&self, edit: impl FnOnce(&mut BTreeMap<String, Value>) -> T) -> T {
        let before = self.all();
        let mut after = before.clone();
        let result = edit(&mut after);
        for path in before.keys().filter(|path| !after.contains_key(*path)) {
            self.remove(path);
        }
        for (path, object) in after {
            if before.get(&path) == Some(&object) {
                continue;
            }
            let object = self.named_by(&path, object);
            if !before.contains_key(&path) {
                self.put(object);
                continue;
            }
            self.change(&path, |held| {
                let before = std::mem::replace(held, object);
                for name in ["uid", "creationTimestamp", "generation"] {
                    if held["metadata"][name].is_null() {
                        held["metadata"][name] = before["metadata"][name].clone();
                    }
                }
            });
        }
        result
    }

    /// The object with what its path says of it.
    fn named_by(&self, path: &str, mut object: Value) -> Value {
        let state = self.lock();
        let (kind, key) = state
            .at(path)
            .unwrap_or_else(|| panic!("nothing is served at {path}"));
        object["apiVersion"] = json!(kind.api_version());
        object["kind"] = json!(kind.name);
        object["metadata"]["name"] = json!(key.name);
        if kind.namespaced {
            object["metadata"]["namespace"] = json!(key.namespace);
        }
        object
    }

    /// Puts an object there as it is, status included, in place of the one that is there; what
    /// it lacks that every object has is filled in, and its namespace comes into being with it.
    /// No permission, admission or validation is asked for.
    ///
    /// # Panics
    /// If its kind is not served.
    pub fn put(&self, mut object: Value) -> Value {
        let now = self.stamp();
        let mut state = self.lock();
        let kind = state.kind_of(&object);
        let kind = kind.unwrap_or_else(|| panic!("no such kind is served: {object}"));
        let key = Key::of(&kind, &object);
        if kind.namespaced
            && state
                .takes_content(&kind, &key)
                .is_err_and(|failure| failure.code == 404)
        {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": key.namespace}});
            drop(state);
            self.put(namespace);
            state = self.lock();
        }
        let held = state.get(&key).map(|held| held["metadata"].clone());
        let uid = match &held {
            Some(held) => held["uid"].clone(),
            None => json!(state.uid()),
        };
        schema::fill(kind.node(), &mut object);
        native::fill(&kind, &mut object);
        if held.is_none() {
            let status = object["status"].take();
            native::begin(&kind, &mut object, &now);
            match status {
                Value::Null => {}
                status => object["status"] = status,
            }
            if object["status"].is_null()
                && let Some(members) = object.as_object_mut()
            {
                members.remove("status");
            }
        }
        let metadata = &mut object["metadata"];
        let fill = |metadata: &mut Value, name: &str, value: Value| {
            if metadata[name].is_null() {
                metadata[name] = value;
            }
        };
        fill(metadata, "uid", uid);
        let created = held
            .as_ref()
            .map_or(json!(now), |held| held["creationTimestamp"].clone());
        fill(metadata, "creationTimestamp", created);
        if kind.counts_generations {
            let generation = held
                .as_ref()
                .map_or(1, |held| held["generation"].as_i64().unwrap_or(0));
            fill(metadata, "generation", json!(generation.max(1)));
        }
        let object = state.put(key, object);
        drop(state);
        self.announce();
        object
    }

    /// Changes the object at a path, whatever it holds; returns false if there is none. If it is
    /// being deleted and nothing holds it any more then, it goes.
    pub fn change(&self, path: &str, change: impl FnOnce(&mut Value)) -> bool {
        let mut state = self.lock();
        let Some((kind, key)) = state.at(path) else {
            return false;
        };
        let Some(held) = state.get(&key).cloned() else {
            return false;
        };
        let mut object = held.clone();
        change(&mut object);
        if object == held {
            return true;
        }
        let rest = |object: &Value| {
            let mut members = object.as_object().cloned().unwrap_or_default();
            members.remove("metadata");
            members.remove("status");
            members
        };
        if kind.counts_generations && rest(&held) != rest(&object) {
            let generation = held["metadata"]["generation"].as_i64().unwrap_or_default();
            object["metadata"]["generation"] = json!(generation + 1);
        }
        let is_ending = !object["metadata"]["deletionTimestamp"].is_null();
        if is_ending && native::is_let_go(&kind, &object) {
            state.remove(&key);
        } else {
            state.put(key, object);
        }
        drop(state);
        self.announce();
        true
    }

    /// Takes the object at a path away, whatever holds it; returns it.
    pub fn remove(&self, path: &str) -> Option<Value> {
        let mut state = self.lock();
        let (_, key) = state.at(path)?;
        let object = state.remove(&key);
        drop(state);
        self.announce();
        object
    }

    /// Marks the object at a path for deletion, as a DELETE by somebody does: it goes at once if
    /// nothing holds it.
    pub fn mark_deleted(&self, path: &str) -> bool {
        let now = self.stamp();
        self.change(path, |object| {
            if object["metadata"]["deletionTimestamp"].is_null() {
                object["metadata"]["deletionTimestamp"] = json!(now);
                object["metadata"]["deletionGracePeriodSeconds"] = json!(0);
                if object["kind"] == "Namespace" {
                    object["status"]["phase"] = json!("Terminating");
                }
            }
        })
    }

    /// How often an object began to exist at a path.
    pub fn made(&self, path: &str) -> usize {
        let state = self.lock();
        let Some((_, key)) = state.at(path) else {
            return 0;
        };
        let changes = state.history.iter();
        changes
            .filter(|change| change.key == key && change.before.is_none())
            .count()
    }
}
