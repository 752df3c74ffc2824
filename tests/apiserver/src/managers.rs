//! `metadata.managedFields`: who manages which fields of an object.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::field_set::FieldSet;
use crate::kind::Kind;
use crate::typed::{self, Comparison};

/// Who writes, and when.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    pub(crate) manager: String,
    pub(crate) subresource: String,
    pub(crate) now: String,
}

/// What one manager manages.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    manager: String,
    operation: String,
    api_version: String,
    subresource: String,
    time: String,
    fields: FieldSet,
}

impl Entry {
    fn new(operation: &str, kind: &Kind, writer: &Writer, fields: FieldSet) -> Self {
        Self {
            manager: writer.manager.clone(),
            operation: operation.to_owned(),
            api_version: kind.api_version(),
            subresource: writer.subresource.clone(),
            time: writer.now.clone(),
            fields,
        }
    }

    /// Applies have one entry whatever the version, updates one each.
    fn is_same(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == "Apply" || self.api_version == other.api_version)
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let operation = text("operation");
        ["Apply", "Update"]
            .contains(&operation.as_str())
            .then(|| Self {
                manager: text("manager"),
                operation,
                api_version: text("apiVersion"),
                subresource: text("subresource"),
                time: text("time"),
                fields: FieldSet::from_json(&value["fieldsV1"]),
            })
    }

    fn to_json(&self) -> Value {
        let mut value = json!({"manager": self.manager, "operation": self.operation,
            "apiVersion": self.api_version});
        if !self.time.is_empty() {
            value["time"] = json!(self.time);
        }
        value["fieldsType"] = json!("FieldsV1");
        value["fieldsV1"] = self.fields.to_json();
        if !self.subresource.is_empty() {
            value["subresource"] = json!(self.subresource);
        }
        value
    }

    /// The manager as conflicts name it.
    fn spoken(&self) -> String {
        let mut text = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if self.operation == "Update" {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }
}

fn read(object: &Value) -> Vec<Entry> {
    let entries = object["metadata"]["managedFields"].as_array();
    entries
        .into_iter()
        .flatten()
        .filter_map(Entry::read)
        .collect()
}

fn write(mut entries: Vec<Entry>, object: &mut Value) {
    entries.retain(|entry| !entry.fields.is_empty());
    entries.sort_by(|one, two| {
        let order = |entry: &Entry| {
            (
                entry.operation.clone(),
                entry.time.clone(),
                entry.manager.clone(),
                entry.api_version.clone(),
                entry.subresource.clone(),
            )
        };
        order(one).cmp(&order(two))
    });
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        if !entries.is_empty() {
            let entries = entries.iter().map(Entry::to_json).collect();
            metadata.insert("managedFields".to_owned(), entries);
        }
    }
}

