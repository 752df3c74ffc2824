//! What Argo CD and Flux make of the health expressions in `examples/crossplane/gitops`, for an
//! object in each state.

use acceptance::{installation::documents, workspace_folder};
use cel::{Context, Program};
use mlua::{Lua, LuaSerdeExt as _, Table};
use serde_json::{Value, json};

/// The file's object of a kind.
fn setting(file: &str, kind: &str) -> Value {
    let path = workspace_folder()
        .join("examples/crossplane/gitops")
        .join(file);
    let mut objects = documents(&path).unwrap().into_iter();
    objects.find(|object| object["kind"] == kind).unwrap()
}

/// The health that Argo CD's script returns, with its message. Argo CD runs Lua 5.1.
fn argo_cd(object: &Value) -> (String, String) {
    let settings = setting("argocd-cm.yaml", "ConfigMap");
    let customizations = settings["data"]["resource.customizations"]
        .as_str()
        .unwrap();
    let customizations: Value = serde_yaml_ng::from_str(customizations).unwrap();
    let script = customizations["everest.m.openeverest.io/*"]["health.lua"]
        .as_str()
        .unwrap();
    let lua = Lua::new();
    lua.globals()
        .set("obj", lua.to_value(object).unwrap())
        .unwrap();
    let health: Table = lua.load(script).eval().unwrap();
    let text = |key: &str| {
        health
            .get::<Option<String>>(key)
            .unwrap()
            .unwrap_or_default()
    };
    (text("status"), text("message"))
}

/// Returns true if Flux takes the object for ready. It asks the expression only if the object's
/// status, if that has a generation, is of the object's generation; what it cannot evaluate is not
/// ready.
fn flux(object: &Value) -> bool {
    let seen = &object["status"]["observedGeneration"];
    if !seen.is_null() && *seen != object["metadata"]["generation"] {
        return false;
    }
    let kustomization = setting("flux-kustomization.yaml", "Kustomization");
    let checks = kustomization["spec"]["healthCheckExprs"]
        .as_array()
        .unwrap();
    let check = checks.iter().find(|check| check["kind"] == object["kind"]);
    let program = Program::compile(check.unwrap()["current"].as_str().unwrap()).unwrap();
    // Each member of the object is a variable.
    let mut context = Context::default();
    for (name, member) in object.as_object().unwrap() {
        context.add_variable(name.as_str(), member).unwrap();
    }
    program.execute(&context) == Ok(true.into())
}

