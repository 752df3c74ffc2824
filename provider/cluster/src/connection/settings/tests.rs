use std::collections::HashMap;

use super::*;

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c1
  cluster: { server: "https://one.example:6443", insecure-skip-tls-verify: true }
- name: c2
  cluster: { server: "https://two.example:6443" }
users:
- name: u1
  user: { token: t1 }
- name: u2
  user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: never-run } }
contexts:
- name: one
  context: { cluster: c1, user: u1, namespace: ns1 }
- name: two
  context: { cluster: c2, user: u2 }
"#;

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Files(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn resolve_with(
    given: &ConnectionConfig,
    variables: &[(&str, &str)],
) -> Result<kube::Config, ConnectError> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    resolve(given, &|name| {
        variables.get(name).map(|value| (*value).to_owned())
    })
}

fn token(config: &kube::Config) -> Option<String> {
    config
        .auth_info
        .token
        .as_ref()
        .map(|token| token.expose_secret().to_owned())
}

#[test]
fn nothing_configured_is_an_error_and_never_localhost() {
    let error = resolve_with(&ConnectionConfig::default(), &[]).unwrap_err();
    assert!(matches!(error, ConnectError::NothingConfigured { .. }));
    assert!(error.to_string().contains("config_path"));
}

#[test]
fn kubeconfig_variable_of_kubectl_is_named_but_not_read() {
    let error = resolve_with(&ConnectionConfig::default(), &[("KUBECONFIG", "/k")]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("KUBECONFIG is set (/k) but not read"),
        "{error}"
    );
}

#[test]
fn credentials_without_an_address_are_an_error() {
    let given = ConnectionConfig {
        token: Some(Sensitive::from("t".to_owned())),
        ..Default::default()
    };
    let error = resolve_with(&given, &[]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("token is set, but not the address"),
        "{error}"
    );
}

#[test]
fn the_current_context_of_config_path_is_used() {
    let files = Files::new();
    let given = ConnectionConfig {
        config_path: Some(files.write("k", KUBECONFIG)),
        ..Default::default()
    };
    let config = resolve_with(&given, &[]).unwrap();
    assert_eq!(config.cluster_url.to_string(), "https://one.example:6443/");
    assert_eq!(config.default_namespace, "ns1");
    assert!(config.accept_invalid_certs);
    assert_eq!(token(&config).as_deref(), Some("t1"));
    assert!(!config.default_retry);
}

#[test]
fn context_cluster_and_user_can_be_chosen_apart() {
    let files = Files::new();
    let given = ConnectionConfig {
        config_path: Some(files.write("k", KUBECONFIG)),
        config_context: Some("two".into()),
        config_context_auth_info: Some("u1".into()),
        ..Default::default()
    };
    let config = resolve_with(&given, &[]).unwrap();
    assert_eq!(config.cluster_url.host(), Some("two.example"));
    assert_eq!(token(&config).as_deref(), Some("t1"));
    let config = resolve_with(
        &ConnectionConfig {
            config_context: None,
            config_context_auth_info: None,
            ..given
        },
        &[("KUBE_CTX", "two"), ("KUBE_CTX_CLUSTER", "c1")],
    )
    .unwrap();
    assert_eq!(config.cluster_url.host(), Some("one.example"));
    assert_eq!(
        config.auth_info.exec.unwrap().command.as_deref(),
        Some("never-run")
    );
}

#[test]
fn an_unknown_context_lists_those_there_are() {
    let files = Files::new();
    let given = ConnectionConfig {
        config_path: Some(files.write("k", KUBECONFIG)),
        config_context: Some("three".into()),
        ..Default::default()
    };
    let error = resolve_with(&given, &[]).unwrap_err();
    assert_eq!(error.attribute(), Some("config_context"));
    assert!(error.to_string().ends_with("it has one, two"), "{error}");
}

#[test]
fn the_first_of_several_kubeconfigs_wins() {
    let files = Files::new();
    let second = KUBECONFIG
        .replace("one.example", "other.example")
        .replace("name: two", "name: three");
    let given = ConnectionConfig {
        config_paths: vec![files.write("a", KUBECONFIG), files.write("b", &second)],
        ..Default::default()
    };
    assert_eq!(
        resolve_with(&given, &[]).unwrap().cluster_url.host(),
        Some("one.example")
    );
    let given = ConnectionConfig {
        config_context: Some("three".into()),
        ..given
    };
    assert_eq!(
        resolve_with(&given, &[]).unwrap().cluster_url.host(),
        Some("two.example")
    );
}

