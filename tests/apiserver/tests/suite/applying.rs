//! Server-side apply.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::client::{api, apply, create, managed, merge, server, widget};

#[tokio::test]
async fn an_apply_makes_an_object_and_manages_what_it_names() {
    let api = api(server().client());
    let spec = json!({"size": 1, "ports": [{"name": "a", "number": 1}]});
    let made = apply(&api, "m", false, &widget("w", spec)).await.unwrap();
    assert_eq!(made["spec"]["color"], "red", "a default is filled in");
    assert_eq!(
        managed(&made, "m"),
        json!({"f:spec": {"f:ports": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {},
            "f:number": {}}}, "f:size": {}}})
    );
}

#[tokio::test]
async fn what_is_no_longer_applied_goes_unless_another_manages_it() {
    let api = api(server().client());
    let both = json!({"labels": {"x": "1", "y": "1"}, "ports": [{"name": "a"}, {"name": "b"}]});
    apply(&api, "one", false, &widget("w", both)).await.unwrap();
    let shared = widget("w", json!({"labels": {"y": "1"}}));
    apply(&api, "two", false, &shared).await.unwrap();
    let less = widget("w", json!({"ports": [{"name": "b"}]}));
    let left = apply(&api, "one", false, &less).await.unwrap();
    assert_eq!(left["spec"]["labels"], json!({"y": "1"}));
    assert_eq!(left["spec"]["ports"], json!([{"name": "b"}]));
}

#[tokio::test]
async fn a_value_that_another_manages_is_a_conflict_until_it_is_forced() {
    let api = api(server().client());
    apply(&api, "one", false, &widget("w", json!({"size": 1})))
        .await
        .unwrap();
    let two = widget("w", json!({"size": 2}));
    let refused = apply(&api, "two", false, &two).await.unwrap_err();
    assert_eq!((refused.code, refused.reason.as_str()), (409, "Conflict"));
    assert_eq!(
        refused.message,
        "Apply failed with 1 conflict: conflict with \"one\": .spec.size"
    );
    let causes = refused.details.unwrap().causes;
    assert_eq!(causes[0].reason, "FieldManagerConflict");
    assert_eq!(causes[0].field, ".spec.size");
    let taken = apply(&api, "two", true, &two).await.unwrap();
    assert_eq!(taken["spec"]["size"], 2);
    assert_eq!(managed(&taken, "one"), Value::Null);
}

#[tokio::test]
async fn an_update_takes_fields_away_from_who_applied_them() {
    let api = api(server().client());
    apply(
        &api,
        "one",
        false,
        &widget("w", json!({"size": 1, "words": ["a"]})),
    )
    .await
    .unwrap();
    let edited = merge(&api, "w", json!({"spec": {"size": 5}}))
        .await
        .unwrap();
    assert_eq!(
        managed(&edited, "editor"),
        json!({"f:spec": {"f:size": {}}})
    );
    assert_eq!(managed(&edited, "one"), json!({"f:spec": {"f:words": {}}}));
    let refused = apply(&api, "one", false, &widget("w", json!({"size": 1})))
        .await
        .unwrap_err();
    assert!(
        refused
            .message
            .contains("conflict with \"editor\" using example.com/v1: .spec.size")
    );
}

#[tokio::test]
async fn an_update_entry_is_turned_into_that_of_an_apply_by_a_write_of_the_managers() {
    let api = api(server().client());
    let made = create(&api, widget("w", json!({"size": 1, "words": ["a"]})))
        .await
        .unwrap();
    let mut entry = made["metadata"]["managedFields"][0].clone();
    assert_eq!(entry["operation"], "Update");
    entry["operation"] = json!("Apply");
    entry["manager"] = json!("m");
    let body = json!({"metadata": {"managedFields": [entry]}});
    merge(&api, "w", body).await.unwrap();
    let left = apply(&api, "m", false, &widget("w", json!({"size": 1})))
        .await
        .unwrap();
    assert_eq!(left["spec"], json!({"size": 1, "color": "red"}));
}