/// A condition of the last generation, 2.
fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({ "type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 2 })
}

/// The condition as it was before the last change.
fn stale(mut condition: Value) -> Value {
    condition["observedGeneration"] = json!(1);
    condition
}

/// A database of generation 2.
fn database(conditions: Vec<Value>) -> Value {
    json!({
        "apiVersion": "everest.m.openeverest.io/v1alpha1",
        "kind": "Database",
        "metadata": { "name": "orders", "generation": 2 },
        "status": { "observedGeneration": 2, "conditions": conditions },
    })
}

/// A composite resource of generation 2: Crossplane writes the generation to its conditions only.
fn composite(conditions: Vec<Value>) -> Value {
    json!({
        "apiVersion": "platform.example.org/v1alpha1",
        "kind": "AppDatabase",
        "metadata": { "name": "orders", "generation": 2 },
        "status": { "conditions": conditions },
    })
}

/// The database when its last reconcile was before a change.
fn changed(mut database: Value) -> Value {
    database["metadata"]["generation"] = json!(3);
    database
}

#[test]
fn argo_cd_and_flux_understand_every_state_of_a_managed_resource() {
    let synced = || condition("Synced", "True", "ReconcileSuccess", "");
    let failed = || condition("Synced", "False", "ReconcileError", "create failed: no");
    let paused = || condition("Synced", "False", "ReconcilePaused", "");
    let available = || condition("Ready", "True", "Available", "");
    let unready = |reason| condition("Ready", "False", reason, "waits for its storage");
    let cases = [
        ("ready", vec![synced(), available()], "Healthy", true),
        (
            "being created",
            vec![synced(), unready("Creating")],
            "Progressing",
            false,
        ),
        (
            "being deleted",
            vec![synced(), unready("Deleting")],
            "Progressing",
            false,
        ),
        (
            "unavailable",
            vec![synced(), unready("Unavailable")],
            "Degraded",
            false,
        ),
        (
            "refused at creation",
            vec![failed(), unready("Creating")],
            "Degraded",
            false,
        ),
        (
            "refused without readiness",
            vec![failed()],
            "Degraded",
            false,
        ),
        (
            "paused before it was ready",
            vec![paused(), unready("Creating")],
            "Suspended",
            false,
        ),
        ("without readiness", vec![synced()], "Progressing", false),
        ("without conditions", vec![], "Progressing", false),
    ];
    for (state, conditions, health, is_ready) in cases {
        let object = database(conditions);
        assert_eq!(argo_cd(&object).0, health, "{state}");
        assert_eq!(flux(&object), is_ready, "{state}");
        let object = changed(object);
        assert_eq!(argo_cd(&object).0, "Progressing", "{state}");
        assert!(!flux(&object), "{state}");
    }
}

#[test]
fn a_change_that_was_refused_or_waits_is_not_taken_for_the_readiness_from_before_it() {
    let synced = || condition("Synced", "True", "ReconcileSuccess", "");
    let failed = || condition("Synced", "False", "ReconcileError", "would shrink");
    let paused = || condition("Synced", "False", "ReconcilePaused", "paused");
    let available = || condition("Ready", "True", "Available", "");
    let late = "the last change is not done yet";
    let cases = [
        (
            "refused",
            vec![stale(available()), failed()],
            ("Degraded", "would shrink"),
        ),
        (
            "refused, and observed as it is",
            vec![available(), failed()],
            ("Degraded", "would shrink"),
        ),
        (
            "paused",
            vec![stale(available()), paused()],
            ("Suspended", "paused"),
        ),
        (
            "waiting",
            vec![stale(available()), synced()],
            ("Progressing", late),
        ),
        (
            "not reconciled since a refusal",
            vec![stale(available()), stale(failed())],
            ("Progressing", "not reconciled yet"),
        ),
    ];
    for (state, conditions, (health, message)) in cases {
        for object in [database(conditions.clone()), composite(conditions)] {
            let expected = (health.to_owned(), message.to_owned());
            assert_eq!(argo_cd(&object), expected, "{state}: {object}");
            assert!(!flux(&object), "{state}: {object}");
        }
    }
    for object in [
        database(vec![synced(), available()]),
        composite(vec![synced(), available()]),
    ] {
        assert_eq!(argo_cd(&object).0, "Healthy");
        assert!(flux(&object));
    }
}

#[test]
fn an_object_that_was_never_reconciled_is_not_ready() {
    let never = ("Progressing".to_owned(), "not reconciled yet".to_owned());
    let mut object = database(Vec::new());
    object["status"] = json!({});
    assert_eq!(argo_cd(&object), never);
    assert!(!flux(&object));
    object.as_object_mut().unwrap().remove("status");
    assert_eq!(argo_cd(&object), never);
    assert!(!flux(&object));
}

#[test]
fn the_message_is_that_of_the_condition_that_decides() {
    let failed = condition("Synced", "False", "ReconcileError", "create failed: no");
    let unready = condition("Ready", "False", "Creating", "waits for its storage");
    let message = |conditions| argo_cd(&database(conditions)).1;
    assert_eq!(message(vec![unready.clone()]), "waits for its storage");
    assert_eq!(message(vec![failed, unready]), "create failed: no");
}

#[test]
fn a_config_is_ready_without_a_condition_about_reconciles() {
    let of = |ready: Value| {
        let mut config = composite(vec![ready]);
        config["kind"] = json!("ClusterProviderConfig");
        config
    };
    let available = || condition("Ready", "True", "Available", "");
    assert_eq!(argo_cd(&of(available())).0, "Healthy");
    assert!(flux(&of(available())));
    assert_eq!(argo_cd(&of(stale(available()))).0, "Progressing");
    assert!(!flux(&of(stale(available()))));
}