#[test]
fn an_empty_current_context_hides_none_of_another_kubeconfig() {
    let files = Files::new();
    let empty = "apiVersion: v1\nkind: Config\ncurrent-context: \"\"\n";
    let given = ConnectionConfig {
        config_paths: vec![files.write("a", empty), files.write("b", KUBECONFIG)],
        ..Default::default()
    };
    let config = resolve_with(&given, &[]).unwrap();
    assert_eq!(config.cluster_url.host(), Some("one.example"));
}

#[test]
fn the_variable_with_one_kubeconfig_wins_over_that_with_several() {
    let files = Files::new();
    let one = files.write("one", KUBECONFIG);
    let other = KUBECONFIG.replace("one.example", "other.example");
    let other = files.write("other", &other);
    let variables = [
        ("KUBE_CONFIG_PATHS", other.as_str()),
        ("KUBE_CONFIG_PATH", one.as_str()),
    ];
    let config = resolve_with(&ConnectionConfig::default(), &variables).unwrap();
    assert_eq!(config.cluster_url.host(), Some("one.example"));
    let config = resolve_with(&ConnectionConfig::default(), &variables[..1]).unwrap();
    assert_eq!(config.cluster_url.host(), Some("other.example"));
}

#[test]
fn an_empty_text_of_a_kubeconfig_counts_as_absent() {
    let files = Files::new();
    let text = KUBECONFIG
        .replace(
            "insecure-skip-tls-verify: true",
            "certificate-authority-data: \"\", tls-server-name: \"\"",
        )
        .replace(
            "token: t1",
            "token: \"\", client-certificate-data: \"\", client-key-data: \"\", tokenFile: /t",
        );
    let given = ConnectionConfig {
        config_path: Some(files.write("k", &text)),
        ..Default::default()
    };
    let config = resolve_with(&given, &[]).unwrap();
    assert_eq!(config.root_cert, None);
    assert_eq!(config.tls_server_name, None);
    assert_eq!(token(&config), None);
    assert_eq!(config.auth_info.token_file.as_deref(), Some("/t"));
    assert_eq!(config.auth_info.client_certificate_data, None);
}

#[test]
fn direct_settings_replace_those_of_the_kubeconfig() {
    let files = Files::new();
    let given = ConnectionConfig {
        config_path: Some(files.write("k", KUBECONFIG)),
        config_context: Some("two".into()),
        token: Some(Sensitive::from("mine".to_owned())),
        host: Some("proxy.example:8443".into()),
        ..Default::default()
    };
    let config = resolve_with(&given, &[]).unwrap();
    assert_eq!(
        config.cluster_url.to_string(),
        "https://proxy.example:8443/"
    );
    assert_eq!(token(&config).as_deref(), Some("mine"));
    assert!(
        config.auth_info.exec.is_none(),
        "the plugin of the kubeconfig must not win over the token"
    );
}

#[test]
fn variables_fill_what_the_configuration_leaves_out() {
    let variables = [
        ("KUBE_HOST", "https://env.example"),
        ("KUBE_TOKEN", "secret"),
        ("KUBE_INSECURE", "true"),
        ("KUBE_TLS_SERVER_NAME", "api"),
        ("KUBE_PROXY_URL", "http://user:pw@proxy.example:3128"),
    ];
    let config = resolve_with(&ConnectionConfig::default(), &variables).unwrap();
    assert_eq!(config.cluster_url.host(), Some("env.example"));
    assert_eq!(token(&config).as_deref(), Some("secret"));
    assert!(config.accept_invalid_certs);
    assert_eq!(config.tls_server_name.as_deref(), Some("api"));
    assert_eq!(config.proxy_url.unwrap().host(), Some("proxy.example"));
}

#[test]
fn the_environment_never_mixes_into_an_explicit_choice() {
    let files = Files::new();
    let path = files.write("k", KUBECONFIG);
    let given = ConnectionConfig {
        config_path: Some(path.clone()),
        ..Default::default()
    };
    let config = resolve_with(
        &given,
        &[("KUBE_HOST", "https://env.example"), ("KUBE_TOKEN", "x")],
    )
    .unwrap();
    assert_eq!(config.cluster_url.host(), Some("one.example"));
    assert_eq!(token(&config).as_deref(), Some("t1"));

    let given = ConnectionConfig {
        host: Some("https://direct.example".into()),
        ..Default::default()
    };
    let config = resolve_with(&given, &[("KUBE_CONFIG_PATH", &path)]).unwrap();
    assert_eq!(config.cluster_url.host(), Some("direct.example"));
    assert_eq!(token(&config), None);
}

