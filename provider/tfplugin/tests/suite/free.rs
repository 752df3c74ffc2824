//! Free values: Terraform knows the type of each of them, also where it is null or unknown, and
//! refuses a plan or a state that says it otherwise.

use std::collections::BTreeSet;

use tfplugin::planning::check::{self, Planned, Rule};
use tfplugin::planning::{self, fill, propose, refresh, replacements};
use tfplugin::schema::{Object, Schema};
use tfplugin::value::{Refinements, Type, Value, json, msgpack};

use crate::host::{Host, State, config, errors};
use crate::strategy::shelf;

fn free(ty: Type, value: Value) -> Value {
    Value::Dynamic(Box::new((ty, value)))
}

fn list(of: Type) -> Type {
    Type::List(Box::new(of))
}

fn map(of: Type) -> Type {
    Type::Map(Box::new(of))
}

fn strings(of: &[&str]) -> Value {
    Value::List(of.iter().map(|text| Value::from(*text)).collect())
}

/// What Terraform would say of the plan of a creation, and of a state after it.
async fn created(extra: Value) -> State {
    let host = Host::new().await;
    let config = config(&[("extra", extra.clone())]);
    let planned = host.plan(&Value::Null, &[], &config).await;
    assert_eq!(errors(&planned.diagnostics), Vec::<&_>::new());
    assert_eq!(*planned.get("extra"), extra);
    let answer = Planned {
        prior: &Value::Null,
        config: &config,
        planned: &planned.value,
        replace: &[],
    };
    assert_eq!(check::plan(&shelf(), answer), []);
    host.apply(&State::nothing(), &config).await
}

#[test]
fn null_and_unknown_keep_their_type_on_the_wire() {
    let mut sized = Refinements::not_null();
    sized.min_length = Some(2);
    for value in [
        free(Type::String, Value::Null),
        free(Type::Bool, Value::UNKNOWN),
        free(list(Type::Number), Value::Unknown(Some(Box::new(sized)))),
    ] {
        let bytes = msgpack::encode(&value, &Type::Dynamic).unwrap();
        assert_eq!(bytes[0], 0x92, "a pair of type and value");
        assert_eq!(msgpack::decode(&bytes, &Type::Dynamic).unwrap(), value);
    }
    for value in [Value::Null, Value::UNKNOWN] {
        // Of the type that stands for any there is nothing more to say.
        let bytes = msgpack::encode(&free(Type::Dynamic, value.clone()), &Type::Dynamic).unwrap();
        assert_eq!(msgpack::decode(&bytes, &Type::Dynamic).unwrap(), value);
    }
}

#[test]
fn a_stored_null_keeps_its_type() {
    let stored = br#"{"value":null,"type":["list","string"]}"#;
    let read = json::decode(stored, &Type::Dynamic).unwrap();
    assert_eq!(read, free(list(Type::String), Value::Null));
    assert_eq!(json::decode(b"null", &Type::Dynamic).unwrap(), Value::Null);
    let any = br#"{"value":{"value":true,"type":"bool"},"type":"dynamic"}"#;
    let read = json::decode(any, &Type::Dynamic).unwrap();
    assert_eq!(read, free(Type::Bool, true.into()));
}

#[test]
fn a_null_or_unknown_value_is_one_whatever_type_it_has() {
    let null = free(Type::String, Value::Null);
    assert!(null.is_null() && !null.is_unknown() && null.is_wholly_known());
    assert_eq!(null.kind(), "null");
    let unknown = free(Type::String, Value::UNKNOWN);
    assert!(unknown.is_unknown() && !unknown.is_null() && !unknown.is_wholly_known());
    assert_eq!(unknown.kind(), "a value known only after apply");
    assert_eq!(unknown.clone().with_unknown_as_null(), null);
    let all = Value::map([("a", unknown)]);
    assert_eq!(all.at(&"a".into()), Some(&Value::UNKNOWN));
}

#[tokio::test]
async fn a_null_of_a_type_is_planned_and_stored_as_it_is() {
    let null = free(Type::String, Value::Null);
    let state = created(null.clone()).await;
    assert_eq!(*state.get("extra"), null);
}

#[tokio::test]
async fn an_unknown_of_a_type_is_planned_as_one() {
    let unknown = free(Type::String, Value::UNKNOWN);
    let host = Host::new().await;
    let planned = host
        .plan(&Value::Null, &[], &config(&[("extra", unknown.clone())]))
        .await;
    assert_eq!(*planned.get("extra"), unknown);
}

