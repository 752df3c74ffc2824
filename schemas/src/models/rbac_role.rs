//! `everest_rbac_role`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::{Field, facts};

/// One role of Everest's access control: its permissions and its members.
///
/// The roles are lines of the policy in the ConfigMap `everest-rbac` of the namespace
/// `everest-system`. The resource changes only the lines of its role. It does not change other
/// lines, also if several roles are applied at once. Roles have an effect only while access control
/// is enabled, see `everest_rbac_policy`. An existing role has to be imported, unless it is exactly
/// as configured.
///
/// The API server of Everest reads a changed policy at once, and stops with an error if the policy
/// is invalid. So the provider checks the whole policy as Everest does before it writes it.
///
/// It needs permission to `get` and `patch` the ConfigMap `everest-rbac`. With permission to `get`
/// the Deployment of the API server, it also checks that Everest's release knows each resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RbacRoleModel {
    /// Name of the role, without the `role:` that it has in the policy.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::allowed("letters, digits and `-_.:`"))]
    pub name: Field<String>,

    /// Permissions of the role. Everest itself gives the role `admin` every permission.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("no permissions"))]
    pub permissions: Field<Vec<Permission>>,

    /// Members of the role: names of accounts, subjects and groups of an OIDC provider, or other
    /// roles, written `role:NAME`. Everest does not accept a role without members.
    #[schemars(transform = facts::allowed("at least one, each once"))]
    pub members: Field<Vec<Field<String>>>,

    /// Timeouts. Nothing is waited for, but other writers of the ConfigMap may delay an apply.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("5m", "5m", "5m"))]
    pub timeouts: Field<Timeouts>,
}

/// Actions that a role may do with some objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// Kind of the objects.
    #[schemars(transform = facts::allowed("a resource of Everest such as `database-clusters`, or `*` for all but `enginefeatures/split-horizon-dns-configs`, because a `*` matches no slash"))]
    pub resource: Field<String>,

    /// Actions.
    #[schemars(transform = facts::allowed("`create`, `read`, `update`, `delete`, or `*` for all"))]
    pub actions: Field<Vec<Field<String>>>,

    /// The objects.
    #[schemars(transform = facts::allowed("`NAMESPACE/NAME`, or `NAME` for a kind whose objects are in no namespace; each part may have `*`, such as `prod/*`"))]
    pub object: Field<String>,
}
