//! What there is in the end, without what two runs never have in common.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex_lite::Regex;
use serde_json::{Value, json};

use crate::world::World;

/// Everything there is and how often each object was made, and what the front end remembers.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    parts: BTreeMap<String, Value>,
}

/// Members that tell of the writes that led to an object and not of the object. Crossplane's are
/// notes of each attempt at a creation: one that failed stays beside the one that came after it.
const OF_WRITES: [&str; 10] = [
    "resourceVersion",
    "uid",
    "managedFields",
    "generation",
    "observedGeneration",
    "lastObservedGeneration",
    "observedGenerationLastUpdated",
    "crossplane.io/external-create-pending",
    "crossplane.io/external-create-succeeded",
    "crossplane.io/external-create-failed",
];

/// The Secret with Everest's accounts, whose passwords have a time.
const ACCOUNTS: &str = "/namespaces/everest-system/secrets/everest-accounts";

/// Times and UIDs, wherever they are written.
static MARKS: LazyLock<Regex> = LazyLock::new(|| {
    let time = r"\d{4}-\d\d-\d\d[T-]\d\d:\d\d:\d\d(\.\d+)?Z?";
    let uid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    Regex::new(&format!("{time}|{uid}")).unwrap()
});

impl Picture {
    /// What there is in `world`, and what the front end remembers.
    pub fn of(world: &World, remembers: &Value) -> Self {
        let mut parts = BTreeMap::new();
        for (path, object) in world.server.all() {
            if world.is_scenery(&path) {
                continue;
            }
            let mut object = object;
            if is_generated(&path) {
                conceal(&mut object["data"]);
            }
            if path.ends_with(ACCOUNTS) {
                decode(&mut object["data"]["users.yaml"]);
            }
            blur(&mut object);
            if is_made_once(&path) {
                parts.insert(format!("made {path}"), json!(world.server.made(&path)));
            }
            parts.insert(path, object);
        }
        let mut remembers = remembers.clone();
        blur(&mut remembers);
        parts.insert("remembered".to_owned(), remembers);
        Self { parts }
    }

    /// Where `self` differs from how the story ends otherwise.
    pub fn differences(&self, otherwise: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (path, expected) in &otherwise.parts {
            match self.parts.get(path) {
                None => found.push(format!("{path} is not there")),
                Some(there) => compare(path, there, expected, &mut found),
            }
        }
        for path in self.parts.keys() {
            if !otherwise.parts.contains_key(path) {
                found.push(format!("{path} is left over"));
            }
        }
        found
    }
}

/// Returns true for what is to be made once: a second one would be another database, backup or
/// restore. The rest is made again where a step that was refused was undone.
fn is_made_once(path: &str) -> bool {
    const ONCE: [&str; 4] = [
        "databaseclusters",
        "databaseclusterbackups",
        "databaseclusterrestores",
        "backupstorages",
    ];
    ONCE.iter()
        .any(|plural| path.contains(&format!("/{plural}/")))
}

/// Returns true for a Secret that operators fill with passwords of their own.
fn is_generated(path: &str) -> bool {
    path.contains("/secrets/everest-secrets-") || path.contains("/secrets/internal-")
}

/// Shows a document as text, in which times are found.
fn decode(document: &mut Value) {
    let bytes = document
        .as_str()
        .and_then(|text| STANDARD.decode(text).ok());
    if let Some(bytes) = bytes {
        *document = json!(String::from_utf8_lossy(&bytes));
    }
}

fn conceal(data: &mut Value) {
    for value in data
        .as_object_mut()
        .into_iter()
        .flat_map(|all| all.values_mut())
    {
        *value = json!("generated");
    }
}

fn compare(place: &str, there: &Value, expected: &Value, found: &mut Vec<String>) {
    if there == expected {
        return;
    }
    let (Value::Object(has), Value::Object(wanted)) = (there, expected) else {
        found.push(format!("{place} is {there}, not {expected}"));
        return;
    };
    for name in wanted
        .keys()
        .chain(has.keys().filter(|name| !wanted.contains_key(*name)))
    {
        let of = |members: &serde_json::Map<String, Value>| {
            members.get(name).cloned().unwrap_or_default()
        };
        compare(&format!("{place} {name}"), &of(has), &of(wanted), found);
    }
}

fn blur(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !OF_WRITES.contains(&name.as_str()));
            // A map by type, in the order in which they were first said.
            if let Some(Value::Array(conditions)) = members.get_mut("conditions") {
                conditions.sort_by_key(|condition| condition["type"].to_string());
            }
            members.values_mut().for_each(blur);
        }
        Value::Array(elements) => elements.iter_mut().for_each(blur),
        Value::String(text) => *text = MARKS.replace_all(text, "…").into_owned(),
        _ => {}
    }
}
