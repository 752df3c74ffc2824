//! Elements of lists of objects: one that moves is the same still, and keeps what was computed of it.

use std::collections::BTreeSet;

use serde_json::json;
use tfplugin::planning::check::{self, Planned};
use tfplugin::planning::{configured, contradictions, fill, propose, refresh, replacements};
use tfplugin::schema::{Object, Schema, SchemaError};
use tfplugin::value::Value;

fn same(_: &str, a: &str, b: &str) -> bool {
    a.trim_start_matches('0') == b.trim_start_matches('0')
}

/// A list of disks: with keys, or without.
fn disks(keys: Option<&[&str]>) -> Object {
    let mut list = json!({ "type": "array", "items": { "type": "object", "properties": {
        "name": { "type": "string", "x-force-new": true },
        "bus": { "type": "string", "x-computed": true },
        "size": { "type": "string", "x-semantic": "zeros" },
        "tier": { "type": "string", "x-computed": true },
        "lamp": { "type": "string", "x-computed": true, "x-unfilled": true },
        "note": { "type": "string", "x-local": true },
        "id": { "type": "string", "x-read-only": true },
    } } });
    if let Some(keys) = keys {
        list["x-kubernetes-list-type"] = "map".into();
        list["x-kubernetes-list-map-keys"] = keys.into();
    }
    let json = json!({ "type": "object", "properties": { "disks": list } });
    Schema::from_json_schema(&json, 0, "").unwrap().root
}

fn disk(members: &[(&str, &str)]) -> Value {
    let nothing = ["name", "bus", "size", "tier", "lamp", "note", "id"];
    let mut all: Vec<_> = nothing.map(|name| (name, Value::Null)).into();
    all.extend(
        members
            .iter()
            .map(|(name, text)| (*name, Value::from(*text))),
    );
    Value::map(all)
}

/// A disk that is configured by name and size.
fn sized(name: &str, size: &str) -> Value {
    disk(&[("name", name), ("size", size)])
}

/// The same as it is stored.
fn stored(name: &str, size: &str, id: &str) -> Value {
    let own = [("name", name), ("size", size), ("id", id)];
    disk(&[&own[..], &[("bus", "scsi"), ("tier", "hot")]].concat())
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::map([("disks", Value::List(items.into_iter().collect()))])
}

fn members(value: &Value, name: &str) -> Vec<Value> {
    let Some(Value::List(items)) = value.get("disks") else {
        panic!("a list is planned");
    };
    let items = items.iter().map(|item| item.get(name).unwrap().clone());
    items.collect()
}

/// The plan of `config`, where `before` is what was configured.
fn planned(object: &Object, config: &Value, prior: &Value, before: &Value) -> Value {
    let before = configured(object, before);
    let planned = propose(object, config, Some(prior), &before, &same);
    let answer = Planned {
        prior,
        config,
        planned: &planned,
        replace: &replacements(object, prior, &planned),
    };
    assert_eq!(check::plan(object, answer), []);
    planned
}

fn ids(texts: &[&str]) -> Vec<Value> {
    let id = |text: &&str| match *text {
        "?" => Value::UNKNOWN,
        "-" => Value::Null,
        text => text.into(),
    };
    texts.iter().map(id).collect()
}

const EACH: [Option<&[&str]>; 2] = [None, Some(&["name"])];

#[test]
fn an_element_that_moves_keeps_what_was_computed_of_it() {
    for keys in EACH {
        let object = disks(keys);
        let prior = list([stored("a", "1", "A"), stored("b", "2", "B")]);
        let before = list([sized("a", "1"), sized("b", "2")]);
        let plan = |config: Value| members(&planned(&object, &config, &prior, &before), "id");
        let (a, b) = (|| sized("a", "1"), || sized("b", "2"));
        let new = || sized("c", "3");
        assert_eq!(plan(list([new(), a(), b()])), ids(&["?", "A", "B"]));
        assert_eq!(plan(list([a(), new(), b()])), ids(&["A", "?", "B"]));
        assert_eq!(plan(list([b(), a()])), ids(&["B", "A"]));
        assert_eq!(plan(list([b()])), ids(&["B"]));
        assert_eq!(plan(list([a(), b()])), ids(&["A", "B"]));
    }
}

