//! The settings of Everest's own server: each is created, changed, imported, found gone and refused
//! for a bad configuration, in a cluster in the process.

use std::sync::Arc;

use everest_cluster::{Catalog, Cluster};
use serde_json::{Value as Json, json};
use terraform_provider_everest::EverestProvider;
use terraform_provider_everest::export::{Export, Told};
use test_apiserver::{ApiServer, Asked, At, Fault, Matcher, Times, Trouble, When};
use tfplugin::testing::{Host, State};
use tfplugin::value::Value;

const SECRET: &str = "/api/v1/namespaces/everest-system/secrets/everest-accounts";
const RBAC: &str = "/api/v1/namespaces/everest-system/configmaps/everest-rbac";
const SETTINGS: &str = "/api/v1/namespaces/everest-system/configmaps/everest-settings";

/// Returns true if a type is that of a setting.
pub fn is_one(type_name: &str) -> bool {
    SAMPLES.iter().any(|sample| sample.type_name == type_name)
}

/// A setting: a configuration, a change of it, a bad one, and its import id.
struct Sample {
    type_name: &'static str,
    id: &'static str,
    config: fn() -> Json,
    change: fn() -> Json,
    /// What is bad, and the attribute at fault.
    bad: fn() -> (Json, &'static str),
    /// Removes it past the provider, if someone can.
    remove: Option<fn(&ApiServer)>,
}

const SAMPLES: [Sample; 4] = [
    Sample {
        type_name: "everest_account",
        id: "alice",
        config: || json!({"name": "alice", "password": "s3cret!"}),
        change: || json!({"enabled": false, "capabilities": ["login", "apiKey"]}),
        bad: || (json!({"name": "al"}), "name"),
        remove: Some(|server| edit(server, SECRET, &json!({"data": {"users.yaml": ""}}))),
    },
    Sample {
        type_name: "everest_rbac_policy",
        id: "everest-rbac",
        config: || json!({"enabled": true, "policy": "g, admin, role:admin\n"}),
        change: || json!({"policy": "g, admin, role:admin\ng, bob, role:admin\n"}),
        bad: || {
            (
                json!({"policy": "p, role:x, namespaces, read, *\n"}),
                "policy",
            )
        },
        remove: None,
    },
    Sample {
        type_name: "everest_rbac_role",
        id: "dev",
        config: || {
            json!({"name": "dev", "members": ["bob", "alice"], "permissions": [
                {"resource": "database-clusters", "actions": ["read", "create"], "object": "dev/*"}]})
        },
        change: || json!({"members": ["carol", "bob"]}),
        bad: || (json!({"members": []}), "members"),
        remove: Some(|server| edit(server, RBAC, &json!({"data": {"policy.csv": ""}}))),
    },
    Sample {
        type_name: "everest_oidc_settings",
        id: "everest-settings",
        config: || json!({"issuer_url": "https://sso.test/realms/e", "client_id": "everest"}),
        change: || json!({"scopes": ["openid", "groups"]}),
        bad: || (json!({"issuer_url": "sso.test"}), "issuer_url"),
        remove: Some(|server| edit(server, SETTINGS, &json!({"data": {"oidc.config": null}}))),
    },
];

fn edit(server: &ApiServer, path: &str, patch: &Json) {
    server.edit(|objects| json_patch::merge(objects.get_mut(path).unwrap(), patch));
}

fn merged(mut config: Json, change: &Json) -> Json {
    for (name, value) in change.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

/// The document of the chart in base64: the account `admin` with the password `initial`.
const USERS: &str = "YWRtaW46CiAgcGFzc3dvcmRIYXNoOiBpbml0aWFsCiAgZW5hYmxlZDogdHJ1ZQogIGNhcGFiaWxpdGllczoKICAgIC0gbG9naW4K";

/// Everest's namespace as its chart installs it.
fn everest() -> ApiServer {
    let server = ApiServer::new().with_everest();
    let named = |name: &str| json!({"name": name, "namespace": "everest-system"});
    for object in [
        json!({"kind": "Namespace", "metadata": {"name": "everest-system"}}),
        json!({"kind": "Secret", "data": {"users.yaml": USERS}, "metadata": {
            "name": "everest-accounts", "namespace": "everest-system",
            "annotations": {"insecure-password/admin": "true"}}}),
        json!({"kind": "ConfigMap", "metadata": named("everest-rbac"),
            "data": {"enabled": "false", "policy.csv": "g, admin, role:admin\n"}}),
        json!({"kind": "ConfigMap", "metadata": named("everest-settings")}),
    ] {
        let mut object = object;
        object["apiVersion"] = json!("v1");
        server.put(object);
    }
    server
}

async fn host(server: &ApiServer) -> Host<EverestProvider> {
    let client = server.clone();
    let reach = move |_: &_, catalog: Catalog| Ok(Cluster::new(client.client(), catalog));
    let provider = Arc::new(EverestProvider::reaching(reach));
    let host = Host::new(move || Arc::clone(&provider));
    host.configure(json!({})).await.succeeded();
    host
}

#[tokio::test]
async fn a_setting_is_created_changed_imported_found_gone_and_destroyed() {
    for sample in &SAMPLES {
        let type_name = sample.type_name;
        let server = everest();
        let run = host(&server).await;
        let resource = run.resource(type_name);
        let made = resource.create((sample.config)()).await.succeeded();
        let planned = resource.plan(&made, (sample.config)()).await.succeeded();
        assert!(planned.is_empty, "{type_name}: {planned:?}");

        let config = merged((sample.config)(), &(sample.change)());
        let changed = resource.change(&made, config.clone()).await.succeeded();
        let run = host(&server).await;
        let resource = run.resource(type_name);
        let read = resource.read(&changed).await.succeeded();
        let planned = resource.plan(&read, config.clone()).await.succeeded();
        assert!(planned.is_empty, "{type_name}: {planned:?}");

        let imported = resource.import(sample.id).await.succeeded();
        let imported = resource.read(&imported).await.succeeded();
        let mut known = config.clone();
        // No state and no import knows a password.
        known.as_object_mut().unwrap().remove("password");
        let planned = resource.plan(&imported, known).await.succeeded();
        assert!(planned.is_empty, "{type_name}: {planned:?}");

        if let Some(remove) = sample.remove {
            remove(&server);
            let run = host(&server).await;
            let resource = run.resource(type_name);
            let read = resource.read(&read).await.succeeded();
            assert!(read.is_none(), "{type_name}");
            let again = resource.create((sample.config)()).await.succeeded();
            if type_name == "everest_account" {
                resource.destroy(&again).await.failed();
                continue;
            }
            resource.destroy(&again).await.succeeded();
        } else {
            resource.destroy(&read).await.succeeded();
        }
        let run = host(&server).await;
        let config = match type_name {
            "everest_rbac_role" => json!({"name": sample.id}),
            _ => json!({}),
        };
        let left = run.read_data(type_name, config).await;
        // The chart's own policy is never gone.
        assert_eq!(left.is_ok(), sample.remove.is_none(), "{type_name}");
    }
}

#[tokio::test]
async fn a_setting_that_the_same_run_creates_anew_outlives_its_former_state() {
    for sample in &SAMPLES {
        let type_name = sample.type_name;
        let server = everest();
        let earlier = host(&server).await;
        let former = earlier.resource(type_name);
        let former = former.create((sample.config)()).await.succeeded();

        // With create_before_destroy, and where the resource has got another address, the new one
        // may be created first.
        let run = host(&server).await;
        let resource = run.resource(type_name);
        let new = resource.create((sample.config)()).await.succeeded();
        let before = server.all();
        let destroyed = resource.destroy(&former).await;
        let told = destroyed.warnings();
        let stays = told.iter().any(|told| told.contains("stays"));
        assert!(stays, "{type_name}: {told:?}");
        assert!(destroyed.succeeded().is_none(), "{type_name}");
        assert_eq!(server.all(), before, "{type_name}");
        let read = resource.read(&new).await.succeeded();
        assert!(!read.is_none(), "{type_name}");
    }
}

#[tokio::test]
async fn a_setting_that_is_destroyed_at_one_address_and_created_at_another_is_told_of() {
    for sample in &SAMPLES {
        let server = everest();
        let earlier = host(&server).await;
        let former = earlier.resource(sample.type_name);
        let former = former.create((sample.config)()).await.succeeded();
        let run = host(&server).await;
        let resource = run.resource(sample.type_name);
        resource.plan(&former, Value::Null).await.succeeded();
        let planned = resource.plan(&State::none(), (sample.config)()).await;
        let told = planned.warnings();
        let of_two = told
            .iter()
            .any(|told| told.contains("at one address and created or kept at another"));
        assert!(of_two, "{}: {told:?}", sample.type_name);
    }
}

#[tokio::test]
async fn the_removal_of_the_administrator_by_a_replacement_is_told_at_plan() {
    let server = everest();
    let run = host(&server).await;
    let account = run.resource("everest_account");
    let admin = account.import("admin").await.succeeded();
    let config = json!({"name": "alice", "password": "s3cret!"});
    let planned = account.plan(&admin, config).await;
    assert!(!planned.value.replaces.is_empty());
    let told = planned.warnings();
    assert!(
        told.contains(&"The account \"admin\" of Everest's installation is removed"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_bad_configuration_is_refused_at_its_attribute_without_a_cluster() {
    let host = Host::new(|| Arc::new(EverestProvider::new()));
    for sample in &SAMPLES {
        let (bad, attribute) = (sample.bad)();
        let config = merged((sample.config)(), &bad);
        let refused = host
            .resource(sample.type_name)
            .validate(config)
            .await
            .failed();
        assert_eq!(refused.path, Some(attribute.into()), "{}", sample.type_name);
        assert!(refused.detail.len() > 40, "{refused:?}");
    }
}

#[tokio::test]
async fn what_exists_and_differs_is_not_taken_over() {
    let server = everest();
    edit(
        &server,
        RBAC,
        &json!({"data": {"policy.csv": "g, eve, role:dev\n"}}),
    );
    let settings = "issuerUrl: https://other.test\nclientId: e\n";
    edit(
        &server,
        SETTINGS,
        &json!({"data": {"oidc.config": settings}}),
    );
    let before = server.all();
    let run = host(&server).await;
    for sample in &SAMPLES {
        let mut config = (sample.config)();
        if sample.type_name == "everest_account" {
            config["name"] = json!("admin");
        }
        let resource = run.resource(sample.type_name);
        let refused = resource.create(config).await.failed();
        assert!(refused.detail.contains("already exists"), "{refused:?}");
        assert!(
            refused.detail.contains("Import it with the id"),
            "{refused:?}"
        );
    }
    assert_eq!(server.all(), before);
}

#[tokio::test]
async fn a_role_keeps_its_order_of_permissions_while_its_members_are_unknown() {
    let server = everest();
    let run = host(&server).await;
    let role = run.resource("everest_rbac_role");
    let config = |actions: [&str; 2]| {
        json!({"name": "dev", "members": ["bob"], "permissions": [
        {"resource": "database-clusters", "actions": actions, "object": "dev/*"}]})
    };
    let made = role.create(config(["read", "create"])).await.succeeded();
    let other = config(["create", "read"]);
    let mut open = Value::from(other.clone());
    if let Value::Map(members) = &mut open {
        members.insert("members".to_owned(), Value::UNKNOWN);
    }
    let first = role.plan(&made, open).await.succeeded();
    let second = role.plan(&made, other).await.succeeded();
    assert!(second.is_empty);
    assert_eq!(*first.get("members"), Value::UNKNOWN);
    assert_eq!(first.get("permissions"), second.get("permissions"));
}

#[tokio::test]
async fn a_password_is_written_for_a_new_version_and_set_again_after_someone_else_did() {
    let server = everest();
    let config = |password: &str, version: i64| json!({"name": "alice", "password_wo": password, "password_wo_version": version});
    let run = host(&server).await;
    let account = run.resource("everest_account");
    let made = account.create(config("s3cret!", 1)).await.succeeded();
    assert!(!format!("{:?}", made.value).contains("s3cret!"));
    let hash = server.all()[SECRET]["data"]["users.yaml"].clone();
    let planned = account.plan(&made, config("another", 1)).await.succeeded();
    assert!(planned.is_empty, "the version is the same");
    let planned = account.plan(&made, config("another", 2)).await.succeeded();
    assert_eq!(*planned.get("password_changed_at"), Value::UNKNOWN);
    let changed = account
        .change(&made, config("another", 2))
        .await
        .succeeded();
    assert_ne!(server.all()[SECRET]["data"]["users.yaml"], hash);

    // From now on the state knows the password.
    let known = json!({"name": "alice", "password": "another"});
    let known_state = account.change(&changed, known.clone()).await.succeeded();
    edit(&server, SECRET, &json!({"data": {"users.yaml": hash}}));
    let run = host(&server).await;
    let account = run.resource("everest_account");
    let read = account.read(&known_state).await;
    assert_eq!(
        read.warnings(),
        ["Someone else changed the password of everest_account alice"]
    );
    let read = read.succeeded();
    let planned = account.plan(&read, known.clone()).await.succeeded();
    assert_eq!(*planned.get("password_changed_at"), Value::UNKNOWN);
    let fixed = account.change(&read, known.clone()).await.succeeded();
    let run = host(&server).await;
    let account = run.resource("everest_account");
    let read = account.read(&fixed).await;
    assert_eq!(read.warnings(), [""; 0]);
    assert!(
        account
            .plan(&read.succeeded(), known)
            .await
            .succeeded()
            .is_empty
    );
}

#[tokio::test]
async fn a_policy_that_nobody_administers_is_told_at_plan_and_a_switch_alone_after_the_apply() {
    let server = everest();
    let run = host(&server).await;
    let policy = run.resource("everest_rbac_policy");
    let lonely = json!({"enabled": true, "policy": "g, bob, role:dev\n"});
    let told = policy.plan(&State::none(), lonely).await;
    assert_eq!(
        told.warnings(),
        ["Access control is enabled, and nobody is an administrator"]
    );
    edit(&server, RBAC, &json!({"data": {"policy.csv": ""}}));
    let made = policy.create(json!({"enabled": true})).await;
    assert_eq!(
        made.warnings(),
        ["Access control is enabled, and nobody is an administrator"]
    );
    let gone = policy.plan(&made.succeeded(), Value::Null).await;
    assert_eq!(gone.warnings(), ["Access control is switched off"]);
}

#[tokio::test]
async fn a_permission_that_an_older_everest_does_not_know_is_a_warning_at_plan_and_not_written() {
    let server = everest();
    let labels = json!({"name": "everest-server"});
    server.put(json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "everest-server", "namespace": "everest-system"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "everest", "image": "percona/everest:1.7.0"}]}}}}));
    let run = host(&server).await;
    let before = server.all();
    let permission = json!({"resource": "data-importers", "actions": ["read"], "object": "*"});
    for (type_name, config, summary) in [
        (
            "everest_rbac_policy",
            json!({"enabled": true,
                "policy": "g, admin, role:admin\np, alice, data-importers, read, *\n"}),
            "Everest refuses line 2: Everest has the resource \"data-importers\" since 1.8, and is \
             1.7.0 here",
        ),
        (
            "everest_rbac_role",
            json!({"name": "dev", "members": ["alice"], "permissions": [permission]}),
            "Everest has the resource \"data-importers\" since 1.8, and is 1.7.0 here",
        ),
    ] {
        let resource = run.resource(type_name);
        let planned = resource.plan(&State::none(), config.clone()).await;
        assert_eq!(planned.warnings(), [summary]);
        let refused = resource.create(config).await.failed();
        assert!(format!("{refused:?}").contains("since 1.8"), "{refused:?}");
    }
    assert_eq!(server.all(), before);
}