#[tokio::test]
async fn what_comes_back_with_another_type_and_the_same_content_is_no_difference() {
    let labels = Value::map([("a", "1".into()), ("b", Value::Null)]);
    for extra in [
        free(list(Type::String), strings(&["x", "y"])),
        free(Type::Set(Box::new(Type::String)), strings(&["x", "y"])),
        free(map(Type::String), labels.clone()),
        free(
            map(list(Type::String)),
            Value::map([("a", strings(&["x"]))]),
        ),
        free(list(Type::String), strings(&[])),
        free(Type::Number, Value::Null),
    ] {
        let host = Host::new().await;
        let state = host.create(&[("extra", extra.clone())]).await;
        assert_eq!(*state.get("extra"), extra);
        let read = host.read(&state).await;
        assert_eq!(read.value, state.value, "a read changes nothing");
        let config = config(&[("extra", extra.clone())]);
        let again = host.plan(&read.value, &read.private, &config).await;
        assert_eq!(again.value, state.value, "and there is nothing to plan");
    }
}

fn same(_: &str, a: &str, b: &str) -> bool {
    a == b
}

/// An object with the free attributes `own`, `chosen` by the server where it is omitted, and
/// `fixed`.
fn three() -> Object {
    let json = serde_json::json!({ "type": "object", "properties": {
        "own": { "x-dynamic": true },
        "chosen": { "x-dynamic": true, "x-computed": true },
        "fixed": { "x-dynamic": true, "x-force-new": true },
    } });
    Schema::from_json_schema(&json, 0, "").unwrap().root
}

fn of(name: &str, value: Value) -> Value {
    let mut all = three().null_members();
    if let Value::Map(members) = &mut all {
        members.insert(name.to_owned(), value);
    }
    all
}

fn rules(found: Vec<check::Violation>) -> Vec<Rule> {
    found.into_iter().map(|violation| violation.rule).collect()
}

#[test]
fn a_plan_with_a_null_of_another_type_is_found() {
    let planned = |name: &str, config: Value, planned: Value| {
        let (config, planned) = (of(name, config), of(name, planned));
        let answer = Planned {
            prior: &Value::Null,
            config: &config,
            planned: &planned,
            replace: &[],
        };
        rules(check::plan(&three(), answer))
    };
    let null = || free(Type::String, Value::Null);
    assert_eq!(planned("own", null(), null()), []);
    assert_eq!(planned("own", null(), Value::Null), [Rule::Altered]);
    let other = free(Type::Bool, Value::Null);
    assert_eq!(planned("own", null(), other), [Rule::Altered]);
    assert_eq!(
        planned("own", null(), free(Type::Bool, true.into())),
        [Rule::Uninvited]
    );
    assert_eq!(planned("chosen", null(), Value::UNKNOWN), []);
    let unknown = || free(Type::String, Value::UNKNOWN);
    assert_eq!(planned("own", unknown(), unknown()), []);
    assert_eq!(planned("own", unknown(), Value::UNKNOWN), [Rule::Altered]);
    assert_eq!(planned("own", unknown(), null()), [Rule::Missing]);
}

#[test]
fn a_state_with_another_type_than_the_plan_is_found() {
    let kept = |planned: Value, state: Value| {
        rules(check::kept(
            &three(),
            &of("own", planned),
            &of("own", state),
        ))
    };
    let unknown = || free(Type::String, Value::UNKNOWN);
    assert_eq!(kept(unknown(), free(Type::String, "a".into())), []);
    assert_eq!(kept(unknown(), free(Type::String, Value::Null)), []);
    assert_eq!(kept(unknown(), Value::Null), [Rule::Changed]);
    assert_eq!(
        kept(unknown(), free(Type::Bool, true.into())),
        [Rule::Changed]
    );
    assert_eq!(kept(Value::UNKNOWN, free(Type::Bool, true.into())), []);
    let object = |of: Type, value: Value| {
        let of = Type::Object([("a".to_owned(), of)].into());
        free(of, Value::map([("a", value)]))
    };
    let open = object(Type::Dynamic, Value::UNKNOWN);
    let said = object(Type::String, "a".into());
    assert_eq!(kept(open, said.clone()), [], "the type of a part was open");
    let carried = object(Type::Dynamic, free(Type::String, "a".into()));
    assert_eq!(
        kept(said.clone(), carried),
        [],
        "and may be said by the part"
    );
    let tuple = free(Type::Tuple(vec![Type::String]), strings(&["a"]));
    assert_eq!(
        kept(free(list(Type::String), strings(&["a"])), tuple),
        [Rule::Changed]
    );
}

