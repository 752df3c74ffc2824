use std::time::Duration;

use everest_schemas::models::{AccountModel, OidcSettingsModel, RbacPolicyModel, RbacRoleModel};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{access, accounts, single_sign_on};
use crate::testing::api_server::{self, Held, Seen, bare, writes};
use crate::{Catalog, Change, Cluster, ClusterError, Wait};

const SECRET: &str = "/api/v1/namespaces/everest-system/secrets/everest-accounts";
const RBAC: &str = "/api/v1/namespaces/everest-system/configmaps/everest-rbac";
const OIDC: &str = "/api/v1/namespaces/everest-system/configmaps/everest-settings";
const SERVER: &str = "/apis/apps/v1/namespaces/everest-system/deployments/everest-server";

/// The document of the chart in base64: the account `admin` with the password `initial`.
const USERS: &str = "YWRtaW46CiAgcGFzc3dvcmRIYXNoOiBpbml0aWFsCiAgZW5hYmxlZDogdHJ1ZQogIGNhcGFiaWxpdGllczoKICAgIC0gbG9naW4K";

/// Everest's namespace as its chart installs it.
fn installed() -> api_server::Objects {
    let object = |kind: &str, name: &str, more: Value| {
        let version = if kind == "Deployment" {
            "apps/v1"
        } else {
            "v1"
        };
        let mut object = json!({"apiVersion": version, "kind": kind,
            "metadata": {"name": name, "namespace": "everest-system", "uid": name}});
        json_patch::merge(&mut object, &more);
        object
    };
    [
        (
            "/api/v1/namespaces/everest-system",
            json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": "everest-system", "uid": "salt"}}),
        ),
        (
            SECRET,
            object(
                "Secret",
                "everest-accounts",
                json!({"data": {"users.yaml": USERS},
                "metadata": {"annotations": {"insecure-password/admin": "true"}}}),
            ),
        ),
        (
            RBAC,
            object(
                "ConfigMap",
                "everest-rbac",
                json!({"data": {"enabled": "false",
                "policy.csv": "g, admin, role:admin\n"}}),
            ),
        ),
        (OIDC, object("ConfigMap", "everest-settings", json!({}))),
        (
            SERVER,
            object(
                "Deployment",
                "everest-server",
                json!({"spec": {"replicas": 1,
                "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata":
                    {"labels": {"a": "b"}}, "spec": {"containers": []}}}}),
            ),
        ),
    ]
    .map(|(path, object)| (path.to_owned(), object))
    .into()
}

fn everest() -> (Cluster, Seen, Held) {
    // Plays the Deployment controller.
    bare(installed(), |objects, method, path| {
        if method == "PATCH" && path == SERVER {
            let server = objects.get_mut(SERVER).unwrap();
            let generation = server["metadata"]["generation"].clone();
            server["status"] = json!({"observedGeneration": generation, "replicas": 1,
                "updatedReplicas": 1, "availableReplicas": 1});
        }
    })
}

fn wait() -> Wait {
    Wait::new(Duration::from_secs(60), CancellationToken::new())
}

fn account(name: &str) -> AccountModel {
    serde_json::from_value(json!({"name": name, "enabled": true, "capabilities": ["login"]}))
        .unwrap()
}

fn role(name: &str) -> RbacRoleModel {
    serde_json::from_value(json!({"name": name, "members": [name], "permissions": [
        {"resource": "database-clusters", "actions": ["read"], "object": format!("{name}/*")}]}))
    .unwrap()
}

fn password(text: &str) -> accounts::Password {
    accounts::Password {
        password: text.to_owned().into(),
        always: false,
    }
}

