//! The provider's own settings: how it reaches a cluster, and what it says when it cannot.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    objects::{self, NAMESPACE, SECRET, STORAGE},
    stack::{Said, Stack, kubeconfig},
};

const ADDRESS: &str = "everest_namespace.ns";

/// A loopback port that nobody listens on.
const CLOSED: &str = "https://127.0.0.1:1";

const NAMESPACE_HCL: &str = "resource \"everest_namespace\" \"ns\" {
  name    = \"NS\"
  engines = { pxc = {} }
}
";

/// Needs nothing installed, so it is quickly made.
const STORAGE_HCL: &str = "resource \"everest_backup_storage\" \"s3\" {
  namespace         = \"NS\"
  name              = \"s3\"
  type              = \"s3\"
  bucket            = \"backups\"
  region            = \"eu-central-1\"
  endpoint_url      = \"https://s3.example.org\"
  access_key_id     = \"AKIA-1\"
  secret_access_key = \"hush-1\"
}
";

const SERVICE_ACCOUNT: objects::Kind = ("v1", "ServiceAccount");
const ROLE: objects::Kind = ("rbac.authorization.k8s.io/v1", "Role");
const ROLE_BINDING: objects::Kind = ("rbac.authorization.k8s.io/v1", "RoleBinding");
const WEBHOOKS: objects::Kind = (
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
);

/// A stack whose namespace exists already and has no operators.
fn bare(scenario: &str) -> Stack {
    let stack = Stack::new(scenario);
    let labels = json!({"app.kubernetes.io/managed-by": "everest"});
    objects::create(
        NAMESPACE,
        "",
        &stack.namespace,
        json!({"metadata": {"labels": labels}}),
    );
    stack.write(NAMESPACE_HCL);
    stack
}

fn clear(stack: &Stack) {
    objects::delete(NAMESPACE, "", &stack.namespace);
}

/// Reads the stack's namespace from the cluster.
fn read(stack: &Stack) -> Said {
    let said = stack.run(&[
        "import",
        "-input=false",
        "-no-color",
        ADDRESS,
        &stack.namespace,
    ]);
    if said.code == Some(0) {
        stack.run(&["state", "rm", ADDRESS]).succeeded();
    }
    said
}

fn the_kubeconfig() -> Value {
    serde_yaml_ng::from_str(&fs::read_to_string(kubeconfig()).unwrap()).unwrap()
}

/// A member of the first cluster or user of the kubeconfig; PEM where it is data.
fn first(list: &str, kind: &str, member: &str) -> Option<String> {
    let text = the_kubeconfig()[list][0][kind][member].as_str()?.to_owned();
    if member.ends_with("-data") {
        Some(String::from_utf8(STANDARD.decode(text).unwrap()).unwrap())
    } else {
        Some(text)
    }
}

fn host() -> String {
    first("clusters", "cluster", "server").unwrap()
}

fn authority() -> String {
    first("clusters", "cluster", "certificate-authority-data").unwrap()
}

/// A token that may do in the namespace what the rules allow; everything without rules.
fn token(stack: &Stack, account: &str, rules: Option<Value>) -> String {
    let namespace = &stack.namespace;
    objects::create(SERVICE_ACCOUNT, namespace, account, json!({}));
    let role = match rules {
        None => json!({"kind": "ClusterRole", "name": "cluster-admin"}),
        Some(rules) => {
            objects::create(ROLE, namespace, account, json!({"rules": rules}));
            json!({"kind": "Role", "name": account})
        }
    };
    let mut binding = json!({
        "roleRef": role,
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    });
    binding["roleRef"]["apiGroup"] = json!("rbac.authorization.k8s.io");
    objects::create(ROLE_BINDING, namespace, account, binding);
    objects::token(namespace, account)
}

/// Settings of the cluster with a token of its own.
fn by_token(token: &str) -> String {
    format!(
        "  host = {:?}\n  token = {token:?}\n  cluster_ca_certificate = {:?}",
        host(),
        authority()
    )
}

