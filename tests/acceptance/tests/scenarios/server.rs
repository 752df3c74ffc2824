//! The settings of Everest's own server: accounts, access control, single sign-on.

use serde_json::{Value, json};

use crate::{
    objects::{self, CONFIG_MAP, DEPLOYMENT, SECRET},
    stack::Stack,
};

const SYSTEM: &str = "everest-system";

/// Everest's namespace as its chart installs it. The image of the server shows no version, so that
/// no other scenario sees one.
fn install() {
    let users = "admin:\n  passwordHash: initial\n  enabled: true\n  capabilities:\n    - login\n";
    let annotations = json!({"annotations": {"insecure-password/admin": "true"}});
    objects::create(
        SECRET,
        SYSTEM,
        "everest-accounts",
        json!({"metadata": annotations, "stringData": {"users.yaml": users}}),
    );
    let policy = json!({"data": {"enabled": "false", "policy.csv": "g, admin, role:admin\n"}});
    objects::create(CONFIG_MAP, SYSTEM, "everest-rbac", policy);
    objects::create(CONFIG_MAP, SYSTEM, "everest-settings", json!({}));
    let labels = json!({"app.kubernetes.io/name": "everest-server"});
    let server = json!({"spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "everest", "image": "everest:main"}]}}}});
    objects::create(DEPLOYMENT, SYSTEM, "everest-server", server);
}

fn uninstall() {
    objects::delete(DEPLOYMENT, SYSTEM, "everest-server");
    objects::delete(CONFIG_MAP, SYSTEM, "everest-settings");
    objects::delete(CONFIG_MAP, SYSTEM, "everest-rbac");
    objects::delete(SECRET, SYSTEM, "everest-accounts");
}

fn policy() -> String {
    let held = objects::get(CONFIG_MAP, SYSTEM, "everest-rbac");
    held["data"]["policy.csv"].as_str().unwrap().to_owned()
}

/// Accounts and roles for these users, made at once, and single sign-on with a client.
fn config(users: &[&str], client: &str) -> String {
    let users: Vec<_> = users.iter().map(|user| format!("{user:?}")).collect();
    let users = users.join(", ");
    format!(
        "locals {{
  users = toset([{users}])
}}
resource \"everest_account\" \"user\" {{
  for_each            = local.users
  name                = each.key
  password_wo         = \"hush_${{each.key}}\"
  password_wo_version = 1
}}
resource \"everest_rbac_policy\" \"access\" {{
  enabled = true
}}
resource \"everest_rbac_role\" \"team\" {{
  for_each = local.users
  name     = each.key
  members  = [everest_account.user[each.key].name]
  permissions = [
    {{ resource = \"database-clusters\", actions = [\"read\", \"update\"], object = \"${{each.key}}/*\" }},
  ]
}}
resource \"everest_oidc_settings\" \"sso\" {{
  issuer_url = \"https://sso.test/realms/e\"
  client_id  = {client:?}
}}
"
    )
}

#[test]
#[ignore = "has a server of Everest of its own"]
fn accounts_roles_and_single_sign_on_are_managed_beside_those_of_others() {
    install();
    let stack = Stack::new("server");
    let users = ["alice", "bob", "carol", "dave"];
    stack.write(&config(&users, "everest"));
    stack.apply().succeeded();
    stack.plan_is_empty();
    assert!(
        !stack.state_file().contains("hush_"),
        "a password is in the state"
    );
    assert!(
        policy().starts_with("g, admin, role:admin\n"),
        "{}",
        policy()
    );
    for user in users {
        assert!(
            policy().contains(&format!("g, {user}, role:{user}\n")),
            "{}",
            policy()
        );
    }
    let template = |name: &str| {
        let server = objects::get(DEPLOYMENT, SYSTEM, "everest-server");
        server["spec"]["template"]["metadata"]["annotations"][name].clone()
    };
    let restarted = template("everest.openeverest.io/oidc-settings");
    assert!(template("kubectl.kubernetes.io/restartedAt").is_string());
    assert_eq!(stack.state("everest_oidc_settings.sso")["ready"], true);

    // Changed, with an account and a role of someone else in between.
    objects::patch(
        CONFIG_MAP,
        SYSTEM,
        "everest-rbac",
        json!({"data": {"policy.csv": policy() + "# by hand\ng, eve, role:admin\n"}}),
    );
    stack.write(&config(&["alice", "bob"], "everest-2"));
    stack.apply().succeeded();
    stack.plan_is_empty();
    assert!(
        policy().ends_with("# by hand\ng, eve, role:admin\n"),
        "{}",
        policy()
    );
    assert!(!policy().contains("carol"), "{}", policy());
    assert_ne!(template("everest.openeverest.io/oidc-settings"), restarted);

    for (address, id) in [
        ("everest_account.user[\"alice\"]", "alice"),
        ("everest_rbac_role.team[\"alice\"]", "alice"),
        ("everest_rbac_policy.access", "everest-rbac"),
        ("everest_oidc_settings.sso", "everest-settings"),
    ] {
        stack.reimport(address, id);
    }
    stack.apply().succeeded();
    stack.plan_is_empty();

    // Gone past the provider, and a policy that would stop the server.
    let secret = objects::get(SECRET, SYSTEM, "everest-accounts");
    objects::patch(
        SECRET,
        SYSTEM,
        "everest-accounts",
        json!({"data": {"users.yaml": ""}}),
    );
    let planned = stack.planned_actions();
    let created = (
        "everest_account.user[\"bob\"]".to_owned(),
        vec!["create".to_owned()],
    );
    assert!(planned.contains(&created), "{planned:?}");
    objects::patch(
        SECRET,
        SYSTEM,
        "everest-accounts",
        json!({"data": secret["data"]}),
    );
    let whole = "resource \"everest_rbac_policy\" \"access\" {
  enabled = true
  policy  = \"p, role:ghost, namespaces, read, *\\n\"
}
";
    stack.write(whole);
    stack
        .plan()
        .failed()
        .says("no g line gives anybody this role");

    stack.write("");
    stack.apply().succeeded();
    let held = objects::get(CONFIG_MAP, SYSTEM, "everest-settings");
    assert_eq!(held["data"], Value::Null);
    let held = objects::get(CONFIG_MAP, SYSTEM, "everest-rbac");
    assert_eq!(held["data"]["enabled"], "false");
    uninstall();
}
