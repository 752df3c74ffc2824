//! `DatabaseCluster.status`, computed from the engine's object.

use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::details;
use crate::engine::Engine;
use crate::object::{self, at, items, number, text, truth};

/// Annotation on the engine's object while its volumes grow.
pub const RESIZING: &str = "percona.com/pvc-resize-in-progress";

/// What the status is computed from.
pub struct Sighting<'a> {
    /// The database, with the status of the reconcile before.
    pub database: &'a DynamicObject,
    /// Its engine.
    pub engine: Engine,
    /// The engine's object: what the reconcile wrote into its spec, and a
    /// status that is older than that.
    pub engine_cr: Option<&'a DynamicObject>,
    /// Version of the engine operator.
    pub operator: &'a str,
    /// An unfinished restore into the database exists.
    pub restoring: bool,
    /// State of the import job that belongs to the database.
    pub import_job: Option<&'a str>,
    /// Why the volumes cannot be resized: reason and message.
    pub cannot_resize: Option<(&'a str, &'a str)>,
    /// Why a resize failed.
    pub resize_failed: Option<&'a str>,
}

/// The new status, in the order in which everest-operator decides: engine
/// state, restore, resize, upgrade, import, deletion; later wins.
pub fn compute(seen: &Sighting) -> Value {
    let before = at(&seen.database.data, "/status");
    let none = Value::Null;
    let engine_status = seen.engine_cr.map_or(&none, |cr| at(&cr.data, "/status"));
    let mut status = json!({
        "details": details::dump(seen.engine, engine_status),
        "observedGeneration": object::generation(seen.database),
        "port": seen.engine.port(),
        "status": state(seen, engine_status),
    });
    let host = text(engine_status, "/host");
    put(&mut status, "hostname", host);
    let message = message(seen, engine_status);
    put(&mut status, "message", &message);
    let (size, ready) = sizes(seen.engine, engine_status);
    for (name, count) in [("size", size), ("ready", ready)] {
        if count != 0 {
            status[name] = count.into();
        }
    }
    // While PXC restores, the object is rebuilt from defaults but not applied,
    // so its version is unknown.
    let frozen = seen.restoring && seen.engine == Engine::Pxc;
    if !frozen && let Some(cr) = seen.engine_cr {
        put(&mut status, "crVersion", text(&cr.data, "/spec/crVersion"));
    }
    // Compared with the version of the reconcile before: a new database shows
    // a recommendation for one reconcile.
    if text(before, "/crVersion") != seen.operator && !seen.operator.is_empty() {
        status["recommendedCRVersion"] = seen.operator.into();
    }
    if seen.engine == Engine::Psmdb {
        let storages = seen
            .engine_cr
            .and_then(|cr| at(&cr.data, "/spec/backup/storages").as_object());
        let active = storages
            .into_iter()
            .flatten()
            .find(|(_, storage)| truth(storage, "/main"));
        if let Some((name, _)) = active {
            status["activeStorage"] = name.as_str().into();
        }
    }
    for kept in ["dataImportJobName", "engineFeatures"] {
        if !before[kept].is_null() {
            status[kept] = before[kept].clone();
        }
    }
    let conditions = conditions(seen, items(before, "/conditions"));
    if !conditions.is_empty() {
        status["conditions"] = conditions.into();
    }
    status
}

fn put(status: &mut Value, name: &str, value: &str) {
    if !value.is_empty() {
        status[name] = value.into();
    }
}

fn state(seen: &Sighting, engine_status: &Value) -> String {
    let mut state = match text(engine_status, "/state") {
        "" | "unknown" => "creating",
        other => other,
    };
    if seen.restoring {
        state = "restoring";
    }
    if resizing(seen) {
        state = "resizingVolumes";
    }
    if upgrading(seen, engine_status) {
        state = "upgrading";
    }
    match seen.import_job {
        Some("Failed" | "Error") => state = "error",
        Some("Succeeded") | None => {}
        Some(_) => state = "importing",
    }
    if object::deleting(seen.database) {
        state = "deleting";
    }
    state.to_owned()
}

fn resizing(seen: &Sighting) -> bool {
    seen.engine_cr.is_some_and(|cr| {
        cr.metadata
            .annotations
            .as_ref()
            .is_some_and(|a| a.contains_key(RESIZING))
    })
}

fn upgrading(seen: &Sighting, engine_status: &Value) -> bool {
    let wanted = text(&seen.database.data, "/spec/engine/version");
    let runs = match seen.engine {
        Engine::Pxc => text(engine_status, "/pxc/version"),
        Engine::Psmdb => text(engine_status, "/mongoVersion"),
        Engine::Postgresql => text(engine_status, "/postgres/imageID")
            .rsplit_once(':')
            .map_or("", |(_, tag)| tag),
    };
    !runs.is_empty() && runs != wanted
}

fn message(seen: &Sighting, engine_status: &Value) -> String {
    if matches!(seen.import_job, Some("Failed" | "Error")) {
        return "Data import job failed".to_owned();
    }
    let single = text(engine_status, "/message");
    if !single.is_empty() {
        return single.to_owned();
    }
    let many: Vec<&str> = items(engine_status, "/messages")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    many.join(";")
}

