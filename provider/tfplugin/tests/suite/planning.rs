//! The rules that Terraform holds a plan, a second plan and an applied state against, for any
//! configuration and state.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tfplugin::planning::{configured, fill, propose, refresh, replacements, resume};
use tfplugin::schema::{Kind, Mode, Nesting, Object};
use tfplugin::value::{Value, msgpack};

use crate::strategy::{config, shelf, state};

fn same(_: &str, a: &str, b: &str) -> bool {
    a.trim_start_matches('0') == b.trim_start_matches('0')
}

/// A plan is valid: given values are planned as given or as they were, omitted ones are null
/// unless computed, write-only is null, elements are those of the configuration.
fn assert_valid(object: &Object, config: &Value, prior: &Value, planned: &Value) {
    assert_eq!(config.is_null(), planned.is_null());
    for attribute in &object.attributes {
        let of = |value: &Value| value.get(&attribute.name).cloned().unwrap_or_default();
        let (given, before, after) = (of(config), of(prior), of(planned));
        let name = &attribute.name;
        if attribute.write_only {
            assert!(after.is_null(), "{name} is write-only");
            continue;
        }
        if attribute.mode == Mode::Computed {
            continue;
        }
        if given.is_null() {
            assert!(
                attribute.mode.is_computed() || after.is_null(),
                "{name} was omitted"
            );
            continue;
        }
        if given.is_unknown() {
            assert_eq!(given, after, "{name} is unknown");
            continue;
        }
        let Kind::Nested(nesting, object) = &attribute.kind else {
            let kept = !before.is_null() && after == before;
            assert!(
                after == given || kept,
                "{name}: {given:?} planned as {after:?}"
            );
            continue;
        };
        match (nesting, &given, &after) {
            (Nesting::Single, ..) => {
                assert!(matches!(after, Value::Map(_)), "{name} is given");
                assert_valid(object, &given, &before, &after);
            }
            (Nesting::List, Value::List(given), Value::List(after)) => {
                assert_eq!(given.len(), after.len());
                for (i, (given, after)) in given.iter().zip(after).enumerate() {
                    let before = match &before {
                        Value::List(items) => items.get(i).cloned().unwrap_or_default(),
                        _ => Value::Null,
                    };
                    assert_valid(object, given, &before, after);
                }
            }
            (Nesting::Map { .. }, Value::Map(given), Value::Map(after)) => {
                assert!(given.keys().eq(after.keys()));
                for (key, given) in given {
                    let before = before.get(key).cloned().unwrap_or_default();
                    assert_valid(object, given, &before, &after[key]);
                }
            }
            _ => panic!("{name}: {given:?} planned as {after:?}"),
        }
    }
}

/// What was known in the plan is in the state, byte for byte.
fn assert_consistent(planned: &Value, state: &Value) {
    match (planned, state) {
        (Value::Unknown(_), _) => {}
        (Value::Map(planned), Value::Map(state)) => {
            assert!(planned.keys().eq(state.keys()));
            for (key, planned) in planned {
                assert_consistent(planned, &state[key]);
            }
        }
        (Value::List(planned), Value::List(state)) => {
            assert_eq!(planned.len(), state.len());
            for (planned, state) in planned.iter().zip(state) {
                assert_consistent(planned, state);
            }
        }
        (planned, state) => assert_eq!(planned, state),
    }
}

fn assert_storable(object: &Object, value: &Value) {
    assert!(value.is_wholly_known(), "{value:?}");
    msgpack::encode(value, &object.value_type()).unwrap();
    for attribute in object.attributes.iter().filter(|a| a.write_only) {
        assert!(value.get(&attribute.name).is_none_or(Value::is_null));
    }
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
        assert_consistent(&planned, &state);
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
        assert_consistent(&first, &second);
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
fn resolve(config: Value, known: &Value) -> Value {
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
