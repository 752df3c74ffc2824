//! The ways to say who one is.

use super::*;

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
        assert!(
            acceptance::patience::is_asked_for(),
            "the administrator of the test cluster has a certificate"
        );
        acceptance::feature::left_out("whoever made this cluster signs in otherwise");
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
