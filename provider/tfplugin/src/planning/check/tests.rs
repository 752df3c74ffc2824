use serde_json::json;

use super::*;
use crate::schema::Schema;
use crate::value::{Number, Refinements};

fn object() -> Object {
    let port = json!({ "type": "object", "properties": {
        "number": { "type": "integer" },
        "url": { "type": "string", "x-read-only": true },
        "key": { "type": "string", "x-write-only": true },
    } });
    let json = json!({ "type": "object", "required": ["name"], "properties": {
        "name": { "type": "string" },
        "note": { "type": "string" },
        "size": { "type": "integer", "x-computed": true },
        "id": { "type": "string", "x-read-only": true },
        "secret": { "type": "string", "x-write-only": true },
        "tags": { "type": "array", "items": { "type": "string" } },
        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        "free": { "x-dynamic": true },
        "main": port,
        "ports": { "type": "array", "items": port },
        "named": { "type": "object", "additionalProperties": port },
    } });
    Schema::from_json_schema(&json, 0, "").unwrap().root
}

fn value(members: &[(&str, Value)]) -> Value {
    let mut value = object().null_members();
    if let Value::Map(all) = &mut value {
        all.insert("name".to_owned(), "a".into());
        for (name, member) in members {
            all.insert((*name).to_owned(), member.clone());
        }
    }
    value
}

fn port(number: impl Into<Value>) -> Value {
    Value::map([
        ("number", number.into()),
        ("url", Value::Null),
        ("key", Value::Null),
    ])
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().collect())
}

fn told(found: Vec<Violation>) -> Vec<(String, Rule)> {
    found
        .into_iter()
        .map(|v| (v.path.to_string(), v.rule))
        .collect()
}

/// The violations for one attribute that is configured, in the prior state and planned.
fn planned(name: &str, config: Value, prior: Value, plan: Value) -> Vec<(String, Rule)> {
    let (config, prior, plan) = (
        value(&[(name, config)]),
        value(&[(name, prior)]),
        value(&[(name, plan)]),
    );
    let answer = Planned {
        prior: &prior,
        config: &config,
        planned: &plan,
        replace: &[],
    };
    told(super::plan(&object(), answer))
}

fn at(path: &str, rule: Rule) -> Vec<(String, Rule)> {
    vec![(path.to_owned(), rule)]
}

const NULL: Value = Value::Null;

#[test]
fn what_is_configured_is_planned_as_it_is_or_as_it_was() {
    let note = |config: Value, prior: Value, plan: Value| planned("note", config, prior, plan);
    assert_eq!(note("x".into(), NULL, "x".into()), []);
    assert_eq!(note("x".into(), "y".into(), "y".into()), []);
    assert_eq!(note(Value::UNKNOWN, "y".into(), Value::UNKNOWN), []);
    let altered = at("note", Rule::Altered);
    assert_eq!(note("x".into(), "y".into(), "z".into()), altered);
    assert_eq!(note("x".into(), "y".into(), Value::UNKNOWN), altered);
    assert_eq!(note(Value::UNKNOWN, NULL, "x".into()), altered);
    assert_eq!(note("x".into(), NULL, NULL), at("note", Rule::Missing));
}

#[test]
fn what_is_not_configured_is_null_unless_it_is_computed() {
    let uninvited = at("note", Rule::Uninvited);
    assert_eq!(planned("note", NULL, "x".into(), "x".into()), uninvited);
    assert_eq!(planned("note", NULL, NULL, Value::UNKNOWN), uninvited);
    for plan in [NULL, Value::UNKNOWN, 7.into()] {
        assert_eq!(planned("size", NULL, 3.into(), plan), []);
    }
    assert_eq!(
        planned("size", 2.into(), 3.into(), 7.into()),
        at("size", Rule::Altered)
    );
}

#[test]
fn what_only_the_provider_sets_may_become_anything() {
    for plan in [NULL, Value::UNKNOWN, "x".into()] {
        assert_eq!(planned("id", NULL, "y".into(), plan), []);
    }
}