#[test]
fn nothing_is_replaced_because_an_element_moves() {
    for keys in EACH {
        let object = disks(keys);
        let prior = list([stored("a", "1", "A"), stored("b", "2", "B")]);
        let before = list([sized("a", "1"), sized("b", "2")]);
        let replaced = |config: Value| {
            let planned = planned(&object, &config, &prior, &before);
            let paths = replacements(&object, &prior, &planned);
            paths.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let (a, b) = (|| sized("a", "1"), || sized("b", "2"));
        assert_eq!(replaced(list([sized("c", "3"), a(), b()])), [""; 0]);
        assert_eq!(replaced(list([b(), a()])), [""; 0]);
        assert_eq!(replaced(list([b()])), [""; 0]);
        if keys.is_none() {
            // Who has no keys and stays at its place, has changed.
            assert_eq!(replaced(list([sized("c", "1"), b()])), ["disks[0].name"]);
        }
    }
}

#[test]
fn an_element_that_changes_is_the_same_by_its_key_alone() {
    let prior = list([stored("a", "1", "A"), stored("b", "2", "B")]);
    let before = list([sized("a", "1"), sized("b", "2")]);
    let config = list([sized("b", "3"), sized("a", "1")]);
    let plan = |keys| members(&planned(&disks(keys), &config, &prior, &before), "id");
    assert_eq!(plan(Some(&["name"])), ids(&["B", "A"]));
    assert_eq!(plan(None), ids(&["?", "A"]));
}

#[test]
fn two_that_are_configured_alike_have_one_past_each() {
    let object = disks(None);
    let prior = list([stored("a", "1", "A"), stored("a", "1", "B")]);
    let a = || sized("a", "1");
    let before = list([a(), a()]);
    let config = list([sized("c", "3"), a(), a(), a()]);
    let plan = planned(&object, &config, &prior, &before);
    assert_eq!(members(&plan, "id"), ids(&["?", "B", "A", "?"]));
}

#[test]
fn what_is_configured_no_more_is_not_what_it_was() {
    let object = disks(None);
    let tiered = disk(&[("name", "a"), ("size", "1"), ("tier", "hot")]);
    let prior = list([stored("a", "1", "A")]);
    let before = list([tiered.clone()]);
    let plan = planned(&object, &list([sized("a", "1"), tiered]), &prior, &before);
    assert_eq!(members(&plan, "id"), ids(&["?", "A"]));
    let keyed = disks(Some(&["name"]));
    let plan = planned(
        &keyed,
        &list([sized("b", "1"), sized("a", "1")]),
        &prior,
        &before,
    );
    assert_eq!(
        members(&plan, "tier"),
        ids(&["?", "?"]),
        "it was configured"
    );
    assert_eq!(members(&plan, "id"), ids(&["?", "A"]));
}

#[test]
fn a_value_is_spelled_as_at_its_place_or_as_configured() {
    for keys in EACH {
        let object = disks(keys);
        let prior = list([stored("a", "007", "A"), stored("b", "8", "B")]);
        let before = list([sized("a", "007"), sized("b", "8")]);
        let moved = list([sized("c", "07"), sized("a", "7"), sized("b", "8")]);
        let plan = planned(&object, &moved, &prior, &before);
        // Terraform takes no spelling but that of the same place.
        assert_eq!(members(&plan, "size"), ids(&["007", "7", "8"]));
        assert_eq!(members(&plan, "id"), ids(&["?", "A", "B"]));
    }
}

#[test]
fn what_a_second_plan_may_find_is_open_in_the_first() {
    let prior = list([stored("a", "1", "A"), stored("a", "1", "B")]);
    let before = list([sized("a", "1"), sized("a", "1")]);
    let unknown = || Value::map([("name", Value::UNKNOWN), ("size", "1".into())]);
    for keys in EACH {
        let object = disks(keys);
        for (first, second) in [
            (
                [unknown(), sized("a", "1")],
                [sized("a", "1"), sized("a", "1")],
            ),
            (
                [unknown(), sized("a", "1")],
                [sized("c", "1"), sized("a", "1")],
            ),
            (
                [sized("a", "1"), unknown()],
                [sized("a", "1"), sized("a", "1")],
            ),
        ] {
            let first = list([sized("d", "1")].into_iter().chain(first));
            let second = list([sized("d", "1")].into_iter().chain(second));
            let first = planned(&object, &first, &prior, &before);
            let second = planned(&object, &second, &prior, &before);
            assert_eq!(check::kept(&object, &first, &second), []);
        }
    }
    let first = planned(&disks(None), &list([unknown()]), &prior, &before);
    assert_eq!(
        members(&first, "lamp"),
        ids(&["?"]),
        "it may be one that has it"
    );
    let first = planned(&disks(None), &list([sized("c", "1")]), &prior, &before);
    assert_eq!(members(&first, "lamp"), ids(&["-"]), "it is new");
}

#[test]
fn an_answer_in_another_order_fills_in_what_belongs_to_each() {
    for keys in EACH {
        let object = disks(keys);
        let config = list([sized("a", "1"), sized("b", "2")]);
        let plan = propose(&object, &config, None, &BTreeSet::new(), &same);
        let returned = list([stored("b", "2", "B"), stored("a", "1", "A")]);
        let state = fill(&object, &plan, &returned);
        assert_eq!(members(&state, "id"), ids(&["A", "B"]));
        assert_eq!(check::kept(&object, &plan, &state), []);
        let other = list([stored("x", "01", "X"), stored("b", "2", "B")]);
        let state = fill(&object, &plan, &other);
        let first = if keys.is_some() { "-" } else { "X" };
        assert_eq!(members(&state, "id"), ids(&[first, "B"]));
    }
}

#[test]
fn a_read_finds_an_element_where_it_is_now() {
    let noted = |name: &str, size: &str, note: &str| {
        disk(&[("name", name), ("size", size), ("note", note)])
    };
    let prior = list([noted("a", "007", "of a"), noted("b", "8", "of b")]);
    let now = list([sized("c", "3"), sized("a", "7"), sized("b", "8")]);
    let read = refresh(&disks(None), &prior, &now, &same);
    assert_eq!(members(&read, "note"), ids(&["-", "of a", "of b"]));
    assert_eq!(members(&read, "size"), ids(&["3", "007", "8"]));
    // Where elements have keys, their order says nothing.
    let read = refresh(&disks(Some(&["name"])), &prior, &now, &same);
    assert_eq!(members(&read, "name"), ids(&["a", "b", "c"]));
    assert_eq!(members(&read, "note"), ids(&["of a", "of b", "-"]));
    let grown = list([sized("a", "9"), sized("b", "8")]);
    for keys in EACH {
        let read = refresh(&disks(keys), &prior, &grown, &same);
        assert_eq!(
            members(&read, "note"),
            ids(&["of a", "of b"]),
            "it only changed"
        );
        assert_eq!(members(&read, "size"), ids(&["9", "8"]));
    }
}

#[test]
fn the_order_of_elements_with_keys_is_no_contradiction() {
    let plan = list([stored("a", "1", "A"), stored("b", "2", "B")]);
    let answer = list([stored("b", "2", "B"), stored("a", "1", "A")]);
    let found = contradictions(&disks(Some(&["name"])), &plan, &answer, &same);
    assert_eq!(found, []);
    assert!(!contradictions(&disks(None), &plan, &answer, &same).is_empty());
}

#[test]
fn a_key_that_is_omitted_is_that_of_the_only_one() {
    let object = disks(Some(&["name", "bus"]));
    let on =
        |bus: &str, id: &str| disk(&[("name", "a"), ("bus", bus), ("id", id), ("tier", "hot")]);
    let before = list([disk(&[("name", "a")])]);
    let config = list([sized("b", "1"), disk(&[("name", "a")])]);
    let plan = planned(&object, &config, &list([on("scsi", "A")]), &before);
    assert_eq!(members(&plan, "id"), ids(&["?", "A"]));
    let both = list([on("scsi", "A"), sized("c", "1"), on("nvme", "B")]);
    let plan = planned(&object, &config, &both, &before);
    assert_eq!(members(&plan, "id"), ids(&["?", "?"]), "it may be either");
}

#[test]
fn keys_that_tell_nothing_apart_are_refused() {
    let refused = |list: serde_json::Value| {
        let json = json!({ "type": "object", "properties": { "disks": list } });
        match Schema::from_json_schema(&json, 0, "").unwrap_err() {
            SchemaError::Extension { path, name, reason } => {
                assert_eq!((&*path, &*name), ("disks", "x-kubernetes-list-map-keys"));
                reason
            }
            other => panic!("{other}"),
        }
    };
    let keyed = |keys: serde_json::Value, items: serde_json::Value| {
        refused(json!({ "type": "array", "x-kubernetes-list-map-keys": keys, "items": items }))
    };
    let object = || {
        json!({ "type": "object", "properties": {
            "a": { "type": "string" },
            "out": { "type": "string", "x-read-only": true },
            "wo": { "type": "string", "x-write-only": true },
            "many": { "type": "array", "items": { "type": "string" } },
        } })
    };
    assert_eq!(
        keyed(json!(["b"]), object()),
        "b is no member of the elements"
    );
    assert_eq!(keyed(json!([]), object()), "it names no member");
    assert_eq!(keyed(json!(["out"]), object()), "out cannot be configured");
    let unfit = "is no string, number or bool that is stored";
    assert_eq!(keyed(json!(["many"]), object()), format!("many {unfit}"));
    assert_eq!(keyed(json!(["wo"]), object()), format!("wo {unfit}"));
    let simple = json!({ "type": "string" });
    assert_eq!(
        keyed(json!(["a"]), simple),
        "only a list of objects has keys"
    );
    assert!(keyed(json!("a"), object()).starts_with("it is a list of names"));
    let reported = json!({ "type": "object", "properties": { "disks": {
        "type": "array",
        "x-read-only": true,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["out"],
        "items": { "type": "object", "properties": { "out": { "type": "string" } } },
    } } });
    let schema = Schema::from_json_schema(&reported, 0, "").unwrap();
    assert_eq!(schema.root.attributes[0].keys, ["out"]);
}
