//! The number of reads of an object before it is changed.

use super::*;

/// The requests on the database itself, in order.
fn on_the_database(seen: &api_server::Seen) -> Vec<String> {
    let seen = seen.lock().unwrap();
    seen.iter()
        .filter_map(|(line, _)| line.split('?').next())
        .filter(|line| line.ends_with(DATABASE))
        .map(str::to_owned)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_change_that_waits_for_nothing_is_made_of_one_read() {
    let objects = [(DATABASE.to_owned(), object("ready"))].into();
    let (cluster, seen, _) = api_server::store(objects, ready_at_once);
    let planned = model(json!({"wait": false, "labels": {"team": "shop"}}));
    let changed = update(&cluster, &model(json!({})), &planned, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    assert_eq!(
        on_the_database(&seen),
        [format!("GET {DATABASE}"), format!("PATCH {DATABASE}")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_that_had_to_wait_is_made_of_what_is_there_then() {
    let mut restoring = object("restoring");
    restoring["spec"]["dataSource"] = json!({"dbClusterBackupName": "first"});
    let objects = [(DATABASE.to_owned(), restoring)].into();
    let (cluster, seen, objects) = api_server::store(objects, ready_at_once);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let mut objects = objects.lock().unwrap();
        objects.insert(DATABASE.to_owned(), object("ready"));
    });
    let mut planned = model(json!({"wait": false}));
    planned.spec.known_mut().unwrap().paused = false.into();
    let changed = update(&cluster, &model(json!({})), &planned, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    let seen = seen.lock().unwrap();
    let (_, sent) = seen
        .iter()
        .find(|(line, _)| line.starts_with("PATCH"))
        .unwrap();
    assert_eq!(sent["spec"]["dataSource"], Value::Null, "{sent}");
}
