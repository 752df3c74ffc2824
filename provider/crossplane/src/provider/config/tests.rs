use std::time::Duration;

use crossplane_managed::provider_config::ProviderConfigKind;
use k8s_openapi::ByteString;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::provider::testing::scripted::{Seen, api};

/// The objects of the control plane. Everest runs in it, so it is also a target.
#[derive(Default)]
struct World {
    config: Option<Value>,
    secret: Option<Value>,
    everest: bool,
    /// The namespace of the config is being deleted.
    ending: bool,
}

fn not_found() -> (u16, Value) {
    (
        404,
        json!({
            "kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound",
            "message": "not found", "details": { "name": "x" },
        }),
    )
}

fn targets(world: World) -> (Targets, Arc<Mutex<World>>, Seen) {
    let world = Arc::new(Mutex::new(world));
    let shown = world.clone();
    let (control, seen) = api(move |method, target, body| {
        let world = shown.lock().unwrap();
        if method == "POST" {
            assert!(target.contains("dryRun=All"), "{target}");
            return match world.ending {
                true => (
                    403,
                    json!({ "kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden",
                        "details": { "causes": [{ "reason": "NamespaceTerminating" }] } }),
                ),
                false => (201, body.clone()),
            };
        }
        let found = |object: &Option<Value>| match object {
            Some(object) => (200, object.clone()),
            None => not_found(),
        };
        if target.contains("watch=true") {
            return (
                403,
                json!({ "kind": "Status", "code": 403, "reason": "Forbidden" }),
            );
        }
        match target {
            _ if target.contains("/secrets?") => (
                403,
                json!({ "kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden" }),
            ),
            _ if target.contains("/secrets/") => found(&world.secret),
            _ if target.contains("providerconfigs/") => found(&world.config),
            "/apis/everest.percona.com/v1alpha1" if world.everest => (
                200,
                json!({ "kind": "APIResourceList", "groupVersion": "everest.percona.com/v1alpha1", "resources": [] }),
            ),
            "/apis" => (200, json!({ "kind": "APIGroupList", "groups": [] })),
            _ => (
                404,
                json!({ "kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound", "message": "404" }),
            ),
        }
    });
    (Targets::new(control), world, seen)
}

fn own_identity() -> Value {
    json!({
        "apiVersion": "everest.m.openeverest.io/v1alpha1",
        "kind": "ClusterProviderConfig",
        "metadata": { "name": "default" },
        "spec": { "credentials": { "source": "InjectedIdentity" } },
    })
}

/// A config of the provider's own cluster, which runs Everest.
fn working() -> World {
    World {
        config: Some(own_identity()),
        everest: true,
        ..World::default()
    }
}

fn of_secret() -> Value {
    json!({
        "apiVersion": "everest.m.openeverest.io/v1alpha1",
        "kind": "ProviderConfig",
        "metadata": { "name": "default", "namespace": "team" },
        "spec": { "credentials": {
            "source": "Secret", "secretRef": { "name": "credentials", "key": "kubeconfig" },
        }},
    })
}

fn secret(kubeconfig: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "credentials", "namespace": "team", "resourceVersion": kubeconfig.len().to_string() },
        "data": { "kubeconfig": ByteString(kubeconfig.as_bytes().to_vec()) },
    })
}

fn kubeconfig(server: &str, user: &str) -> String {
    format!(
        "current-context: one\n\
         clusters: [{{ name: c, cluster: {{ server: '{server}' }} }}]\n\
         users: [{{ name: u, user: {{ {user} }} }}]\n\
         contexts: [{{ name: one, context: {{ cluster: c, user: u }} }}]\n"
    )
}

fn own() -> ProviderConfigReference {
    ProviderConfigReference::default()
}

fn namespaced() -> ProviderConfigReference {
    ProviderConfigReference {
        kind: ProviderConfigKind::ProviderConfig,
        name: "default".to_owned(),
    }
}

async fn reason(world: World) -> (&'static str, String) {
    let (targets, ..) = targets(world);
    let error = targets.connect("team", &namespaced()).await.unwrap_err();
    (error.reason(), error.to_string())
}

