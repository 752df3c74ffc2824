use k8s_openapi::api::core::v1::ConfigMap;
use std::time::Duration;

use super::*;
use crate::testing::api_server::{self, Answer};

const MAP: &str = "/api/v1/namespaces/n/configmaps/a";

fn body(size: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"},
        "binaryData": {"size": size}})
}

async fn made(
    cluster: &crate::Cluster,
    size: &str,
) -> Result<(ConfigMap, Unacknowledged), ClusterError> {
    let made = Unacknowledged::default();
    let objects = cluster.objects::<ConfigMap>("n");
    let created = create(&objects, "a", body(size), &made).await?;
    Ok((created, made))
}

fn mark(objects: &api_server::Objects) -> Value {
    objects[MAP]["metadata"]["annotations"][CREATED_BY_APPLY].clone()
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_was_killed_goes_on_and_writes_nothing() {
    let (cluster, seen, _) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    made(&cluster, "MQ==").await.unwrap();
    assert_eq!(api_server::writes(&seen).len(), 1);
    made(&cluster, "MQ==").await.unwrap();
    assert_eq!(
        api_server::writes(&seen).len(),
        1,
        "it is as it would be written"
    );
}

#[tokio::test(start_paused = true)]
async fn what_another_plan_would_write_is_not_adopted() {
    let (cluster, _, _) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    made(&cluster, "MQ==").await.unwrap();
    let error = made(&cluster, "Mg==").await.err().unwrap();
    assert!(
        matches!(error, ClusterError::AlreadyExists { .. }),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_state_holds_is_not_adopted_by_the_same_plan_of_another() {
    let (cluster, seen, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let (_, first) = made(&cluster, "MQ==").await.unwrap();
    cluster.acknowledge(first);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(
        mark(&objects.lock().unwrap()).is_string(),
        "the client may still be killed"
    );
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(mark(&objects.lock().unwrap()).is_null());
    let error = made(&cluster, "MQ==").await.err().unwrap();
    assert!(
        error.to_string().contains("Import it with the id \"n/a\""),
        "{error}"
    );
    assert_eq!(api_server::writes(&seen).len(), 2, "one small request more");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_process_acknowledges_what_is_left() {
    let (cluster, seen, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let (_, first) = made(&cluster, "MQ==").await.unwrap();
    cluster.acknowledge(first);
    cluster.acknowledge_all().await;
    assert!(mark(&objects.lock().unwrap()).is_null());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(api_server::writes(&seen).len(), 2, "once is enough");
}

#[tokio::test(start_paused = true)]
async fn an_object_of_the_same_name_that_came_later_is_not_acknowledged() {
    let (cluster, _, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let (_, first) = made(&cluster, "MQ==").await.unwrap();
    objects.lock().unwrap().get_mut(MAP).unwrap()["metadata"]["uid"] = json!("another");
    cluster.acknowledge(first);
    cluster.acknowledge_all().await;
    assert!(mark(&objects.lock().unwrap()).is_string());
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_another_manager_has_copied_means_nothing() {
    let mut copied = marked(body("MQ=="), &digest(&body("MQ==")));
    copied["metadata"]["managedFields"] = json!([{"manager": "kubectl", "operation": "Apply",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:annotations": {format!("f:{CREATED_BY_APPLY}"): {}}}}}]);
    let (cluster, seen, _) = api_server::store([(MAP.to_owned(), copied)].into(), |_, _, _| {});
    assert!(made(&cluster, "MQ==").await.is_err());
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_is_being_deleted_is_not_gone_on_with() {
    let (cluster, _, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    made(&cluster, "MQ==").await.unwrap();
    {
        let mut objects = objects.lock().unwrap();
        let metadata = &mut objects.get_mut(MAP).unwrap()["metadata"];
        metadata["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        metadata["finalizers"] = json!(["theirs"]);
    }
    let error = made(&cluster, "MQ==").await.err().unwrap();
    assert!(error.to_string().contains("It is being deleted"), "{error}");
}

/// A server on which somebody else makes `theirs` between the look and the write.
async fn raced(theirs: Value) -> Result<ConfigMap, ClusterError> {
    let looked = std::sync::atomic::AtomicBool::new(false);
    let (cluster, seen) = api_server::cluster(move |method, _, body| match method {
        "GET" if !looked.swap(true, std::sync::atomic::Ordering::Relaxed) => {
            api_server::absent("configmaps", "a")
        }
        "GET" => Answer::Json(200, theirs.clone()),
        _ if body["metadata"]["resourceVersion"].is_string() => {
            api_server::failure(409, "Conflict", "the object has been modified", json!({}))
        }
        _ => Answer::Json(200, body.clone()),
    });
    let result = made(&cluster, "MQ==").await.map(|(made, _)| made);
    assert_eq!(
        api_server::writes(&seen).len(),
        1,
        "nothing is written over it"
    );
    result
}

#[tokio::test(start_paused = true)]
async fn an_object_that_somebody_makes_in_the_same_moment_is_left_alone() {
    let mut theirs = body("Mg==");
    theirs["metadata"]["uid"] = json!("theirs");
    let error = raced(theirs).await.unwrap_err();
    assert!(
        matches!(error, ClusterError::AlreadyExists { .. }),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_got_lost_has_its_object() {
    let made_it = std::sync::Mutex::new(None);
    let (cluster, _) = api_server::cluster(move |method, _, body| {
        let mut object = made_it.lock().unwrap();
        match method {
            "GET" => object.clone().map_or_else(
                || api_server::absent("configmaps", "a"),
                |found| Answer::Json(200, found),
            ),
            _ if object.is_none() => {
                let mut made = body.clone();
                made["metadata"]["uid"] = json!("u");
                made["metadata"]["managedFields"] = json!([{"manager": crate::FIELD_MANAGER,
                    "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata":
                    {"f:annotations": {format!("f:{CREATED_BY_APPLY}"): {}}}}}]);
                *object = Some(made);
                Answer::Broken("connection reset by peer")
            }
            _ => api_server::failure(409, "Conflict", "the object has been modified", json!({})),
        }
    });
    made(&cluster, "MQ==").await.unwrap();
}

/// The same cluster as another run sees it.
fn another_run(cluster: &crate::Cluster) -> crate::Cluster {
    let mut other = cluster.with_empty_cache();
    other.run = new_run().into();
    other
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_run_has_made_is_taken_once_nobody_says_otherwise() {
    let (cluster, seen, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    made(&cluster, "MQ==").await.unwrap();
    let begun = Instant::now();
    let next = another_run(&cluster);
    let (taken, _) = made(&next, "MQ==").await.unwrap();
    assert!(begun.elapsed() >= STANDS, "{:?}", begun.elapsed());
    assert_eq!(
        api_server::writes(&seen).len(),
        2,
        "the creation and the claim"
    );
    let (again, _) = made(&next, "MQ==").await.unwrap();
    assert_eq!(again.metadata.uid, taken.metadata.uid);
    assert_eq!(
        mark(&objects.lock().unwrap()),
        mark_of(&next.objects::<ConfigMap>("n"), &body("MQ=="))
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_run_at_work_has_made_stays_its_own() {
    let (cluster, _, _) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let (first, _) = made(&cluster, "MQ==").await.unwrap();
    let objects = cluster.objects::<ConfigMap>("n");
    let ours = mark_of(&objects, &body("MQ=="));
    let at_work = async {
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let found = objects.get("a").await.unwrap().unwrap();
            assert_eq!(found.metadata.uid, first.metadata.uid);
            defend(&objects, &found, &ours).await;
        }
    };
    let other = another_run(&cluster);
    let error = tokio::select! {
        error = made(&other, "MQ==") => error.err().unwrap(),
        () = at_work => unreachable!(),
    };
    assert!(
        error
            .to_string()
            .contains("Another run with the same configuration"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_another_run_acknowledges_meanwhile_is_to_be_imported() {
    let (cluster, _, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let (_, first) = made(&cluster, "MQ==").await.unwrap();
    cluster.acknowledge(first);
    let error = made(&another_run(&cluster), "MQ==").await.err().unwrap();
    assert!(
        error.to_string().contains("Import it with the id \"n/a\""),
        "{error}"
    );
    assert!(mark(&objects.lock().unwrap()).is_null());
}

#[tokio::test(start_paused = true)]
async fn of_two_runs_that_claim_what_a_killed_one_has_made_one_gets_it() {
    let (cluster, _, _) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    made(&cluster, "MQ==").await.unwrap();
    let (one, other) = (another_run(&cluster), another_run(&cluster));
    let later = async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        made(&other, "MQ==").await
    };
    let (first, second) = tokio::join!(made(&one, "MQ=="), later);
    assert!(first.is_err() && second.is_ok());
}

#[test]
fn a_digest_holds_no_credentials_and_does_not_hang_on_the_order_of_members() {
    let import = |key: &str| {
        json!({"spec": {"dataSource": {"dataImport": {"source": {"s3": {
            "bucket": "b", "accessKeyId": key, "secretAccessKey": key}}}}}})
    };
    assert_eq!(digest(&import("a")), digest(&import("b")));
    assert_eq!(
        digest(&json!({"a": 1, "b": {"c": 2, "d": 3}})),
        digest(&json!({"b": {"d": 3, "c": 2}, "a": 1}))
    );
    assert_ne!(digest(&json!({"a": [1, 2]})), digest(&json!({"a": [2, 1]})));
}
