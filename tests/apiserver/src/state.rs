//! What the server holds: kinds, objects, and every change there has been.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::builtin;
use crate::failure::Failure;
use crate::kind::Kind;
use crate::request::Asked;

/// An object's place: group, plural, namespace, name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) group: String,
    pub(crate) plural: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(kind: &Kind, namespace: &str, name: &str) -> Self {
        Self {
            group: kind.group.clone(),
            plural: kind.plural.clone(),
            namespace: match kind.namespaced {
                true => namespace.to_owned(),
                false => String::new(),
            },
            name: name.to_owned(),
        }
    }

    pub(crate) fn of(kind: &Kind, object: &Value) -> Self {
        let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
        Self::new(kind, text("namespace"), text("name"))
    }

    pub(crate) fn is_of(&self, kind: &Kind) -> bool {
        self.plural == kind.plural && self.group == kind.group
    }
}

/// A change of an object.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) key: Key,
    pub(crate) before: Option<Value>,
    /// The object after the change, or as it was last with the version of its deletion.
    pub(crate) object: Value,
    pub(crate) is_deletion: bool,
}

#[derive(Clone)]
pub(crate) struct State {
    pub(crate) kinds: Vec<Arc<Kind>>,
    pub(crate) objects: BTreeMap<Key, Value>,
    pub(crate) version: u64,
    uids: u64,
    names: u64,
    pub(crate) history: Vec<Arc<Change>>,
    /// Lists and watches from before this version are refused.
    pub(crate) horizon: u64,
}

/// The version of the first object.
const FIRST_VERSION: u64 = 1000;

impl State {
    pub(crate) fn new() -> Self {
        let kinds = builtin::kinds().into_iter().map(Arc::new).collect();
        Self {
            kinds,
            objects: BTreeMap::new(),
            version: FIRST_VERSION,
            uids: 0,
            names: 0,
            history: Vec::new(),
            horizon: FIRST_VERSION,
        }
    }

    /// The kind that a request is for.
    ///
    /// # Errors
    /// Kinds that are not served.
    pub(crate) fn kind(&self, asked: &Asked) -> Result<Arc<Kind>, Failure> {
        self.find(&asked.group, &asked.version, &asked.resource)
            .filter(|kind| {
                kind.namespaced || asked.namespace.is_empty() || kind.name == "Namespace"
            })
            .ok_or_else(|| {
                let is_native = self.kinds.iter().any(|kind| {
                    !kind.is_custom && kind.group == asked.group && kind.version == asked.version
                });
                match is_native {
                    true => Failure::no_resource(),
                    false => Failure::new(404, "", "404 page not found\n"),
                }
            })
    }

    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        let mut kinds = self.kinds.iter();
        kinds
            .find(|kind| kind.group == group && kind.version == version && kind.plural == plural)
            .cloned()
    }

    /// The kind of an object.
    pub(crate) fn kind_of(&self, object: &Value) -> Option<Arc<Kind>> {
        let mut kinds = self.kinds.iter();
        kinds
            .find(|kind| object["kind"] == kind.name && object["apiVersion"] == kind.api_version())
            .cloned()
    }

    /// Serves a kind, in place of what was served there.
    pub(crate) fn serve(&mut self, kind: Kind) {
        self.kinds.retain(|served| {
            (&served.group, &served.version, &served.plural)
                != (&kind.group, &kind.version, &kind.plural)
        });
        self.kinds.push(Arc::new(kind));
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Value> {
        self.objects.get(key)
    }

    /// A UID that no object had.
    pub(crate) fn uid(&mut self) -> String {
        self.uids += 1;
        format!("{:08x}-0000-4000-8000-{:012x}", self.uids, self.uids)
    }

    /// A name that begins with `prefix`.
    pub(crate) fn generated(&mut self, prefix: &str) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        self.names += 1;
        let mut left = self.names.wrapping_mul(6_364_136_223_846_793_005) >> 16;
        let mut name = prefix.to_owned();
        for _ in 0..5 {
            let letter = LETTERS[(left % LETTERS.len() as u64) as usize];
            name.push(char::from(letter));
            left /= LETTERS.len() as u64;
        }
        name
    }

    /// Stores an object under a new version.
    pub(crate) fn put(&mut self, key: Key, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let before = self.objects.insert(key.clone(), object.clone());
        self.history.push(Arc::new(Change {
            version: self.version,
            key: key.clone(),
            before,
            object: object.clone(),
            is_deletion: false,
        }));
        if key.plural == "customresourcedefinitions" {
            self.define(&object);
        }
        object
    }

    /// Takes an object away; returns it as it was last.
    pub(crate) fn remove(&mut self, key: &Key) -> Option<Value> {
        let before = self.objects.remove(key)?;
        self.version += 1;
        let mut object = before.clone();
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.history.push(Arc::new(Change {
            version: self.version,
            key: key.clone(),
            before: Some(before),
            object: object.clone(),
            is_deletion: true,
        }));
        if key.plural == "customresourcedefinitions" {
            let gone = object["spec"].clone();
            self.kinds.retain(|kind| {
                gone["group"] != kind.group || gone["names"]["plural"] != kind.plural
            });
        }
        Some(object)
    }

    /// Serves what a definition defines, and nothing else under its name.
    fn define(&mut self, definition: &Value) {
        let spec = &definition["spec"];
        self.kinds
            .retain(|kind| spec["group"] != kind.group || spec["names"]["plural"] != kind.plural);
        for kind in Kind::defined_by(definition) {
            self.serve(kind);
        }
    }

    /// The objects of a kind as they were at a version, in order.
    pub(crate) fn listed(&self, kind: &Kind, namespace: &str, version: u64) -> Vec<Value> {
        let is_meant =
            |key: &Key| key.is_of(kind) && (namespace.is_empty() || key.namespace == namespace);
        let now = self.objects.iter().filter(|(key, _)| is_meant(key));
        let mut then: BTreeMap<&Key, &Value> = now.collect();
        for change in self.history.iter().rev() {
            if change.version <= version {
                break;
            }
            if !is_meant(&change.key) {
                continue;
            }
            match &change.before {
                Some(before) => then.insert(&change.key, before),
                None => then.remove(&change.key),
            };
        }
        then.into_values().cloned().collect()
    }
}