#[tokio::test]
async fn an_apply_that_changes_nothing_leaves_the_version() {
    let api = api(server().client());
    let object = widget("w", json!({"size": 1}));
    let one = apply(&api, "m", false, &object).await.unwrap();
    let two = apply(&api, "m", false, &object).await.unwrap();
    assert_eq!(one, two);
}

#[tokio::test]
async fn a_field_that_the_kind_does_not_have_is_refused() {
    let api = api(server().client());
    let object = widget("w", json!({"nope": 1}));
    let refused = apply(&api, "m", false, &object).await.unwrap_err();
    assert_eq!(refused.code, 500);
    assert_eq!(
        refused.message,
        "failed to create typed patch object (/w; example.com/v1, Kind=Widget): \
         .spec.nope: field not declared in schema"
    );
}

/// Parts of a widget's spec that may or may not be applied.
fn specs() -> impl Strategy<Value = Value> {
    let size = proptest::option::of(1..4_i64);
    let words = proptest::option::of(proptest::collection::vec("[ab]", 0..3));
    let labels = proptest::collection::btree_map("[xyz]", "[12]", 0..3);
    let ports = proptest::collection::btree_map("[pqr]", 1..3_i64, 0..3);
    (size, words, labels, ports).prop_map(|(size, words, labels, ports)| {
        let mut spec = json!({});
        if let Some(size) = size {
            spec["size"] = json!(size);
        }
        if let Some(words) = words {
            spec["words"] = json!(words);
        }
        if !labels.is_empty() {
            spec["labels"] = json!(labels);
        }
        if !ports.is_empty() {
            let ports = ports
                .iter()
                .map(|(name, number)| json!({"name": name, "number": number}));
            spec["ports"] = ports.collect();
        }
        spec
    })
}

/// Returns true if everything in `wanted` is in `held`, elements of lists by their names.
fn holds(held: &Value, wanted: &Value) -> bool {
    match (held, wanted) {
        (Value::Object(held), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, wanted)| held.get(name).is_some_and(|held| holds(held, wanted))),
        (Value::Array(held), Value::Array(wanted)) if wanted.iter().all(Value::is_object) => wanted
            .iter()
            .all(|wanted| held.iter().any(|held| holds(held, wanted))),
        (held, wanted) => held == wanted,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn applies_of_one_manager_leave_what_the_last_names_and_nothing_else(
        specs in proptest::collection::vec(specs(), 1..5)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (one, other) = (api(server().client()), api(server().client()));
            let mut left = Value::Null;
            for spec in &specs {
                left = apply(&one, "m", false, &widget("w", spec.clone())).await.unwrap();
            }
            let last = specs.last().unwrap().clone();
            let alone = apply(&other, "m", false, &widget("w", last)).await.unwrap();
            let mut sorted = (left["spec"].clone(), alone["spec"].clone());
            for spec in [&mut sorted.0, &mut sorted.1] {
                if let Some(ports) = spec["ports"].as_array_mut() {
                    ports.sort_by_key(ToString::to_string);
                }
            }
            prop_assert_eq!(&sorted.0, &sorted.1);
            prop_assert_eq!(managed(&left, "m"), managed(&alone, "m"));
            Ok(())
        })?;
    }

    #[test]
    fn a_forced_apply_gets_all_it_names_and_takes_nothing_else_of_anothers(
        first in specs(), second in specs()
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let api = api(server().client());
            apply(&api, "one", false, &widget("w", first.clone())).await.unwrap();
            let both = widget("w", second.clone());
            let merged = apply(&api, "two", true, &both).await.unwrap();
            prop_assert!(holds(&merged["spec"], &second), "{merged}");
            // Once the second lets go, the first one has back what is not gone for good.
            let refused = apply(&api, "one", false, &widget("w", first.clone())).await;
            let is_disjoint = managed(&merged, "one") == {
                let own = apply(&self::api(server().client()), "one", false,
                    &widget("w", first.clone())).await.unwrap();
                managed(&own, "one")
            };
            prop_assert_eq!(refused.is_ok(), is_disjoint);
            Ok(())
        })?;
    }
}
