//! `status.details` of a DatabaseCluster: the engine's status as the YAML
//! dump of a Go struct, all members present and in lower case.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::engine::Engine;
use crate::object::{items, number, text};

/// The dump of an engine's status; of an empty one when it is null.
pub fn dump(engine: Engine, status: &Value) -> String {
    let shape = match engine {
        Engine::Pxc => pxc(status),
        Engine::Psmdb => psmdb(status),
        Engine::Postgresql => postgresql(status),
    };
    let mut yaml = String::new();
    if let Value::Object(members) = &shape {
        print(members, 0, &mut yaml);
    }
    yaml
}

fn component(status: &Value, name: &str) -> Value {
    json!({
        "status": text(status, &format!("/{name}/status")),
        "message": text(status, &format!("/{name}/message")),
        "version": text(status, &format!("/{name}/version")),
        "image": "",
        "labelselectorpath": "",
    })
}

fn application(status: &Value, name: &str) -> Value {
    json!({
        "componentstatus": component(status, name),
        "size": number(status, &format!("/{name}/size")),
        "ready": number(status, &format!("/{name}/ready")),
    })
}

fn pxc(status: &Value) -> Value {
    json!({
        "pxc": application(status, "pxc"),
        "pxcreplication": null,
        "proxysql": application(status, "proxysql"),
        "haproxy": application(status, "haproxy"),
        "backup": component(status, "backup"),
        "pmm": component(status, "pmm"),
        "logcollector": component(status, "logcollector"),
        "host": text(status, "/host"),
        "messages": items(status, "/messages"),
        "status": text(status, "/state"),
        "conditions": [],
        "observedgeneration": number(status, "/observedGeneration"),
        "size": number(status, "/size"),
        "ready": number(status, "/ready"),
    })
}

fn psmdb(status: &Value) -> Value {
    json!({
        "state": text(status, "/state"),
        "mongoversion": text(status, "/mongoVersion"),
        "mongoimage": text(status, "/mongoImage"),
        "message": text(status, "/message"),
        "conditions": [],
        "replsets": {},
        "mongos": null,
        "observedgeneration": number(status, "/observedGeneration"),
        "backupversion": text(status, "/backupVersion"),
        "backupimage": text(status, "/backupImage"),
        "backupconfighash": text(status, "/backupConfigHash"),
        "pmmstatus": "",
        "pmmversion": "",
        "host": text(status, "/host"),
        "size": number(status, "/size"),
        "ready": number(status, "/ready"),
    })
}

fn postgresql(status: &Value) -> Value {
    json!({
        "postgres": {
            "size": number(status, "/postgres/size"),
            "ready": number(status, "/postgres/ready"),
            "instancesets": [],
            "version": number(status, "/postgres/version"),
            "imageid": text(status, "/postgres/imageID"),
        },
        "pgbouncer": {
            "size": number(status, "/pgbouncer/size"),
            "ready": number(status, "/pgbouncer/ready"),
        },
        "state": text(status, "/state"),
        "patroniversion": "",
        "host": text(status, "/host"),
        "installedcustomextensions": [],
        "conditions": [],
    })
}

fn print(members: &Map<String, Value>, depth: usize, yaml: &mut String) {
    let indent = " ".repeat(depth * 4);
    for (key, value) in members {
        let _ = match value {
            Value::Object(inner) if inner.is_empty() => writeln!(yaml, "{indent}{key}: {{}}"),
            Value::Object(inner) => {
                let _ = writeln!(yaml, "{indent}{key}:");
                print(inner, depth + 1, yaml);
                Ok(())
            }
            Value::Array(list) => writeln!(yaml, "{indent}{key}: {}", Value::from(list.clone())),
            Value::String(text) if text.is_empty() => writeln!(yaml, "{indent}{key}: \"\""),
            Value::String(text) => writeln!(yaml, "{indent}{key}: {text}"),
            other => writeln!(yaml, "{indent}{key}: {other}"),
        };
    }
}
