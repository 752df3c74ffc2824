//! `everest_rbac_role`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::Field;

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
/// It needs permission to `get` and `patch` the ConfigMap `everest-rbac`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RbacRoleModel {
    /// Name of the role, without the `role:` that it has in the policy. A change replaces the role.
    #[schemars(extend("x-force-new" = true))]
    pub name: Field<String>,

    /// Permissions of the role. Omitted: none. Everest itself gives the role `admin` every
    /// permission.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub permissions: Field<Vec<Permission>>,

    /// Members of the role: names of accounts, subjects and groups of an OIDC provider, or other
    /// roles, written `role:NAME`. At least one: Everest does not accept a role without members.
    pub members: Field<Vec<Field<String>>>,

    /// Timeouts. Nothing is waited for, but other writers of the ConfigMap may delay an apply.
    /// Default: `5m` each.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub timeouts: Field<Timeouts>,
}

/// Actions that a role may do with some objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// Kind of the objects, such as `database-clusters`, or `*`.
    pub resource: Field<String>,

    /// Actions: `create`, `read`, `update`, `delete`, or `*` for all.
    pub actions: Field<Vec<Field<String>>>,

    /// The objects, as `NAMESPACE/NAME`, or `NAME` for a kind whose objects are in no namespace.
    /// Each part may have `*`, such as `prod/*`.
    pub object: Field<String>,
}
