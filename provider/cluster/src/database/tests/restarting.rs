//! Restarts.

use std::sync::{Arc, Mutex};

use everest_core::restart::{RESTART, RESTARTED_FOR};

use super::*;

fn triggered(trigger: &str) -> DatabaseModel {
    model(json!({ "restartTrigger": trigger }))
}

/// Plays everest-operator: the annotation is gone again some time after it came. What is
/// counted is how often it came.
fn restarting(live: Value) -> (Cluster, api_server::Seen, Arc<Mutex<usize>>) {
    let begun = Arc::new(Mutex::new(0));
    let count = begun.clone();
    let (cluster, seen, objects) = api_server::store(
        [(DATABASE.to_owned(), live)].into(),
        move |objects, method, path| {
            let live = &objects[path];
            if method == "PATCH" && live["metadata"]["annotations"][RESTART].is_string() {
                *count.lock().unwrap() += 1;
            }
        },
    );
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let mut objects = objects.lock().unwrap();
        let live = objects.get_mut(DATABASE).unwrap();
        live["metadata"]["annotations"]
            .as_object_mut()
            .unwrap()
            .remove(RESTART);
        live["metadata"]["resourceVersion"] = json!("1000");
    });
    (cluster, seen, begun)
}

#[tokio::test(start_paused = true)]
async fn another_trigger_restarts_once_and_waits_until_it_is_over() {
    let (cluster, _, begun) = restarting(object("ready"));
    let started = tokio::time::Instant::now();
    let planned = triggered("b");
    let changed = update(&cluster, &triggered("a"), &planned, &planned, &wait()).await;
    let Change::Done(observed) = changed else {
        panic!("{changed:?}")
    };
    assert!(started.elapsed() >= Duration::from_secs(60));
    assert_eq!(*begun.lock().unwrap(), 1);
    assert!(observed.annotations.is_null(), "{:?}", observed.annotations);
}

#[tokio::test(start_paused = true)]
async fn an_apply_that_was_killed_after_it_began_a_restart_begins_no_other() {
    for still_running in [true, false] {
        let mut live = object("ready");
        live["metadata"]["annotations"] = json!({ RESTARTED_FOR: "b" });
        if still_running {
            live["metadata"]["annotations"][RESTART] = json!("true");
        }
        let (cluster, seen, _) = restarting(live);
        let planned = triggered("b");
        let changed = update(&cluster, &triggered("a"), &planned, &planned, &wait()).await;
        assert!(matches!(changed, Change::Done(_)), "{changed:?}");
        let seen = seen.lock().unwrap();
        let asks = |body: &Value| body["metadata"]["annotations"][RESTART].is_string();
        assert!(!seen.iter().any(|(_, body)| asks(body)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_has_paused_meanwhile_is_not_started() {
    let mut live = object("paused");
    live["spec"]["paused"] = json!(true);
    let (cluster, seen, begun) = restarting(live);
    let mut planned = triggered("b");
    let spec = planned.spec.known_mut().unwrap();
    spec.engine.known_mut().unwrap().replicas = 5.into();
    let changed = update(&cluster, &triggered("a"), &planned, &planned, &wait()).await;
    let Change::Refused(error) = changed else {
        panic!("{changed:?}")
    };
    assert_eq!(error.attribute().unwrap().to_string(), "restartTrigger");
    assert_eq!(*begun.lock().unwrap(), 0);
    // Nor is what was to change with the restart written: nobody would wait for it.
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_read_during_a_restart_shows_neither_pause_nor_annotations() {
    let mut live = object("paused");
    live["spec"]["paused"] = json!(true);
    live["metadata"]["annotations"] = json!({RESTART: "true", RESTARTED_FOR: "b"});
    live["metadata"]["managedFields"] = json!([{"manager": crate::FIELD_MANAGER,
        "operation": "Update", "fieldsV1": {"f:metadata": {"f:annotations":
            {format!("f:{RESTART}"): {}, format!("f:{RESTARTED_FOR}"): {}}}}}]);
    let (cluster, _, _) = restarting(live);
    let found = cluster.object(&model(json!({}))).await.unwrap().unwrap();
    let found: DatabaseModel = cluster.observed(&found);
    assert_eq!(found.spec.known().unwrap().paused.known(), Some(&false));
    assert_eq!(found.ready.known(), Some(&false));
    assert!(found.annotations.is_null());
}
