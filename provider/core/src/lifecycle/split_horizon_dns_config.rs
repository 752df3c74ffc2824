//! Split-horizon DNS configurations: their Secret and their users.

use everest_schemas::everest::{DatabaseCluster, SplitHorizonDnsConfig};

use super::{Observed, Query, ReadsSecret, Used};
use crate::storage_users::{User, Users};

impl ReadsSecret for SplitHorizonDnsConfig {
    const CONTENT: &'static str = "certificate and key";
    const NOUN: &'static str = "split-horizon DNS configuration";
    const KEYS: &'static [&'static str] = &["ca.key", "ca.crt"];
    const ATTRIBUTE: &'static str = "caKey";
    const GIVE: &'static str = "{:giveAuthority}";
    const LEAVE_OUT: &'static str = "{:leaveAuthorityOut}";
    const INSTEAD: &'static str = "{:leaveAuthorityOut} to use it unchanged";

    const IS_OWNED: bool = false;

    fn secret_name(&self) -> Option<&str> {
        self.spec.tls.known()?.secret_name.known_str()
    }
}

impl Used for SplitHorizonDnsConfig {
    const CALLED: &'static str = "split-horizon DNS configuration";
    const UNSEEN: &'static str = "databases of the namespace";
    const REMEDY: &'static str = "Destroy these databases first: a database keeps the \
        configuration that it was created with. If another configuration reads the same Secret, \
        give it a Secret of its own: this Secret is deleted with this configuration";
    // It looks at none that is being deleted.
    const IS_LET_GO: bool = false;

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
                .filter(|database| is_named_by(database, name))
                .map(|database| User::of("database", &database.metadata))
                .collect(),
        })
    }
}

/// Whether a database has its host names from the configuration of this name.
pub fn is_named_by(database: &DatabaseCluster, name: &str) -> bool {
    let features = database.spec.engine_features.known();
    let psmdb = features.and_then(|features| features.psmdb.known());
    psmdb.is_some_and(|psmdb| psmdb.split_horizon_dns_config_name.known_str() == Some(name))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::IN_USE;
    use crate::lifecycle::world::World;
    use crate::lifecycle::{Action, ObjectKind, RemoveWithSecret, Requirement};
    use crate::v1::ObjectMapping;
    use everest_schemas::models::SplitHorizonDnsConfigModel;

    fn next(metadata: &Value, features: &Value) -> Action {
        let config = json!({"metadata": metadata, "spec": {"baseDomainNameSuffix": "example.com",
            "tls": {"secretName": "dns"}}});
        let database = json!({"metadata": {"name": "orders", "namespace": "prod"},
            "spec": {"engine": {"type": "psmdb", "storage": {"size": "1Gi"}},
                "engineFeatures": features}});
        let mut world = World::default()
            .with(ObjectKind::SplitHorizonDnsConfig, "dns", config)
            .with(ObjectKind::Database, "orders", database);
        let model = SplitHorizonDnsConfigModel::at("prod".into(), "dns".into());
        world.next(&mut RemoveWithSecret::of(&model, "ours"))
    }

    #[test]
    fn one_that_a_database_names_is_kept_and_another_one_goes() {
        let metadata = json!({"namespace": "prod", "uid": "u"});
        match next(
            &metadata,
            &json!({"psmdb": {"splitHorizonDnsConfigName": "dns"}}),
        ) {
            Action::Require(Requirement::Unused { users, .. }) => {
                assert_eq!(users[0].name, "database orders");
            }
            other => panic!("{other:?}"),
        }
        let deleted = next(
            &metadata,
            &json!({"psmdb": {"splitHorizonDnsConfigName": "other"}}),
        );
        assert!(matches!(deleted, Action::Delete { .. }), "{deleted:?}");
    }

    #[test]
    fn its_secret_becomes_its_own_before_it_goes_and_one_of_somebody_else_does_not() {
        for (manager, key, is_ours) in [
            ("ours", "ca.key", true),
            ("somebody", "ca.key", false),
            // The passwords of a database, which this provider writes too.
            ("ours", "root", false),
        ] {
            let config = json!({"metadata": {"namespace": "prod", "uid": "u"},
                "spec": {"baseDomainNameSuffix": "example.com", "tls": {"secretName": "dns"}}});
            let secret = json!({"metadata": {"namespace": "prod", "uid": "s",
                "managedFields": [{"manager": manager, "operation": "Apply",
                    "fieldsV1": {"f:data": {format!("f:{key}"): {}}}}]}});
            let mut world = World::default()
                .with(ObjectKind::SplitHorizonDnsConfig, "dns", config)
                .with(ObjectKind::Secret, "dns", secret);
            let model = SplitHorizonDnsConfigModel::at("prod".into(), "dns".into());
            let mut removal = RemoveWithSecret::of(&model, "ours");
            let first = world.next(&mut removal);
            assert_eq!(matches!(first, Action::Merge(_)), is_ours, "{first:?}");
            world.write(&first);
            let owners = &world.get(ObjectKind::Secret, "dns").unwrap()["metadata"];
            let owner = &owners["ownerReferences"][0];
            assert_eq!(owner["uid"] == "u", is_ours, "{owner}");
        }
    }

    #[test]
    fn one_that_was_deleted_while_it_was_used_is_released() {
        let metadata = json!({"namespace": "prod", "uid": "u", "finalizers": [IN_USE],
            "deletionTimestamp": "2026-01-01T00:00:00Z"});
        let released = next(&metadata, &json!({}));
        assert!(matches!(released, Action::Merge(_)), "{released:?}");
    }
}
