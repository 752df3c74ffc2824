use super::*;
use everest_schemas::models::EngineInstall;

fn install(version: Field<String>) -> Field<EngineInstall> {
    EngineInstall {
        version,
        ..EngineInstall::default()
    }
    .into()
}

fn model() -> NamespaceModel {
    NamespaceModel {
        name: "prod".into(),
        engines: Engines {
            pxc: install("1.18.0".into()),
            ..Engines::default()
        }
        .into(),
        labels: Field::Known([("team".to_owned(), "shop".into())].into()),
        ..NamespaceModel::default()
    }
}

fn namespace(labels: Value) -> Namespace {
    serde_json::from_value(json!({"metadata": {"name": "prod", "labels": labels}})).unwrap()
}

fn subscription_of(engine: Engine, installed: Option<&str>, current: Option<&str>) -> Subscription {
    let mut object = subscription(&SubscriptionRequest {
        namespace: "prod",
        engine,
        channel: "stable-v1",
        catalog: "everest-catalog",
        catalog_namespace: "everest-olm",
        version: None,
    });
    object["status"] = json!({
        "installedCSV": installed.map(|version| olm::csv_name(engine, version)),
        "currentCSV": current.map(|version| olm::csv_name(engine, version)),
    });
    serde_json::from_value(object).unwrap()
}

fn database_engine(engine: Engine, version: &str) -> DatabaseEngine {
    serde_json::from_value(json!({
        "apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DatabaseEngine",
        "metadata": {"name": engine.operator()},
        "spec": {"type": engine.as_str()},
        "status": {
            "status": "installed",
            "operatorVersion": version,
            "availableVersions": {"engine": {"8.0.42-33.1": {}}},
        },
    }))
    .unwrap()
}

#[test]
fn the_namespace_carries_the_label_that_turns_everest_on() {
    assert_eq!(
        desired(&model()),
        json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": "prod",
                "labels": {"app.kubernetes.io/managed-by": "everest", "team": "shop"},
            },
        })
    );
    assert_eq!(
        operator_group("prod"),
        json!({
            "apiVersion": "operators.coreos.com/v1",
            "kind": "OperatorGroup",
            "metadata": {"name": "everest-databases", "namespace": "prod"},
            "spec": {"targetNamespaces": ["prod"], "upgradeStrategy": "Default"},
        })
    );
}

#[test]
fn a_subscription_is_approved_by_hand() {
    let request = SubscriptionRequest {
        namespace: "prod",
        engine: Engine::Postgresql,
        channel: "stable-v2",
        catalog: "everest-catalog",
        catalog_namespace: "everest-olm",
        version: Some("2.8.2"),
    };
    assert_eq!(
        subscription(&request),
        json!({
            "apiVersion": "operators.coreos.com/v1alpha1",
            "kind": "Subscription",
            "metadata": {"name": "percona-postgresql-operator", "namespace": "prod"},
            "spec": {
                "channel": "stable-v2",
                "config": {"env": [{"name": "DISABLE_TELEMETRY", "value": "true"}]},
                "installPlanApproval": "Manual",
                "name": "percona-postgresql-operator",
                "source": "everest-catalog",
                "sourceNamespace": "everest-olm",
                "startingCSV": "percona-postgresql-operator.v2.8.2",
            },
        })
    );
    let newest = subscription(&SubscriptionRequest {
        version: None,
        ..request
    });
    assert!(newest["spec"].get("startingCSV").is_none());
}

#[test]
fn a_namespace_is_observed_with_the_engines_that_are_listed() {
    let labels = json!({"app.kubernetes.io/managed-by": "everest", "team": "shop", "x": "y"});
    let subscriptions = [
        subscription_of(Engine::Pxc, Some("1.18.0"), Some("1.19.0")),
        subscription_of(Engine::Psmdb, Some("1.21.1"), Some("1.21.1")),
    ];
    let engines = [database_engine(Engine::Pxc, "1.18.0")];
    let owned = OwnedKeys {
        labels: ["team".to_owned(), MANAGED_BY_LABEL.to_owned()].into(),
        ..OwnedKeys::default()
    };
    let seen = observed(
        &namespace(labels),
        &subscriptions,
        &engines,
        Some(&model()),
        &owned,
    );
    assert_eq!(seen.ready, Field::Known(true));
    assert_eq!(seen.labels, model().labels);
    let listed = seen.engines.known().unwrap();
    assert!(listed.psmdb.is_null());
    assert_eq!(
        listed.pxc,
        Field::Known(EngineInstall {
            version: "1.18.0".into(),
            channel: "stable-v1".into(),
            installed_version: "1.18.0".into(),
            pending_version: "1.19.0".into(),
        })
    );
}

#[test]
fn an_import_takes_every_engine_that_is_there() {
    let labels = json!({"app.kubernetes.io/managed-by": "everest"});
    let subscriptions = [
        subscription_of(Engine::Pxc, Some("1.18.0"), Some("1.18.0")),
        subscription_of(Engine::Postgresql, None, Some("2.8.2")),
    ];
    let engines = [database_engine(Engine::Pxc, "1.18.0")];
    let seen = observed(
        &namespace(labels),
        &subscriptions,
        &engines,
        None,
        &OwnedKeys::default(),
    );
    let found: Vec<Engine> = seen
        .engines
        .known()
        .unwrap()
        .iter()
        .map(|(engine, _)| engine)
        .collect();
    assert_eq!(found, [Engine::Pxc, Engine::Postgresql]);
    let postgresql = seen
        .engines
        .known()
        .unwrap()
        .postgresql
        .known()
        .unwrap()
        .clone();
    assert!(postgresql.installed_version.is_null() && postgresql.pending_version.is_null());
    assert_eq!(seen.ready, Field::Known(false));
    assert!(seen.labels.is_null());
}

#[test]
fn a_namespace_is_not_ready_without_its_label_its_subscription_or_versions() {
    let managed = json!({"app.kubernetes.io/managed-by": "everest"});
    let subscriptions = [subscription_of(Engine::Pxc, Some("1.18.0"), Some("1.18.0"))];
    let engines = [database_engine(Engine::Pxc, "1.18.0")];
    let ready = |labels: &Value, subscriptions: &[Subscription], engines: &[DatabaseEngine]| {
        let owned = OwnedKeys::default();
        observed(
            &namespace(labels.clone()),
            subscriptions,
            engines,
            Some(&model()),
            &owned,
        )
        .ready
    };
    assert_eq!(
        ready(&managed, &subscriptions, &engines),
        Field::Known(true)
    );
    assert_eq!(
        ready(&json!({}), &subscriptions, &engines),
        Field::Known(false)
    );
    assert_eq!(ready(&managed, &[], &engines), Field::Known(false));
    assert_eq!(ready(&managed, &subscriptions, &[]), Field::Known(false));
    let older = [database_engine(Engine::Pxc, "1.17.0")];
    assert_eq!(ready(&managed, &subscriptions, &older), Field::Known(false));
}