#[tokio::test]
async fn accounts_are_listed_without_their_passwords() {
    let server = everest();
    let run = host(&server).await;
    let found = run.query("everest_account", json!({})).await.succeeded();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "admin");
    let all = run
        .read_data("everest_accounts", json!({}))
        .await
        .succeeded();
    let text = format!("{all:?}");
    assert!(
        text.contains("admin") && !text.contains("initial"),
        "{text}"
    );
}

/// Everest's namespace with a setting of each type.
async fn with_each() -> ApiServer {
    let server = everest();
    let run = host(&server).await;
    for sample in &SAMPLES {
        let resource = run.resource(sample.type_name);
        resource.create(complete(sample)).await.succeeded();
    }
    server
}

#[tokio::test]
async fn every_setting_is_listed() {
    let server = with_each().await;
    let run = host(&server).await;
    for sample in &SAMPLES {
        let found = run.query(sample.type_name, json!({})).await.succeeded();
        let ids: Vec<_> = found.iter().map(|one| one.0.as_str()).collect();
        assert!(ids.contains(&sample.id), "{}: {ids:?}", sample.type_name);
    }
}

/// The export of a cluster with these namespaces, and the types that are left out.
async fn exported(client: kube::Client, namespaces: &[&str]) -> (String, Vec<String>) {
    let cluster = Cluster::new(client, Catalog::default());
    let export = Export {
        namespaces: namespaces.iter().map(|name| (*name).to_owned()).collect(),
        ..Export::default()
    };
    let mut left_out = Vec::new();
    let mut tells = |told: Told<'_>| {
        if let Told::LeftOut(what, _) = told {
            left_out.push(what.to_owned());
        }
    };
    let text = export.of(&cluster, &mut tells).await.unwrap();
    (text, left_out)
}

