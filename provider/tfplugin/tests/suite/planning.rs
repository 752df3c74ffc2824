//! The rules that Terraform holds a plan, a second plan and an applied state against, for any
//! configuration and state.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tfplugin::AttributePath;
use tfplugin::planning::check::{self, Planned};
use tfplugin::planning::{
    configured, contradictions, fill, intend, propose, refresh, replacements, resume,
};
use tfplugin::schema::{Mode, Object, Schema};
use tfplugin::value::{Type, Value, msgpack};

use crate::strategy::{config, shelf, state};

fn same(_: &str, a: &str, b: &str) -> bool {
    a.trim_start_matches('0') == b.trim_start_matches('0')
}

fn assert_valid(object: &Object, config: &Value, prior: &Value, planned: &Value) {
    let answer = Planned {
        prior,
        config,
        planned,
        replace: &[],
    };
    assert_eq!(check::plan(object, answer), []);
}

fn assert_consistent(object: &Object, planned: &Value, state: &Value) {
    assert_eq!(check::kept(object, planned, state), []);
}

fn assert_storable(object: &Object, value: &Value) {
    assert_eq!(check::state(object, value), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn every_plan_is_valid(
        config in config(&shelf(), true),
        prior in state(&shelf()),
        create: bool,
        earlier in super::strategy::config(&shelf(), true),
    ) {
        let object = shelf();
        let before = configured(&object, &earlier);
        let prior = (!create).then_some(prior);
        let mut planned = propose(&object, &config, prior.as_ref(), &before, &same);
        let prior = prior.unwrap_or_default();
        assert_valid(&object, &config, &prior, &planned);
        resume(&mut planned, &["ready"]);
        assert_valid(&object, &config, &prior, &planned);
        msgpack::encode(&planned, &object.value_type()).unwrap();
    }

    #[test]
    fn what_is_asked_for_differs_from_the_plan_only_where_that_is_open(
        config in config(&shelf(), true),
        prior in state(&shelf()),
        earlier in super::strategy::config(&shelf(), true),
    ) {
        let object = shelf();
        let before = configured(&object, &earlier);
        let planned = propose(&object, &config, Some(&prior), &before, &same);
        assert_consistent(&object, &planned, &intend(&object, &config, &planned));
    }

    #[test]
    fn every_apply_keeps_its_plan(
        config in config(&shelf(), true),
        prior in state(&shelf()),
        create: bool,
        returned in state(&shelf()),
    ) {
        let object = shelf();
        let prior = (!create).then_some(prior);
        let planned = propose(&object, &config, prior.as_ref(), &BTreeSet::new(), &same);
        let state = fill(&object, &planned, &returned);
        assert_consistent(&object, &planned, &state);
        assert_storable(&object, &state);
    }

    #[test]
    fn what_was_applied_is_not_planned_again(
        config in config(&shelf(), false),
        returned in state(&shelf()),
    ) {
        let object = shelf();
        let planned = propose(&object, &config, None, &BTreeSet::new(), &same);
        let state = fill(&object, &planned, &returned);
        let read = refresh(&object, &state, &state, &same);
        prop_assert_eq!(&read, &state);
        let before = configured(&object, &config);
        let again = propose(&object, &config, Some(&read), &before, &same);
        prop_assert_eq!(&again, &state);
        prop_assert_eq!(replacements(&object, &state, &again), vec![]);
    }

    #[test]
    fn a_second_plan_differs_only_where_the_first_did_not_know(
        config in config(&shelf(), true),
        prior in state(&shelf()),
        known in super::strategy::config(&shelf(), false),
    ) {
        // What was unknown in the configuration is known by the time of the apply.
        let object = shelf();
        let first = propose(&object, &config, Some(&prior), &BTreeSet::new(), &same);
        let config = resolve(config, &known);
        let second = propose(&object, &config, Some(&prior), &BTreeSet::new(), &same);
        assert_consistent(&object, &first, &second);
    }

    #[test]
    fn every_read_can_be_stored_and_is_stable(
        prior in state(&shelf()),
        observed in state(&shelf()),
    ) {
        let object = shelf();
        let state = refresh(&object, &prior, &observed, &same);
        assert_storable(&object, &state);
        prop_assert_eq!(refresh(&object, &prior, &state, &same), state.clone());
        prop_assert_eq!(refresh(&object, &state, &state, &same), state);
    }
}

/// `config` with its unknowns taken from `known`.
pub fn resolve(config: Value, known: &Value) -> Value {
    match (config, known) {
        (Value::Unknown(_), known) => known.clone(),
        (Value::Map(config), known) => Value::Map(
            config
                .into_iter()
                .map(|(key, value)| {
                    let known = known.get(&key).unwrap_or(&Value::Null);
                    (key, resolve(value, known))
                })
                .collect(),
        ),
        (Value::List(config), known) => Value::List(
            config
                .into_iter()
                .enumerate()
                .map(|(i, value)| {
                    let known = match known {
                        Value::List(items) => items.get(i).unwrap_or(&Value::Null),
                        _ => &Value::Null,
                    };
                    resolve(value, known)
                })
                .collect(),
        ),
        // Nothing in a free value is taken from another one: its type might not be the same.
        (config @ Value::Dynamic(_), _) => config.with_unknown_as_null(),
        (config, _) => config,
    }
}

fn edit(members: &[(&str, Value)]) -> Value {
    let mut value = shelf().null_members();
    if let Value::Map(all) = &mut value {
        for (name, member) in members {
            all.insert((*name).to_owned(), member.clone());
        }
    }
    value
}

fn plan(config: &Value, prior: &Value, before: &[&str]) -> Value {
    let before = before.iter().map(|path| (*path).to_owned()).collect();
    propose(&shelf(), config, Some(prior), &before, &same)
}

#[test]
fn the_users_spelling_stays_where_it_means_the_same() {
    let prior = edit(&[("load_kg", "007".into())]);
    let planned = plan(&edit(&[("load_kg", "7".into())]), &prior, &[]);
    assert_eq!(planned.get("load_kg"), Some(&"007".into()));
    let read = refresh(&shelf(), &prior, &edit(&[("load_kg", "7".into())]), &same);
    assert_eq!(read.get("load_kg"), Some(&"007".into()));
    let read = refresh(&shelf(), &prior, &edit(&[("load_kg", "8".into())]), &same);
    assert_eq!(read.get("load_kg"), Some(&"8".into()));
}

#[test]
fn what_is_configured_no_more_is_for_the_server_to_say() {
    let prior = edit(&[("boards", 4.into())]);
    let omitted = edit(&[]);
    assert_eq!(plan(&omitted, &prior, &[]).get("boards"), Some(&4.into()));
    assert_eq!(
        plan(&omitted, &prior, &["boards"]).get("boards"),
        Some(&Value::UNKNOWN)
    );
}

#[test]
fn what_is_configured_no_more_is_asked_for_as_none() {
    let shelf = shelf();
    let prior = edit(&[("boards", 4.into()), ("ready", true.into())]);
    let omitted = edit(&[]);
    let mut planned = plan(&omitted, &prior, &["boards"]);
    resume(&mut planned, &["ready"]);
    let intended = intend(&shelf, &omitted, &planned);
    assert_eq!(intended.get("boards"), Some(&Value::Null));
    assert_eq!(intended.get("ready"), Some(&Value::UNKNOWN), "an output");
    let kept = plan(&omitted, &prior, &[]);
    assert_eq!(
        intend(&shelf, &omitted, &kept).get("boards"),
        Some(&4.into())
    );
    let unknown = edit(&[("boards", Value::UNKNOWN)]);
    let planned = plan(&unknown, &prior, &["boards"]);
    assert_eq!(
        intend(&shelf, &unknown, &planned).get("boards"),
        Some(&Value::UNKNOWN)
    );
}

#[test]
fn outputs_keep_their_value_on_an_update() {
    let prior = edit(&[
        ("ready", true.into()),
        ("boards", 4.into()),
        ("wait", true.into()),
    ]);
    let planned = plan(&edit(&[("boards", 5.into())]), &prior, &["boards"]);
    assert_eq!(planned.get("ready"), Some(&true.into()));
    assert_eq!(planned.get("boards"), Some(&5.into()));
}

#[test]
fn a_null_element_of_a_map_says_nothing() {
    let labels = |more: &[(&str, Value)]| edit(&[("labels", Value::map(more.to_vec()))]);
    for (configured, held) in [
        (labels(&[("a", Value::Null)]), edit(&[])),
        (labels(&[("a", Value::Null)]), labels(&[])),
        (
            labels(&[("a", Value::Null), ("b", "c".into())]),
            labels(&[("b", "c".into())]),
        ),
    ] {
        let read = refresh(&shelf(), &configured, &held, &same);
        assert_eq!(read.get("labels"), configured.get("labels"));
        assert_eq!(
            plan(&configured, &read, &[]).get("labels"),
            read.get("labels")
        );
    }
    let other = labels(&[("b", "d".into())]);
    let configured = labels(&[("a", Value::Null), ("b", "c".into())]);
    let read = refresh(&shelf(), &configured, &other, &same);
    assert_eq!(read.get("labels"), other.get("labels"));
}

#[test]
fn a_server_that_leaves_out_zero_values_contradicts_nothing() {
    let zero = Value::Number(0i64.into());
    let colourless = Value::map([("colour", "".into()), ("coats", zero)]);
    let prior = edit(&[("finish", colourless), ("labels", Value::map::<String>([]))]);
    let read = refresh(&shelf(), &prior, &edit(&[]), &same);
    assert_eq!(read.get("finish"), prior.get("finish"));
    assert_eq!(read.get("labels"), prior.get("labels"));
    let prior = edit(&[("finish", Value::map([("coats", 2.into())]))]);
    let read = refresh(&shelf(), &prior, &edit(&[]), &same);
    assert_eq!(read.get("finish"), Some(&Value::Null));
    let read = refresh(
        &shelf(),
        &edit(&[]),
        &edit(&[("labels", Value::map::<String>([]))]),
        &same,
    );
    assert_eq!(read.get("labels"), Some(&Value::Null));
}

#[test]
fn a_local_attribute_is_never_read_and_has_its_default_after_an_import() {
    let observed = edit(&[("wait", true.into()), ("simulate", "x".into())]);
    let read = refresh(&shelf(), &edit(&[("wait", false.into())]), &observed, &same);
    assert_eq!(read.get("wait"), Some(&false.into()));
    assert_eq!(read.get("simulate"), Some(&Value::Null));
    let read = refresh(&shelf(), &edit(&[("name", "a".into())]), &observed, &same);
    assert_eq!(read.get("wait"), Some(&true.into()));
}

#[test]
fn only_a_change_of_a_forcing_attribute_replaces() {
    let prior = edit(&[("name", "a".into()), ("boards", 1.into())]);
    let planned = edit(&[("name", "a".into()), ("boards", 2.into())]);
    assert!(replacements(&shelf(), &prior, &planned).is_empty());
    let planned = edit(&[("name", Value::UNKNOWN), ("boards", 1.into())]);
    let paths = replacements(&shelf(), &prior, &planned);
    assert_eq!(paths, vec!["name".into()]);
}

#[test]
fn a_default_does_not_respell_what_means_the_same() {
    let mut object = shelf();
    for attribute in object.attributes.iter_mut().filter(|a| a.name == "load_kg") {
        attribute.mode = Mode::OptionalComputed;
        attribute.default = Some("7".into());
    }
    let prior = edit(&[("load_kg", "007".into())]);
    let planned = propose(&object, &edit(&[]), Some(&prior), &BTreeSet::new(), &same);
    assert_eq!(planned.get("load_kg"), Some(&"007".into()));
}

#[test]
fn a_write_only_member_of_a_local_default_is_in_no_state() {
    let json = serde_json::json!({ "type": "object", "properties": { "login": {
        "type": "object",
        "x-local": true,
        "x-default": { "key": "k", "user": "u" },
        "properties": {
            "key": { "type": "string", "x-write-only": true },
            "user": { "type": "string" },
        },
    } } });
    let object = Schema::from_json_schema(&json, 0, "").unwrap().root;
    let nothing = object.null_members();
    let read = refresh(&object, &nothing, &nothing, &same);
    let login = Value::map([("key", Value::Null), ("user", "u".into())]);
    assert_eq!(read.get("login"), Some(&login));
}

#[test]
fn what_is_known_of_a_free_value_stays_when_the_rest_comes() {
    let ty = || Type::Object([("a".into(), Type::Bool), ("b".into(), Type::Bool)].into());
    let free = |a: Value, b: Value| {
        let value = Value::map([("a", a), ("b", b)]);
        edit(&[("extra", Value::Dynamic(Box::new((ty(), value))))])
    };
    let planned = free(true.into(), Value::UNKNOWN);
    let state = fill(&shelf(), &planned, &free(false.into(), true.into()));
    assert_eq!(state, free(true.into(), true.into()));
    let state = fill(&shelf(), &planned, &edit(&[]));
    assert_eq!(state, free(true.into(), Value::Null));
}

/// An object with a place and a tray, each of which is chosen by the server where it is omitted and
/// cannot change, and a note that is kept in the state alone.
fn fixed() -> Object {
    let json = serde_json::json!({ "type": "object", "properties": {
        "place": { "type": "string", "x-computed": true, "x-force-new": true },
        "colour": { "type": "string", "x-computed": true },
        "tray": { "type": "object", "x-computed": true, "required": ["size"], "properties": {
            "size": { "type": "integer" },
            "kind": { "type": "string", "x-computed": true, "x-force-new": true },
            "lid": { "type": "string", "x-computed": true },
            "label": { "type": "string" },
        } },
        "note": { "type": "object", "additionalProperties": { "type": "string" },
            "x-local": true, "x-force-new": true },
        "memo": { "type": "object", "x-local": true, "properties": {
            "text": { "type": "string", "x-force-new": true },
        } },
        "lamp": { "type": "string", "x-computed": true, "x-unfilled": true },
        "frame": { "type": "object", "required": ["on"], "x-computed": true, "properties": {
            "on": { "type": "boolean" },
            "off": { "type": "boolean" },
            "by": { "type": "string" },
        } },
    } });
    Schema::from_json_schema(&json, 0, "").unwrap().root
}

fn of(object: &Object, members: &[(&str, Value)]) -> Value {
    let mut value = object.null_members();
    if let Value::Map(all) = &mut value {
        for (name, member) in members {
            all.insert((*name).to_owned(), member.clone());
        }
    }
    value
}

/// The plan of `after`, where `before` is what was configured and is the state.
fn changed(before: &[(&str, Value)], after: &[(&str, Value)]) -> (Value, Vec<AttributePath>) {
    let object = fixed();
    let (prior, config) = (of(&object, before), of(&object, after));
    let before = configured(&object, &prior);
    let planned = propose(&object, &config, Some(&prior), &before, &same);
    let replace = replacements(&object, &prior, &planned);
    let answer = Planned {
        prior: &prior,
        config: &config,
        planned: &planned,
        replace: &replace,
    };
    assert_eq!(check::plan(&object, answer), []);
    assert_consistent(&object, &planned, &intend(&object, &config, &planned));
    (planned, replace)
}

#[test]
fn what_cannot_change_keeps_its_value_when_it_is_configured_no_more() {
    let place = |place: &str| [("place", place.into()), ("colour", "red".into())];
    let (planned, replace) = changed(&place("hall"), &[("colour", "red".into())]);
    assert_eq!(planned, of(&fixed(), &place("hall")));
    assert_eq!(replace, []);
    let (planned, replace) = changed(&[("colour", "red".into())], &place("hall"));
    assert_eq!(replace, ["place".into()], "named for the first time");
    assert_eq!(planned.get("place"), Some(&"hall".into()));
    let (_, replace) = changed(&place("hall"), &place("attic"));
    assert_eq!(replace, ["place".into()]);
    let (planned, _) = changed(&place("hall"), &[("place", "hall".into())]);
    assert_eq!(
        planned.get("colour"),
        Some(&Value::UNKNOWN),
        "it may change"
    );
}

#[test]
fn an_object_that_cannot_go_stays_when_it_is_configured_no_more() {
    let tray = |kind: Value| {
        let lid = ("lid", "tin".into());
        let label = ("label", "a".into());
        Value::map([("size", 3.into()), ("kind", kind), lid, label])
    };
    let (planned, replace) = changed(&[("tray", tray("flat".into()))], &[]);
    let remains = [
        ("size", 3.into()),
        ("kind", "flat".into()),
        ("lid", Value::UNKNOWN),
        ("label", Value::Null),
    ];
    assert_eq!(planned.get("tray"), Some(&Value::map(remains)));
    assert_eq!(replace, []);
    let asked = intend(&fixed(), &of(&fixed(), &[]), &planned);
    let lid = asked.get("tray").and_then(|tray| tray.get("lid"));
    assert_eq!(lid, Some(&Value::Null), "nobody asks for one");
    let (planned, replace) = changed(&[("tray", tray(Value::Null))], &[]);
    assert_eq!(planned.get("tray"), Some(&Value::UNKNOWN));
    assert_eq!(replace, []);
}

#[test]
fn what_only_the_state_knows_replaces_when_it_changes_and_not_when_it_is_noted() {
    let note = |text: &str| [("note", Value::map([("a", text.into())]))];
    assert_eq!(changed(&[], &note("1")).1, [], "after an import or a move");
    assert_eq!(changed(&note("1"), &[]).1, []);
    assert_eq!(changed(&note("1"), &note("2")).1, ["note".into()]);
    assert_eq!(changed(&note("1"), &[("note", Value::UNKNOWN)]).1.len(), 1);
    assert_eq!(changed(&[], &[("note", Value::UNKNOWN)]).1, []);
    let memo = |text: &str| [("memo", Value::map([("text", text.into())]))];
    assert_eq!(changed(&[], &memo("1")).1, []);
    assert_eq!(changed(&memo("1"), &[]).1, []);
    assert_eq!(changed(&memo("1"), &memo("2")).1.len(), 1);
}

#[test]
fn what_no_server_fills_in_is_null_at_creation() {
    let object = fixed();
    let config = of(&object, &[]);
    let planned = propose(&object, &config, None, &BTreeSet::new(), &same);
    assert_eq!(planned.get("lamp"), Some(&Value::Null));
    assert_eq!(planned.get("colour"), Some(&Value::UNKNOWN));
    let unknown = of(&object, &[("lamp", Value::UNKNOWN)]);
    let planned = propose(&object, &unknown, None, &BTreeSet::new(), &same);
    assert_eq!(
        planned.get("lamp"),
        Some(&Value::UNKNOWN),
        "it is configured"
    );
    let (planned, _) = changed(&[("lamp", "on".into())], &[]);
    assert_eq!(planned.get("lamp"), Some(&Value::UNKNOWN));
}

#[test]
fn an_import_keeps_what_has_to_be_configured_though_it_is_nothing() {
    let object = fixed();
    let frame = |on: Value, off: Value| Value::map([("on", on), ("off", off), ("by", "us".into())]);
    let observed = of(&object, &[("frame", frame(false.into(), false.into()))]);
    let read = refresh(&object, &of(&object, &[]), &observed, &same);
    assert_eq!(read.get("frame"), Some(&frame(false.into(), Value::Null)));
}

#[test]
fn an_answer_that_is_not_what_was_planned_is_found() {
    let said = |members: &[(&str, Value)]| {
        let planned = edit(&[
            ("load_kg", "007".into()),
            ("legs", 4.into()),
            ("wait", true.into()),
            ("labels", Value::map([("a", "b".into())])),
            ("boards", Value::UNKNOWN),
        ]);
        let mut returned = planned.clone().with_unknown_as_null();
        if let Value::Map(all) = &mut returned {
            for (name, member) in members {
                all.insert((*name).to_owned(), member.clone());
            }
        }
        let found = contradictions(&shelf(), &planned, &returned, &same);
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let other_words = [
        ("load_kg", Value::from("7")),
        ("wait", Value::Null),
        ("boards", 2.into()),
    ];
    assert_eq!(said(&other_words), Vec::<String>::new());
    assert_eq!(said(&[("legs", 5.into())]), ["legs"]);
    assert_eq!(said(&[("labels", Value::Null)]), ["labels"]);
}