#[test]
fn a_kubeconfig_is_chosen_by_path_context_cluster_user_or_environment() {
    let mut stack = bare("auth-kubeconfig");
    let mut other = the_kubeconfig();
    let context = other["contexts"][0]["context"].clone();
    let nowhere = json!({"name": "nowhere", "cluster": {"server": CLOSED}});
    other["clusters"].as_array_mut().unwrap().push(nowhere);
    let contexts = other["contexts"].as_array_mut().unwrap();
    contexts.push(json!({"name": "here", "context": context}));
    contexts.push(
        json!({"name": "nowhere", "context": {"cluster": "nowhere", "user": context["user"]}}),
    );
    other["current-context"] = json!("nowhere");
    stack.file("other.yaml", &other.to_string());
    stack.file("empty.yaml", "apiVersion: v1\nkind: Config\n");
    let other = stack.path().join("other.yaml");
    let empty = stack.path().join("empty.yaml");

    for settings in [
        format!("config_path = {:?}", kubeconfig()),
        format!("config_paths = [{empty:?}, {:?}]", kubeconfig()),
        format!("config_path = {other:?}\n  config_context = \"here\""),
        format!(
            "config_path = {other:?}\n  config_context_cluster = {}\n  config_context_auth_info = {}",
            context["cluster"], context["user"]
        ),
    ] {
        stack.provider(&settings);
        read(&stack).succeeded();
    }

    stack.provider(&format!("config_path = {other:?}"));
    read(&stack).failed().says(CLOSED);
    stack.provider(&format!(
        "config_path = {other:?}\n  config_context = \"there\""
    ));
    read(&stack).failed().says("there").says("here, nowhere");
    stack.provider("config_path = \"/no/such/kubeconfig\"");
    read(&stack)
        .failed()
        .says("config_path")
        .says("/no/such/kubeconfig");

    stack.provider("");
    stack.environment("KUBE_CONFIG_PATH", other.to_str().unwrap());
    stack.environment("KUBE_CTX", "here");
    read(&stack).succeeded();
    clear(&stack);
}

#[test]
fn a_cluster_is_reached_by_host_and_token_and_its_certificate_is_verified() {
    let mut stack = bare("auth-token");
    let token = token(&stack, "admin", None);
    stack.provider(&by_token(&token));
    read(&stack).succeeded();
    stack.provider(&format!(
        "{}\n  tls_server_name = \"kubernetes\"",
        by_token(&token)
    ));
    read(&stack).succeeded();
    stack.provider(&format!(
        "  host = {:?}\n  token = {token:?}\n  insecure = true",
        host()
    ));
    read(&stack).succeeded();

    stack.provider(&format!(
        "{}\n  tls_server_name = \"elsewhere.example\"",
        by_token(&token)
    ));
    read(&stack).failed().says(&host()).says("ertificate");
    stack.provider(&format!("  host = {:?}\n  token = {token:?}", host()));
    read(&stack)
        .failed()
        .says(&host())
        .says("ertificate")
        .says_not(&token);
    stack.provider(&by_token("wrong-token"));
    read(&stack)
        .failed()
        .says("does not accept the credentials")
        .says_not("wrong-token");

    stack.provider("");
    stack.environment("KUBE_HOST", &host());
    stack.environment("KUBE_TOKEN", &token);
    stack.environment("KUBE_CLUSTER_CA_CERT_DATA", &authority());
    read(&stack).succeeded();
    clear(&stack);
}

#[test]
fn a_client_certificate_authenticates() {
    let (Some(certificate), Some(key)) = (
        first("users", "user", "client-certificate-data"),
        first("users", "user", "client-key-data"),
    ) else {
        // Whoever made this cluster signs in otherwise.
        return;
    };
    let stack = bare("auth-certificate");
    stack.provider(&format!(
        "  host = {:?}\n  cluster_ca_certificate = {:?}\n  client_certificate = {certificate:?}\n  client_key = {key:?}",
        host(),
        authority()
    ));
    read(&stack).succeeded();
    clear(&stack);
}