#[tokio::test]
async fn a_target_is_made_once_and_costs_no_request_after_that() {
    let (targets, _, seen) = targets(working());
    let first = targets.connect("team", &own()).await.unwrap();
    let requests = seen.lock().unwrap().len();
    for namespace in ["team", "other"] {
        let again = targets.connect(namespace, &own()).await.unwrap();
        assert_eq!(again.revision, first.revision);
    }
    assert_eq!(seen.lock().unwrap().len(), requests);
    assert_eq!(first.cluster.field_manager(), FIELD_MANAGER);
}

#[tokio::test]
async fn a_config_that_was_doubted_and_is_the_same_keeps_its_target() {
    let (targets, _, _) = targets(working());
    let first = targets.connect("team", &own()).await.unwrap();
    targets.doubt(&first.key);
    let again = targets.connect("team", &own()).await.unwrap();
    assert_eq!(again.revision, first.revision);
}

#[tokio::test]
async fn a_config_that_says_something_else_gives_another_target_and_ends_the_old() {
    let (targets, world, _) = targets(working());
    let first = targets.connect("team", &own()).await.unwrap();
    let changes = targets.changes();
    world.lock().unwrap().config.as_mut().unwrap()["spec"]["catalog"] =
        json!({ "name": "mirror", "namespace": "olm" });
    targets.doubt(&first.key);
    let second = targets.connect("team", &own()).await.unwrap();
    assert!(second.revision > first.revision);
    assert_eq!(second.cluster.catalog().name, "mirror");
    assert!(!changes.is_empty());
}

