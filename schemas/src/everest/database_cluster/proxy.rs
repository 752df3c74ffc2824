//! The proxy part of a database's spec.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Resources, Storage};
use crate::extensions::{optional_is_computed, optional_is_unfilled};
use crate::facts::{self, Filler};
use crate::{Engine, Field};

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

    /// Number of proxy pods. An unsharded `psmdb` database has no proxy.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(range(min = 1))]
    #[schemars(extend("x-unfilled" = true))]
    #[schemars(transform = facts::allowed("at least 1; at least 2 for `pxc` with more than one replica"))]
    #[schemars(transform = facts::filled_by(Filler::Operator, "that of the engine"))]
    pub replicas: Field<i32>,

    /// CPU and memory of each proxy pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true))]
    pub resources: Field<Resources>,

    /// Volume of each `proxysql` pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true), transform = facts::needs("1.15"))]
    #[schemars(transform = facts::engines(&[Engine::Pxc]))]
    pub storage: Field<Storage>,

    /// The proxy.
    #[serde(rename = "type", default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("enum" = ["mongos", "haproxy", "proxysql", "pgbouncer"]))]
    #[schemars(transform = facts::allowed("`haproxy` for `pxc` or, from Everest 1.15 on, `proxysql`; `mongos` for `psmdb`; `pgbouncer` for `postgresql`"))]
    #[schemars(transform = facts::filled_by(Filler::Everest, "`haproxy` for `pxc`; the only proxy of the other engines"))]
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
    /// Address ranges that may connect through the load balancer.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("addresses, and ranges in CIDR notation, each once"))]
    #[schemars(transform = facts::omitted("any address"))]
    pub ip_source_ranges: Field<Vec<Field<String>>>,

    /// Name of the LoadBalancerConfig whose annotations the Service gets.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::needs("1.9"))]
    pub load_balancer_config_name: Field<String>,

    /// Kind of the Service.
    #[serde(rename = "type", default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend(
        "enum" = ["internal", "external", "ClusterIP", "LoadBalancer", "NodePort"],
        "default" = "ClusterIP",
        "x-semantic" = "expose-type"
    ))]
    #[schemars(transform = facts::allowed("`ClusterIP`, `LoadBalancer` or `NodePort`; `internal` and `external` are older names of the first two, and the only values before Everest 1.12"))]
    pub type_: Field<String>,
}