#[test]
fn a_credential_plugin_is_run_with_its_arguments_and_environment() {
    let stack = bare("auth-exec");
    let token = token(&stack, "admin", None);
    stack.file("token", &token);
    stack.file(
        "plugin.sh",
        "printf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"%s%s\"}}' \"$PREFIX\" \"$(cat \"$1\")\"\nexit \"$STATUS\"\n",
    );
    let plugin = |status: u8| {
        format!(
            "  host = {:?}\n  cluster_ca_certificate = {:?}\n  exec = {{\n    api_version = \"client.authentication.k8s.io/v1\"\n    command = \"sh\"\n    args = [{:?}, {:?}]\n    env = {{ PREFIX = \"\", STATUS = \"{status}\" }}\n  }}",
            host(),
            authority(),
            stack.path().join("plugin.sh"),
            stack.path().join("token"),
        )
    };
    stack.provider(&plugin(0));
    read(&stack).succeeded();
    stack.provider(&plugin(7));
    read(&stack)
        .failed()
        .says("credential plugin")
        .says("\"sh\"")
        .says_not(&token);
    stack.provider(&plugin(0).replace("\"sh\"", "\"no-such-plugin\""));
    read(&stack).failed().says("no-such-plugin");
    clear(&stack);
}

#[test]
fn a_proxy_that_does_not_answer_is_named() {
    let stack = Stack::new("auth-proxy");
    stack.write(NAMESPACE_HCL);
    stack.provider(&format!(
        "  config_path = {:?}\n  proxy_url = \"http://127.0.0.1:9\"",
        kubeconfig()
    ));
    read(&stack)
        .failed()
        .says(&host())
        .says("http://127.0.0.1:9");
    stack.provider(&format!(
        "  config_path = {:?}\n  proxy_url = \"ftp://proxy\"",
        kubeconfig()
    ));
    read(&stack).failed().says("proxy_url").says("socks5");
}

#[test]
fn two_sources_of_credentials_are_refused_at_plan() {
    let stack = Stack::new("auth-two");
    stack.write(NAMESPACE_HCL);
    let exec = "exec = { api_version = \"client.authentication.k8s.io/v1\", command = \"true\" }";
    for (settings, one, other) in [
        (
            "token = \"t\"\n  client_certificate = \"c\"\n  client_key = \"k\"".to_owned(),
            "token",
            "client_certificate",
        ),
        (format!("token = \"t\"\n  {exec}"), "token", "exec"),
    ] {
        stack.provider(&format!("  host = {CLOSED:?}\n  {settings}"));
        stack.plan().failed().says(one).says(other);
    }
    stack.provider("  config_path = \"a\"\n  config_paths = [\"b\"]");
    stack
        .plan()
        .failed()
        .says("config_path")
        .says("config_paths");
    stack.provider(&format!(
        "  host = {CLOSED:?}\n  client_certificate = \"c\""
    ));
    stack.plan().failed().says("client_key");
}

#[test]
fn nothing_configured_is_said_at_apply_and_never_taken_for_localhost() {
    let mut stack = Stack::new("auth-none");
    stack.environment("KUBERNETES_SERVICE_HOST", "");
    stack.write(NAMESPACE_HCL);
    stack.provider("");
    stack.plan().succeeded();
    stack
        .apply()
        .failed()
        .says("config_path")
        .says("KUBE_CONFIG_PATH")
        .says("host")
        .says_not("localhost")
        .says_not("127.0.0.1");
    assert!(stack.state(ADDRESS).is_null());

    // Read by kubectl, not by providers: the message says so.
    stack.environment("KUBECONFIG", &kubeconfig());
    stack
        .apply()
        .failed()
        .says("KUBECONFIG is set")
        .says("KUBE_CONFIG_PATH");
    stack.provider("  token = \"t\"");
    stack
        .apply()
        .failed()
        .says("token")
        .says("host")
        .says_not("localhost");
}

