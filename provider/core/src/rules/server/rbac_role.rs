//! Rules for `everest_rbac_role`.

use everest_schemas::Field;
use everest_schemas::models::RbacRoleModel;

use super::{Findings, ValidateSetting};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::rules::table::server::{
    RBAC_RESOURCE, RBAC_ROLE_MEMBERS, RBAC_ROLE_NAME, RBAC_ROLE_PERMISSION,
};
use crate::server::policy::{
    ACTIONS, ROLE_PREFIX, is_resource, needs_release, object_fits, unknown_to,
};
use crate::version::Version;

impl ValidateSetting for RbacRoleModel {
    fn check_syntax(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.timeouts(&self.timeouts);
        if let Some(name) = self.name.known_str()
            && !is_name(name)
        {
            let summary = format!("{name:?} cannot be the name of a role");
            findings.error(&RBAC_ROLE_NAME, FieldPath::of("name"), summary);
        }
        check_permissions(self, &mut findings);
        let path = FieldPath::of("members");
        if let Some(members) = self.members.known() {
            if members.is_empty() {
                let summary = "The role has no members";
                findings.error(&RBAC_ROLE_MEMBERS, path.clone(), summary);
            }
            let known: Vec<_> = members.iter().map(Field::known_str).collect();
            for (index, member) in known.iter().enumerate() {
                let Some(member) = member else { continue };
                let twice = known[..index].contains(&Some(*member));
                if twice || member.trim().is_empty() || member.contains(['\n', '\r']) {
                    let summary = match twice {
                        true => format!("{member:?} is a member twice"),
                        false => format!("{member:?} cannot be a member"),
                    };
                    findings.error(&RBAC_ROLE_MEMBERS, path.index(index), summary);
                }
            }
        }
        findings.into_findings()
    }

    fn depends_on_release(&self) -> bool {
        resources(self).any(|(_, resource)| needs_release(resource))
    }

    fn check_release(&self, server: &Version) -> Vec<Finding> {
        let mut findings = Findings::default();
        for (index, resource) in resources(self) {
            if let Some(reason) = unknown_to(resource, server) {
                let path = FieldPath::of("permissions").index(index);
                findings.warning(&RBAC_RESOURCE, path.field("resource"), reason.to_string());
            }
        }
        findings.into_findings()
    }
}

/// The resources of the permissions, with their positions.
fn resources(role: &RbacRoleModel) -> impl Iterator<Item = (usize, &str)> {
    let permissions = role.permissions.known().into_iter().flatten();
    permissions
        .enumerate()
        .filter_map(|(index, permission)| Some((index, permission.resource.known_str()?)))
}

fn check_permissions(role: &RbacRoleModel, findings: &mut Findings) {
    let permissions = role.permissions.known().into_iter().flatten();
    for (index, permission) in permissions.enumerate() {
        let path = FieldPath::of("permissions").index(index);
        let resource = permission.resource.known_str();
        if let Some(resource) = resource
            && !is_resource(resource)
        {
            let summary = format!("Everest has no resource {resource:?}");
            findings.error(&RBAC_ROLE_PERMISSION, path.field("resource"), summary);
        } else if let (Some(resource), Some(object)) = (resource, permission.object.known_str())
            && (!is_object(object) || !object_fits(resource, object))
        {
            let summary = format!("{object:?} cannot be an object of {resource}");
            findings.error(&RBAC_ROLE_PERMISSION, path.field("object"), summary);
        }
        let actions = path.field("actions");
        if permission.actions.known().is_some_and(Vec::is_empty) {
            let summary = "The permission has no actions";
            findings.error(&RBAC_ROLE_PERMISSION, actions.clone(), summary);
        }
        for (index, action) in permission.actions.known().into_iter().flatten().enumerate() {
            if let Some(action) = action.known_str()
                && !ACTIONS.contains(&action)
            {
                let summary = format!("Everest has no action {action:?}");
                findings.error(&RBAC_ROLE_PERMISSION, actions.index(index), summary);
            }
        }
    }
}

/// Returns true if Everest accepts `role:` and the name, and if it is clear that it is a name.
fn is_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.:".contains(letter);
    !name.is_empty() && !name.starts_with(ROLE_PREFIX) && name.chars().all(fits)
}

fn is_object(object: &str) -> bool {
    let fits = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.*/".contains(letter)
    };
    !object.is_empty() && object.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn found(model: &Value) -> Vec<(&'static str, String)> {
        let model: RbacRoleModel = serde_json::from_value(model.clone()).unwrap();
        let said = model.check_syntax().into_iter();
        said.map(|found| (found.rule, found.path.to_string()))
            .collect()
    }

    #[test]
    fn a_role_has_permissions_and_members_that_everest_accepts() {
        let permission = |resource: &str, action: &str, object: &str| json!([{"resource": resource, "actions": [action], "object": object}]);
        let good = json!({"name": "dev", "members": ["alice", "role:ops"],
            "permissions": permission("database-clusters", "*", "dev/*")});
        assert_eq!(found(&good), []);
        for (change, rule, path) in [
            (json!({"name": "role:dev"}), "rbac-role-name", "name"),
            (json!({"name": "a b"}), "rbac-role-name", "name"),
            (json!({"members": []}), "rbac-role-members", "members"),
            (
                json!({"members": ["a", "a"]}),
                "rbac-role-members",
                "members[1]",
            ),
            (json!({"members": [" "]}), "rbac-role-members", "members[0]"),
            (
                json!({"permissions": permission("databases", "*", "dev/*")}),
                "rbac-role-permission",
                "permissions[0].resource",
            ),
            (
                json!({"permissions": permission("database-clusters", "list", "dev/*")}),
                "rbac-role-permission",
                "permissions[0].actions[0]",
            ),
            (
                json!({"permissions": permission("database-clusters", "read", "*")}),
                "rbac-role-permission",
                "permissions[0].object",
            ),
            (
                json!({"permissions": permission("namespaces", "read", "dev/*")}),
                "rbac-role-permission",
                "permissions[0].object",
            ),
            (
                json!({"permissions": permission("database-clusters", "read", "dev/[a")}),
                "rbac-role-permission",
                "permissions[0].object",
            ),
            (
                json!({"permissions": [{"resource": "*", "actions": [], "object": "*"}]}),
                "rbac-role-permission",
                "permissions[0].actions",
            ),
        ] {
            let mut model = good.clone();
            json_patch::merge(&mut model, &change);
            assert_eq!(found(&model), [(rule, path.to_owned())], "{change}");
        }
    }

    #[test]
    fn a_permission_that_an_older_everest_stops_at_is_told_at_its_resource() {
        let role: RbacRoleModel = serde_json::from_value(json!({"name": "dev", "members": ["a"],
            "permissions": [
                {"resource": "database-clusters", "actions": ["read"], "object": "dev/*"},
                {"resource": "load-balancer-configs", "actions": ["read"], "object": "*"}]}))
        .unwrap();
        assert!(role.depends_on_release());
        let found = role.check_release(&"1.8.1".parse().unwrap());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].rule, found[0].path.to_string().as_str()),
            ("rbac-resource", "permissions[1].resource")
        );
        assert_eq!(role.check_release(&"1.9.0".parse().unwrap()), []);
    }
}
