//! `everest_split_horizon_dns_config`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::{Field, Sensitive, facts};

/// Public host names for the pods of MongoDB databases, with the certificate authority that signs
/// their certificates. A database names it in `engine_features.psmdb.split_horizon_dns_config_name`
/// when it is created.
///
/// Set the authority with `ca_certificate` and either `ca_key` (stored in the state) or `ca_key_wo`
/// (stored only in the Secret). Omit all of them if you create the Secret another way. The Secret
/// must have the configuration's name, the type `Opaque` and the keys `ca.crt` and `ca.key`, must
/// exist before the configuration, and is not changed by the provider.
///
/// Everest issues the certificate of a database once, when the database is created. Another
/// authority is used for new databases only; existing ones keep their certificates.
///
/// The DNS records for the host names are yours to create. The pod `N` of a database has the name
/// `DATABASE-rs0-N-NAMESPACE.SUFFIX`, and `status.engineFeatures.psmdb.splitHorizon` of the
/// DatabaseCluster lists the names with their addresses. Releases of Everest such as 1.12 report the
/// public address of a pod only with `proxy.expose.type = "external"`, not with `LoadBalancer`, the
/// newer name of the same exposure: set it when you create the database.
///
/// If a Secret with an authority from the configuration was deleted, the apply creates it again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = crate::extensions::since("1.10"))]
pub struct SplitHorizonDnsConfigModel {
    /// Namespace whose databases use the configuration.
    #[schemars(extend("x-force-new" = true))]
    pub namespace: Field<String>,

    /// Name of the configuration.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::allowed("lowercase letters, digits, `-` and `.`"))]
    pub name: Field<String>,

    /// Domain that the host names end in.
    #[schemars(transform = facts::allowed("at least two labels in lowercase, such as `db.example.com`"))]
    pub base_domain_name_suffix: Field<String>,

    /// Certificate of the authority, as PEM text.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::required_when("`ca_key` or `ca_key_wo` is set"))]
    pub ca_certificate: Field<Sensitive<String>>,

    /// RSA private key of the authority. Stored in the state; use `ca_key_wo` to avoid that.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::allowed("PEM text that begins with `-----BEGIN RSA PRIVATE KEY-----` (PKCS #1)"))]
    pub ca_key: Field<Sensitive<String>>,

    /// RSA private key of the authority, write-only: stored only in the Secret. The same form as
    /// `ca_key`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
    pub ca_key_wo: Field<Sensitive<String>>,

    /// Version of the write-only key. Increase this number to send a changed key.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::required_when("`ca_key_wo` is set"))]
    pub ca_key_wo_version: Field<i64>,

    /// If `true`, an apply also overwrites values of other field managers that the plan did not
    /// show.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = false))]
    pub force_conflicts: Field<bool>,

    /// Timeouts. Only destroying waits: for databases that are being destroyed too.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("5m", "5m", "30m"))]
    pub timeouts: Field<Timeouts>,

    /// `true` while a database uses the configuration. It can be neither changed nor destroyed
    /// then.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub in_use: Field<bool>,

    /// Name of the Secret that holds the certificate and the key of the authority.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub secret_name: Field<String>,
}
