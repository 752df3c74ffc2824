//! The report about an object that did not become as wanted.

use std::time::Duration;

use everest_core::clean;
use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, ListParams};
use serde::Serialize;
use serde_json::Value;

use crate::error::LastSeen;
use crate::objects::{Kind, Objects};

/// Events shown at most.
const EVENTS: usize = 5;

/// The most characters of one message that are shown.
const LONGEST: usize = 1000;

/// The longest time for the report: the user has waited already.
const TIME_FOR_EVENTS: Duration = Duration::from_secs(5);

/// Describes `object`, with the last events of all objects of its name: the engine's own object has
/// the same name, and its events are the most useful.
pub(crate) async fn of<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    object: Option<&K>,
    waiting_for: &str,
) -> LastSeen {
    let object = object
        .and_then(|object| serde_json::to_value(object).ok())
        .unwrap_or_default();
    let mut last_seen = describe(&object["status"]);
    last_seen.waiting_for = waiting_for.to_owned();
    if let Some(namespace) = objects.namespace() {
        let events = last_events(objects.cluster().client().clone(), namespace, name);
        last_seen.events = tokio::select! {
            biased;
            events = tokio::time::timeout(TIME_FOR_EVENTS, events) => events.unwrap_or_default(),
            () = objects.cluster().soon_after_stop() => Vec::new(),
        };
    }
    last_seen
}

/// A [`LastSeen`] with only the missing part.
pub(crate) fn waiting_for(missing: &str) -> LastSeen {
    LastSeen {
        waiting_for: missing.to_owned(),
        ..LastSeen::default()
    }
}

/// Reads status, message and conditions out of any kind's status.
pub(crate) fn describe(status: &Value) -> LastSeen {
    let text = |key: &str| {
        let text = status.get(key).and_then(Value::as_str);
        text.map(|text| clean(text, LONGEST))
    };
    let conditions = status["conditions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    LastSeen {
        status: text("status")
            .or_else(|| text("state"))
            .or_else(|| text("phase")),
        message: text("message").filter(|message| !message.is_empty()),
        conditions: conditions.iter().map(condition).collect(),
        ..LastSeen::default()
    }
}

fn condition(condition: &Value) -> String {
    let text = |key: &str| {
        condition
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let mut line = format!("{}={}", text("type"), text("status"));
    if !text("reason").is_empty() {
        line += &format!(", {}", text("reason"));
    }
    if !text("message").is_empty() {
        line += &format!(": {}", text("message"));
    }
    clean(&line, LONGEST)
}

/// The last events about objects called `name`, oldest first; none where events may not be
/// listed.
async fn last_events(client: kube::Client, namespace: &str, name: &str) -> Vec<String> {
    let api: Api<Event> = Api::namespaced(client, namespace);
    let about = ListParams::default().fields(&format!("involvedObject.name={name}"));
    let Ok(list) = api.list(&about).await else {
        return Vec::new();
    };
    let mut events: Vec<_> = list
        .items
        .into_iter()
        .map(|event| {
            let at = event
                .last_timestamp
                .map(|time| time.0)
                .or_else(|| event.event_time.map(|time| time.0))
                .or_else(|| event.metadata.creation_timestamp.map(|time| time.0));
            let line = format!(
                "{} {} {}: {}",
                at.map(|at| at.to_string()).unwrap_or_default(),
                event.type_.unwrap_or_default(),
                event.reason.unwrap_or_default(),
                event.message.unwrap_or_default().trim(),
            );
            (at, line)
        })
        .collect();
    events.sort_by_key(|(at, _)| *at);
    let skip = events.len().saturating_sub(EVENTS);
    events
        .into_iter()
        .skip(skip)
        .map(|(_, line)| clean(line.trim(), LONGEST))
        .collect()
}
