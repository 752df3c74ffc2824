use crossplane_managed::provider_config::{ProviderConfigKind, ProviderConfigReference};
use crossplane_managed::usage::UserOfConfig;
use serde_json::{Value, json};

use super::*;
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::scripted::api;

const TEAM: &str = "/api/v1/namespaces/team";
const SECRETS: &str = "/api/v1/namespaces/team/secrets";
const MANAGED: &str = "/apis/everest.m.openeverest.io/v1alpha1";

fn config(name: &str, secret: &str) -> Value {
    json!({
        "apiVersion": "everest.m.openeverest.io/v1alpha1",
        "kind": "ProviderConfig",
        "metadata": {"name": name, "namespace": "team"},
        "spec": {"credentials": {
            "source": "Secret", "secretRef": {"name": secret, "key": "kubeconfig"},
        }},
    })
}

/// A namespace with two Secrets and the configs `here` and `there`, of which both name the first.
fn plane() -> ControlPlane {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "team", "finalizers": ["kubernetes"]}});
    let secret = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": "team"}})
    };
    let objects = vec![
        namespace,
        secret("eu"),
        secret("us"),
        config("here", "eu"),
        config("there", "eu"),
    ];
    ControlPlane::new(objects, |_, _| {})
}

async fn reconcile_once(plane: &ControlPlane, context: &Context, name: &str, users: usize) {
    let path = format!("{MANAGED}/namespaces/team/providerconfigs/{name}");
    let config: ProviderConfig = serde_json::from_value(plane.get(&path).unwrap()).unwrap();
    keep(context, &config, users, true).await.unwrap();
}

fn is_held_there(plane: &ControlPlane, secret: &str) -> bool {
    let found = plane.get(&format!("{SECRETS}/{secret}"));
    found.is_some_and(|found| found["metadata"]["finalizers"] == json!([HELD]))
}

fn process(plane: &ControlPlane) -> Context {
    let context = Context::alone(plane.client());
    context.usages.know_all();
    context
}

#[test]
fn a_secret_is_held_while_it_is_used_unless_it_alone_is_deleted() {
    use Hold::{Leave, Put, TakeOff};
    let all = [false, true];
    for (held, deleting, used, ending) in all.into_iter().flat_map(|held| {
        all.into_iter().flat_map(move |deleting| {
            all.into_iter()
                .flat_map(move |used| all.map(|ending| (held, deleting, used, ending)))
        })
    }) {
        let wanted = match (held, deleting, used, ending) {
            (false, false, true, _) => Put,
            (false, ..) => Leave,
            (true, _, false, _) | (true, true, true, false) => TakeOff,
            (true, ..) => Leave,
        };
        let known = Held {
            held,
            deleting,
            used,
            ending,
        };
        assert_eq!(hold(known), wanted, "{known:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_outlasts_its_namespaces_deletion_as_long_as_it_is_used() {
    let plane = plane();
    reconcile_once(&plane, &process(&plane), "here", 1).await;
    assert!(is_held_there(&plane, "eu"));
    plane.delete(TEAM);
    plane.delete(&format!("{SECRETS}/eu"));
    // Usages go with the namespace; the managed resource's finalizer still tells of it.
    let database = format!("{MANAGED}/namespaces/team/everestdatabases/orders");
    let used = json!({"apiVersion": "everest.m.openeverest.io/v1alpha1", "kind": "Database",
        "metadata": {"name": "orders", "namespace": "team", "finalizers": ["x"]},
        "spec": {"providerConfigRef": {"kind": "ProviderConfig", "name": "here"}}});
    plane.put(&database, used);
    reconcile_once(&plane, &process(&plane), "here", 0).await;
    assert!(is_held_there(&plane, "eu"));
    plane.change(&database, &json!({"metadata": {"finalizers": null}}));
    reconcile_once(&plane, &process(&plane), "here", 0).await;
    assert_eq!(plane.get(&format!("{SECRETS}/eu")), None);
}

#[tokio::test]
async fn a_secret_that_alone_is_deleted_goes_at_once() {
    let plane = plane();
    let context = process(&plane);
    reconcile_once(&plane, &context, "here", 1).await;
    plane.delete(&format!("{SECRETS}/eu"));
    reconcile_once(&plane, &context, "here", 1).await;
    assert_eq!(plane.get(&format!("{SECRETS}/eu")), None);
}

#[tokio::test]
async fn a_secret_is_held_for_every_config_that_names_it() {
    let plane = plane();
    let context = process(&plane);
    let user = UserOfConfig {
        uid: "uid".to_owned(),
        namespace: "team".to_owned(),
        name: "orders".to_owned(),
        api_version: "v1".to_owned(),
        kind: "Database".to_owned(),
    };
    let there = ProviderConfigReference {
        kind: ProviderConfigKind::ProviderConfig,
        name: "there".to_owned(),
    };
    context.usages.track(&user, &there).await.unwrap();
    reconcile_once(&plane, &context, "here", 1).await;
    reconcile_once(&plane, &context, "here", 0).await;
    assert!(is_held_there(&plane, "eu"));
    let nobody = process(&plane);
    reconcile_once(&plane, &nobody, "here", 0).await;
    assert!(!is_held_there(&plane, "eu"));
}

#[tokio::test]
async fn a_secret_that_is_named_no_longer_is_let_go() {
    let plane = plane();
    let context = process(&plane);
    reconcile_once(&plane, &context, "here", 1).await;
    let path = format!("{MANAGED}/namespaces/team/providerconfigs/here");
    plane.change(&path, &config("here", "us"));
    reconcile_once(&plane, &context, "here", 1).await;
    assert!(is_held_there(&plane, "us"));
    assert!(!is_held_there(&plane, "eu"));
}

#[tokio::test]
async fn the_secret_of_an_identity_is_held_too() {
    let plane = plane();
    let context = process(&plane);
    let path = format!("{MANAGED}/namespaces/team/providerconfigs/here");
    let identity = json!({"type": "GoogleApplicationCredentials", "source": "Secret",
        "secretRef": {"name": "us", "key": "key"}});
    plane.change(&path, &json!({"spec": {"identity": identity}}));
    reconcile_once(&plane, &context, "here", 1).await;
    assert!(is_held_there(&plane, "eu") && is_held_there(&plane, "us"));
    reconcile_once(&plane, &context, "here", 0).await;
    assert!(!is_held_there(&plane, "us"));
}

#[tokio::test]
async fn a_provider_that_may_not_write_secrets_goes_on() {
    let (control, seen) = api(|method, _, _| match method {
        "GET" => (
            200,
            json!({"metadata": {"name": "eu", "resourceVersion": "1"}}),
        ),
        _ => (
            403,
            json!({"kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden"}),
        ),
    });
    let context = Context::alone(control);
    let config: ProviderConfig = serde_json::from_value(config("here", "eu")).unwrap();
    keep(&context, &config, 1, false).await.unwrap();
    let patched = |line: &str| line.starts_with("PATCH /api/v1/namespaces/team/secrets/eu");
    assert!(seen.lock().unwrap().iter().any(|(line, _)| patched(line)));
}