#[test]
fn a_cluster_that_does_not_answer_is_named() {
    let stack = Stack::new("auth-unreachable");
    stack.write(&format!("{NAMESPACE_HCL}{STORAGE_HCL}"));
    stack.provider(&format!("  host = {CLOSED:?}\n  token = \"secret-token\""));
    stack.plan().succeeded();
    stack
        .apply()
        .failed()
        .says(&format!("{CLOSED} does not answer"))
        .says("refused")
        .says_not("secret-token");
    assert!(stack.state(ADDRESS).is_null());
    assert!(stack.state("everest_backup_storage.s3").is_null());
}

#[test]
fn settings_that_are_unknown_at_plan_are_waited_for() {
    let stack = bare("auth-later");
    let later = |generation: u32| {
        format!(
            "resource \"terraform_data\" \"cluster\" {{\n  triggers_replace = {generation}\n  input = {:?}\n}}\n{STORAGE_HCL}",
            host()
        )
    };
    let token = token(&stack, "admin", None);
    stack.provider(
        &by_token(&token).replace(&format!("{:?}", host()), "terraform_data.cluster.output"),
    );
    stack.write(&later(1));
    stack.plan().succeeded();
    stack.apply().succeeded();
    assert!(!objects::get(STORAGE, &stack.namespace, "s3").is_null());
    stack.plan_is_empty();

    // With something in the state there is nobody to ask about it: it stays as it is.
    stack.write(&later(2));
    let said = stack.plan().succeeded().says("host");
    assert!(
        said.text.contains("1 to add, 0 to change, 1 to destroy"),
        "{}",
        said.text
    );
    stack.apply().succeeded();
    stack.plan_is_empty();
    stack.provider(&by_token(&token));
    stack.destroy().succeeded();
    clear(&stack);
}

#[test]
fn a_missing_permission_names_verb_and_resource() {
    let stack = bare("auth-forbidden");
    let nothing = token(&stack, "nobody", Some(json!([])));
    stack.provider(&by_token(&nothing));
    read(&stack)
        .failed()
        .says("may not get namespaces")
        .says("Role")
        .says_not(&nothing);

    let reader = token(
        &stack,
        "reader",
        Some(json!([
            {"apiGroups": ["everest.percona.com"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]},
        ])),
    );
    stack.provider(&by_token(&reader));
    stack.write(STORAGE_HCL);
    stack
        .apply()
        .failed()
        .says("may not")
        .says(&format!(
            "backupstorages.everest.percona.com in namespace {}",
            stack.namespace
        ))
        .says_not(&reader);
    assert!(objects::get(STORAGE, &stack.namespace, "s3").is_null());
    assert!(
        objects::get(SECRET, &stack.namespace, "s3").is_null(),
        "its Secret is not left over"
    );
    clear(&stack);
}

#[test]
fn listing_is_not_needed_where_single_objects_may_be_read() {
    let stack = bare("auth-nolist");
    let single = token(
        &stack,
        "single",
        Some(json!([
            {"apiGroups": ["everest.percona.com"], "resources": ["*"], "verbs": ["get", "create", "patch", "delete"]},
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create", "patch", "delete"]},
        ])),
    );
    stack.provider(&by_token(&single));
    let second = STORAGE_HCL
        .replace("\"s3\" {", "\"t3\" {")
        .replace("= \"s3\"\n  type", "= \"t3\"\n  type");
    stack.write(&format!("{STORAGE_HCL}{second}"));
    stack.apply().succeeded();
    stack.plan_is_empty();
    stack.destroy().succeeded();
    assert!(objects::names(STORAGE, &stack.namespace).is_empty());
    clear(&stack);
}

