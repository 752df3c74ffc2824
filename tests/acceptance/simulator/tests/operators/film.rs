//! All versions that objects went through, in their order.

use std::sync::{Arc, Mutex};

use futures::StreamExt;
use kube::runtime::watcher::{Config, Event, watcher};
use serde_json::Value;

use crate::stage::Stage;

/// What watches of some kinds have seen.
#[derive(Clone, Default)]
pub struct Film(Arc<Mutex<Vec<Value>>>);

impl Film {
    /// Watches kinds from now on.
    pub fn of(stage: &Stage, plurals: &[&str]) -> Self {
        let film = Self::default();
        for plural in plurals {
            let taken = film.0.clone();
            let mut events = watcher(stage.api(plural), Config::default()).boxed();
            tokio::spawn(async move {
                while let Some(event) = events.next().await {
                    if let Ok(Event::Apply(object) | Event::InitApply(object)) = event {
                        let object = serde_json::to_value(object).unwrap();
                        taken.lock().unwrap().push(object);
                    }
                }
            });
        }
        film
    }

    /// The versions of one object.
    pub fn versions(&self, kind: &str, name: &str) -> Vec<Value> {
        let taken = self.0.lock().unwrap();
        let of_object =
            |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
        taken.iter().filter(of_object).cloned().collect()
    }
}

/// The different values of a member, in their order.
pub fn values(versions: &[Value], pointer: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for version in versions {
        let value = match version.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        if values.last() != Some(&value) {
            values.push(value);
        }
    }
    values
}
