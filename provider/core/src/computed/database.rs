//! Outputs of `everest_database`.

use everest_schemas::everest::{DatabaseClusterSpec, EngineSpec, Proxy};
use everest_schemas::models::DatabaseModel;
use everest_schemas::{Engine, Field, Tree};

use crate::path::FieldPath;
use crate::{passwords, restart, schema, upgrade, v1};

/// Fills in the values that follow from the configuration alone: the port, which each engine has,
/// and the Secret with the credentials, which the configuration names or Everest names after the
/// database. An engine other than `pxc` gets no engine configuration if `config`, the user's
/// configuration, has none. A new database runs at the CR version of the operator that made it, so
/// no newer CR version is recommended.
pub fn known_at_creation(config: &DatabaseModel, planned: &mut DatabaseModel) {
    if planned.recommended_cr_version.is_unknown() {
        planned.recommended_cr_version = Field::Null;
    }
    let Some(engine) = planned
        .spec
        .known_mut()
        .and_then(|spec| spec.engine.known_mut())
    else {
        return;
    };
    let written = config.spec.known().and_then(|spec| spec.engine.known());
    if matches!(
        engine.type_.known(),
        Some(Engine::Psmdb | Engine::Postgresql)
    ) && written.is_some_and(|written| written.config.is_null())
    {
        engine.config = Field::Null;
    }
    if planned.port.is_unknown()
        && let Some(type_) = engine.type_.known()
    {
        planned.port = Field::Known(match type_ {
            Engine::Pxc => 3306,
            Engine::Psmdb => 27017,
            Engine::Postgresql => 5432,
        });
    }
    if planned.credentials_secret_name.is_unknown() {
        let named = engine.user_secrets_name.known_str();
        planned.credentials_secret_name = match named.filter(|name| !name.is_empty()) {
            Some(name) => name.into(),
            None if written.is_some_and(|written| written.user_secrets_name.is_unknown()) => {
                Field::Unknown
            }
            None => match planned.name.known_str() {
                Some(name) => Field::Known(v1::database::default_secret(name)),
                None => Field::Unknown,
            },
        };
    }
}

/// The outputs that a change can alter, as paths of the model.
///
/// | Change | Outputs |
/// |---|---|
/// | anything in the spec but the data source, a restart, passwords | `ready`, `status`, `message` |
/// | the proxy's type or exposure, sharding | + `hostname`, `hosts` |
/// | the number of MongoDB's members, which each may have an address | + `hostname`, `hosts` |
/// | the engine's version or CR version | + `crVersion`, `recommendedCrVersion` |
/// | the engine's Secret | + `credentialsSecretName` |
/// | labels, annotations, the provider's own attributes | none |
pub fn affected(prior: &DatabaseModel, planned: &DatabaseModel) -> Vec<FieldPath> {
    let (before, now) = (settled(prior), settled(planned));
    let is_felt = restart::is_asked(prior, planned) || passwords::is_asked(prior, planned);
    if before == now && !is_felt {
        return Vec::new();
    }
    let mut names = vec!["ready", "status", "message"];
    let engine = |spec: &DatabaseClusterSpec| spec.engine.clone().into_known().unwrap_or_default();
    let (engine_before, engine_now) = (engine(&before), engine(&now));
    let psmdb = engine_now.type_.known() == Some(&Engine::Psmdb);
    if exposure(&before) != exposure(&now)
        || before.sharding != now.sharding
        || psmdb && engine_before.replicas != engine_now.replicas
    {
        names.extend(["hostname", "hosts"]);
    }
    let versions = |engine: &EngineSpec| (engine.version.clone(), engine.cr_version.clone());
    if versions(&engine_before) != versions(&engine_now) {
        names.extend(["crVersion", "recommendedCrVersion"]);
    }
    if engine_before.user_secrets_name != engine_now.user_secrets_name {
        names.push("credentialsSecretName");
    }
    names.into_iter().map(FieldPath::of).collect()
}

/// Makes unknown the outputs that a change can alter.
pub fn mark_affected(prior: &DatabaseModel, planned: &mut DatabaseModel) {
    let affected = affected(prior, planned);
    schema::edit(planned, |place, value| {
        if affected.contains(&place.path) {
            *value = Tree::Unknown;
        }
    });
}

/// The spec in canonical spelling, without the members that only a creation uses.
fn settled(model: &DatabaseModel) -> DatabaseClusterSpec {
    let mut spec = model.spec.known().cloned().unwrap_or_default();
    v1::database::comparable(&mut spec);
    spec.data_source = Field::Null;
    if let Some(engine) = spec.engine.known_mut() {
        engine.cr_version = upgrade::effective(model);
    }
    spec
}

