//! Values that others have set.

use super::*;

/// The database, once applied by us, whose replicas `kubectl-edit` has set to 5.
fn edited() -> Value {
    let mut edited = object("ready");
    edited["spec"]["engine"]["replicas"] = json!(5);
    edited["metadata"]["managedFields"] = json!([
        {"manager": crate::FIELD_MANAGER, "operation": "Apply",
         "fieldsV1": {"f:spec": {"f:engine": {"f:type": {}}}}},
        {"manager": "kubectl-edit", "operation": "Update",
         "fieldsV1": {"f:spec": {"f:engine": {"f:replicas": {}}}}}]);
    edited
}

fn drifted() -> DatabaseModel {
    let mut model = model(json!({}));
    let engine = model.spec.known_mut().unwrap().engine.known_mut().unwrap();
    engine.replicas = 5.into();
    model
}

#[tokio::test(start_paused = true)]
async fn an_update_leaves_what_the_plan_did_not_show_before_it_waits_for_anything() {
    // A database that is being restored would be waited for first.
    let mut busy = edited();
    busy["status"]["status"] = json!("restoring");
    let (cluster, seen, _) = api_server::store([(DATABASE.to_owned(), busy)].into(), |_, _, _| {});
    // Planned from a state with three replicas, as they were before.
    let wanted = model(json!({}));
    let changed = update(&cluster, &wanted, &wanted, &wanted, &wait()).await;
    let Change::Refused(error) = changed else {
        panic!("{changed:?}")
    };
    let text = error.to_string();
    for words in [
        "engine.replicas belongs to field manager \"kubectl-edit\", which says 5, not 3",
        "the plan did not show that value",
        "force_conflicts = true",
    ] {
        assert!(text.contains(words), "{text}");
    }
    assert_eq!(error.attribute().unwrap().to_string(), "engine.replicas");
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

/// A server that has the edited database and knows who owns what: only force changes it.
fn guarded() -> (Cluster, api_server::Seen) {
    api_server::cluster(|method, target, body| match method {
        "PATCH" if target.contains("force=true") => {
            let mut object = edited();
            object["spec"] = body["spec"].clone();
            api_server::Answer::Json(200, object)
        }
        "PATCH" => api_server::failure(
            409,
            "Conflict",
            "Apply failed with 1 conflict",
            json!({"causes": [
                {"reason": "FieldManagerConflict", "field": ".spec.engine.replicas",
                 "message": "conflict with \"kubectl-edit\" using everest.percona.com/v1alpha1"}]}),
        ),
        _ if target.ends_with("/databaseclusters/orders") => {
            api_server::Answer::Json(200, edited())
        }
        _ => api_server::list(Vec::new()),
    })
}

#[tokio::test(start_paused = true)]
async fn an_update_takes_what_the_plan_showed_and_says_from_whom() {
    let (cluster, seen) = guarded();
    let cluster = cluster.accounting();
    let wanted = model(json!({"wait": false}));
    let changed = update(&cluster, &drifted(), &wanted, &wanted, &wait()).await;
    let Change::Done(changed) = changed else {
        panic!("{changed:?}")
    };
    let engine = changed.spec.known().unwrap().engine.known().unwrap();
    assert_eq!(engine.replicas.known(), Some(&3));
    assert_eq!(
        api_server::writes(&seen).len(),
        2,
        "asked first, then forced"
    );
    let taken = cluster.taken();
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!(taken[0].manager, "kubectl-edit");
    assert_eq!(taken[0].field, "engine.replicas");
}

#[tokio::test(start_paused = true)]
async fn a_plan_knows_of_them_without_asking_more() {
    let wanted = model(json!({}));
    let forced = model(json!({"forceConflicts": true}));
    for (prior, planned, taken) in [(drifted(), &wanted, 1), (drifted(), &forced, 0)] {
        let objects = [(DATABASE.to_owned(), edited())].into();
        let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
        let cluster = cluster.accounting();
        dry_run(&cluster, Some(&prior), planned, planned, false)
            .await
            .unwrap();
        assert_eq!(cluster.taken().len(), taken);
        assert_eq!(api_server::writes(&seen), Vec::<String>::new());
    }
    // A plan that did not refresh does not show it.
    let (cluster, _, _) = api_server::store([(DATABASE.to_owned(), edited())].into(), |_, _, _| {});
    let error = dry_run(&cluster, Some(&wanted), &wanted, &wanted, false)
        .await
        .unwrap_err();
    assert!(matches!(error, ClusterError::Conflict { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_wrote_once_is_ours_before_it_is_taken_out() {
    let schedules = json!([{"name": "n", "enabled": true, "schedule": "0 2 * * *",
        "backupStorageName": "s3"}]);
    let mut live = object("ready");
    live["spec"]["backup"] = json!({ "schedules": schedules });
    live["metadata"]["managedFields"] = json!([
        {"manager": "kubectl-create", "operation": "Update", "fieldsType": "FieldsV1",
         "fieldsV1": {"f:spec": {"f:backup": {".": {}, "f:schedules": {}}}}}]);
    let (cluster, seen, objects) =
        api_server::store([(DATABASE.to_owned(), live)].into(), |_, _, _| {});
    let version = objects.lock().unwrap()[DATABASE]["metadata"]["resourceVersion"].clone();
    let mut prior = model(json!({}));
    prior.spec.known_mut().unwrap().backup =
        serde_json::from_value(json!({ "schedules": schedules })).unwrap();
    let planned = model(json!({"wait": false}));
    let changed = update(&cluster, &prior, &planned, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    let seen = seen.lock().unwrap();
    let patches: Vec<_> = seen
        .iter()
        .filter(|(line, _)| line.starts_with("PATCH"))
        .map(|(_, body)| body)
        .collect();
    assert_eq!(patches.len(), 2);
    assert_eq!(patches[0]["metadata"]["resourceVersion"], version);
    let entry = &patches[0]["metadata"]["managedFields"][0];
    assert_eq!(entry["manager"], crate::FIELD_MANAGER);
    assert_eq!(
        entry["fieldsV1"]["f:spec"]["f:backup"]["f:schedules"],
        json!({})
    );
    assert_eq!(patches[0].get("spec"), None);
    assert_eq!(patches[1]["spec"].get("backup"), None);
}
