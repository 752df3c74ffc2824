//! Monitoring configurations: their Secret and their users.

use everest_schemas::everest::{DatabaseCluster, MonitoringConfig};

use super::{Observed, Query, ReadsSecret, Used};
use crate::storage_users::{User, Users};

impl ReadsSecret for MonitoringConfig {
    const CONTENT: &'static str = "credentials";
    const NOUN: &'static str = "monitoring configuration";
    const KEYS: &'static [&'static str] = &["apiKey"];
    const ATTRIBUTE: &'static str = "apiKey";
    const GIVE: &'static str = "{:giveApiKey}";
    const LEAVE_OUT: &'static str = "{:leaveApiKeyOut}";
    const INSTEAD: &'static str = "{:leaveApiKeyOut} to use it unchanged";

    // Everest's webhook asks the server with the key, and the operator copies it for its agent.
    const IS_TRIED: bool = true;

    fn secret_name(&self) -> Option<&str> {
        self.spec.credentials_secret_name.known_str()
    }
}

impl Used for MonitoringConfig {
    const CALLED: &'static str = "monitoring configuration";
    const UNSEEN: &'static str = "databases of the namespace";
    const REMEDY: &'static str = "Remove it from the monitoring of these databases first: Everest \
        keeps a configuration that is in use. If another configuration reads the same Secret, give \
        it a Secret of its own: this Secret is deleted with this configuration";
    // It goes through the finalizers first, whether it is being deleted or not.
    const IS_LET_GO: bool = true;

    fn in_use(&self) -> bool {
        let status = self.status.as_ref();
        status.and_then(|status| status.in_use) == Some(true)
    }

    fn users(observed: &Observed, namespace: &str, name: &str) -> Result<Users, Query> {
        let databases = observed.all::<DatabaseCluster>(namespace)?;
        let using = databases.into_iter().flatten();
        Ok(Users {
            is_complete: databases.is_some(),
            found: using
                .filter(|database| reports_to(database, name))
                .map(|database| User::of("database", &database.metadata))
                .collect(),
        })
    }
}

/// Whether a database reports to the monitoring configuration of this name.
pub fn reports_to(database: &DatabaseCluster, name: &str) -> bool {
    let monitoring = database.spec.monitoring.known();
    monitoring.is_some_and(|to| to.monitoring_config_name.known_str() == Some(name))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::{IN_USE, SECRET_VERSION};
    use crate::lifecycle::world::World;
    use crate::lifecycle::{Action, ChangeWithSecret, ObjectKind, RemoveWithSecret, Requirement};
    use crate::v1::ObjectMapping;
    use everest_schemas::Sensitive;
    use everest_schemas::models::MonitoringConfigModel;

    fn world(metadata: &Value, monitoring: &Value) -> World {
        let config = json!({"metadata": metadata, "spec": {"type": "pmm",
            "pmm": {"url": "https://pmm", "image": ""}, "credentialsSecretName": "pmm"}});
        let database = json!({"metadata": {"name": "orders", "namespace": "prod"},
            "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
                "monitoring": monitoring}});
        World::default()
            .with(ObjectKind::MonitoringConfig, "pmm", config)
            .with(ObjectKind::Database, "orders", database)
    }

    fn next(world: &mut World) -> Action {
        let model = MonitoringConfigModel::at("prod".into(), "pmm".into());
        world.next(&mut RemoveWithSecret::of(&model, "ours"))
    }

    #[test]
    fn one_that_a_database_reports_to_is_kept_and_another_one_goes() {
        let metadata = json!({"namespace": "prod", "uid": "u"});
        let using = json!({"monitoringConfigName": "pmm"});
        match next(&mut world(&metadata, &using)) {
            Action::Require(Requirement::Unused { users, .. }) => {
                assert_eq!(users[0].name, "database orders");
            }
            other => panic!("{other:?}"),
        }
        let other = json!({"monitoringConfigName": "another"});
        let deleted = next(&mut world(&metadata, &other));
        assert!(matches!(deleted, Action::Delete { .. }), "{deleted:?}");
    }

    #[test]
    fn a_new_key_is_tried_by_a_change_of_the_configuration() {
        let mut world = world(&json!({"namespace": "prod", "uid": "u"}), &json!({}));
        let model = MonitoringConfigModel::at("prod".into(), "pmm".into());
        let content = Sensitive::new(json!({"data": {"apiKey": "a2V5"}}));
        let mut change = ChangeWithSecret::of(&model, Some(content), "ours", None);
        let (written, last) = world.run(&mut change);
        assert_eq!(
            written,
            ["apply Secret prod/pmm", "merge MonitoringConfig prod/pmm"]
        );
        assert_eq!(last, Action::Done(()));
        for kind in [ObjectKind::Secret, ObjectKind::MonitoringConfig] {
            let annotations = &world.get(kind, "pmm").unwrap()["metadata"]["annotations"];
            assert_eq!(annotations[SECRET_VERSION], "2026-01-01T12:00:00Z");
        }
        let mut nothing = ChangeWithSecret::of(&model, None, "ours", None);
        assert_eq!(world.run(&mut nothing), (Vec::new(), Action::Done(())));
    }

    #[test]
    fn everest_lets_go_of_one_that_was_deleted_while_it_was_used() {
        let metadata = json!({"namespace": "prod", "uid": "u", "finalizers": [IN_USE],
            "deletionTimestamp": "2026-01-01T00:00:00Z"});
        let waits = next(&mut world(&metadata, &json!({})));
        assert!(matches!(waits, Action::Await(_)), "{waits:?}");
    }
}
