//! The provider's own settings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Field, Sensitive, StringMap};

/// Manages OpenEverest v1 databases through the Kubernetes API of the cluster
/// that Everest runs in.
///
/// The connection settings have the names that they have in
/// `hashicorp/kubernetes`. A setting that you omit comes from its `KUBE_*`
/// environment variable, unless you name a cluster here: with `config_path` or
/// `config_paths` the variables of direct settings (`KUBE_HOST`, `KUBE_TOKEN`,
/// certificates, `KUBE_INSECURE`, `KUBE_TLS_SERVER_NAME`, `KUBE_PROXY_URL`) are
/// not read, and with `host` `KUBE_CONFIG_PATH` and `KUBE_CONFIG_PATHS` are
/// not. Without any setting the provider uses the service account of the pod
/// that it runs in. It does not read `KUBECONFIG`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderModel {
    /// Path of a kubeconfig file. Also `KUBE_CONFIG_PATH`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub config_path: Field<String>,

    /// Paths of kubeconfig files that are merged; the first file that sets a
    /// value takes precedence. Also `KUBE_CONFIG_PATHS`, separated as `PATH` is.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub config_paths: Field<Vec<Field<String>>>,

    /// Context of the kubeconfig to use; default: its current one. Also
    /// `KUBE_CTX`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub config_context: Field<String>,

    /// Cluster of the kubeconfig to use instead of the context's. Also
    /// `KUBE_CTX_CLUSTER`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub config_context_cluster: Field<String>,

    /// User of the kubeconfig to use instead of the context's. Also
    /// `KUBE_CTX_AUTH_INFO`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
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

    /// Certificates of the authorities that the API's certificate is verified
    /// against, or that certificate itself, as PEM text. Without it, the trust
    /// store of the machine decides, or the public authorities that Mozilla
    /// trusts if there is none. Also `KUBE_CLUSTER_CA_CERT_DATA`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub cluster_ca_certificate: Field<String>,

    /// Whether the API's certificate is not verified. Also `KUBE_INSECURE`.
    /// Default `false`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub insecure: Field<bool>,

    /// Host name that the API's certificate is verified for, if not that of
    /// the URL. Also `KUBE_TLS_SERVER_NAME`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub tls_server_name: Field<String>,

    /// URL of a proxy to reach the API through. Also `KUBE_PROXY_URL`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub proxy_url: Field<String>,

    /// Credential plugin: a command that prints the credentials, for example
    /// `aws eks get-token`. An attribute, not a block: `exec = { … }`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub exec: Field<ExecCredential>,

    /// The catalog that engine operators are installed from. Default:
    /// `everest-catalog` in `everest-olm`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub catalog: Field<Catalog>,

    /// Whether a plan warns of what a change does to a running database, such
    /// as restarting its pods, and of data that a change deletes or a restore
    /// overwrites. Default `true`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
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

    /// Environment variables that it gets besides the provider's own.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub env: StringMap,
}

/// A catalog of engine operators.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Catalog {
    /// Name of the CatalogSource. Default `everest-catalog`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub name: Field<String>,

    /// Namespace of the CatalogSource. Default `everest-olm`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub namespace: Field<String>,
}