#[test]
fn a_plan_is_there_if_and_only_if_there_is_a_configuration() {
    let something = value(&[]);
    let check = |config, planned| {
        let answer = Planned {
            prior: &something,
            config,
            planned,
            replace: &[],
        };
        told(super::plan(&object(), answer))
    };
    assert_eq!(check(&NULL, &NULL), []);
    assert_eq!(check(&something, &NULL), at("", Rule::Missing));
    assert_eq!(check(&NULL, &something), at("", Rule::Uninvited));
    assert_eq!(
        check(&something, &Value::UNKNOWN),
        at("", Rule::UnknownNested)
    );
}

#[test]
fn write_only_is_null_in_every_plan_and_state() {
    let secret = || Value::from("hunter2");
    let found = planned("secret", secret(), NULL, secret());
    assert_eq!(found, at("secret", Rule::WriteOnly));
    assert_eq!(planned("secret", secret(), NULL, NULL), []);
    let keyed = || list([Value::map([("number", 1.into()), ("key", secret())])]);
    let found = planned("ports", keyed(), NULL, keyed());
    assert_eq!(found, at("ports[0].key", Rule::WriteOnly));
    let found = told(state(&object(), &value(&[("ports", keyed())])));
    assert_eq!(found, at("ports[0].key", Rule::WriteOnly));
}

#[test]
fn a_configured_nested_attribute_is_planned_member_by_member() {
    let outputs = |url: Value| Value::map([("number", 1.into()), ("url", url), ("key", NULL)]);
    for plan in [outputs(Value::UNKNOWN), outputs("x".into())] {
        assert_eq!(planned("main", port(1), NULL, plan), []);
    }
    let main = |plan: Value| planned("main", port(1), NULL, plan);
    assert_eq!(main(port(2)), at("main.number", Rule::Altered));
    assert_eq!(main(NULL), at("main", Rule::Missing));
    assert_eq!(main(Value::UNKNOWN), at("main", Rule::UnknownNested));
    assert_eq!(planned("main", port(1), port(2), port(2)), []);
    assert_eq!(
        planned("main", Value::UNKNOWN, NULL, port(1)),
        at("main", Rule::Altered)
    );
    assert_eq!(
        planned("main", NULL, NULL, port(1)),
        at("main", Rule::Uninvited)
    );
}

#[test]
fn a_planned_list_is_as_long_as_the_configured_one() {
    let ports = |plan: Value| planned("ports", list([port(1), port(2)]), NULL, plan);
    assert_eq!(ports(list([port(1), port(2)])), []);
    let length = Rule::Length {
        expected: 2,
        found: 1,
    };
    assert_eq!(ports(list([port(1)])), at("ports", length));
    assert_eq!(
        ports(list([port(1), port(3)])),
        at("ports[1].number", Rule::Altered)
    );
    assert_eq!(ports(list([port(1), NULL])), at("ports[1]", Rule::Missing));
    assert_eq!(ports(Value::UNKNOWN), at("ports", Rule::UnknownNested));
    let found = planned("ports", list([NULL]), NULL, list([port(1)]));
    assert_eq!(found, at("ports[0]", Rule::Uninvited));
}