#[tokio::test]
async fn a_config_that_is_gone_takes_its_target_along() {
    let (targets, world, _) = targets(working());
    let first = targets.connect("team", &own()).await.unwrap();
    world.lock().unwrap().config = None;
    targets.doubt(&first.key);
    let error = targets.connect("team", &own()).await.unwrap_err();
    assert_eq!(error.reason(), "ConfigMissing");
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_at_once_ask_a_failing_cluster_once() {
    let (targets, world, seen) = targets(World {
        config: Some(own_identity()),
        ..World::default()
    });
    for _ in 0..50 {
        let error = targets.connect("team", &own()).await.unwrap_err();
        assert_eq!(error.reason(), "EverestMissing");
    }
    let asked = || {
        let seen = seen.lock().unwrap();
        let probes = seen
            .iter()
            .filter(|(line, _)| line.contains("everest.percona.com"));
        probes.count()
    };
    assert_eq!(asked(), 1);
    world.lock().unwrap().everest = true;
    tokio::time::advance(Duration::from_secs(3)).await;
    targets.connect("team", &own()).await.unwrap();
    assert_eq!(asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_suspected_is_asked_however_lately_it_answered() {
    let (targets, world, _) = targets(working());
    let key = targets.connect("team", &own()).await.unwrap().key.clone();
    let changes = targets.changes();
    tokio::time::advance(Duration::from_secs(3)).await;
    targets.suspect(&key).await;
    targets.connect("team", &own()).await.unwrap();
    assert!(changes.is_empty(), "it answers");

    world.lock().unwrap().everest = false;
    tokio::time::advance(Duration::from_secs(3)).await;
    targets.check(&key).await.unwrap();
    targets.connect("team", &own()).await.unwrap();
    targets.suspect(&key).await;
    assert!(!changes.is_empty(), "all who go there are told");
    let error = targets.connect("team", &own()).await.unwrap_err();
    assert_eq!(error.reason(), "EverestMissing");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_has_been_away_is_followed_anew() {
    let (targets, world, _) = targets(working());
    let first = targets.connect("team", &own()).await.unwrap();
    tokio::time::advance(Duration::from_secs(3)).await;
    world.lock().unwrap().everest = false;
    targets.suspect(&first.key).await;
    tokio::time::advance(Duration::from_secs(3)).await;
    targets.connect("team", &own()).await.unwrap_err();

    world.lock().unwrap().everest = true;
    tokio::time::advance(Duration::from_secs(3)).await;
    let second = targets.connect("team", &own()).await.unwrap();
    assert!(second.revision > first.revision);
    let third = targets.connect("team", &own()).await.unwrap();
    assert_eq!(third.revision, second.revision);
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let (reason_of_absence, text) = reason(World::default()).await;
    assert_eq!(reason_of_absence, "ConfigMissing");
    assert!(text.contains("ProviderConfig team/default"), "{text}");

    let with = |secret: Option<Value>| World {
        config: Some(of_secret()),
        secret,
        everest: true,
        ..World::default()
    };
    let (why, text) = reason(with(None)).await;
    assert_eq!(why, "SecretMissing");
    assert!(text.contains("Secret team/credentials"), "{text}");

    let mut other_key = secret("x");
    other_key["data"] = json!({ "config": "eA==" });
    let (why, text) = reason(with(Some(other_key))).await;
    assert_eq!(why, "CredentialsMalformed");
    assert!(text.contains("it has config"), "{text}");

    let (why, text) = reason(with(Some(secret("password: [hush")))).await;
    assert_eq!(why, "CredentialsMalformed");
    assert!(!text.contains("hush"), "{text}");

    let elsewhere = kubeconfig("http://127.0.0.1:1", "token: hush");
    let (why, text) = reason(with(Some(secret(&elsewhere)))).await;
    assert_eq!(why, "Unreachable");
    assert!(
        text.contains("http://127.0.0.1:1") && !text.contains("hush"),
        "{text}"
    );
}

#[tokio::test]
async fn a_kubeconfig_in_a_secret_runs_nothing_and_reads_nothing_here() {
    for user in ["exec: { command: /bin/true }", "tokenFile: /etc/hostname"] {
        let (why, text) = reason(World {
            config: Some(of_secret()),
            secret: Some(secret(&kubeconfig("https://127.0.0.1:1", user))),
            everest: true,
            ..World::default()
        })
        .await;
        assert_eq!(why, "NotPermitted", "{text}");
    }
}

#[tokio::test]
async fn a_kubeconfig_runs_commands_only_from_a_file_of_a_config_that_was_named() {
    let exec = kubeconfig("https://127.0.0.1:1", "exec: { command: /bin/false }");
    let refused = async |config: Value, reference: &ProviderConfigReference, named: &str| {
        let (plain, _, _) = targets(World {
            config: Some(config),
            secret: Some(secret(&exec)),
            everest: true,
            ..World::default()
        });
        let control = plain.shared.control.clone();
        let targets = Targets::with_commands(control, [named.to_owned()].into());
        let error = targets.connect("team", reference).await.unwrap_err();
        (error.reason() == "NotPermitted").then(|| error.to_string())
    };
    let own = namespaced();
    let said = refused(of_secret(), &own, &own.name).await.unwrap();
    assert!(
        said.contains("only the kubeconfigs of a ClusterProviderConfig"),
        "{said}"
    );

    let all = ProviderConfigReference::default();
    let mut of_all = of_secret();
    of_all["kind"] = json!("ClusterProviderConfig");
    of_all["metadata"] = json!({ "name": "default" });
    of_all["spec"]["credentials"]["secretRef"]["namespace"] = json!("team");
    let said = refused(of_all.clone(), &all, "default").await.unwrap();
    assert!(
        said.contains("source: Filesystem") && said.contains("--allow-exec-credentials=default"),
        "{said}"
    );

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &exec).unwrap();
    of_all["spec"]["credentials"] = json!({"source": "Filesystem", "fs": {"path": file.path()}});
    assert!(refused(of_all.clone(), &all, "other").await.is_some());
    assert_eq!(refused(of_all, &all, "default").await, None);
}

#[tokio::test]
async fn a_namespaced_config_has_nothing_but_secrets_of_its_namespace() {
    let mut elsewhere = of_secret();
    elsewhere["spec"]["credentials"]["secretRef"]["namespace"] = json!("kube-system");
    let mut identity = of_secret();
    identity["spec"]["credentials"] = json!({ "source": "InjectedIdentity" });
    let mut file = of_secret();
    file["spec"]["credentials"] = json!({ "source": "Filesystem", "fs": { "path": "/x" } });
    for config in [elsewhere, identity, file] {
        let (targets, _, seen) = targets(World {
            config: Some(config),
            secret: Some(secret("x")),
            everest: true,
            ..World::default()
        });
        let error = targets.connect("team", &namespaced()).await.unwrap_err();
        assert_eq!(error.reason(), "NotPermitted", "{error}");
        let read = |line: &str| line.contains("/secrets");
        assert!(!seen.lock().unwrap().iter().any(|(line, _)| read(line)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_config_that_is_to_go_serves_its_last_users_though_its_secret_went_first() {
    let server = everest_server().await;
    let (targets, world, _) = targets(World {
        config: Some(of_secret()),
        secret: Some(secret(&kubeconfig(&server, "token: t"))),
        everest: true,
        ..World::default()
    });
    let first = targets.connect("team", &namespaced()).await.unwrap();
    world.lock().unwrap().secret = None;
    targets.doubt(&first.key);
    let error = targets.connect("team", &namespaced()).await.unwrap_err();
    assert_eq!(error.reason(), "SecretMissing");
    world.lock().unwrap().config.as_mut().unwrap()["metadata"]["deletionTimestamp"] =
        json!("2026-01-01T00:00:00Z");
    targets.doubt(&first.key);
    let last = targets.connect("team", &namespaced()).await.unwrap();
    assert_eq!(last.revision, first.revision);
}

#[tokio::test]
async fn a_namespace_that_ends_leaves_the_cluster_to_those_who_have_been_there() {
    let server = everest_server().await;
    let (targets, world, _) = targets(World {
        config: Some(of_secret()),
        secret: Some(secret(&kubeconfig(&server, "token: t"))),
        everest: true,
        ..World::default()
    });
    let first = targets.connect("team", &namespaced()).await.unwrap();
    world.lock().unwrap().secret = None;
    world.lock().unwrap().ending = true;
    targets.doubt(&first.key);
    let last = targets.connect("team", &namespaced()).await.unwrap();
    assert_eq!(last.revision, first.revision);
    // The config goes only when nobody needs it; then there is nothing left to keep.
    world.lock().unwrap().config = None;
    targets.doubt(&first.key);
    let error = targets.connect("team", &namespaced()).await.unwrap_err();
    assert!(error.is_for_good(), "{error}");
}

#[tokio::test]
async fn what_is_missing_in_a_namespace_that_ends_is_missing_for_good() {
    let without_secret = World {
        config: Some(of_secret()),
        ending: true,
        ..World::default()
    };
    let without_config = World {
        ending: true,
        ..World::default()
    };
    for (world, named) in [
        (without_secret, "its Secret team/credentials does not exist"),
        (
            without_config,
            "ProviderConfig team/default: it does not exist",
        ),
    ] {
        let (why, text) = reason(world).await;
        assert_eq!(why, "GoneWithNamespace");
        assert!(text.contains(named), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_config_that_is_not_there_has_nobody_looked_at_again() {
    let (targets, world, seen) = targets(World::default());
    let changes = targets.changes();
    for _ in 0..3 {
        let error = targets.connect("team", &own()).await.unwrap_err();
        assert_eq!(error.reason(), "ConfigMissing");
    }
    assert!(changes.is_empty());
    assert_eq!(seen.lock().unwrap().len(), 1);
    // Whoever waited for it is told when it works.
    world.lock().unwrap().config = Some(own_identity());
    world.lock().unwrap().everest = true;
    tokio::time::advance(Duration::from_secs(3)).await;
    targets.connect("team", &own()).await.unwrap();
    assert!(!changes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_config_that_nobody_asks_for_is_forgotten() {
    let (targets, ..) = targets(World::default());
    targets.connect("team", &own()).await.unwrap_err();
    tokio::time::advance(Duration::from_secs(301)).await;
    targets.connect("team", &namespaced()).await.unwrap_err();
    let kept: Vec<_> = targets.cache().keys().cloned().collect();
    assert_eq!(kept, [TargetKey::new("team", &namespaced())]);
}

/// The address of a server that answers every request as one that serves Everest.
async fn everest_server() -> String {
    let listener = crate::provider::server::listen(([127, 0, 0, 1], 0).into())
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let routes: crate::provider::server::Routes = Arc::new(|_| {
        let list = json!({ "kind": "APIResourceList", "groupVersion": "everest.percona.com/v1alpha1", "resources": [] });
        Some((http::StatusCode::OK, "application/json", list.to_string()))
    });
    tokio::spawn(crate::provider::server::serve(
        listener,
        routes,
        CancellationToken::new(),
    ));
    format!("http://{address}")
}
