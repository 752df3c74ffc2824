//! The dry runs of a plan.

use everest_schemas::Field;

use super::*;

fn writes(seen: &api_server::Seen) -> Vec<String> {
    let seen = seen.lock().unwrap();
    let lines = seen.iter().map(|(line, _)| line.clone());
    lines.filter(|line| !line.starts_with("GET ")).collect()
}

fn bigger() -> DatabaseModel {
    let mut model = model(json!({}));
    let engine = model.spec.known_mut().unwrap().engine.known_mut().unwrap();
    engine.storage.known_mut().unwrap().size = "30Gi".into();
    model
}

/// The requests of the plan of `config` for an object that is `live`.
async fn sent(live: Option<Value>, prior: bool, config: &DatabaseModel) -> Vec<String> {
    let objects = live.map(|live| (DATABASE.to_owned(), live));
    let (cluster, seen, kept) = api_server::store(objects.into_iter().collect(), |_, _, _| {});
    let before = kept.lock().unwrap().clone();
    let prior = prior.then(|| model(json!({})));
    dry_run(&cluster, prior.as_ref(), config, config, true)
        .await
        .unwrap();
    assert_eq!(*kept.lock().unwrap(), before, "nothing was written");
    writes(&seen)
}

#[tokio::test]
async fn a_creation_and_a_change_are_each_one_dry_run() {
    for (live, prior, config) in [
        (None, false, model(json!({}))),
        (Some(object("ready")), true, bigger()),
    ] {
        let sent = sent(live, prior, &config).await;
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert!(sent[0].contains("dryRun=All"), "{sent:?}");
    }
}

#[tokio::test]
async fn what_the_server_would_not_notice_is_not_sent() {
    let local = model(json!({"keepBackupData": false, "timeouts": {"create": "5m"}}));
    assert_eq!(sent(Some(object("ready")), true, &local).await, [""; 0]);
}

#[tokio::test]
async fn an_object_in_the_way_of_a_creation_is_left_to_the_apply() {
    let config = model(json!({}));
    assert_eq!(sent(Some(object("ready")), false, &config).await, [""; 0]);
}

#[tokio::test]
async fn a_configuration_that_is_not_wholly_known_is_not_sent() {
    let mut config = model(json!({}));
    let engine = config.spec.known_mut().unwrap().engine.known_mut().unwrap();
    engine.replicas = Field::Unknown;
    assert_eq!(sent(None, false, &config).await, [""; 0]);
    let mut config = model(json!({}));
    config.timeouts = Field::Unknown;
    assert_eq!(
        sent(None, false, &config).await.len(),
        1,
        "not of the object"
    );
}

#[tokio::test]
async fn nothing_is_asked_of_a_database_whose_name_or_namespace_is_not_known() {
    for unknown in [
        |model: &mut DatabaseModel| model.name = Field::Unknown,
        |model: &mut DatabaseModel| model.namespace = Field::Unknown,
    ] {
        let mut config = model(json!({}));
        unknown(&mut config);
        assert_eq!(sent(None, false, &config).await, [""; 0]);
    }
}

#[tokio::test]
async fn keys_of_an_import_are_not_sent() {
    let mut config = model(json!({}));
    config.spec.known_mut().unwrap().data_source = serde_json::from_value(json!({"dataImport": {
        "dataImporterName": "x", "source": {"path": "/a", "s3": {"bucket": "b", "region": "r",
        "endpointURL": "https://e", "credentialsSecretName": "s",
        "accessKeyId": "AKIA", "secretAccessKey": "hush"}}}}))
    .unwrap();
    assert_eq!(sent(None, false, &config).await, [""; 0]);
}

#[tokio::test]
async fn another_version_before_the_operators_own_is_taken_over_is_not_sent() {
    let mut live = object("ready");
    live["status"]["recommendedCRVersion"] = json!("1.19.0");
    let mut config = model(json!({}));
    let engine = config.spec.known_mut().unwrap().engine.known_mut().unwrap();
    engine.version = "8.0.42-33.1".into();
    assert_eq!(sent(Some(live), true, &config).await, [""; 0]);
}

#[tokio::test]
async fn a_refusal_names_the_attribute() {
    let (cluster, _) = api_server::cluster(|method, _, _| match method {
        "PATCH" => api_server::failure(
            422,
            "Invalid",
            "admission webhook \"v\" denied the request: DatabaseCluster.everest.percona.com \
             \"orders\" is invalid: spec.engine.type: Forbidden: field is immutable",
            json!({"causes": [{"reason": "FieldValueForbidden", "field": "spec.engine.type",
                "message": "Forbidden: field is immutable"}]}),
        ),
        _ => api_server::absent("databaseclusters", "orders"),
    });
    let config = model(json!({}));
    let error = dry_run(&cluster, None, &config, &config, true)
        .await
        .unwrap_err();
    assert_eq!(error.attribute().unwrap().to_string(), "engine.type");
}

#[tokio::test]
async fn what_a_webhook_rewrites_is_told_at_plan() {
    let (cluster, _) = api_server::cluster(|method, _, body| match method {
        "PATCH" => {
            let mut answer = body.clone();
            answer["spec"]["engine"]["storage"]["size"] = json!("40Gi");
            api_server::Answer::Json(200, answer)
        }
        _ => api_server::absent("databaseclusters", "orders"),
    });
    let cluster = cluster.accounting();
    let config = model(json!({}));
    let asked = dry_run(&cluster, None, &config, &config, true).await;
    assert!(asked.is_ok(), "{asked:?}");
    let rewritten = cluster.rewritten();
    let told: Vec<_> = rewritten.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["engine.storage.size: the cluster changed 25Gi to 40Gi"]
    );
}