/// Size and ready count; PostgreSQL counts its two parts.
fn sizes(engine: Engine, engine_status: &Value) -> (i64, i64) {
    if engine == Engine::Postgresql {
        let sum = |member: &str| {
            number(engine_status, &format!("/postgres/{member}"))
                + number(engine_status, &format!("/pgbouncer/{member}"))
        };
        return (sum("size"), sum("ready"));
    }
    (
        number(engine_status, "/size"),
        number(engine_status, "/ready"),
    )
}

fn conditions(seen: &Sighting, before: &[Value]) -> Vec<Value> {
    let import_failed = matches!(seen.import_job, Some("Failed" | "Error"));
    let wanted = [
        ("CannotResizeVolume", seen.cannot_resize),
        (
            "VolumeResizeFailed",
            seen.resize_failed.map(|m| ("VolumeResizeFailed", m)),
        ),
        (
            "ImportFailed",
            import_failed.then_some(("ImportFailed", "Data import job failed")),
        ),
    ];
    wanted
        .into_iter()
        .filter_map(|(kind, why)| {
            let (reason, message) = why?;
            let known = before
                .iter()
                .find(|c| text(c, "/type") == kind && text(c, "/reason") == reason);
            Some(known.cloned().unwrap_or_else(|| {
                json!({"type": kind, "status": "True", "reason": reason, "message": message,
                    "lastTransitionTime": object::now(),
                    "observedGeneration": object::generation(seen.database)})
            }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    fn database(status: Value) -> DynamicObject {
        let mut database = object::new(
            &kinds::DATABASE_CLUSTER,
            "n",
            "orders",
            json!({"spec": {"engine": {"type": "pxc", "version": "8.0.42-33.1"}}, "status": status}),
        );
        database.metadata.generation = Some(7);
        database
    }

    fn engine_cr(status: Value) -> DynamicObject {
        object::new(
            &kinds::PXC_CLUSTER,
            "n",
            "orders",
            json!({"spec": {"crVersion": "1.18.0"}, "status": status}),
        )
    }

    fn sighting<'a>(database: &'a DynamicObject, cr: &'a DynamicObject) -> Sighting<'a> {
        Sighting {
            database,
            engine: Engine::Pxc,
            engine_cr: Some(cr),
            operator: "1.18.0",
            restoring: false,
            import_job: None,
            cannot_resize: None,
            resize_failed: None,
        }
    }

    #[test]
    fn the_state_is_the_engines_old_one_although_the_generation_is_current() {
        let database = database(json!({"crVersion": "1.18.0", "observedGeneration": 6}));
        let cr = engine_cr(json!({"state": "ready", "pxc": {"version": "8.0.42-33.1"}}));
        let status = compute(&sighting(&database, &cr));
        assert_eq!(status["status"], "ready");
        assert_eq!(status["observedGeneration"], 7);
    }

    #[test]
    fn later_reasons_win_over_earlier_ones() {
        let mut database = database(Value::Null);
        let mut cr = engine_cr(json!({"state": "ready", "pxc": {"version": "8.0.42-33.1"}}));
        let state = |s: &Sighting| compute(s)["status"].clone();
        let mut seen = sighting(&database, &cr);
        seen.restoring = true;
        assert_eq!(state(&seen), "restoring");
        cr.metadata.annotations = Some([(RESIZING.to_owned(), "x".to_owned())].into());
        let mut seen = sighting(&database, &cr);
        seen.restoring = true;
        assert_eq!(state(&seen), "resizingVolumes");
        database.data["spec"]["engine"]["version"] = "8.4.4-4.1".into();
        let mut seen = sighting(&database, &cr);
        assert_eq!(state(&seen), "upgrading");
        seen.import_job = Some("Running");
        assert_eq!(state(&seen), "importing");
        seen.import_job = Some("Failed");
        assert_eq!(state(&seen), "error");
        assert_eq!(compute(&seen)["message"], "Data import job failed");
        assert_eq!(compute(&seen)["conditions"][0]["type"], "ImportFailed");
    }

    #[test]
    fn a_recommended_version_shows_for_one_reconcile_of_a_new_database() {
        let mut database = database(Value::Null);
        let cr = engine_cr(Value::Null);
        let first = compute(&sighting(&database, &cr));
        assert_eq!(first["status"], "creating");
        assert_eq!(first["recommendedCRVersion"], "1.18.0");
        database.data["status"] = first;
        let second = compute(&sighting(&database, &cr));
        assert!(second["recommendedCRVersion"].is_null());
        assert_eq!(second["crVersion"], "1.18.0");
    }

    #[test]
    fn while_pxc_restores_the_version_is_unknown_and_a_recommendation_stands() {
        let mut database = database(json!({"crVersion": "1.18.0"}));
        let cr = engine_cr(json!({"state": "ready"}));
        for _ in 0..2 {
            let mut seen = sighting(&database, &cr);
            seen.restoring = true;
            let status = compute(&seen);
            database.data["status"] = status;
        }
        let status = &database.data["status"];
        assert!(status["crVersion"].is_null());
        assert_eq!(status["recommendedCRVersion"], "1.18.0");
    }
}
