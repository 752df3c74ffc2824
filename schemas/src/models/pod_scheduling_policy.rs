//! `everest_pod_scheduling_policy`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::everest::PodSchedulingPolicySpec;
use crate::{Field, facts};

/// On which nodes the pods of databases run, for the databases of one engine that name the policy,
/// in any namespace.
///
/// A policy is cluster-scoped: a change of its affinity restarts the pods of every database that
/// names it, one after the other, and a plan names these databases. Everest ships a policy for each
/// engine, such as `everest-default-mysql`. Those cannot be changed: read them with the data source
/// `everest_pod_scheduling_policy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = crate::extensions::since("1.7"))]
pub struct PodSchedulingPolicyModel {
    /// Name of the policy.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::allowed("at most 63 characters: lowercase letters, digits and `-`, beginning with a letter"))]
    pub name: Field<String>,

    /// The spec of the PodSchedulingPolicy.
    #[schemars(extend("x-inline" = true))]
    pub spec: Field<PodSchedulingPolicySpec>,

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

    /// `true` while a database names the policy. The policy cannot be destroyed then.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub in_use: Field<bool>,

    /// `true` for a policy that Everest ships. It can neither be changed nor be destroyed.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub read_only: Field<bool>,
}
