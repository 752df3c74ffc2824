//! The backup before a database goes.

use everest_core::final_backup::FINAL_BACKUP_OF;

use super::*;

const FINAL: &str =
    "/apis/everest.percona.com/v1alpha1/namespaces/prod/databaseclusterbackups/orders-final-u";

fn protected_by_a_final_backup() -> DatabaseModel {
    model(json!({"keepBackupData": false, "finalBackup": {"backupStorageName": "s3"}}))
}

/// A cluster with the database, whose new backups end in `state`.
fn with_backups_that_end(
    state: &'static str,
    more: api_server::Objects,
) -> (Cluster, api_server::Seen) {
    let mut objects: api_server::Objects = [(DATABASE.to_owned(), object("ready"))].into();
    objects.extend(more);
    let (cluster, seen, _) = api_server::store(objects, move |objects, method, path| {
        api_server::letting_go(objects, method, path);
        if method == "PATCH" && path == FINAL {
            let now = k8s_openapi::jiff::Timestamp::now().to_string();
            objects.get_mut(path).unwrap()["status"] = json!({"state": state, "gaps": false,
                "completed": now, "destination": "s3://bucket/orders/u/full"});
        }
    });
    (cluster, seen)
}

fn existing(state: &str, of: &str) -> api_server::Objects {
    let (_, mut backup) = backup("orders-final-u", "orders");
    backup["metadata"]["annotations"] = json!({ FINAL_BACKUP_OF: of });
    let now = k8s_openapi::jiff::Timestamp::now().to_string();
    backup["status"] = json!({"state": state, "gaps": false, "completed": now,
        "destination": "s3://bucket/orders/u/full"});
    [(FINAL.to_owned(), backup)].into()
}

#[tokio::test(start_paused = true)]
async fn it_is_taken_waited_for_and_protected() {
    let (cluster, seen) = with_backups_that_end("Succeeded", api_server::Objects::new());
    let taken = take_final_backup(&cluster, &protected_by_a_final_backup(), &wait())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(taken.name, "orders-final-u");
    assert_eq!(taken.storage, "s3");
    assert_eq!(
        taken.destination.as_deref(),
        Some("s3://bucket/orders/u/full")
    );
    let patch = format!("PATCH {FINAL}");
    assert_eq!(api_server::writes(&seen), [patch.clone(), patch]);
    let seen = seen.lock().unwrap();
    let (_, protection) = seen
        .iter()
        .rfind(|(line, _)| line.starts_with("PATCH"))
        .unwrap();
    let finalizers = &protection["metadata"]["finalizers"];
    assert_eq!(
        finalizers[0], "everest.percona.com/dbb-storage-protection",
        "{protection}"
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_failed_keeps_the_database() {
    let (cluster, _) = with_backups_that_end("Failed", api_server::Objects::new());
    let taken = take_final_backup(&cluster, &protected_by_a_final_backup(), &wait()).await;
    assert!(
        matches!(taken, Err(ClusterError::Failed { .. })),
        "{taken:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_destruction_that_is_tried_again_takes_no_other() {
    let (cluster, seen) = with_backups_that_end("Succeeded", existing("Succeeded", "u"));
    let taken = take_final_backup(&cluster, &protected_by_a_final_backup(), &wait()).await;
    assert!(matches!(taken, Ok(Some(_))), "{taken:?}");
    // Only the protection is written.
    assert_eq!(api_server::writes(&seen), [format!("PATCH {FINAL}")]);
}

#[tokio::test(start_paused = true)]
async fn one_that_failed_makes_room_for_another() {
    let (cluster, seen) = with_backups_that_end("Succeeded", existing("Failed", "u"));
    let taken = take_final_backup(&cluster, &protected_by_a_final_backup(), &wait()).await;
    assert!(matches!(taken, Ok(Some(_))), "{taken:?}");
    assert!(api_server::writes(&seen).contains(&format!("DELETE {FINAL}")));
}

#[tokio::test(start_paused = true)]
async fn a_backup_of_somebody_elses_is_not_taken_for_it() {
    let (cluster, seen) = with_backups_that_end("Succeeded", existing("Succeeded", "another"));
    let error = take_final_backup(&cluster, &protected_by_a_final_backup(), &wait())
        .await
        .unwrap_err();
    assert_eq!(error.attribute().unwrap().snake_case(), "final_backup.name");
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_not_ready_is_kept_and_one_that_goes_or_is_gone_is_let_go() {
    let take = async |objects: api_server::Objects| {
        let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
        let taken = take_final_backup(&cluster, &protected_by_a_final_backup(), &wait()).await;
        assert_eq!(api_server::writes(&seen), Vec::<String>::new());
        taken
    };
    let error = take([(DATABASE.to_owned(), object("initializing"))].into())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("initializing"), "{error}");
    let mut going = object("ready");
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(
        take([(DATABASE.to_owned(), going)].into()).await.unwrap(),
        None
    );
    assert_eq!(take(api_server::Objects::new()).await.unwrap(), None);
}
