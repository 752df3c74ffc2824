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
async fn an_update_leaves_them_before_it_waits_for_anything() {
    // A database that is being restored would be waited for first.
    let mut busy = edited();
    busy["status"]["status"] = json!("restoring");
    let (cluster, seen, _) = fake::store([(DATABASE.to_owned(), busy)].into(), |_, _, _| {});
    let wanted = model(json!({}));
    let changed = update(&cluster, &drifted(), &wanted, &wanted, &wait()).await;
    let Change::Refused(error) = changed else {
        panic!("{changed:?}")
    };
    let text = error.to_string();
    for words in [
        "engine.replicas belongs to field manager \"kubectl-edit\", which says 5, not 3",
        "force_conflicts = true",
    ] {
        assert!(text.contains(words), "{text}");
    }
    assert_eq!(error.attribute().unwrap().to_string(), "engine.replicas");
    assert_eq!(fake::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_plan_knows_of_them_without_asking_more_and_force_lifts_it() {
    let objects = [(DATABASE.to_owned(), edited())].into();
    let (cluster, seen, _) = fake::store(objects, |_, _, _| {});
    let wanted = model(json!({}));
    let error = rehearse(&cluster, Some(&drifted()), &wanted, &wanted, false)
        .await
        .unwrap_err();
    assert!(matches!(error, ClusterError::Conflict { .. }), "{error}");
    let forced = model(json!({"forceConflicts": true}));
    rehearse(&cluster, Some(&drifted()), &forced, &forced, false)
        .await
        .unwrap();
    assert_eq!(fake::writes(&seen), Vec::<String>::new());
}