fn bare(object: &Value) -> Value {
    let mut bare = object.clone();
    if let Some(metadata) = bare["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    bare
}

/// Fields that nobody manages, and those that a write of this (sub)resource does not reach.
fn reached(mut set: FieldSet, kind: &Kind, subresource: &str) -> FieldSet {
    match subresource {
        "status" => drop(set.below.remove("f:spec")),
        _ if kind.has_status => drop(set.below.remove("f:status")),
        _ => {}
    }
    let mut own = FieldSet::path(&["apiVersion"])
        .union(&FieldSet::path(&["kind"]))
        .union(&FieldSet::path(&["metadata"]));
    for name in [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ] {
        own = own.union(&FieldSet::path(&["metadata", name]));
    }
    set.here = false;
    set.difference(&own)
}

fn difference(kind: &Kind, writer: &Writer, old: &Value, new: &Value) -> Comparison {
    let found = typed::compare(kind.node(), Some(old), Some(new));
    let reached = |set| reached(set, kind, &writer.subresource);
    Comparison {
        added: reached(found.added),
        removed: reached(found.removed),
        modified: reached(found.modified),
    }
}

/// What others lose to a write; the conflicts if they are asked to keep it.
fn take(
    entries: &mut [Entry],
    ours: &Entry,
    changed: &Comparison,
    force: bool,
) -> Result<(), Failure> {
    let touched = changed.modified.union(&changed.added);
    let mut conflicts: Vec<(String, String)> = Vec::new();
    for entry in entries.iter_mut().filter(|entry| !entry.is_same(ours)) {
        let lost = entry.fields.intersection(&touched);
        conflicts.extend(lost.paths().into_iter().map(|path| (entry.spoken(), path)));
        entry.fields = entry.fields.difference(&lost).difference(&changed.removed);
    }
    if force || conflicts.is_empty() {
        return Ok(());
    }
    conflicts.sort_by(|(one, _), (two, _)| one.cmp(two));
    let message = match conflicts.as_slice() {
        [(manager, path)] => {
            format!("Apply failed with 1 conflict: conflict with {manager}: {path}")
        }
        many => {
            let mut lines = Vec::new();
            let mut last = "";
            for (manager, path) in many {
                if manager != last {
                    lines.push(format!("conflicts with {manager}:"));
                    last = manager;
                }
                lines.push(format!("- {path}"));
            }
            format!(
                "Apply failed with {} conflicts: {}",
                many.len(),
                lines.join("\n")
            )
        }
    };
    let causes = conflicts.iter().map(|(manager, path)| {
        json!({"reason": "FieldManagerConflict", "field": path,
            "message": format!("conflict with {manager}")})
    });
    Err(Failure::new(409, "Conflict", message).with_causes(causes.collect()))
}

/// Notes in `new` what its writer has changed.
pub(crate) fn note_update(kind: &Kind, live: Option<&Value>, new: &mut Value, writer: &Writer) {
    let named = read(new);
    let is_reset = new["metadata"]["managedFields"] == json!([{}]);
    let mut entries = match live {
        _ if is_reset => Vec::new(),
        _ if writer.subresource.is_empty() && !named.is_empty() => named,
        Some(live) => read(live),
        None => Vec::new(),
    };
    let before = live.map_or_else(|| json!({}), bare);
    let changed = difference(kind, writer, &before, &bare(new));
    let mut ours = Entry::new("Update", kind, writer, FieldSet::default());
    let place = entries.iter().position(|entry| entry.is_same(&ours));
    let held = place.map(|place| entries.remove(place));
    let had = held.as_ref().map(|held| held.fields.clone());
    let fields = had.clone().unwrap_or_default();
    ours.fields = fields
        .difference(&changed.removed)
        .union(&changed.modified)
        .union(&changed.added);
    if let Some(held) = held.filter(|_| had.as_ref() == Some(&ours.fields)) {
        ours.time = held.time;
    }
    // With force, nothing is refused.
    let _ = take(&mut entries, &ours, &changed, true);
    entries.push(ours);
    write(entries, new);
}

/// The object that a server-side apply makes of the live one.
///
/// # Errors
/// Conflicts with other managers, and fields that the kind does not have.
pub(crate) fn apply(
    kind: &Kind,
    live: Option<&Value>,
    applied: &Value,
    writer: &Writer,
    force: bool,
) -> Result<Value, Failure> {
    let node = kind.node();
    if let Some(wrong) = typed::untypable(node, applied) {
        let text = |name: &str| applied["metadata"][name].as_str().unwrap_or_default();
        return Err(Failure::internal_plain(&format!(
            "failed to create typed patch object ({}/{}; {}/{}, Kind={}): {wrong}",
            text("namespace"),
            text("name"),
            kind.group,
            kind.version,
            kind.name
        )));
    }
    let mut entries = live.map(read).unwrap_or_default();
    if let Some(live) = live.filter(|_| entries.is_empty()) {
        let first = Writer {
            manager: "before-first-apply".to_owned(),
            ..writer.clone()
        };
        let fields = difference(kind, &first, &json!({}), &bare(live)).added;
        entries.push(Entry::new("Update", kind, &first, fields));
    }
    let before = live.map_or_else(|| json!({}), bare);
    let owned = reached(typed::fields(node, applied), kind, &writer.subresource);
    let mut ours = Entry::new("Apply", kind, writer, owned);
    let place = entries.iter().position(|entry| entry.is_same(&ours));
    let held = place.map(|place| entries.remove(place));
    let last = held
        .as_ref()
        .map(|held| held.fields.clone())
        .unwrap_or_default();
    let managed = entries
        .iter()
        .fold(ours.fields.clone(), |all, entry| all.union(&entry.fields));
    let given_up = last
        .with_named_parents()
        .difference(&managed.with_named_parents());
    let merged = typed::merge(node, Some(&before), applied);
    let mut new = typed::remove(node, &merged, &given_up);
    let changed = difference(kind, writer, &before, &new);
    take(&mut entries, &ours, &changed, force)?;
    if changed.is_same() {
        ours.time = held.map(|held| held.time).unwrap_or_default();
    }
    entries.push(ours);
    if !new["metadata"].is_object() {
        new["metadata"] = json!({});
    }
    write(entries, &mut new);
    Ok(new)
}
