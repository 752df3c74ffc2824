//! `everest_rbac_policy`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::{Field, facts};

/// The access control of Everest's users: the switch, and the whole policy.
///
/// Both are in the ConfigMap `everest-rbac` of the namespace `everest-system`. There is one of it,
/// so configure this resource once. The API server of Everest reads a changed policy at once, and
/// stops with an error if the policy is invalid. So the provider checks a policy as Everest does
/// before it writes it. The policy that Everest's chart installs is replaced without an import, any
/// other policy has to be imported.
///
/// For roles that are configured apart from each other, omit `policy` and use `everest_rbac_role`.
/// Do not use both for the same roles.
///
/// Destroying the resource restores what the chart installs: access control is switched off, and
/// every account that can log in may do everything.
///
/// It needs permission to `get` and `patch` the ConfigMap `everest-rbac`. With permission to `get`
/// the Deployment of the API server, it also checks that Everest's release knows each resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RbacPolicyModel {
    /// `true` if Everest enforces the policy. Without it, every account that can log in may do
    /// everything.
    pub enabled: Field<bool>,

    /// The policy as CSV text: a line `p, SUBJECT, RESOURCE, ACTION, OBJECT` for each permission
    /// and a line `g, USER, ROLE` for each member of a role. Roles begin with `role:`. Everest
    /// itself gives `role:admin` every permission.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-computed" = true))]
    #[schemars(transform = facts::omitted("the policy is left as it is"))]
    pub policy: Field<String>,

    /// Timeouts. Nothing is waited for, but other writers of the ConfigMap may delay an apply.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("5m", "5m", "5m"))]
    pub timeouts: Field<Timeouts>,

    /// Name of the ConfigMap.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub config_map_name: Field<String>,
}
