use super::*;
use everest_schemas::models::ExecCredential;

type Change = fn(&mut ProviderModel);

const PEM_TEXT: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

fn key() -> Field<Sensitive<String>> {
    Field::Known(PEM_TEXT.to_owned().into())
}

fn exec(api_version: Field<String>) -> Field<ExecCredential> {
    ExecCredential {
        api_version,
        command: "aws".into(),
        ..ExecCredential::default()
    }
    .into()
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let cases: [(&str, &str, Change, Change, Change); 10] = [
        (
            "credential-sources",
            "exec",
            |m| {
                m.token = key();
                m.exec = exec("client.authentication.k8s.io/v1".into());
            },
            |m| m.token = key(),
            |m| {
                m.token = Field::Unknown;
                m.exec = exec("client.authentication.k8s.io/v1".into());
            },
        ),
        (
            "credential-sources",
            "clientCertificate",
            |m| {
                m.token = key();
                m.client_certificate = PEM_TEXT.into();
                m.client_key = key();
            },
            |m| {
                m.client_certificate = PEM_TEXT.into();
                m.client_key = key();
            },
            |m| {
                m.token = key();
                m.client_certificate = Field::Unknown;
                m.client_key = Field::Unknown;
            },
        ),
        (
            "client-certificate-pair",
            "clientKey",
            |m| m.client_certificate = PEM_TEXT.into(),
            |m| {
                m.client_certificate = PEM_TEXT.into();
                m.client_key = key();
            },
            |m| {
                m.client_certificate = PEM_TEXT.into();
                m.client_key = Field::Unknown;
            },
        ),
        (
            "client-certificate-pair",
            "clientCertificate",
            |m| m.client_key = key(),
            |_| {},
            |m| m.client_key = Field::Unknown,
        ),
        (
            "pem",
            "clusterCaCertificate",
            |m| m.cluster_ca_certificate = "LS0tLS1CRUdJTg==".into(),
            |m| m.cluster_ca_certificate = PEM_TEXT.into(),
            |m| m.cluster_ca_certificate = Field::Unknown,
        ),
        (
            "config-paths",
            "configPaths",
            |m| {
                m.config_path = "a".into();
                m.config_paths = vec!["b".into()].into();
            },
            |m| m.config_path = "a".into(),
            |m| {
                m.config_path = "a".into();
                m.config_paths = Field::Unknown;
            },
        ),
        (
            "host",
            "host",
            |m| m.host = "203.0.113.10:6443".into(),
            |m| m.host = "https://203.0.113.10:6443".into(),
            |m| m.host = Field::Unknown,
        ),
        (
            "proxy-url",
            "proxyUrl",
            |m| m.proxy_url = "proxy:3128".into(),
            |m| m.proxy_url = "socks5://proxy:1080".into(),
            |m| m.proxy_url = Field::Unknown,
        ),
        (
            "insecure",
            "insecure",
            |m| {
                m.insecure = true.into();
                m.cluster_ca_certificate = PEM_TEXT.into();
            },
            |m| {
                m.insecure = false.into();
                m.cluster_ca_certificate = PEM_TEXT.into();
            },
            |m| {
                m.insecure = Field::Unknown;
                m.cluster_ca_certificate = PEM_TEXT.into();
            },
        ),
        (
            "exec-api-version",
            "exec.apiVersion",
            |m| m.exec = exec("client.authentication.k8s.io/v1alpha1".into()),
            |m| m.exec = exec("client.authentication.k8s.io/v1beta1".into()),
            |m| m.exec = exec(Field::Unknown),
        ),
    ];
    assert!(check(&ProviderModel::default()).is_empty());
    for (rule, path, breaks, holds, unknown) in cases {
        let judged = |change: Change| {
            let mut model = ProviderModel::default();
            change(&mut model);
            let found = check(&model);
            assert!(
                found
                    .iter()
                    .all(|found| !format!("{found:?}").contains("MIIB"))
            );
            found
                .into_iter()
                .map(|f| (f.rule, f.path.to_string()))
                .collect::<Vec<_>>()
        };
        assert_eq!(judged(breaks), [(rule, path.to_owned())]);
        assert!(judged(holds).is_empty(), "{rule}");
        assert!(judged(unknown).is_empty(), "{rule}");
    }
}

#[test]
fn a_password_in_the_url_of_a_proxy_is_not_repeated() {
    let model = ProviderModel {
        proxy_url: "user:hidden@proxy:3128".into(),
        ..ProviderModel::default()
    };
    let found = check(&model);
    assert_eq!(found.len(), 1);
    assert!(!format!("{found:?}").contains("hidden"), "{found:?}");
}

#[test]
fn an_empty_setting_counts_as_omitted() {
    let empty = || Field::Known(Sensitive::new(String::new()));
    let model = ProviderModel {
        config_path: "a".into(),
        config_paths: Field::Known(Vec::new()),
        config_context: "".into(),
        host: "".into(),
        token: empty(),
        client_key: empty(),
        client_certificate: "".into(),
        cluster_ca_certificate: "".into(),
        insecure: true.into(),
        proxy_url: "".into(),
        exec: exec("client.authentication.k8s.io/v1".into()),
        ..ProviderModel::default()
    };
    assert_eq!(check(&model), []);
    let only = ProviderModel {
        config_path: "a".into(),
        insecure: true.into(),
        exec: model.exec.clone(),
        ..ProviderModel::default()
    };
    assert_eq!(given(&model), only);
}
