//! Values of a schema: configurations with unknowns, states without.

use proptest::prelude::*;
use tfplugin::schema::{Attribute, Kind, Mode, Nesting, Object, Schema};
use tfplugin::value::{Number, Type, Value};

use crate::model::Shelf;

pub fn shelf() -> Object {
    Schema::derive::<Shelf>(0, "").unwrap().root
}

/// What a user may write; with unknowns if `unknowns`.
pub fn config(object: &Object, unknowns: bool) -> BoxedStrategy<Value> {
    value(object, move |attribute| match attribute.mode {
        Mode::Computed => [1, 0, 0],
        Mode::Required => [0, u32::from(unknowns), 3],
        _ => [2, u32::from(unknowns), 3],
    })
}

/// What a state may hold, or a server say.
pub fn state(object: &Object) -> BoxedStrategy<Value> {
    value(object, |attribute| {
        if attribute.write_only {
            [1, 0, 0]
        } else {
            [1, 0, 3]
        }
    })
}

/// What a default of an attribute may be.
pub fn known(kind: &Kind) -> BoxedStrategy<Value> {
    of_kind(kind, false, |attribute| match attribute.mode {
        Mode::Computed => [1, 0, 0],
        Mode::Required => [0, 0, 1],
        _ => [2, 0, 3],
    })
}

/// Anything: what no resource should return, and one may.
pub fn anything(object: &Object) -> BoxedStrategy<Value> {
    value(object, |_| [1, 1, 3])
}

/// Each attribute null, unknown or known, by weight.
fn value(
    object: &Object,
    weights: impl Fn(&Attribute) -> [u32; 3] + Copy + 'static,
) -> BoxedStrategy<Value> {
    let mut members = Just(Vec::new()).boxed();
    for attribute in &object.attributes {
        let [null, unknown, some] = weights(attribute);
        let known = of_kind(&attribute.kind, unknown > 0, weights);
        let mut choices = Vec::new();
        choices.push((null, of_any_type(&attribute.kind, Value::Null)));
        choices.push((unknown, of_any_type(&attribute.kind, Value::UNKNOWN)));
        choices.push((some, known));
        choices.retain(|(weight, _)| *weight > 0);
        let name = attribute.name.clone();
        members = (members, prop::strategy::Union::new_weighted(choices))
            .prop_map(move |(mut members, value)| {
                members.push((name.clone(), value));
                members
            })
            .boxed();
    }
    members.prop_map(Value::map).boxed()
}

/// `nothing`, which is null or unknown; of a type where it may have one of its own.
fn of_any_type(kind: &Kind, nothing: Value) -> BoxedStrategy<Value> {
    match kind {
        Kind::Leaf(ty) => of_type(ty, nothing),
        Kind::Nested(..) => Just(nothing).boxed(),
    }
}

fn of_type(ty: &Type, nothing: Value) -> BoxedStrategy<Value> {
    if *ty != Type::Dynamic {
        return Just(nothing).boxed();
    }
    let typed = nothing.clone();
    let typed = carried().prop_map(move |of| Value::dynamic(of, typed.clone()));
    prop_oneof![1 => Just(nothing), 2 => typed].boxed()
}

/// The types of free values.
fn carried() -> impl Strategy<Value = Type> {
    let strings = || Box::new(Type::String);
    let pair = Type::Object([("a".into(), Type::String), ("b".into(), Type::Bool)].into());
    prop_oneof![
        Just(Type::Bool),
        Just(Type::Object([("a".into(), Type::String)].into())),
        Just(Type::Map(strings())),
        Just(Type::List(strings())),
        Just(Type::Set(strings())),
        Just(Type::Tuple(vec![Type::String])),
        Just(Type::Tuple(vec![Type::Dynamic])),
        Just(Type::List(Box::new(pair.clone()))),
        Just(pair),
    ]
}

fn of_kind(
    kind: &Kind,
    unknowns: bool,
    weights: impl Fn(&Attribute) -> [u32; 3] + Copy + 'static,
) -> BoxedStrategy<Value> {
    match kind {
        Kind::Leaf(ty) => leaf(ty, unknowns),
        Kind::Nested(Nesting::Single, object) => value(object, weights),
        Kind::Nested(Nesting::List, object) => prop::collection::vec(value(object, weights), 0..3)
            .prop_map(Value::List)
            .boxed(),
        Kind::Nested(Nesting::Map { .. }, object) => {
            prop::collection::btree_map("[ab]", value(object, weights), 0..3)
                .prop_map(Value::Map)
                .boxed()
        }
    }
}

/// A leaf that is there; its elements may be unknown if `unknowns`.
fn leaf(ty: &Type, unknowns: bool) -> BoxedStrategy<Value> {
    let element = move |of: &Type| {
        prop_oneof![
            6 => leaf(of, unknowns),
            1 => of_type(of, Value::Null),
            u32::from(unknowns) => of_type(of, Value::UNKNOWN),
        ]
    };
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => (0i64..4)
            .prop_map(|n| Value::Number(Number::from(n)))
            .boxed(),
        Type::String => "0{0,2}[12]?".prop_map(Value::String).boxed(),
        Type::List(of) => prop::collection::vec(element(of), 0..3)
            .prop_map(Value::List)
            .boxed(),
        // Elements of a set differ; Terraform sends them so.
        Type::Set(of) => prop::collection::vec(element(of), 0..3)
            .prop_map(|items| {
                let mut set = Vec::new();
                for item in items {
                    if !set.contains(&item) {
                        set.push(item);
                    }
                }
                Value::List(set)
            })
            .boxed(),
        Type::Map(of) => prop::collection::btree_map("[ab]", element(of), 0..3)
            .prop_map(Value::Map)
            .boxed(),
        Type::Tuple(of) => {
            let items: Vec<_> = of.iter().map(element).collect();
            items.prop_map(Value::List).boxed()
        }
        Type::Object(of) => {
            let members: Vec<_> = of
                .iter()
                .map(|(name, of)| (Just(name.clone()), element(of)))
                .collect();
            members.prop_map(Value::map).boxed()
        }
        Type::Dynamic => carried()
            .prop_flat_map(move |of| {
                let value = leaf(&of, unknowns);
                value.prop_map(move |value| Value::dynamic(of.clone(), value))
            })
            .boxed(),
    }
}
