//! The generated configuration of an existing database or namespace.

use everest_schemas::everest::{
    Backup, DatabaseCluster, DatabaseClusterSpec, EngineSpec, Pitr, Proxy,
};
use everest_schemas::models::{DatabaseModel, NamespaceModel};
use everest_schemas::{Engine, Field};

use super::database::default_secret;
use crate::{field_conflict, semantic, storage_class};

/// Removes from a generated configuration the values that no one has requested: values that
/// everest-operator has chosen, and defaults. In a configuration, they would tie the database to
/// the state of one day: its engine configuration to a memory size, its version to an operator.
/// Removed are:
///
/// 1. The CR version, which a state always has.
/// 2. Values that equal a default.
/// 3. Values that everest-operator fills in (see its reconcile and its mutating webhook) and that
///    no other field manager owns in `live`. Quantities are always kept: the operator also owns
///    quantities that others asked for, because it changes their spelling.
/// 4. Storage classes that volumes got by default and that the object does not name.
///
/// Without `live`, only 1 and 2 apply.
pub fn shorten(config: &mut DatabaseModel, live: Option<&DatabaseCluster>) {
    let secret = config.name.known_str().map(default_secret);
    let Some(spec) = config.spec.known_mut() else {
        return;
    };
    drop_if(&mut spec.paused, |paused| !paused);
    drop_if(&mut spec.backup, is_nothing);
    if let Some(engine) = spec.engine.known_mut() {
        engine.cr_version = Field::Null;
        drop_if(&mut engine.user_secrets_name, |name| {
            secret.as_ref() == Some(name)
        });
    }
    if let Some(live) = live {
        storage_class::leave_out(spec, live);
    }
    if let Some(live) = live.filter(|live| live.metadata.managed_fields.is_some()) {
        drop_chosen(spec, live);
    }
    drop_proxy(&mut spec.proxy);
}

/// Removes the operators' versions and channels from a generated configuration of a namespace. A
/// version in the configuration would turn every upgrade in Everest's UI into an error, because a
/// version cannot be lowered.
pub fn shorten_namespace(config: &mut NamespaceModel) {
    let Some(engines) = config.engines.known_mut() else {
        return;
    };
    for engine in Engine::ALL {
        if let Some(install) = engines.get_mut(engine).known_mut() {
            install.version = Field::Null;
            install.channel = Field::Null;
        }
    }
}

/// Removes values that everest-operator has chosen.
fn drop_chosen(spec: &mut DatabaseClusterSpec, live: &DatabaseCluster) {
    let live = serde_json::to_value(live).unwrap_or_default();
    let chosen = |path: &str| !field_conflict::is_said(&live, path);
    if let Some(EngineSpec {
        config,
        replicas,
        version,
        ..
    }) = spec.engine.known_mut()
    {
        drop_if(config, |_| chosen("engine.config"));
        drop_if(replicas, |_| chosen("engine.replicas"));
        drop_if(version, |_| chosen("engine.version"));
    }
    if let Some(proxy) = spec.proxy.known_mut() {
        drop_if(&mut proxy.type_, |_| chosen("proxy.type"));
    }
}

/// Whether nothing is backed up: Everest itself writes that point-in-time recovery is off.
fn is_nothing(backup: &Backup) -> bool {
    let off = Pitr {
        enabled: Field::Known(false),
        ..Pitr::default()
    };
    *backup
        == Backup {
            pitr: Field::Known(off),
            ..Backup::default()
        }
}

/// Takes out the usual way of exposure, under whichever name, and a proxy of which nothing is said.
fn drop_proxy(proxy: &mut Field<Proxy>) {
    if let Some(proxy) = proxy.known_mut()
        && let Some(expose) = proxy.expose.known_mut()
    {
        drop_if(&mut expose.type_, |type_| {
            semantic::expose_type(type_) == "ClusterIP"
        });
        drop_if(&mut proxy.expose, |expose| *expose == Default::default());
    }
    drop_if(proxy, |proxy| *proxy == Proxy::default());
}

