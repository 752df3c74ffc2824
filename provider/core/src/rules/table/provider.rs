//! Rules for the provider's own settings.

use super::{ALL, ALONE, BOTH};
use crate::rules::Rule;

/// The rules for the provider's own settings.
pub(in crate::rules) const SETTINGS: &[Rule] = &[
    CREDENTIAL_SOURCES,
    CLIENT_CERTIFICATE_PAIR,
    PEM,
    CONFIG_PATHS,
    HOST,
    PROXY_URL,
    INSECURE,
    EXEC_API_VERSION,
];

pub(in crate::rules) const CREDENTIAL_SOURCES: Rule = Rule {
    id: "credential-sources",
    sentence: "The provider authenticates in one way: with a token, with a client certificate or with a program.",
    advice: "Keep one of {token}, {clientCertificate} with {clientKey}, and {exec}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "hashicorp/kubernetes: provider settings",
};

pub(in crate::rules) const CLIENT_CERTIFICATE_PAIR: Rule = Rule {
    id: "client-certificate-pair",
    sentence: "A client certificate is used together with its key.",
    advice: "Set both {clientCertificate} and {clientKey}, or neither.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "hashicorp/kubernetes: provider settings",
};

pub(in crate::rules) const PEM: Rule = Rule {
    id: "pem",
    sentence: "Certificates and keys are given as PEM text, which begins with \"-----BEGIN\".",
    advice: "Read the file with file(), or decode a value from a kubeconfig with base64decode().",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "hashicorp/kubernetes: provider settings",
};

pub(in crate::rules) const CONFIG_PATHS: Rule = Rule {
    id: "config-paths",
    sentence: "Kubeconfig files are given as one path or as a list of paths.",
    advice: "Keep one of {configPath} and {configPaths}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "hashicorp/kubernetes: provider settings",
};

pub(in crate::rules) const HOST: Rule = Rule {
    id: "host",
    sentence: "The host is the URL of the Kubernetes API, with http or https.",
    advice: "Write for example \"https://203.0.113.10:6443\".",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "hashicorp/kubernetes: provider settings",
};

pub(in crate::rules) const PROXY_URL: Rule = Rule {
    id: "proxy-url",
    sentence: "The proxy is a URL with http, https, socks5 or socks5h and a host.",
    advice: "Write for example \"http://proxy.example.com:3128\".",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "hashicorp/kubernetes: provider settings",
};

pub(in crate::rules) const INSECURE: Rule = Rule {
    id: "insecure",
    sentence: "A certificate authority has no effect if the API's certificate is not verified.",
    advice: "Remove {insecure = true} and keep {clusterCaCertificate}, which is the secure setting.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "client-go: TLS settings",
};

pub(in crate::rules) const EXEC_API_VERSION: Rule = Rule {
    id: "exec-api-version",
    sentence: "A program prints credentials in the form client.authentication.k8s.io/v1 or …/v1beta1.",
    advice: "Set {exec.apiVersion} to \"client.authentication.k8s.io/v1\" unless the program says otherwise.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "Kubernetes: client-go credential plugins",
};