fn exposure(spec: &DatabaseClusterSpec) -> impl PartialEq + use<> {
    let part = |proxy: &Proxy| (proxy.type_.clone(), proxy.expose.clone());
    spec.proxy.as_ref().map(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn database() -> Value {
        json!({
            "namespace": "prod",
            "name": "orders",
            "spec": {
                "engine": {
                    "type": "pxc",
                    "replicas": 3,
                    "version": "8.0.41-32.1",
                    "storage": {"size": "25Gi"},
                    "resources": {"cpu": "1", "memory": "2Gi"},
                    "userSecretsName": "everest-secrets-orders",
                },
                "proxy": {"type": "haproxy", "expose": {"type": "ClusterIP"}},
            },
            "ready": true,
            "status": "ready",
            "hostname": "orders-haproxy.prod",
            "crVersion": "1.18.0",
            "port": 3306,
            "credentialsSecretName": "everest-secrets-orders",
        })
    }

    fn model(value: Value) -> DatabaseModel {
        serde_json::from_value(value).unwrap()
    }

    fn changed(path: &str, value: Value) -> Vec<String> {
        let mut planned = database();
        *planned.pointer_mut(path).unwrap() = value;
        affected(&model(database()), &model(planned))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    const ALWAYS: [&str; 3] = ["ready", "status", "message"];

    #[test]
    fn each_change_alters_its_own_outputs() {
        assert_eq!(changed("/spec/engine/replicas", json!(5)), ALWAYS);
        assert_eq!(changed("/spec/engine/storage/size", json!("30Gi")), ALWAYS);
        assert_eq!(
            changed("/spec/proxy/expose/type", json!("LoadBalancer")),
            [&ALWAYS[..], &["hostname", "hosts"]].concat()
        );
        assert_eq!(
            changed("/spec/engine/version", json!("8.0.42-33.1")),
            [&ALWAYS[..], &["crVersion", "recommendedCrVersion"]].concat()
        );
        assert_eq!(
            changed("/spec/engine/userSecretsName", json!("mine")),
            [&ALWAYS[..], &["credentialsSecretName"]].concat()
        );
    }

    #[test]
    fn a_further_member_of_a_replica_set_has_an_address_of_its_own() {
        let mongo = |replicas: i64| {
            let mut value = database();
            value["spec"]["engine"]["type"] = json!("psmdb");
            value["spec"]["engine"]["replicas"] = json!(replicas);
            model(value)
        };
        let altered: Vec<_> = affected(&mongo(3), &mongo(5))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(altered, [&ALWAYS[..], &["hostname", "hosts"]].concat());
    }

    #[test]
    fn other_spellings_and_local_changes_alter_nothing() {
        assert_eq!(
            changed("/spec/engine/resources/memory", json!("2048Mi")),
            [""; 0]
        );
        assert_eq!(
            changed("/spec/proxy/expose/type", json!("internal")),
            [""; 0]
        );
        let mut planned = model(database());
        planned.deletion_protection = false.into();
        planned.labels = Field::Known([("team".to_owned(), "a".into())].into());
        planned.spec.known_mut().unwrap().data_source = Field::Known(Default::default());
        assert!(affected(&model(database()), &planned).is_empty());
    }

    #[test]
    fn a_restart_is_felt_though_the_spec_stays() {
        let mut planned = model(database());
        planned.restart_trigger = "2026-01-01".into();
        mark_affected(&model(database()), &mut planned);
        assert!(planned.ready.is_unknown() && planned.status.is_unknown());
    }

    #[test]
    fn a_value_that_is_not_known_yet_is_a_change() {
        let mut planned = model(database());
        planned
            .spec
            .known_mut()
            .unwrap()
            .engine
            .known_mut()
            .unwrap()
            .replicas = Field::Unknown;
        mark_affected(&model(database()), &mut planned);
        assert!(planned.ready.is_unknown() && planned.status.is_unknown());
        assert_eq!(planned.hostname, Field::from("orders-haproxy.prod"));
        assert_eq!(planned.port, Field::Known(3306));
    }

    #[test]
    fn the_port_of_a_new_database_is_known() {
        let mut planned = model(database());
        planned.port = Field::Unknown;
        planned.credentials_secret_name = Field::Unknown;
        planned.hostname = Field::Unknown;
        known_at_creation(&model(database()), &mut planned);
        assert_eq!(planned.port, Field::Known(3306));
        assert_eq!(
            planned.credentials_secret_name,
            Field::from("everest-secrets-orders")
        );
        assert!(planned.hostname.is_unknown());
    }

    fn secret(
        written: Field<String>,
        planned: Field<String>,
        name: Field<String>,
    ) -> Field<String> {
        let with = |secret: Field<String>| {
            let mut model = model(database());
            let engine = model.spec.known_mut().unwrap().engine.known_mut();
            engine.unwrap().user_secrets_name = secret;
            model.credentials_secret_name = Field::Unknown;
            model.name = name.clone();
            model
        };
        let mut planned = with(planned);
        known_at_creation(&with(written), &mut planned);
        planned.credentials_secret_name
    }

    #[test]
    fn the_secret_of_a_new_database_is_known_with_its_name() {
        assert_eq!(
            secret("mine".into(), "mine".into(), "a".into()),
            "mine".into()
        );
        let omitted = |name| secret(Field::Null, Field::Unknown, name);
        assert_eq!(omitted("a".into()), "everest-secrets-a".into());
        assert!(omitted(Field::Unknown).is_unknown());
        assert!(secret(Field::Unknown, Field::Unknown, "a".into()).is_unknown());
    }

    #[test]
    fn only_pxc_is_given_a_configuration_by_everest() {
        let config = |engine: &str, written: Field<String>| {
            let with = |config: Field<String>| {
                let mut value = database();
                value["spec"]["engine"]["type"] = json!(engine);
                let mut model = model(value);
                let engine = model.spec.known_mut().unwrap().engine.known_mut();
                engine.unwrap().config = config;
                model
            };
            let mut planned = with(Field::Unknown);
            known_at_creation(&with(written), &mut planned);
            let spec = planned.spec.known().unwrap();
            spec.engine.known().unwrap().config.clone()
        };
        assert!(config("pxc", Field::Null).is_unknown());
        assert!(config("psmdb", Field::Null).is_null());
        assert!(config("postgresql", Field::Null).is_null());
        assert!(config("postgresql", Field::Unknown).is_unknown());
    }
}