fn drop_if<T>(field: &mut Field<T>, is_left_out: impl FnOnce(&T) -> bool) {
    if field.known().is_some_and(is_left_out) {
        *field = Field::Null;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn point_in_time_recovery_that_everest_has_switched_off_is_left_out() {
        let mut model = config();
        let spec = model.spec.known_mut().unwrap();
        spec.backup = serde_json::from_value(json!({"pitr": {"enabled": false}})).unwrap();
        shorten(&mut model, None);
        assert!(model.spec.known().unwrap().backup.is_null());
    }

    fn config() -> DatabaseModel {
        serde_json::from_value(json!({"namespace": "prod", "name": "orders", "spec": {
            "paused": false,
            "engine": {"type": "pxc", "version": "8.0.42-33.1", "crVersion": "1.18.0", "replicas": 3,
                "config": "[mysqld]", "userSecretsName": "everest-secrets-orders",
                "resources": {"cpu": "1", "memory": "1Gi"}, "storage": {"size": "1Gi"}},
            "proxy": {"type": "haproxy", "replicas": 2, "expose": {"type": "internal"}}}}))
        .unwrap()
    }

    fn live(entries: Value) -> DatabaseCluster {
        serde_json::from_value(
            json!({"metadata": {"managedFields": entries}, "spec": {"engine":
            {"type": "pxc", "storage": {"size": "1Gi"}}}}),
        )
        .unwrap()
    }

    #[test]
    fn a_class_that_the_object_does_not_name_is_left_out() {
        let mut config = config();
        let engine = config.spec.known_mut().unwrap().engine.known_mut().unwrap();
        engine.storage.known_mut().unwrap().class = "standard".into();
        shorten(&mut config, Some(&live(json!([]))));
        let spec = serde_json::to_value(&config.spec).unwrap();
        assert_eq!(spec["engine"]["storage"], json!({"size": "1Gi"}));
    }

    #[test]
    fn the_operators_of_a_namespace_are_named_without_version_and_channel() {
        let mut config: NamespaceModel = serde_json::from_value(json!({
            "name": "prod",
            "engines": {"pxc": {"version": "1.18.0", "channel": "stable-v1"}},
        }))
        .unwrap();
        shorten_namespace(&mut config);
        let config = serde_json::to_value(&config).unwrap();
        assert_eq!(config, json!({"name": "prod", "engines": {"pxc": {}}}));
    }

    fn entry(manager: &str, spec: Value) -> Value {
        json!({"manager": manager, "operation": "Update", "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": spec}})
    }

    fn shortened(live: Option<&DatabaseCluster>) -> Value {
        let mut config = config();
        shorten(&mut config, live);
        serde_json::to_value(&config.spec).unwrap()
    }

    #[test]
    fn what_everest_chose_is_left_out_and_amounts_are_kept() {
        let live = live(json!([
            entry(
                "kubectl-create",
                json!({"f:engine": {"f:type": {}, "f:storage": {"f:size": {}}},
                "f:proxy": {"f:replicas": {}}})
            ),
            entry(
                "everest-operator",
                json!({"f:engine": {"f:config": {}, "f:userSecretsName": {},
                "f:replicas": {}, "f:resources": {"f:cpu": {}}}, "f:proxy": {"f:type": {}}})
            ),
        ]));
        assert_eq!(
            shortened(Some(&live)),
            json!({
                "engine": {"type": "pxc", "resources": {"cpu": "1", "memory": "1Gi"},
                    "storage": {"size": "1Gi"}},
                "proxy": {"replicas": 2}})
        );
    }

    #[test]
    fn what_somebody_asked_for_stays() {
        let asked = json!({"f:engine": {"f:config": {}, "f:replicas": {}, "f:version": {}},
            "f:proxy": {"f:type": {}}});
        let live = live(json!([
            entry("everest-server", asked),
            entry("everest-operator", json!({"f:engine": {"f:config": {}}})),
        ]));
        let shortened = shortened(Some(&live));
        assert_eq!(shortened["engine"]["config"], "[mysqld]");
        assert_eq!(shortened["engine"]["replicas"], 3);
        assert_eq!(shortened["engine"]["version"], "8.0.42-33.1");
        assert_eq!(shortened["proxy"]["type"], "haproxy");
    }

    #[test]
    fn a_configuration_does_not_pin_its_operator_whoever_is_not_seen() {
        let shortened = shortened(None);
        assert_eq!(shortened["engine"]["crVersion"], Value::Null);
        assert_eq!(shortened["engine"]["userSecretsName"], Value::Null);
        assert_eq!(shortened["paused"], Value::Null);
        assert_eq!(shortened["engine"]["config"], "[mysqld]");
        assert_eq!(
            shortened["proxy"],
            json!({"type": "haproxy", "replicas": 2})
        );
    }
}
