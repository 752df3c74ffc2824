//! The recorded objects, and what is left out when they are compared.

use std::fs;
use std::path::Path;

use everest_simulator::Engine;
use serde_json::{Value, json};

/// Members that differ for a reason. The recordings are of the line before the one that is
/// simulated, and the engines' status was written by hand.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("*", "/metadata/uid", "new each time"),
    ("*", "/metadata/resourceVersion", "new each time"),
    ("*", "/metadata/creationTimestamp", "new each time"),
    ("*", "/metadata/deletionTimestamp", "new each time"),
    (
        "*",
        "/metadata/deletionGracePeriodSeconds",
        "said by some servers only",
    ),
    ("*", "/metadata/managedFields", "not recorded"),
    (
        "*",
        "/metadata/generation",
        "the recorded database was changed in between",
    ),
    (
        "DatabaseCluster",
        "/spec/engine/config",
        "the text is our own",
    ),
    ("DatabaseCluster", "/status/details", "compared apart"),
    (
        "PerconaServerMongoDB",
        "/spec/replsets/0/configuration",
        "the text is our own",
    ),
    (
        "PerconaXtraDBCluster",
        "/spec/pxc/configuration",
        "the text is our own",
    ),
    (
        "PerconaXtraDBCluster",
        "/spec/haproxy/configuration",
        "the text is our own",
    ),
    (
        "PerconaPGCluster",
        "/spec/backups",
        "from 2.8.2 on without a volume for backups",
    ),
    ("PerconaXtraDBCluster", "/status", "written by hand"),
    ("PerconaServerMongoDB", "/status", "written by hand"),
    ("PerconaPGCluster", "/status", "written by hand"),
    ("DatabaseClusterBackup", "/status/inUse", "new in 1.12"),
    ("DatabaseClusterRestore", "/status/inUse", "new in 1.12"),
    ("DatabaseClusterBackup", "/status/created", "new each time"),
    (
        "DatabaseClusterBackup",
        "/status/completed",
        "written by hand",
    ),
    (
        "DatabaseClusterRestore",
        "/status/completed",
        "written by hand",
    ),
    (
        "DatabaseClusterBackup",
        "/status/destination",
        "written by hand; PostgreSQL's new in 1.12",
    ),
    (
        "DatabaseClusterBackup",
        "/status/latestRestorableTime",
        "not written by hand",
    ),
    (
        "PerconaPGBackup",
        "/spec/repoName",
        "from 2.8.2 on without a volume for backups",
    ),
    (
        "PerconaPGRestore",
        "/spec/repoName",
        "from 2.8.2 on without a volume for backups",
    ),
    (
        "PerconaPGRestore",
        "/spec/options/0",
        "the set that the destination names",
    ),
];

/// Finalizer of backups and restores in use, new in 1.12.
const IN_USE: &str = "everest.percona.com/in-use-protection";

/// A recorded object.
pub fn recorded(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../observed");
    let path = folder.join(format!("{name}.yaml"));
    let yaml =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml_ng::from_str(&yaml).unwrap()
}

/// An object without what differs for a reason.
pub fn comparable(object: &Value) -> Value {
    let mut object = object.clone();
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let behind = object["metadata"]["generation"]
        .as_i64()
        .unwrap_or_default()
        - object["status"]["observedGeneration"]
            .as_i64()
            .unwrap_or_default();
    if kind == "DatabaseCluster" {
        object["status"]["observedGeneration"] = json!(format!("{behind} behind"));
    }
    for (of, pointer, _) in DIFFERENCES {
        if *of == "*" || *of == kind {
            remove(&mut object, pointer);
        }
    }
    let metadata = &mut object["metadata"];
    if let Some(Value::Array(finalizers)) = metadata.get_mut("finalizers") {
        finalizers.retain(|finalizer| finalizer != IN_USE);
        if finalizers.is_empty() {
            remove(metadata, "/finalizers");
        }
    }
    for owner in metadata["ownerReferences"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        owner["uid"] = "…".into();
        // Restores and engines' backups have owners that are controllers since 1.12.
        remove(owner, "/controller");
    }
    if object["status"]
        .as_object()
        .is_some_and(serde_json::Map::is_empty)
    {
        remove(&mut object, "/status");
    }
    nameless(&mut object);
    object
}

/// Data lie below the database's uid.
fn nameless(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("rig-") && text.contains('/') => {
            let parts = text.split('/').map(|part| match part.len() {
                36 => "…",
                _ => part,
            });
            *text = parts.collect::<Vec<_>>().join("/");
        }
        Value::Array(items) => items.iter_mut().for_each(nameless),
        Value::Object(members) => members.values_mut().for_each(nameless),
        _ => {}
    }
}

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return;
    };
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.shift_remove(name);
        }
        Some(Value::Array(items)) => {
            if let Ok(index) = name.parse::<usize>()
                && index < items.len()
            {
                items.remove(index);
            }
        }
        _ => {}
    }
}

/// What a database's status shows of its engine, without what was written by hand.
pub fn shown(engine: Engine, object: &Value) -> Value {
    let mut status = object["status"].clone();
    if engine == Engine::Psmdb {
        // An exposed replica set has the list of its members; one name was written by hand.
        remove(&mut status, "/hostname");
    }
    status
}

/// Asserts that versions of an object pass through the recorded ones in this order.
#[track_caller]
pub fn assert_passes_through(engine: Engine, versions: &[Value], recordings: &[String]) {
    let bare = |object: &Value| {
        let mut object = comparable(object);
        if object["kind"] == "DatabaseCluster" {
            object["status"] = shown(engine, &object);
        }
        object
    };
    let mut rest = versions.iter();
    for name in recordings {
        let wanted = bare(&recorded(name));
        let before = rest.clone();
        let closest = before
            .map(|version| differences(&wanted, &bare(version)))
            .min_by_key(Vec::len);
        assert!(
            rest.by_ref().any(|version| bare(version) == wanted),
            "nothing like {name} came; closest (-recorded, +here): {:#?}",
            closest
        );
    }
}

/// The lines that only one of two objects has.
fn differences(recorded: &Value, here: &Value) -> Vec<String> {
    let lines = |value: &Value| -> Vec<String> {
        let text = format!("{:#}", sorted(value));
        text.lines().map(str::to_owned).collect()
    };
    let (recorded, here) = (lines(recorded), lines(here));
    let only = |these: &[String], those: &[String], sign: char| -> Vec<String> {
        let only = these.iter().filter(|line| !those.contains(line));
        only.map(|line| format!("{sign}{line}")).collect()
    };
    [only(&recorded, &here, '-'), only(&here, &recorded, '+')].concat()
}

fn sorted(value: &Value) -> Value {
    let mut value = value.clone();
    value.sort_all_objects();
    value
}
