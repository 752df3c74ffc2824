//! A keyword has the same effect wherever it appears.

use everest_schemas::everest::{DatabaseCluster, DatabaseClusterSpec};
use everest_schemas::models::DatabaseModel;
use everest_schemas::{Field, Tree};
use serde_json::{Value, json};

use super::*;
use crate::rules::Validate;
use crate::v1::{self, OwnedKeys};
use crate::{Operation, computed};

/// Puts a value at a path of the spec, beside nulls for what is required there; into a map under
/// the key `cpu`.
fn put(spec: &mut Value, place: &Place, value: Value) {
    let mut at = spec;
    let mut above = Place::root(known::<DatabaseClusterSpec>().schema);
    for name in names(&place.path) {
        let members: Vec<_> = above.members().collect();
        for (sibling, member) in &members {
            if member.is_required && at.get(sibling).is_none() {
                at[*sibling] = Value::Null;
            }
        }
        at = &mut at[name];
        above = members
            .into_iter()
            .find(|(member, _)| *member == name)
            .unwrap()
            .1;
    }
    if place.is_element {
        at = &mut at["cpu"];
    }
    *at = value;
}

fn held(spec: &Value, place: &Place) -> Value {
    let mut at = spec;
    for name in names(&place.path) {
        at = &at[name];
    }
    if place.is_element {
        at = &at["cpu"];
    }
    at.clone()
}

fn spec() -> Value {
    json!({"engine": {"type": "pxc", "storage": {"size": "1Gi"}}})
}

fn with(place: &Place, value: Value) -> Value {
    let mut spec = spec();
    put(&mut spec, place, value);
    spec
}

fn model(spec: Value) -> DatabaseModel {
    let model = json!({"namespace": "prod", "name": "orders", "spec": spec});
    serde_json::from_value(model).unwrap()
}

fn observed(spec: Value) -> Value {
    let object: DatabaseCluster = serde_json::from_value(json!({
        "apiVersion": v1::API_VERSION, "kind": "DatabaseCluster",
        "metadata": {"name": "orders", "namespace": "prod"}, "spec": spec,
    }))
    .unwrap();
    let model = v1::database::observed(&object, &OwnedKeys::default());
    serde_json::to_value(&model.spec).unwrap()
}

fn quantities() -> Vec<Place> {
    let mut found = places::<DatabaseClusterSpec>().to_vec();
    found.retain(|place| place.semantic() == Some("quantity"));
    assert!(found.len() > 10);
    found
}

#[test]
fn every_quantity_is_sent_as_everest_spells_it() {
    for place in quantities() {
        let body = v1::database::desired(&model(with(&place, json!("2048Mi"))), Operation::Create);
        assert_eq!(held(&body["spec"], &place), "2Gi", "{}", place.path);
    }
}

#[test]
fn every_text_in_place_of_a_quantity_is_refused() {
    for place in quantities() {
        let findings = model(with(&place, json!("plenty"))).check_syntax();
        let path = if place.is_element {
            place.path.key("cpu")
        } else {
            place.path
        };
        assert!(
            findings.iter().any(|finding| finding.path == path),
            "{path}"
        );
    }
}

#[test]
fn every_quantity_that_go_writes_for_none_is_not_observed() {
    for place in quantities() {
        // A database has a volume, and a map has no zeros that nobody has written.
        if place.is_element || place.path == FieldPath::of("engine.storage.size") {
            continue;
        }
        for zero in ["", "0"] {
            let seen = observed(with(&place, json!(zero)));
            assert_eq!(held(&seen, &place), Value::Null, "{}", place.path);
        }
    }
}

/// Go's zero value.
fn zero(place: &Place) -> Option<Value> {
    Some(match place.schema["type"].as_str()? {
        "boolean" => json!(false),
        "integer" => json!(0),
        "string" => json!(""),
        "array" => json!([]),
        _ => return None,
    })
}

#[test]
fn every_zero_that_go_writes_is_not_observed() {
    let mut checked = 0;
    for place in places::<DatabaseClusterSpec>() {
        let in_a_list = place.path.to_string().starts_with("backup.schedules.")
            || place.path.to_string().contains("claims.");
        let below_what_is_used_once = place.path.to_string().starts_with("dataSource");
        // Absent, it means the same as `false`.
        let is_said = place.path == FieldPath::of("paused");
        let skipped = place.is_element || place.is_required || in_a_list || is_said;
        let Some(zero) = zero(place).filter(|_| !skipped && !below_what_is_used_once) else {
            continue;
        };
        let seen = observed(with(place, zero));
        assert_eq!(held(&seen, place), Value::Null, "{}", place.path);
        checked += 1;
    }
    assert!(checked > 15, "{checked}");
}

