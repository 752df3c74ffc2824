use std::time::Duration;

use everest_schemas::models::DatabaseModel;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::database::update;
use crate::{Change, Wait, testing::api_server};

const DATABASE: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod/databaseclusters/orders";

fn model(engine: Value, more: Value) -> DatabaseModel {
    let mut spec = json!({"type": "pxc", "replicas": 3, "storage": {"size": "25Gi"}});
    let members = spec.as_object_mut().unwrap();
    members.extend(engine.as_object().unwrap().clone());
    let mut model = json!({"namespace": "prod", "name": "orders", "spec": {"engine": spec}});
    let members = model.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    serde_json::from_value(model).unwrap()
}

/// A database of operator 1.17.0, while 1.18.0 is installed.
fn behind() -> api_server::Objects {
    let object = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "orders", "namespace": "prod", "generation": 1, "managedFields": [
            {"manager": crate::FIELD_MANAGER, "operation": "Apply",
                "apiVersion": "everest.percona.com/v1alpha1", "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {"f:engine": {"f:type": {}, "f:replicas": {},
                    "f:storage": {"f:size": {}}, "f:version": {}}}}}]},
        "spec": {"engine": {"type": "pxc", "replicas": 3, "storage": {"size": "25Gi"},
            "version": "8.0.36"}},
        "status": {"status": "ready", "observedGeneration": 1, "crVersion": "1.17.0",
            "recommendedCRVersion": "1.18.0"}});
    let mut objects = api_server::Objects::new();
    objects.insert(DATABASE.to_owned(), object);
    objects
}

