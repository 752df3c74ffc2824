//! Objects that someone else has made anew under the name of one in a state.

use everest_cluster::FIELD_MANAGER;

use super::unacknowledged::marked;
use super::*;
use everest_schemas::models::NamespaceModel;

/// The private state of an object that was last read with this UID.
fn known_by(uid: &str) -> Private {
    let mut private = Private::default();
    replaced::note_uid(&mut private, Some(uid.to_owned()));
    private
}

fn namespace() -> NamespaceModel {
    serde_json::from_value(json!({"name": "prod", "engines": {}})).unwrap()
}

/// The error of a refused destruction; `None` if the object has the expected UID.
async fn refused<K: Guarded>(objects: Vec<(String, Json)>, prior: &K::Model) -> bool {
    let (session, kept) = world(objects);
    for object in kept.lock().unwrap().values_mut() {
        object["metadata"]["uid"] = json!("theirs");
    }
    let before = kept.lock().unwrap().clone();
    let stage = Stage::<K>::on(&session);
    let said = stage.delete(prior, &known_by("ours")).await;
    assert_eq!(*kept.lock().unwrap(), before, "nothing is written");
    said.is_refusal() && said.says("created again by someone else") && said.says("Plan again")
}

#[tokio::test]
async fn nothing_is_destroyed_but_what_the_state_holds() {
    let open = DatabaseModel {
        deletion_protection: false.into(),
        final_backup: serde_json::from_value(json!({"backupStorageName": "s3"})).unwrap(),
        ..orders()
    };
    assert!(refused::<Database>(vec![database("orders"), backup()], &open).await);
    let backup_model = BackupModel {
        namespace: "prod".into(),
        name: "b".into(),
        ..BackupModel::default()
    };
    assert!(refused::<Backup>(vec![backup()], &backup_model).await);
    assert!(refused::<Namespace>(vec![], &namespace()).await);
}

#[tokio::test]
async fn a_database_whose_creation_noted_no_uid_is_known_by_the_one_that_its_state_shows() {
    let (session, _) = world([database("orders")]);
    let stage = Stage::<Database>::on(&session);
    let open = DatabaseModel {
        deletion_protection: false.into(),
        uid: "another".into(),
        ..orders()
    };
    let said = stage.delete(&open, &Private::default()).await;
    assert!(said.says("created again by someone else"), "{said:?}");
}

#[tokio::test]
async fn what_a_read_has_shown_is_what_the_state_holds() {
    let (session, _) = world([database("orders")]);
    let stage = Stage::<Database>::on(&session);
    let mut private = known_by("ours");
    stage.read(&orders(), &mut private).await;
    assert_eq!(replaced::uid(&private).as_deref(), Some("orders"));
}

#[tokio::test]
async fn a_change_of_what_somebody_has_made_anew_is_refused() {
    let storage = object(
        "BackupStorage",
        "backupstorages",
        "s3",
        json!({"type": "s3", "bucket": "b", "region": "r"}),
        json!({}),
    );
    let (session, kept) = world([storage]);
    let before = kept.lock().unwrap().clone();
    let prior: BackupStorageModel = serde_json::from_value(json!({"namespace": "prod",
        "name": "s3", "spec": {"type": "s3", "bucket": "b", "region": "r"}}))
    .unwrap();
    let mut planned = prior.clone();
    planned.spec.known_mut().unwrap().description = "ours".into();
    let storages = Stage::<BackupStorage>::on(&session);
    let said = storages
        .update(&prior, &planned, &mut known_by("ours"))
        .await;
    assert!(said.says("created again by someone else"), "{said:?}");

    let planned = NamespaceModel {
        labels: serde_json::from_value(json!({"team": "ours"})).unwrap(),
        ..namespace()
    };
    let namespaces = Stage::<Namespace>::on(&session);
    let said = namespaces
        .update(&namespace(), &planned, &mut known_by("ours"))
        .await;
    assert!(said.says("created again by someone else"), "{said:?}");
    assert_eq!(*kept.lock().unwrap(), before);
}

#[tokio::test]
async fn what_is_replaced_under_another_name_is_known_by_its_uid() {
    let (session, kept) = world([database("orders")]);
    let stage = Stage::<Database>::on(&session);
    let open = DatabaseModel {
        deletion_protection: false.into(),
        ..orders()
    };
    let mut creation = Private::default();
    creation.set_replaced(&known_by("ours"));
    let said = stage.delete(&open, &creation).await;
    assert!(said.says("created again by someone else"), "{said:?}");
    assert!(kept.lock().unwrap().contains_key(&database("orders").0));
}

#[tokio::test]
async fn what_a_replacement_that_was_cut_off_has_made_is_not_destroyed_by_the_next_one() {
    let (session, kept) = world([marked(database("orders"), FIELD_MANAGER)]);
    let stage = Stage::<Database>::on(&session);
    let config = DatabaseModel {
        deletion_protection: false.into(),
        ..orders()
    };
    let mut private = known_by("the one before");
    let (read, _) = stage.read(&config, &mut private).await;
    let ReadResult::Found(found) = read else {
        panic!("it is there");
    };
    let prior: DatabaseModel = model::decode(&found, &stage.object).unwrap();
    assert_eq!(prior.uid.known_str(), Some("orders"));
    let (plan, _) = stage.plan(None, &config, Private::default()).await;
    let said = stage.delete(&prior, &plan.private).await;
    assert!(!said.is_refusal(), "{said:?}");
    assert!(kept.lock().unwrap().contains_key(&database("orders").0));
}
