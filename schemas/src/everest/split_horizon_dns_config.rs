//! SplitHorizonDNSConfig: public host names for the pods of databases.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Field, Sensitive};

/// Public host names for the pods of MongoDB databases. Cannot be changed
/// while a database uses it.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "enginefeatures.everest.percona.com",
    version = "v1alpha1",
    kind = "SplitHorizonDNSConfig",
    root = "SplitHorizonDnsConfig",
    plural = "splithorizondnsconfigs",
    shortname = "splitdns",
    status = "SplitHorizonDnsConfigStatus",
    namespaced,
    doc = "Public host names for the pods of MongoDB databases that name it.",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name": "BaseDomainSuffix", "type": "string", "jsonPath": ".spec.baseDomainNameSuffix", "description": "Domain that the host names end in"}"#,
    printcolumn = r#"{"name": "InUse", "type": "string", "jsonPath": ".status.inUse", "description": "Whether a database names it"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct SplitHorizonDnsConfigSpec {
    /// Domain that the host names end in, such as `db.example.com`.
    #[schemars(
        length(min = 3),
        extend("pattern" = r"^([a-zA-Z0-9-]+\.)+[a-zA-Z]{2,}$", "example" = "example.com")
    )]
    pub base_domain_name_suffix: Field<String>,

    /// The authority that signs the certificates for the host names.
    pub tls: Field<SplitHorizonTls>,
}

/// The authority that signs certificates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SplitHorizonTls {
    /// Its certificate and key. Everest moves them into the Secret
    /// `secret_name` and keeps them nowhere else.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub certificate: Field<SplitHorizonCertificate>,

    /// Name of the Secret, in the same namespace and of type Opaque, with its
    /// certificate and key under `ca.crt` and `ca.key`.
    #[schemars(extend("example" = "my-tls-secret"))]
    pub secret_name: Field<String>,
}

/// A certificate and its key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SplitHorizonCertificate {
    /// The certificate, as Base64 of its PEM text.
    #[serde(rename = "ca.crt")]
    pub ca_crt: Field<Sensitive<String>>,

    /// The key, as Base64 of its PEM text.
    #[serde(rename = "ca.key")]
    pub ca_key: Field<Sensitive<String>>,
}

/// What Everest last saw of a split-horizon configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"inUse": false}))]
pub struct SplitHorizonDnsConfigStatus {
    /// Whether a database names it; it cannot be deleted then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub in_use: Option<bool>,
    /// The generation of the object that the operator last handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_observed_generation: Option<i64>,
}
