//! Models to values and back.

use proptest::prelude::*;
use tfplugin::model::{decode, encode};
use tfplugin::schema::Schema;
use tfplugin::value::{Type, Value};

use crate::model::{Shelf, Wood};
use crate::strategy::{config, shelf};
use tfplugin::Field;

proptest! {
    #[test]
    fn a_model_holds_every_value(value in value_with_keys()) {
        let object = shelf();
        let model: Shelf = decode(&value, &object).unwrap();
        let back = encode(&model, &object).unwrap();
        prop_assert_eq!(back, value);
    }
}

/// Values that a Shelf takes: the wood is one of its enum, and free JSON is known or unknown as a
/// whole, of the types that literals have.
fn value_with_keys() -> BoxedStrategy<Value> {
    config(&shelf(), true)
        .prop_map(|mut value| {
            if let Value::Map(members) = &mut value
                && let Some(wood @ Value::String(_)) = members.get_mut("wood")
            {
                *wood = "pine".into();
            }
            if let Value::Map(members) = &mut value
                && let Some(extra) = members.get_mut("extra")
            {
                *extra = if extra.is_wholly_known() {
                    literal(extra)
                } else {
                    Value::UNKNOWN
                };
            }
            value
        })
        .boxed()
}

fn literal(value: &Value) -> Value {
    let (ty, value) = literal_parts(value);
    Value::dynamic(ty, value)
}

fn literal_parts(value: &Value) -> (Type, Value) {
    match value.content() {
        Value::Bool(_) => (Type::Bool, value.content().clone()),
        Value::String(_) => (Type::String, value.content().clone()),
        Value::List(items) => {
            let (types, values) = items.iter().map(literal_parts).unzip();
            (Type::Tuple(types), Value::List(values))
        }
        Value::Map(members) => {
            let parts = members
                .iter()
                .map(|(name, value)| (name, literal_parts(value)));
            let parts: Vec<_> = parts.collect();
            let types = parts
                .iter()
                .map(|(name, part)| ((*name).clone(), part.0.clone()));
            let types = Type::Object(types.collect());
            let values = parts.into_iter().map(|(name, part)| (name.clone(), part.1));
            (types, Value::map(values))
        }
        _ => (Type::Dynamic, Value::Null),
    }
}

fn minimal() -> Value {
    let mut value = shelf().null_members();
    if let Value::Map(members) = &mut value {
        members.insert("name".to_owned(), "a".into());
        members.insert("wood".to_owned(), "oak".into());
    }
    value
}

fn with(name: &str, value: Value) -> Value {
    let mut all = minimal();
    if let Value::Map(members) = &mut all {
        members.insert(name.to_owned(), value);
    }
    all
}

#[test]
fn null_unknown_and_known_arrive_as_such() {
    let value = with("boards", Value::UNKNOWN);
    let shelf: Shelf = decode(&value, &shelf()).unwrap();
    let spec = shelf.spec.known().unwrap();
    assert_eq!(spec.wood, Field::Known(Wood::Oak));
    assert_eq!(spec.boards, Field::Unknown);
    assert_eq!(spec.finish, Field::Null);
}

#[test]
fn an_unknown_element_of_a_keyed_map_has_its_key() {
    let value = with("boxes", Value::map([("red", Value::UNKNOWN)]));
    let shelf: Shelf = decode(&value, &shelf()).unwrap();
    let boxes = shelf.spec.known().unwrap().boxes.known().unwrap();
    assert_eq!(boxes[0].name, Field::Known("red".to_owned()));
    assert_eq!(boxes[0].volume, Field::Unknown);
}

#[test]
fn an_error_names_the_attribute_as_the_user_knows_it() {
    let path = |name: &str, value: Value| {
        let error = decode::<Shelf>(&with(name, value), &shelf()).unwrap_err();
        error.path.to_string()
    };
    assert_eq!(path("wood", "steel".into()), "wood");
    assert_eq!(path("load_kg", Value::Bool(true)), "load_kg");
    let red = Value::map([("volume", "much".into())]);
    assert_eq!(
        path("boxes", Value::map([("red", red)])),
        r#"boxes["red"].volume"#
    );
    assert_eq!(
        path("hooks", Value::List(vec!["a".into(), 1.into()])),
        "hooks[1]"
    );
    assert_eq!(
        path("labels", Value::map([("k", true.into())])),
        r#"labels["k"]"#
    );
}

#[test]
fn two_elements_of_one_key_are_refused_by_name() {
    let red = || crate::model::Box_ {
        name: Field::Known("red".to_owned()),
        ..Default::default()
    };
    let mut shelf: Shelf = decode(&minimal(), &shelf()).unwrap();
    if let Field::Known(spec) = &mut shelf.spec {
        spec.boxes = Field::Known(vec![red(), red()]);
    }
    let error = encode(&shelf, &crate::strategy::shelf()).unwrap_err();
    assert_eq!(error.path.to_string(), "boxes");
    assert!(error.reason.contains("\"red\""), "{error}");
}

#[test]
fn free_json_keeps_its_shape() {
    let ty = Type::Object([("a".to_owned(), Type::Tuple(vec![Type::Number, Type::Bool]))].into());
    let inner = Value::map([("a", Value::List(vec![1.into(), true.into()]))]);
    let value = with("extra", Value::Dynamic(Box::new((ty, inner))));
    let model: Shelf = decode(&value, &shelf()).unwrap();
    assert_eq!(
        *model.extra.known().unwrap(),
        serde_json::json!({ "a": [1, true] })
    );
    assert_eq!(encode(&model, &shelf()).unwrap(), value);
}

#[test]
fn a_plain_type_refuses_what_it_cannot_hold() {
    #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, Debug)]
    struct Plain {
        number: i32,
    }
    let object = Schema::derive::<Plain>(0, "").unwrap().root;
    let error = |value| {
        let value = Value::map([("number", value)]);
        decode::<Plain>(&value, &object).unwrap_err().to_string()
    };
    assert!(error(Value::UNKNOWN).starts_with("number: this value is known only after apply"));
    assert!(error(Value::Null).starts_with("number: "));
    let half = tfplugin::value::Number::parse("1.5").unwrap();
    assert!(error(Value::Number(half)).starts_with("number: "));
}
