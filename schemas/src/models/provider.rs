//! The provider's own settings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Field, Sensitive, StringMap, facts};

/// Manages OpenEverest v1 databases through the Kubernetes API of the cluster
/// that Everest runs in.
///
/// The connection settings have the same names as in `hashicorp/kubernetes`. A setting that you
/// omit comes from its `KUBE_*` environment variable, unless you name a cluster here. With
/// `config_path` or `config_paths`, the provider does not read the variables of direct settings
/// (`KUBE_HOST`, `KUBE_TOKEN`, certificates, `KUBE_INSECURE`, `KUBE_TLS_SERVER_NAME`,
/// `KUBE_PROXY_URL`). With `host`, it does not read `KUBE_CONFIG_PATH` and `KUBE_CONFIG_PATHS`.
/// Without any setting, it uses the service account of its pod. It never reads `KUBECONFIG`. An
/// empty string counts as omitted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderModel {
    /// Path of a kubeconfig file. Also `KUBE_CONFIG_PATH`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub config_path: Field<String>,

    /// Paths of kubeconfig files to merge; the first file that sets a value takes precedence. Also
    /// `KUBE_CONFIG_PATHS`, with the separator of `PATH`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub config_paths: Field<Vec<Field<String>>>,

    /// Context of the kubeconfig to use. Also `KUBE_CTX`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("the current context of the kubeconfig"))]
    pub config_context: Field<String>,

    /// Cluster of the kubeconfig to use. Also `KUBE_CTX_CLUSTER`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("the cluster of the context"))]
    pub config_context_cluster: Field<String>,

    /// User of the kubeconfig to use. Also `KUBE_CTX_AUTH_INFO`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("the user of the context"))]
    pub config_context_auth_info: Field<String>,

    /// URL of the Kubernetes API. Also `KUBE_HOST`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub host: Field<String>,

    /// Bearer token. Also `KUBE_TOKEN`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub token: Field<Sensitive<String>>,

    /// Client certificate, as PEM text. Also `KUBE_CLIENT_CERT_DATA`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub client_certificate: Field<String>,

    /// Key of the client certificate, as PEM text. Also
    /// `KUBE_CLIENT_KEY_DATA`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub client_key: Field<Sensitive<String>>,

    /// CA certificates to verify the API's certificate with, or that certificate
    /// itself, as PEM text. Without it, the trust store of the machine decides,
    /// or the public authorities that Mozilla trusts if there is none. Also
    /// `KUBE_CLUSTER_CA_CERT_DATA`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub cluster_ca_certificate: Field<String>,

    /// If `true`, the API's certificate is not verified. Also `KUBE_INSECURE`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "`false`"))]
    pub insecure: Field<bool>,

    /// Host name expected in the API's certificate, if it differs from the host of the URL. Also
    /// `KUBE_TLS_SERVER_NAME`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub tls_server_name: Field<String>,

    /// URL of a proxy to reach the API through. Also `KUBE_PROXY_URL`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub proxy_url: Field<String>,

    /// Credential plugin: a command that prints the credentials, for example
    /// `aws eks get-token`. An attribute, not a block: `exec = { … }`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub exec: Field<ExecCredential>,

    /// The catalog that engine operators are installed from.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub catalog: Field<Catalog>,

    /// If `true`, a plan warns if a change affects a running database (for example, restarts its
    /// pods), deletes data, or overwrites data by a restore.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "`true`"))]
    pub impact_warnings: Field<bool>,
}

/// A program that prints credentials in Kubernetes' `ExecCredential` form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecCredential {
    /// API version of the `ExecCredential` that the command prints, for
    /// example `client.authentication.k8s.io/v1`.
    pub api_version: Field<String>,

    /// The program.
    pub command: Field<String>,

    /// Its arguments.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub args: Field<Vec<Field<String>>>,

    /// Environment variables of the command, in addition to the provider's own.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub env: StringMap,
}

/// A catalog of engine operators.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Catalog {
    /// Name of the CatalogSource.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "`everest-catalog`"))]
    pub name: Field<String>,

    /// Namespace of the CatalogSource.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "`everest-olm`"))]
    pub namespace: Field<String>,
}