#[test]
fn a_webhook_that_is_down_is_named_and_nothing_is_written() {
    let stack = bare("webhook-down");
    // Its name puts it before Everest's own, which would refuse the database for want of an
    // engine.
    let name = format!("a-{}", stack.namespace);
    let webhook = "down.scenario.everest.test";
    objects::create(
        WEBHOOKS,
        "",
        &name,
        json!({"webhooks": [{
            "name": webhook,
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "failurePolicy": "Fail",
            "timeoutSeconds": 1,
            "clientConfig": {"url": format!("{CLOSED}/admit")},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stack.namespace}},
            "rules": [{
                "apiGroups": ["everest.percona.com"], "apiVersions": ["*"],
                "operations": ["CREATE", "UPDATE"], "resources": ["databaseclusters", "backupstorages"],
            }],
        }]}),
    );
    let database = "resource \"everest_database\" \"db\" {
  namespace = \"NS\"
  name      = \"orders\"
  engine = { type = \"pxc\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"1G\" } }
}
";
    stack.write(&format!("{database}{STORAGE_HCL}"));
    // A new configuration of webhooks takes the API server a moment.
    objects::eventually("the webhook is called", || {
        let refused = stack.run(&["apply", "-auto-approve", "-input=false", "-no-color"]);
        if refused.code == Some(0) {
            stack.destroy().succeeded();
        }
        refused.code == Some(1)
    });
    let said = stack
        .apply()
        .failed()
        .says("admission webhook")
        .says(webhook)
        .says("everest_database");
    assert!(
        said.text.contains("everest-operator"),
        "who serves it: {}",
        said.text
    );
    for address in ["everest_database.db", "everest_backup_storage.s3"] {
        assert!(stack.state(address).is_null(), "{address}");
    }
    assert!(objects::get(objects::DATABASE, &stack.namespace, "orders").is_null());
    assert!(
        objects::get(SECRET, &stack.namespace, "s3").is_null(),
        "its Secret is not left over"
    );

    objects::delete(WEBHOOKS, "", &name);
    stack.write(STORAGE_HCL);
    stack.apply().succeeded();
    stack.destroy().succeeded();
    clear(&stack);
}

#[test]
fn a_cluster_without_everest_says_what_to_install() {
    let stack = Stack::new("no-everest");
    stack.write(STORAGE_HCL);
    stack.provider(&format!("  host = {:?}\n  token = \"t\"", api_server(&[])));
    stack
        .apply()
        .failed()
        .says("OpenEverest v1 is not installed")
        .says("helm");
    assert!(stack.state("everest_backup_storage.s3").is_null());

    stack.write(NAMESPACE_HCL);
    stack.apply().failed().says("OLM");
    assert!(stack.state(ADDRESS).is_null());

    stack.write(STORAGE_HCL);
    stack.provider(&format!(
        "  host = {:?}\n  token = \"t\"",
        api_server(&["/apis/core.openeverest.io"])
    ));
    stack.apply().failed().says("v2").says("v1");
}

/// Address of an API server that serves the core kinds, without objects, and `groups`.
fn api_server(groups: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // A client that hangs up early has what it wanted.
            thread::spawn(move || answer(stream, groups).ok());
        }
    });
    address
}

fn answer(mut stream: TcpStream, groups: &[&str]) -> std::io::Result<()> {
    let mut request = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        request.read_line(&mut header)?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    request.take(length).read_to_end(&mut Vec::new())?;

    let path = first.split([' ', '?']).nth(1).unwrap_or_default();
    let (status, kind, body) = if groups.contains(&path) {
        (
            200,
            "application/json",
            json!({"kind": "APIGroup", "apiVersion": "v1"}).to_string(),
        )
    } else if let Some(rest) = path.strip_prefix("/api/v1/namespaces/") {
        let (kind, name) = match rest.split_once('/') {
            None => ("namespaces", rest),
            Some((_, object)) => object.split_once('/').unwrap_or((object, "")),
        };
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
            "reason": "NotFound", "message": format!("{kind} {name:?} not found"),
            "details": {"name": name, "kind": kind},
        });
        (404, "application/json", body.to_string())
    } else {
        (404, "text/plain", "404 page not found\n".to_owned())
    };
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