#[test]
fn the_home_directory_is_expanded() {
    let files = Files::new();
    files.write("k", KUBECONFIG);
    let home = files.0.path().to_str().unwrap();
    let config = resolve_with(
        &ConnectionConfig::default(),
        &[("KUBE_CONFIG_PATH", "~/k"), ("HOME", home)],
    );
    assert!(config.is_ok(), "{config:?}");
}

#[test]
fn a_missing_kubeconfig_names_setting_and_file() {
    let given = ConnectionConfig {
        config_path: Some("/nowhere/k".into()),
        ..Default::default()
    };
    let error = resolve_with(&given, &[]).unwrap_err();
    assert_eq!(error.attribute(), Some("config_path"));
    assert!(error.to_string().contains("/nowhere/k"), "{error}");
}

#[test]
fn a_malformed_kubeconfig_is_not_quoted() {
    let files = Files::new();
    let given = ConnectionConfig {
        config_path: Some(files.write("k", "users: [ {token: s3cr3t")),
        ..Default::default()
    };
    let error = resolve_with(&given, &[]).unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("s3cr3t"),
        "{error:?}"
    );
}

#[test]
fn a_certificate_that_is_not_pem_says_what_is_wanted() {
    let given = ConnectionConfig {
        host: Some("https://h.example".into()),
        cluster_ca_certificate: Some("/path/to/ca.crt".into()),
        ..Default::default()
    };
    let error = resolve_with(&given, &[]).unwrap_err();
    assert_eq!(error.attribute(), Some("cluster_ca_certificate"));
    assert!(error.to_string().contains("PEM"), "{error}");
}

#[test]
fn a_certificate_without_its_key_is_an_error() {
    let given = ConnectionConfig {
        host: Some("https://h.example".into()),
        client_certificate: Some("x".into()),
        ..Default::default()
    };
    assert_eq!(
        resolve_with(&given, &[]).unwrap_err().attribute(),
        Some("client_key")
    );
}

#[test]
fn a_loopback_server_goes_through_no_environment_proxy() {
    let proxy = [
        ("HTTPS_PROXY", "http://proxy.example:3128"),
        ("NO_PROXY", ".internal,"),
    ];
    let through = |host: &str| {
        let given = ConnectionConfig {
            host: Some(host.into()),
            ..Default::default()
        };
        resolve_with(&given, &proxy)
            .unwrap()
            .proxy_url
            .map(|url| url.to_string())
    };
    assert_eq!(through("https://127.0.0.1:6443"), None);
    assert_eq!(through("https://localhost"), None);
    assert_eq!(through("https://api.internal"), None);
    assert_eq!(
        through("https://api.example").as_deref(),
        Some("http://proxy.example:3128/")
    );
}

#[test]
fn a_proxy_of_another_scheme_is_refused_without_its_password() {
    let given = ConnectionConfig {
        host: Some("https://h.example".into()),
        proxy_url: Some("ftp://u:hidden@p.example".into()),
        ..Default::default()
    };
    let error = resolve_with(&given, &[]).unwrap_err();
    assert!(!error.to_string().contains("hidden"));
    assert_eq!(error.attribute(), Some("proxy_url"));
}

#[test]
fn a_proxy_of_the_environment_is_taken_or_refused_without_its_password() {
    let given = ConnectionConfig {
        host: Some("https://h.example".into()),
        ..Default::default()
    };
    let through = |url: &str| resolve_with(&given, &[("HTTPS_PROXY", url)]);
    let proxy = through("socks5h://u:hidden@p.example:1080")
        .unwrap()
        .proxy_url;
    assert_eq!(proxy.unwrap().host(), Some("p.example"));
    let error = through("socks4://u:hidden@p.example:1080").unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("HTTPS_PROXY: "), "{text}");
    assert!(!text.contains("hidden"), "{text}");
    assert_eq!(error.attribute(), None);
}

#[test]
fn a_plugin_that_wants_a_terminal_is_refused() {
    let files = Files::new();
    let text = KUBECONFIG.replace(
        "command: never-run",
        "command: never-run, interactiveMode: Always",
    );
    let given = ConnectionConfig {
        config_path: Some(files.write("k", &text)),
        config_context: Some("two".into()),
        ..Default::default()
    };
    let error = resolve_with(&given, &[]).unwrap_err();
    assert!(error.to_string().contains("requires a terminal"), "{error}");
}
