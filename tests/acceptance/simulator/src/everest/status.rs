//! `DatabaseCluster.status`, computed from the engine's object.

use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::details;
use crate::engine::Engine;
use crate::object::{self, at, items, number, text, truth};

/// Annotation on the engine's object while its volumes grow.
pub const RESIZING: &str = "percona.com/pvc-resize-in-progress";

/// What a reconcile found out of the volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volumes {
    /// It did not come so far.
    Unseen,
    /// They have the size that was asked for.
    AsAsked,
    /// They cannot have it, for this reason.
    Refused(&'static str),
}

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
    /// The import job that belongs to the database: its name and state.
    pub import_job: Option<(&'a str, &'a str)>,
    /// What became of the volumes.
    pub volumes: Volumes,
    /// Why a resize failed.
    pub resize_failed: Option<&'a str>,
    /// The time now, as Kubernetes writes it.
    pub now: &'a str,
}

/// The new status: the one before with what the reconcile knows anew. The state is decided in
/// the order of everest-operator: engine state, restore, resize, upgrade, import; later wins.
pub fn compute(seen: &Sighting) -> Value {
    let mut status = at(&seen.database.data, "/status").clone();
    if !status.is_object() {
        status = json!({});
    }
    let recommended = text(&status, "/crVersion") != seen.operator && !seen.operator.is_empty();
    let none = Value::Null;
    let engine_status = seen.engine_cr.map_or(&none, |cr| at(&cr.data, "/status"));
    status["details"] = details::dump(seen.engine, engine_status).into();
    status["observedGeneration"] = object::generation(seen.database).into();
    status["port"] = seen.engine.port().into();
    put(&mut status, "hostname", text(engine_status, "/host"));
    // PostgreSQL's message is never looked at.
    if seen.engine != Engine::Postgresql {
        put(&mut status, "message", &message(engine_status));
    }
    let (size, ready) = sizes(seen.engine, engine_status);
    for (name, count) in [("size", size), ("ready", ready)] {
        put_value(&mut status, name, (count != 0).then(|| count.into()));
    }
    // While PXC restores, the object is rebuilt from defaults but not applied,
    // so its version is unknown.
    let frozen = seen.restoring && seen.engine == Engine::Pxc;
    let version = seen
        .engine_cr
        .filter(|_| !frozen)
        .map_or("", |cr| text(&cr.data, "/spec/crVersion"));
    put(&mut status, "crVersion", version);
    // Compared with the version of the reconcile before: a new database shows
    // a recommendation for one reconcile.
    let operator = if recommended { seen.operator } else { "" };
    put(&mut status, "recommendedCRVersion", operator);
    if seen.engine == Engine::Psmdb {
        let storages = seen
            .engine_cr
            .and_then(|cr| at(&cr.data, "/spec/backup/storages").as_object());
        let active = storages
            .into_iter()
            .flatten()
            .find(|(_, storage)| truth(storage, "/main"));
        put(
            &mut status,
            "activeStorage",
            active.map_or("", |(name, _)| name.as_str()),
        );
    }
    let state = state(seen, engine_status);
    let conditions = conditions(seen, &state);
    let conditions = (!conditions.is_empty()).then(|| conditions.into());
    put_value(&mut status, "conditions", conditions);
    status["status"] = state.into();
    if let Some((name, state)) = seen.import_job {
        status["dataImportJobName"] = name.into();
        match state {
            "Failed" => {
                status["status"] = "error".into();
                status["message"] = "Data import job failed".into();
            }
            "Succeeded" => {}
            // Also when the job cannot be started.
            _ => status["status"] = "importing".into(),
        }
    }
    status
}

/// A member of the status, which is left out when it is empty.
fn put(status: &mut Value, name: &str, value: &str) {
    put_value(status, name, (!value.is_empty()).then(|| value.into()));
}

fn put_value(status: &mut Value, name: &str, value: Option<Value>) {
    match value {
        Some(value) => status[name] = value,
        None => {
            if let Some(members) = status.as_object_mut() {
                members.remove(name);
            }
        }
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

fn message(engine_status: &Value) -> String {
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

/// Conditions stay until the reconcile finds out better.
fn conditions(seen: &Sighting, state: &str) -> Vec<Value> {
    let before = at(&seen.database.data, "/status");
    let mut conditions = items(before, "/conditions").to_vec();
    let cannot = match seen.volumes {
        Volumes::Unseen => None,
        Volumes::AsAsked => Some(None),
        Volumes::Refused(reason) => Some(Some((reason, ""))),
    };
    let was_resizing = text(before, "/status") == "resizingVolumes";
    let failed = (was_resizing || state == "resizingVolumes")
        .then(|| seen.resize_failed.map(|why| ("VolumeResizeFailed", why)));
    let import = matches!(seen.import_job, Some((_, "Failed")));
    let import = import.then_some(Some(("DataImportJobFailed", "")));
    for (kind, found) in [
        ("CannotResizeVolume", cannot),
        ("VolumeResizeFailed", failed),
        ("ImportFailed", import),
    ] {
        let Some(found) = found else { continue };
        let known = conditions.iter().find(|known| text(known, "/type") == kind);
        // The others are taken away and made anew by each reconcile.
        let since = match (known, kind) {
            (Some(known), "ImportFailed") => text(known, "/lastTransitionTime").to_owned(),
            _ => seen.now.to_owned(),
        };
        conditions.retain(|condition| text(condition, "/type") != kind);
        if let Some((reason, message)) = found {
            conditions.push(
                json!({"type": kind, "status": "True", "reason": reason, "message": message,
                    "lastTransitionTime": since,
                    "observedGeneration": object::generation(seen.database)}),
            );
        }
    }
    conditions
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
            volumes: Volumes::AsAsked,
            resize_failed: None,
            now: "2026-01-01T00:00:00Z",
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
        for unfinished in ["", "Pending", "Running", "Error"] {
            seen.import_job = Some(("job", unfinished));
            assert_eq!(state(&seen), "importing", "{unfinished}");
        }
        seen.import_job = Some(("job", "Failed"));
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

    #[test]
    fn a_condition_stays_until_a_reconcile_comes_as_far_as_the_volumes() {
        let mut database = database(Value::Null);
        let cr = engine_cr(json!({"state": "ready"}));
        let reason = "StorageClassDoesNotSupportExpansion";
        let mut seen = sighting(&database, &cr);
        seen.volumes = Volumes::Refused(reason);
        let refused = compute(&seen);
        assert_eq!(refused["conditions"][0]["reason"], reason);
        assert_eq!(refused["status"], "ready");
        database.data["status"] = refused.clone();
        let mut seen = sighting(&database, &cr);
        seen.volumes = Volumes::Unseen;
        assert_eq!(compute(&seen)["conditions"], refused["conditions"]);
        seen.volumes = Volumes::AsAsked;
        assert!(compute(&seen)["conditions"].is_null());
    }

    #[test]
    fn postgresql_has_no_message() {
        let database = database(Value::Null);
        let mut cr = engine_cr(json!({"state": "error", "message": "no disk"}));
        assert_eq!(compute(&sighting(&database, &cr))["message"], "no disk");
        let mut seen = sighting(&database, &cr);
        seen.engine = Engine::Postgresql;
        assert!(compute(&seen)["message"].is_null());
        cr.data["status"]["message"] = Value::Null;
        let mut seen = sighting(&database, &cr);
        seen.engine = Engine::Psmdb;
        assert!(compute(&seen)["message"].is_null());
    }
}