async fn create(cluster: &Cluster, name: &str) -> Result<AccountModel, ClusterError> {
    accounts::write(
        cluster,
        &account(name),
        Some(&password(name)),
        true,
        &wait(),
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn accounts_that_are_made_at_once_are_all_there() {
    let (cluster, _, held) = everest();
    let other = Cluster::new(held.server().process().client(), Catalog::default());
    let names = ["alice", "bob", "carol", "dave"];
    let all = names.map(|name| {
        let by = if name < "c" { &cluster } else { &other };
        create(by, name)
    });
    for made in futures::future::join_all(all).await {
        made.unwrap();
    }
    let cluster = Cluster::new(held.server().process().client(), Catalog::default());
    let found = accounts::all(&cluster).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .filter_map(|found| found.name.known_str())
        .collect();
    assert_eq!(found, ["admin", "alice", "bob", "carol", "dave"]);
    for name in names {
        let given = name.to_owned().into();
        let has = accounts::has_password(&cluster, name, &given)
            .await
            .unwrap();
        assert_eq!(has, Some(true), "{name}");
    }
    assert_eq!(
        accounts::has_password(&cluster, "alice", &"bob".to_owned().into())
            .await
            .unwrap(),
        Some(false)
    );
}

#[tokio::test(start_paused = true)]
async fn roles_that_are_made_and_removed_at_once_do_not_disturb_each_other() {
    let (cluster, _, held) = everest();
    let other = Cluster::new(held.server().process().client(), Catalog::default());
    let wait = &wait();
    let (one, two) = (role("one"), role("two"));
    let (one, two) = tokio::join!(
        access::write_role(&cluster, &one, true, wait),
        access::write_role(&other, &two, true, wait),
    );
    one.unwrap();
    two.unwrap();
    let three = role("three");
    let (gone, three) = tokio::join!(
        access::remove_role(&cluster, "one", wait),
        access::write_role(&other, &three, true, wait),
    );
    gone.unwrap();
    three.unwrap();
    let policy = held.lock().unwrap()[RBAC]["data"]["policy.csv"].clone();
    let policy = policy.as_str().unwrap();
    assert!(policy.starts_with("g, admin, role:admin\n"), "{policy}");
    assert!(
        policy.contains("role:two") && policy.contains("role:three"),
        "{policy}"
    );
    assert!(!policy.contains("role:one"), "{policy}");
}

#[tokio::test(start_paused = true)]
async fn many_accounts_are_read_with_one_request() {
    let (cluster, seen, _) = everest();
    for _ in 0..5 {
        assert!(accounts::one(&cluster, "admin").await.unwrap().is_some());
        assert!(accounts::one(&cluster, "alice").await.unwrap().is_none());
    }
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_account_of_someone_else_is_not_taken_over() {
    let (cluster, seen, _) = everest();
    let error = create(&cluster, "admin").await.unwrap_err();
    let told = error.to_string();
    assert!(told.starts_with("account admin already exists"), "{told}");
    assert!(told.contains("Import it with the id \"admin\""), "{told}");
    assert_eq!(writes(&seen), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_last_account_stays() {
    let (cluster, seen, _) = everest();
    let error = accounts::remove(&cluster, "admin", &wait())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("last account that can log in"),
        "{error}"
    );
    assert_eq!(writes(&seen), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_secret_is_told_with_its_cause() {
    let (cluster, _, held) = everest();
    held.lock().unwrap().remove(SECRET);
    let error = create(&cluster, "alice").await.unwrap_err();
    assert!(
        error.to_string().contains("Everest's chart installs it"),
        "{error}"
    );
    assert!(accounts::all(&cluster).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_written_and_reset() {
    let (cluster, _, held) = everest();
    let model: RbacPolicyModel = serde_json::from_value(
        json!({"enabled": true, "policy": "g, admin, role:admin\ng, bob, role:admin\n"}),
    )
    .unwrap();
    let written = access::write(&cluster, &model, true, &wait())
        .await
        .unwrap();
    assert_eq!(written.policy, model.policy);
    assert_eq!(held.lock().unwrap()[RBAC]["data"]["enabled"], "true");
    access::reset(&cluster, &wait()).await.unwrap();
    let data = held.lock().unwrap()[RBAC]["data"].clone();
    assert_eq!(
        data,
        json!({"enabled": "false", "policy.csv": "g, admin, role:admin\n"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_an_older_server_would_stop_at_is_not_written() {
    let policy: RbacPolicyModel = serde_json::from_value(json!({"enabled": true,
        "policy": "g, admin, role:admin\np, alice, data-importers, read, *\n"}))
    .unwrap();
    let role: RbacRoleModel = serde_json::from_value(json!({"name": "dev", "members": ["alice"],
        "permissions": [{"resource": "data-importers", "actions": ["read"], "object": "*"}]}))
    .unwrap();
    for (image, is_written) in [
        (Some("percona/everest:1.7.0"), false),
        (Some("percona/everest:1.8.0"), true),
        (Some("percona/everest:main"), true),
        (None, true),
    ] {
        let mut objects = installed();
        match image {
            Some(image) => {
                let pods = &mut objects.get_mut(SERVER).unwrap()["spec"]["template"]["spec"];
                pods["containers"] = json!([{"name": "everest", "image": image}]);
            }
            None => drop(objects.remove(SERVER)),
        }
        let (cluster, seen, _) = bare(objects, |_, _, _| {});
        let whole = access::write(&cluster, &policy, false, &wait()).await;
        let one = access::write_role(&cluster, &role, true, &wait()).await;
        for error in [whole.err(), one.err()] {
            let said = error.map(|error| error.to_string());
            assert_eq!(said.is_none(), is_written, "{image:?}: {said:?}");
            let says = said.is_none_or(|said| said.contains("since 1.8, and is 1.7.0 here"));
            assert!(says, "{image:?}");
        }
        assert_eq!(writes(&seen).is_empty(), !is_written, "{image:?}");
    }
}

fn oidc() -> OidcSettingsModel {
    serde_json::from_value(
        json!({"issuerUrl": "https://sso.test", "clientId": "everest",
        "scopes": ["openid"]}),
    )
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_server_restarts_after_the_settings_are_written() {
    let (cluster, seen, held) = everest();
    let change = single_sign_on::write(&cluster, &oidc(), true, &wait()).await;
    let Change::Done(written) = change else {
        panic!("{change:?}")
    };
    assert_eq!(written.ready, true.into());
    assert_eq!(
        writes(&seen),
        [format!("PATCH {OIDC}"), format!("PATCH {SERVER}")]
    );
    let server = held.lock().unwrap()[SERVER].clone();
    let annotations = &server["spec"]["template"]["metadata"]["annotations"];
    assert!(annotations["kubectl.kubernetes.io/restartedAt"].is_string());
    let again = single_sign_on::write(&cluster, &oidc(), true, &wait()).await;
    assert!(matches!(again, Change::Done(_)), "{again:?}");
    assert_eq!(
        writes(&seen).len(),
        2,
        "it is as configured, and restarted for it"
    );
    single_sign_on::remove(&cluster, &wait()).await.unwrap();
    assert_eq!(writes(&seen).len(), 4);
    let cluster = cluster.with_empty_cache();
    assert!(single_sign_on::settings(&cluster).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_start_is_told_with_the_likely_cause() {
    let (cluster, _, _) = bare(installed(), |_, _, _| {});
    let change = single_sign_on::write(&cluster, &oidc(), true, &wait()).await;
    let Change::Pending { observed, error } = change else {
        panic!("{change:?}")
    };
    assert_eq!(observed.ready, false.into());
    let told = error.to_string();
    assert!(
        told.contains("Deployment everest-system/everest-server did not restart"),
        "{told}"
    );
    assert!(told.contains("0 of 1 pods have the new settings"), "{told}");
    assert!(
        told.contains("cannot read the configuration of the issuer"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_was_cut_off_is_made_up_for() {
    let (cluster, _, held) = everest();
    let change = single_sign_on::write(&cluster, &oidc(), true, &wait()).await;
    assert!(matches!(change, Change::Done(_)), "{change:?}");
    let text = "issuerUrl: https://sso.test\nclientId: other\nscopes: [openid]\n";
    held.lock().unwrap().get_mut(OIDC).unwrap()["data"]["oidc.config"] = json!(text);
    let cluster = cluster.with_empty_cache();
    let observed = single_sign_on::settings(&cluster).await.unwrap().unwrap();
    assert!(observed.needs_restart);
    assert_eq!(observed.settings.ready, false.into());
}
