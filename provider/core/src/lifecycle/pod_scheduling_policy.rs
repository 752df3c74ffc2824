//! Pod scheduling policies: their users.

use everest_schemas::everest::{DatabaseCluster, PodSchedulingPolicy};

use super::{Observed, Query, Used};
use crate::storage_users::Users;

impl Used for PodSchedulingPolicy {
    const CALLED: &'static str = "pod scheduling policy";
    const UNSEEN: &'static str = "databases of all namespaces";
    const REMEDY: &'static str = "Name another policy in these databases first, or none: Everest \
        keeps a policy that is in use";
    // Everest looks at a policy in deletion whenever a database that names it changes or goes.
    const IS_LET_GO: bool = true;

    fn in_use(&self) -> bool {
        let status = self.status.as_ref();
        status.and_then(|status| status.in_use) == Some(true)
    }

    fn users(observed: &Observed, _: &str, name: &str) -> Result<Users, Query> {
        let databases = observed.all::<DatabaseCluster>("")?;
        Ok(Users::among(databases, |database| names(database, name)))
    }
}

/// Returns true if a database names the policy of this name.
pub fn names(database: &DatabaseCluster, policy: &str) -> bool {
    database.spec.pod_scheduling_policy_name.known_str() == Some(policy)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::{IN_USE, READ_ONLY};
    use crate::lifecycle::world::World;
    use crate::lifecycle::{Action, ObjectKind, RemoveUsed, Requirement};
    use crate::v1::ObjectMapping;
    use everest_schemas::Field;
    use everest_schemas::models::PodSchedulingPolicyModel;

    fn world(metadata: &Value, policy: &str) -> World {
        let spread = json!({"metadata": metadata, "spec": {"engineType": "pxc"}});
        let database = json!({"metadata": {"name": "orders", "namespace": "prod"},
            "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
                "podSchedulingPolicyName": policy}});
        World::default()
            .with(ObjectKind::PodSchedulingPolicy, "spread", spread)
            .with(ObjectKind::Database, "orders", database)
    }

    fn next(world: &mut World) -> Action {
        let model = PodSchedulingPolicyModel::at(Field::Null, "spread".into());
        world.next(&mut RemoveUsed::of(&model))
    }

    #[test]
    fn a_policy_that_a_database_of_any_namespace_names_is_kept_and_another_one_goes() {
        let metadata = json!({"uid": "u"});
        match next(&mut world(&metadata, "spread")) {
            Action::Require(Requirement::Unused { users, .. }) => {
                assert_eq!(users[0].name, "database prod/orders");
            }
            other => panic!("{other:?}"),
        }
        let deleted = next(&mut world(&metadata, "another"));
        assert!(matches!(deleted, Action::Delete { .. }), "{deleted:?}");
    }

    #[test]
    fn a_policy_that_everest_ships_is_never_deleted() {
        let metadata = json!({"uid": "u", "finalizers": [READ_ONLY]});
        let refused = next(&mut world(&metadata, "another"));
        assert!(matches!(refused, Action::Refuse { .. }), "{refused:?}");
    }

    #[test]
    fn everest_lets_go_of_a_policy_that_was_deleted_while_it_was_used() {
        let metadata = json!({"uid": "u", "finalizers": [IN_USE],
            "deletionTimestamp": "2026-01-01T00:00:00Z"});
        let waits = next(&mut world(&metadata, "another"));
        assert!(matches!(waits, Action::Await(_)), "{waits:?}");
    }

    #[test]
    fn where_databases_may_not_be_listed_what_everest_reports_counts() {
        let metadata = json!({"uid": "u", "finalizers": [IN_USE]});
        let mut hidden = world(&metadata, "another").hiding(ObjectKind::Database);
        let kept = next(&mut hidden);
        assert!(matches!(kept, Action::Require(_)), "{kept:?}");
    }
}