#[tokio::test]
async fn settings_are_exported_with_the_whole_cluster_and_without_passwords() {
    let server = with_each().await;
    let (text, left_out) = exported(server.client(), &[]).await;
    assert_eq!(left_out, [""; 0]);
    for block in [
        "import {\n  to = everest_account.alice\n  id = \"alice\"\n}",
        "resource \"everest_account\" \"alice\" {\n  name = \"alice\"\n}",
        "resource \"everest_account\" \"admin\" {\n  name = \"admin\"\n}",
        "resource \"everest_rbac_policy\" \"everest_rbac\" {\n  enabled = true\n}",
        "to = everest_rbac_role.dev\n",
        "to = everest_rbac_role.admin\n",
        "to = everest_oidc_settings.everest_settings\n  id = \"everest-settings\"\n",
    ] {
        assert!(text.contains(block), "{block}\n{text}");
    }
    // The one of the chart is in plain text.
    for secret in ["password", "s3cret!", "initial"] {
        assert!(!text.contains(secret), "{text}");
    }
    let run = host(&server).await;
    for sample in &SAMPLES {
        let resource = run.resource(sample.type_name);
        let imported = resource.import(sample.id).await.succeeded();
        let imported = resource.read(&imported).await.succeeded();
        let mut config = complete(sample);
        for left_out in ["password", "policy"] {
            config.as_object_mut().unwrap().remove(left_out);
        }
        let planned = resource.plan(&imported, config).await.succeeded();
        assert!(planned.is_empty, "{}: {planned:?}", sample.type_name);
    }
    let (text, _) = exported(server.client(), &["shop"]).await;
    assert!(!text.contains("everest_account"), "{text}");
}

