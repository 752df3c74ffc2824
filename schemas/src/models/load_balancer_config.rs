//! `everest_load_balancer_config`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::everest::LoadBalancerConfigSpec;
use crate::{Field, facts};

/// Annotations for the load balancers of the databases that name the configuration, in any
/// namespace.
///
/// A configuration is cluster-scoped: a change of its annotations reaches the Service of every
/// database that names it, and a plan names these databases. Everest ships a configuration,
/// `eks-default`. It cannot be changed: read it with the data source
/// `everest_load_balancer_config`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = crate::extensions::since("1.9"))]
pub struct LoadBalancerConfigModel {
    /// Name of the configuration.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::allowed("at most 63 characters: lowercase letters, digits and `-`, beginning with a letter"))]
    pub name: Field<String>,

    /// The spec of the LoadBalancerConfig.
    #[schemars(extend("x-inline" = true))]
    pub spec: Field<LoadBalancerConfigSpec>,

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

    /// `true` while a database names the configuration. The configuration cannot be destroyed then.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub in_use: Field<bool>,

    /// `true` for a configuration that Everest ships. It can neither be changed nor be destroyed.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub read_only: Field<bool>,
}