/// Everest: what is written is ready at once; the operator's version is recommended until it is
/// taken over, and another version of the engine is refused until then.
fn everest(objects: &mut api_server::Objects, method: &str, path: &str) {
    if method != "PATCH" || path != DATABASE {
        return;
    }
    let database = objects.get_mut(DATABASE).unwrap();
    let engine = database["spec"]["engine"].clone();
    if engine["version"] != "8.0.36" {
        assert_eq!(
            database["status"].get("recommendedCRVersion"),
            None,
            "the definition's rule refuses this"
        );
    }
    let generation = database["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
    database["metadata"]["generation"] = json!(generation);
    database["status"]["observedGeneration"] = json!(generation);
    if engine["crVersion"] == "1.18.0" {
        database["status"]["crVersion"] = json!("1.18.0");
        let status = database["status"].as_object_mut().unwrap();
        status.remove("recommendedCRVersion");
    }
}

fn wait() -> Wait {
    Wait::new(Duration::from_secs(600), CancellationToken::new())
}

/// Version of the engine and of the operator in each write.
fn written(seen: &api_server::Seen) -> Vec<(Value, Value)> {
    let seen = seen.lock().unwrap();
    seen.iter()
        .filter(|(line, _)| line.starts_with("PATCH"))
        .map(|(_, body)| {
            let engine = &body["spec"]["engine"];
            (engine["version"].clone(), engine["crVersion"].clone())
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_operators_version_is_written_and_waited_for_before_the_engines() {
    let prior = model(json!({"version": "8.0.36"}), json!({"ready": true}));
    for wait_at_all in [true, false] {
        let (cluster, seen, _) = api_server::store(behind(), everest);
        let config = model(json!({"version": "8.0.42"}), json!({"wait": wait_at_all}));
        let changed = update(&cluster, &prior, &config, &config, &wait()).await;
        let Change::Done(done) = changed else {
            panic!("{changed:?}")
        };
        assert_eq!(
            written(&seen),
            [
                (json!("8.0.36"), json!("1.18.0")),
                (json!("8.0.42"), json!("1.18.0")),
            ]
        );
        assert_eq!(done.cr_version.known_str(), Some("1.18.0"));
        assert!(done.recommended_cr_version.is_null());
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_stops_between_its_halves_is_pending_and_goes_on() {
    let late = |objects: &mut api_server::Objects, method: &str, path: &str| {
        everest(objects, method, path);
        if method == "PATCH" {
            objects.get_mut(DATABASE).unwrap()["status"]["status"] = json!("initializing");
        }
    };
    let prior = model(json!({"version": "8.0.36"}), json!({"ready": true}));
    let config = model(json!({"version": "8.0.42"}), json!({}));
    let (cluster, seen, objects) = api_server::store(behind(), late);
    let changed = update(&cluster, &prior, &config, &config, &wait()).await;
    let Change::Pending { observed, .. } = changed else {
        panic!("{changed:?}")
    };
    assert_eq!(observed.ready.known(), Some(&false));
    assert_eq!(written(&seen), [(json!("8.0.36"), json!("1.18.0"))]);

    // The next apply writes nothing before the first half is done.
    let prior = model(json!({"version": "8.0.36"}), json!({"ready": false}));
    let later = Duration::from_secs(90);
    let done = objects.clone();
    tokio::spawn(async move {
        tokio::time::sleep(later).await;
        done.lock().unwrap().get_mut(DATABASE).unwrap()["status"]["status"] = json!("ready");
    });
    let changed = update(&cluster, &prior, &config, &config, &wait()).await;
    assert!(matches!(changed, Change::Pending { .. }), "{changed:?}");
    assert_eq!(
        written(&seen)[1..],
        [(json!("8.0.42"), Value::Null)],
        "only the second half"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_does_not_keep_the_engine_from_another_version() {
    let mut objects = behind();
    let database = objects.get_mut(DATABASE).unwrap();
    database["status"] = json!({"status": "error", "observedGeneration": 1, "crVersion": "1.18.0"});
    let (cluster, seen, _) = api_server::store(objects, |objects, method, path| {
        everest(objects, method, path);
        if method == "PATCH" {
            objects.get_mut(DATABASE).unwrap()["status"]["status"] = json!("ready");
        }
    });
    let prior = model(json!({"version": "8.0.36"}), json!({"ready": false}));
    let config = model(json!({"version": "8.0.42"}), json!({}));
    let changed = update(&cluster, &prior, &config, &config, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    assert_eq!(written(&seen), [(json!("8.0.42"), Value::Null)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_followed_is_written_as_a_version() {
    let following = |more| {
        model(
            json!({"version": "8.0.36", "crVersion": "recommended"}),
            more,
        )
    };
    let prior = following(json!({"crVersion": "1.17.0", "ready": true}));
    let planned = following(json!({"crVersion": "1.18.0"}));
    let (cluster, seen, _) = api_server::store(behind(), everest);
    let changed = update(&cluster, &prior, &planned, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    assert_eq!(written(&seen), [(json!("8.0.36"), json!("1.18.0"))]);
}

#[tokio::test(start_paused = true)]
async fn a_plan_for_another_version_of_the_operator_is_refused() {
    let following = |more| {
        model(
            json!({"version": "8.0.36", "crVersion": "recommended"}),
            more,
        )
    };
    let prior = following(json!({"crVersion": "1.16.0"}));
    let planned = following(json!({"crVersion": "1.16.5"}));
    let (cluster, seen, _) = api_server::store(behind(), everest);
    let changed = update(&cluster, &prior, &planned, &planned, &wait()).await;
    let Change::Refused(error) = changed else {
        panic!("{changed:?}")
    };
    assert!(error.to_string().contains("plan again"), "{error}");
    assert_eq!(error.attribute().unwrap().snake_case(), "engine.cr_version");
    assert_eq!(written(&seen), []);
}

#[tokio::test(start_paused = true)]
async fn an_operator_that_was_just_upgraded_is_followed_once_everest_has_looked() {
    let mut objects = behind();
    let database = objects.get_mut(DATABASE).unwrap();
    let status = database["status"].as_object_mut().unwrap();
    status.remove("recommendedCRVersion");
    let operator = "percona-xtradb-cluster-operator";
    objects.insert(
        format!("/apis/everest.percona.com/v1alpha1/namespaces/prod/databaseengines/{operator}"),
        json!({"metadata": {"name": operator, "namespace": "prod"}, "spec": {"type": "pxc"},
            "status": {"status": "installed", "operatorVersion": "1.18.0"}}),
    );
    let prior = model(json!({"version": "8.0.36"}), json!({"ready": true}));
    let config = model(json!({"version": "8.0.42"}), json!({}));
    for looks in [true, false] {
        let (cluster, seen, objects) = api_server::store(objects.clone(), everest);
        if looks {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(10)).await;
                let mut objects = objects.lock().unwrap();
                let database = objects.get_mut(DATABASE).unwrap();
                database["status"]["recommendedCRVersion"] = json!("1.18.0");
            });
        }
        let changed = update(&cluster, &prior, &config, &config, &wait()).await;
        assert!(matches!(changed, Change::Done(_)), "{changed:?}");
        let second = (json!("8.0.42"), json!("1.18.0"));
        if looks {
            assert_eq!(written(&seen), [(json!("8.0.36"), json!("1.18.0")), second]);
        } else {
            assert_eq!(written(&seen), [(json!("8.0.42"), Value::Null)]);
        }
    }
}