#[tokio::test]
async fn settings_that_may_not_be_read_are_left_out_of_an_export() {
    let process = with_each().await.process();
    let is_secret = |asked: &Asked| asked.path == SECRET;
    let forbidden = Fault::new(
        At::Matching(Matcher::when(is_secret)),
        When::Before,
        Trouble::Status(403),
    );
    process.inject(forbidden.times(Times::Always));
    let (text, left_out) = exported(process.client(), &[]).await;
    assert_eq!(left_out, ["everest_account"]);
    assert!(text.contains("everest_rbac_role"), "{text}");
}

#[tokio::test]
async fn an_export_of_a_namespace_needs_no_rights_outside_it() {
    let server = everest();
    server.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
    server.put(
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "BackupStorage",
        "metadata": {"name": "s3", "namespace": "shop"},
        "spec": {"type": "s3", "bucket": "backups", "credentialsSecretName": "s3"}}),
    );
    let process = server.process();
    let process = process.of_user("team", |asks| asks.namespace == "shop");
    let (text, left_out) = exported(process.client(), &["shop"]).await;
    assert_eq!(left_out, ["everest_namespace"]);
    assert!(text.contains("id = \"shop/s3\""), "{text}");

    // What is of the whole cluster does not stand in the way of the rest either.
    let process = server.process();
    let process = process.of_user("team", |asks| asks.resource != "podschedulingpolicies");
    let (text, left_out) = exported(process.client(), &[]).await;
    assert_eq!(left_out, ["everest_pod_scheduling_policy"]);
    assert!(text.contains("id = \"shop/s3\""), "{text}");
}

#[tokio::test]
async fn every_setting_is_planned_while_the_settings_of_the_provider_are_unknown() {
    let host = crate::Host::new().await;
    for sample in &SAMPLES {
        let config = complete(sample);
        let planned = host.plan(sample.type_name, &Value::Null, &[], &config);
        assert_eq!(planned.await.errors, [""; 0], "{}", sample.type_name);
    }
}

fn complete(sample: &Sample) -> Json {
    (sample.config)()
}