#[test]
fn every_attribute_whose_change_replaces_a_database_cannot_change_in_place() {
    let mut checked = 0;
    for place in places::<DatabaseModel>() {
        if !place.says("x-force-new") {
            continue;
        }
        let value = |to: usize| match place.schema["enum"].as_array() {
            Some(choices) => choices[to].clone(),
            None => json!(["a", "b"][to]),
        };
        let at = |to: usize| match names(&place.path)[..] {
            [name] => {
                let mut all = json!(model(spec()));
                all[name] = value(to);
                serde_json::from_value(all).unwrap()
            }
            _ => model(with(place, value(to))),
        };
        let findings = at(1).check_immutable(&at(0));
        let paths: Vec<_> = findings.iter().map(|finding| &finding.path).collect();
        assert_eq!(paths, [&place.path], "{findings:?}");
        checked += 1;
    }
    assert!(checked > 5);
}

#[test]
fn a_change_of_everything_makes_every_output_unknown_that_is_not_lasting() {
    // An engine has its port, and an object its UID.
    let lasting = ["port", "uid"];
    let prior: DatabaseModel = serde_json::from_value(json!({
        "namespace": "prod", "name": "orders", "spec": spec(),
        "ready": true, "status": "ready", "message": "m", "hostname": "h", "hosts": ["h:1"],
        "port": 1, "credentialsSecretName": "s", "crVersion": "1", "recommendedCrVersion": "2",
        "uid": "u",
    }))
    .unwrap();
    let mut planned = prior.clone();
    planned.spec = model(json!({
        "engine": {"type": "pxc", "storage": {"size": "1Gi"}, "version": "9", "userSecretsName": "t"},
        "proxy": {"type": "proxysql"},
    }))
    .spec;
    computed::database::mark_affected(&prior, &mut planned);
    let tree = Tree::of(&planned).unwrap();
    for place in places::<DatabaseModel>() {
        if place.says("x-read-only") {
            let name = place.path.to_string();
            let is_unknown = *value_at::<DatabaseModel>(&tree, &place.path) == Tree::Unknown;
            assert_ne!(is_unknown, lasting.contains(&name.as_str()), "{name}");
        }
    }
}

#[test]
fn a_kind_is_found_by_names_through_lists_and_maps() {
    let kind = semantic::<DatabaseClusterSpec>;
    assert_eq!(kind(&["engine", "storage", "size"]), Some("quantity"));
    let limit = ["monitoring", "resources", "limits", "cpu"];
    assert_eq!(kind(&limit), Some("quantity"));
    assert_eq!(kind(&["backup", "schedules", "name"]), None);
    assert_eq!(kind(&["engine", "version"]), None);
    assert_eq!(kind(&["engine", "nothing", "below"]), None);
}

#[test]
fn a_walk_knows_where_it_is() {
    let mut seen = Vec::new();
    let model = model(json!({
        "engine": {"type": "pxc", "storage": null},
        "backup": {"schedules": [{"name": "nightly", "enabled": true, "schedule": null,
            "backupStorageName": null}]},
        "monitoring": {"resources": {"limits": {"cpu": "1"}}},
        "proxy": {"expose": {"ipSourceRanges": ["10.0.0.0/8"]}},
    }));
    visit(&model, |place, value| {
        if value.text().is_some() {
            seen.push(place.path.to_string());
        }
    });
    let expected = [
        "namespace",
        "name",
        "backup.schedules[\"nightly\"].name",
        "engine.type",
        "monitoring.resources.limits[\"cpu\"]",
        "proxy.expose.ipSourceRanges[0]",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn an_edit_keeps_what_is_not_known() {
    let mut edited = model(spec());
    edited.status = Field::Unknown;
    edited.spec.known_mut().unwrap().proxy = Field::Unknown;
    let before = edited.clone();
    edit(&mut edited, |_, _| {});
    assert_eq!(edited, before);
    edit(&mut edited, |place, value| {
        if place.path == FieldPath::of("name") {
            *value = Tree::Leaf("other".into());
        }
    });
    assert_eq!(edited.name, Field::from("other"));
}

#[test]
fn every_model_goes_through_a_walk_unchanged() {
    fn check<T>(model: T)
    where
        T: Serialize + DeserializeOwned + JsonSchema + Clone + PartialEq + 'static,
    {
        let mut edited = model.clone();
        edit(&mut edited, |_, _| {});
        assert!(edited == model);
    }
    macro_rules! check_each {
        ($($module:ident::$kind:ident = $model:ty;)*) => { $(check(<$model>::default());)* };
    }
    everest_schemas::for_each_kind!(check_each);
    everest_schemas::for_each_server_setting!(check_each);
}
