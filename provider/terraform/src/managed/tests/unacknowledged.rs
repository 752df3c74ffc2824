//! Objects of a state whose creation nobody has acknowledged: its process was killed in between.

use everest_cluster::{CREATED_BY_APPLY, FIELD_MANAGER};

use super::*;

/// An object with the mark of a creation by `manager`.
pub(super) fn marked((path, mut object): (String, Json), manager: &str) -> (String, Json) {
    object["metadata"]["annotations"] = json!({CREATED_BY_APPLY: "a digest"});
    object["metadata"]["managedFields"] = json!([{"manager": manager, "operation": "Apply",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:annotations": {format!("f:{CREATED_BY_APPLY}"): {}}}}}]);
    (path, object)
}

/// Returns true if the plan that comes after a read changes something. The state knows the object
/// by `uid`.
async fn is_changed(object: (String, Json), uid: Option<&str>) -> bool {
    let (session, _) = world([object]);
    let stage = Stage::<Backup>::on(&session);
    let mut private = Private::default();
    replaced::note_uid(&mut private, uid.map(str::to_owned));
    let prior = BackupModel {
        namespace: "prod".into(),
        name: "b".into(),
        ..BackupModel::default()
    };
    let (read, said) = stage.read(&prior, &mut private).await;
    assert!(said.is_nothing(), "{said:?}");
    let ReadResult::Found(found) = read else {
        panic!("it is there");
    };
    let found = model::decode(&found, &stage.object).unwrap();
    let (plan, said) = stage.plan(Some(&found), &found, private).await;
    assert!(said.is_nothing(), "{said:?}");
    assert!(plan.replace.is_empty());
    let (planned, found) = (plan.planned, stage.value(&found));
    assert_eq!(planned.get("destination"), found.get("destination"));
    planned != found
}

#[tokio::test]
async fn a_creation_that_nobody_has_acknowledged_is_acknowledged_by_the_next_apply() {
    assert!(!is_changed(backup(), None).await);
    for uid in [None, Some("b")] {
        assert!(is_changed(marked(backup(), FIELD_MANAGER), uid).await);
    }
    assert!(!is_changed(marked(backup(), "kubectl"), None).await);
    // A replacement that was cut off has made the next object already.
    assert!(!is_changed(marked(backup(), FIELD_MANAGER), Some("the one before")).await);
}
