//! The proxy part of a database's spec.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Resources, Storage};
use crate::Field;
use crate::extensions::{optional_is_computed, optional_is_unfilled, since};

/// The proxy in front of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct Proxy {
    /// Configuration of the proxy as text. Everest supports it for `haproxy` and `proxysql` in
    /// every version, and for `pgbouncer` (ini) and `mongos` from 1.16.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true))]
    pub config: Field<String>,

    /// Addresses from which clients can reach the database.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub expose: Field<Expose>,

    /// Number of proxy pods; at least 2 for a `pxc` database with more than one replica. Default:
    /// the default of the engine's operator. An unsharded `psmdb` database has no proxy.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(range(min = 1))]
    #[schemars(extend("x-unfilled" = true))]
    pub replicas: Field<i32>,

    /// CPU and memory of each proxy pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true))]
    pub resources: Field<Resources>,

    /// Volume of each `proxysql` pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true), transform = since("1.15"))]
    pub storage: Field<Storage>,

    /// `haproxy` or `proxysql` for `pxc`, `mongos` for `psmdb`, `pgbouncer` for `postgresql`.
    /// Default: `haproxy` for `pxc`; the other engines have only one proxy.
    #[serde(rename = "type", default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("enum" = ["mongos", "haproxy", "proxysql", "pgbouncer"]))]
    pub type_: Field<String>,
}

/// Addresses from which clients can reach a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    transform = optional_is_unfilled,
    extend("x-kubernetes-validations" = [{
        "rule": "self.type == 'internal' || !has(oldSelf.loadBalancerConfigName) || oldSelf.loadBalancerConfigName == '' || (has(self.loadBalancerConfigName) && self.loadBalancerConfigName != '')",
        "message": ".spec.proxy.expose.loadBalancerConfigName cannot be cleared once set"
    }])
)]
pub struct Expose {
    /// Address ranges, in CIDR notation, that may connect through the load balancer. Each range may
    /// appear only once. Empty: any address.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub ip_source_ranges: Field<Vec<Field<String>>>,

    /// Name of the LoadBalancerConfig whose annotations the Service gets. While the database is
    /// exposed, it can be changed but not removed.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = since("1.9"))]
    pub load_balancer_config_name: Field<String>,

    /// Kind of the Service: `ClusterIP`, `LoadBalancer` or `NodePort`. `internal` and `external`
    /// are the older names of `ClusterIP` and `LoadBalancer`. Everest before 1.12 supports only the
    /// older names.
    #[serde(rename = "type", default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend(
        "enum" = ["internal", "external", "ClusterIP", "LoadBalancer", "NodePort"],
        "default" = "ClusterIP",
        "x-semantic" = "expose-type"
    ))]
    pub type_: Field<String>,
}
