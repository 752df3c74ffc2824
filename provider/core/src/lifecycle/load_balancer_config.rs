//! Load balancer configurations: their users.

use everest_schemas::everest::{DatabaseCluster, LoadBalancerConfig};

use super::{Observed, Query, Used};
use crate::storage_users::Users;

impl Used for LoadBalancerConfig {
    const CALLED: &'static str = "load balancer configuration";
    const UNSEEN: &'static str = "databases of all namespaces";
    const REMEDY: &'static str = "Name another configuration in these databases first: Everest \
        keeps a configuration that is in use. A database names none any more only if its \
        {proxy.expose.type} is \"internal\"";
    // Everest looks at one in deletion whenever a database that names it changes or goes. Its
    // webhook refuses the deletion of one in use.
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

/// Returns true if a database names the configuration of this name.
pub fn names(database: &DatabaseCluster, config: &str) -> bool {
    let proxy = database.spec.proxy.known();
    let expose = proxy.and_then(|proxy| proxy.expose.known());
    expose.is_some_and(|expose| expose.load_balancer_config_name.known_str() == Some(config))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lifecycle::world::World;
    use crate::lifecycle::{Action, ObjectKind, RemoveUsed, Requirement};
    use crate::v1::ObjectMapping;
    use everest_schemas::Field;
    use everest_schemas::models::LoadBalancerConfigModel;

    fn next(config: &str) -> Action {
        let database = json!({"metadata": {"name": "orders", "namespace": "prod"},
            "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
                "proxy": {"expose": {"loadBalancerConfigName": config}}}});
        let mut world = World::default()
            .with(
                ObjectKind::LoadBalancerConfig,
                "internal",
                json!({"metadata": {"uid": "u"}, "spec": {}}),
            )
            .with(ObjectKind::Database, "orders", database);
        let model = LoadBalancerConfigModel::at(Field::Null, "internal".into());
        world.next(&mut RemoveUsed::of(&model))
    }

    #[test]
    fn one_that_a_database_of_any_namespace_names_is_kept_and_another_one_goes() {
        match next("internal") {
            Action::Require(Requirement::Unused { users, .. }) => {
                assert_eq!(users[0].name, "database prod/orders");
            }
            other => panic!("{other:?}"),
        }
        let deleted = next("another");
        assert!(matches!(deleted, Action::Delete { .. }), "{deleted:?}");
    }
}