#[test]
fn a_planned_map_has_the_configured_keys() {
    let named = |plan: Value| planned("named", Value::map([("a", port(1))]), NULL, plan);
    assert_eq!(named(Value::map([("a", port(1))])), []);
    assert_eq!(
        named(Value::map([("b", port(1))])),
        [
            (r#"named["a"]"#.to_owned(), Rule::Lost),
            (r#"named["b"]"#.to_owned(), Rule::Surplus)
        ]
    );
    assert_eq!(
        named(Value::map([("a", port(2))])),
        at(r#"named["a"].number"#, Rule::Altered)
    );
}

#[test]
fn a_value_is_of_the_schemas_type() {
    let found = planned("size", NULL, NULL, "seven".into());
    assert!(matches!(&found[..], [(path, Rule::Type(_))] if path == "size"));
    let found = told(state(&object(), &value(&[("id", true.into())])));
    assert!(matches!(&found[..], [(path, Rule::Type(_))] if path == "id"));
}

#[test]
fn a_path_that_replaces_leads_somewhere() {
    let prior = value(&[("named", Value::map([("a", port(1))]))]);
    let config = value(&[]);
    let replace = [
        AttributePath::from("name"),
        AttributePath::from("named").key("a").attribute("number"),
        AttributePath::from("named").key("b"),
        AttributePath::from("nothing"),
        AttributePath::from("ports").index(0),
    ];
    let answer = Planned {
        prior: &prior,
        config: &config,
        planned: &config,
        replace: &replace,
    };
    let found = told(super::plan(&object(), answer));
    let lost = [r#"named["b"]"#, "nothing", "ports[0]"];
    assert_eq!(found, lost.map(|path| (path.to_owned(), Rule::Nowhere)));
}

/// What is found of one attribute: planned, and what came of it.
fn came(name: &str, planned: Value, actual: Value) -> Vec<(String, Rule)> {
    let (planned, actual) = (value(&[(name, planned)]), value(&[(name, actual)]));
    told(kept(&object(), &planned, &actual))
}

#[test]
fn what_was_planned_is_what_comes() {
    assert_eq!(came("note", "x".into(), "x".into()), []);
    let changed = at("note", Rule::Changed);
    for actual in [NULL, Value::UNKNOWN, "y".into()] {
        assert_eq!(came("note", "x".into(), actual), changed);
    }
    assert_eq!(came("note", NULL, "x".into()), changed);
    for actual in [NULL, Value::UNKNOWN, "y".into()] {
        assert_eq!(came("id", Value::UNKNOWN, actual), []);
    }
}

#[test]
fn an_object_comes_and_goes_as_planned() {
    let something = value(&[]);
    assert_eq!(told(kept(&object(), &NULL, &NULL)), []);
    let changed = at("", Rule::Changed);
    assert_eq!(told(kept(&object(), &NULL, &something)), changed);
    assert_eq!(told(kept(&object(), &something, &NULL)), changed);
}

#[test]
fn elements_come_as_planned() {
    let tags = list(["a".into(), Value::UNKNOWN]);
    assert_eq!(
        came("tags", tags.clone(), list(["a".into(), "b".into()])),
        []
    );
    assert_eq!(
        came("tags", tags.clone(), list(["b".into(), "a".into()])),
        at("tags[0]", Rule::Changed)
    );
    let length = Rule::Length {
        expected: 2,
        found: 1,
    };
    assert_eq!(came("tags", tags, list(["a".into()])), at("tags", length));
    let labels = |key: &str, value: &str| Value::map([(key, Value::from(value))]);
    assert_eq!(
        came("labels", labels("a", "x"), labels("a", "y")),
        at(r#"labels["a"]"#, Rule::Changed)
    );
    assert_eq!(
        came("labels", labels("a", "x"), labels("b", "x")),
        [
            (r#"labels["a"]"#.to_owned(), Rule::Lost),
            (r#"labels["b"]"#.to_owned(), Rule::Surplus)
        ]
    );
    assert_eq!(
        came("ports", list([port(1)]), list([port(2)])),
        at("ports[0].number", Rule::Changed)
    );
    assert_eq!(
        came("named", labels_of(port(1)), labels_of(port(2))),
        at(r#"named["a"].number"#, Rule::Changed)
    );
    assert_eq!(came("main", port(Value::UNKNOWN), port(3)), []);
}

fn labels_of(value: Value) -> Value {
    Value::map([("a", value)])
}

#[test]
fn free_values_keep_their_type_and_what_is_known_of_them() {
    let ty = || Type::Object([("a".to_owned(), Type::Bool), ("b".to_owned(), Type::Bool)].into());
    let free =
        |a: Value, b: Value| Value::Dynamic(Box::new((ty(), Value::map([("a", a), ("b", b)]))));
    let planned = free(true.into(), Value::UNKNOWN);
    assert_eq!(
        came("free", planned.clone(), free(true.into(), true.into())),
        []
    );
    assert_eq!(
        came("free", planned.clone(), free(false.into(), true.into())),
        at("free.a", Rule::Changed)
    );
    let other = Value::Dynamic(Box::new((Type::Bool, true.into())));
    assert_eq!(came("free", planned, other), at("free", Rule::Changed));
}

#[test]
fn a_set_has_no_order_and_may_shrink() {
    let mut object = object();
    for attribute in object.attributes.iter_mut().filter(|a| a.name == "tags") {
        attribute.kind = Kind::Leaf(Type::Set(Box::new(Type::String)));
    }
    let set = |items: &[&str]| {
        let items = items.iter().map(|item| match *item {
            "?" => Value::UNKNOWN,
            item => item.into(),
        });
        value(&[("tags", list(items))])
    };
    let came = |planned: &[&str], actual: &[&str]| told(kept(&object, &set(planned), &set(actual)));
    assert_eq!(came(&["a", "b"], &["b", "a"]), []);
    assert_eq!(came(&["a", "?"], &["a"]), []);
    assert_eq!(came(&["a", "?"], &["c", "a"]), []);
    let changed = at("tags", Rule::Changed);
    assert_eq!(came(&["a", "b"], &["a"]), changed);
    assert_eq!(came(&["a", "b"], &["a", "c"]), changed);
    let length = Rule::Length {
        expected: 1,
        found: 2,
    };
    assert_eq!(came(&["?"], &["a", "b"]), at("tags", length));
    let (config, planned) = (set(&["a", "b"]), set(&["b", "a"]));
    let answer = Planned {
        prior: &NULL,
        config: &config,
        planned: &planned,
        replace: &[],
    };
    assert_eq!(told(super::plan(&object, answer)), []);
}

#[test]
fn a_promise_is_kept() {
    let promised = |refinements: Refinements| Value::Unknown(Some(Box::new(refinements)));
    let none = Refinements::default();
    let not_null = promised(Refinements {
        null: Some(false),
        ..none.clone()
    });
    let null = promised(Refinements {
        null: Some(true),
        ..none.clone()
    });
    let prefix = promised(Refinements {
        prefix: Some("db-".to_owned()),
        ..none.clone()
    });
    let range = promised(Refinements {
        lower: Some((Number::from(1i64), false)),
        upper: Some((Number::from(3i64), true)),
        ..none.clone()
    });
    let some = promised(Refinements {
        min_length: Some(1),
        max_length: Some(2),
        ..none
    });
    let tags = |count: usize| list(vec![Value::from("a"); count]);
    let labels = |count: i64| Value::map((0..count).map(|i| (i.to_string(), Value::from("a"))));
    for (name, planned, actual) in [
        ("id", &not_null, "x".into()),
        ("id", &not_null, Value::UNKNOWN),
        ("id", &null, NULL),
        ("id", &prefix, "db-1".into()),
        ("id", &prefix, NULL),
        ("size", &range, 3.into()),
        ("tags", &some, tags(2)),
        ("labels", &some, labels(1)),
    ] {
        assert_eq!(came(name, planned.clone(), actual), []);
    }
    for (name, planned, actual) in [
        ("id", &not_null, NULL),
        ("id", &null, "x".into()),
        ("id", &prefix, "x".into()),
        ("size", &range, 1.into()),
        ("size", &range, 4.into()),
        ("tags", &some, tags(0)),
        ("labels", &some, labels(3)),
    ] {
        let found = came(name, planned.clone(), actual);
        assert_eq!(found, at(name, Rule::Promise));
    }
}

#[test]
fn a_state_is_wholly_known() {
    let found = |name: &str, member: Value| told(state(&object(), &value(&[(name, member)])));
    assert_eq!(found("note", "x".into()), []);
    assert_eq!(found("id", Value::UNKNOWN), at("id", Rule::Unknown));
    assert_eq!(
        found("tags", list([Value::UNKNOWN])),
        at("tags", Rule::Unknown)
    );
    assert_eq!(
        found("ports", list([port(Value::UNKNOWN)])),
        at("ports[0].number", Rule::Unknown)
    );
    assert_eq!(found("main", Value::UNKNOWN), at("main", Rule::Unknown));
    assert_eq!(
        found("ports", list([port(1), Value::UNKNOWN])),
        at("ports[1]", Rule::Unknown)
    );
}

#[test]
fn a_violation_names_the_attribute_and_the_rule() {
    let violation = Violation {
        path: AttributePath::from("ports").index(0),
        rule: Rule::UnknownNested,
    };
    assert_eq!(
        violation.to_string(),
        "ports[0]: a nested attribute that is configured cannot be planned as unknown"
    );
}