#[test]
fn what_is_chosen_for_a_null_is_of_its_type() {
    // In the first plan the configuration was not known, and Terraform was told its type.
    let first = of("chosen", free(list(Type::String), Value::UNKNOWN));
    let config = of("chosen", free(list(Type::String), Value::Null));
    for (prior, chosen) in [
        (Value::Null, Value::Null),
        (free(Type::Bool, true.into()), Value::UNKNOWN),
        (
            free(Type::Tuple(vec![Type::String]), strings(&["a"])),
            strings(&["a"]),
        ),
    ] {
        let prior = of("chosen", prior);
        let planned = propose(&three(), &config, Some(&prior), &BTreeSet::new(), &same);
        let wanted = of("chosen", free(list(Type::String), chosen));
        assert_eq!(planned, wanted);
        assert_eq!(check::kept(&three(), &first, &planned), []);
        let state = fill(&three(), &planned, &three().null_members());
        assert_eq!(check::kept(&three(), &planned, &state), []);
    }
}

#[test]
fn an_element_more_does_not_make_a_tuple_of_a_list() {
    let prior = of("own", free(list(Type::String), strings(&["a"])));
    let two = Type::Tuple(vec![Type::String, Type::String]);
    let observed = of("own", free(two, strings(&["a", "b"])));
    let read = refresh(&three(), &prior, &observed, &same);
    assert_eq!(
        read,
        of("own", free(list(Type::String), strings(&["a", "b"])))
    );
    let mixed = free(
        Type::Tuple(vec![Type::String, Type::Bool]),
        Value::List(vec!["a".into(), true.into()]),
    );
    let observed = of("own", mixed);
    assert_eq!(refresh(&three(), &prior, &observed, &same), observed);
}

#[test]
fn nothing_is_replaced_for_the_type_of_what_it_has() {
    let planned = |prior: Value, config: Value| {
        let (prior, config) = (of("fixed", prior), of("fixed", config));
        let planned = propose(&three(), &config, Some(&prior), &BTreeSet::new(), &same);
        replacements(&three(), &prior, &planned).len()
    };
    assert_eq!(planned(Value::Null, free(Type::String, Value::Null)), 0);
    let tuple = || free(Type::Tuple(vec![Type::String]), strings(&["a"]));
    assert_eq!(
        planned(tuple(), free(list(Type::String), strings(&["a"]))),
        0
    );
    assert_eq!(
        planned(tuple(), free(list(Type::String), strings(&["b"]))),
        1
    );
}

#[test]
fn what_is_promised_of_an_unknown_is_no_other_value() {
    let promised = Refinements::not_null();
    let promise = planning::promise;
    let config = of("own", free(Type::String, Value::UNKNOWN));
    let mut planned = config.clone();
    promise(&three(), &mut planned, [("own".into(), promised.clone())]);
    let unknown = Value::Unknown(Some(Box::new(promised)));
    assert_eq!(planned, of("own", free(Type::String, unknown)));
    let answer = Planned {
        prior: &Value::Null,
        config: &config,
        planned: &planned,
        replace: &[],
    };
    assert_eq!(check::plan(&three(), answer), []);
    let null = of("own", free(Type::String, Value::Null));
    assert_eq!(
        rules(check::kept(&three(), &planned, &null)),
        [Rule::Promise]
    );
}

#[test]
fn a_write_only_null_stays_of_its_type() {
    let json = serde_json::json!({"type": "object", "properties": {
        "secret": {"x-write-only": true, "x-dynamic": true}}});
    let object = Schema::from_json_schema(&json, 0, "").unwrap().root;
    let typed = Value::map([("secret", free(Type::Bool, Value::Null))]);
    let told = Value::map([("secret", free(Type::Bool, true.into()))]);
    assert_eq!(fill(&object, &typed, &told), typed);
    let hidden = Value::map([("secret", Value::Null)]);
    assert_eq!(fill(&object, &told, &told), hidden);
}
