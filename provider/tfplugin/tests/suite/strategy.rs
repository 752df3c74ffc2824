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

/// Each attribute null, unknown or known, by weight.
fn value(
    object: &Object,
    weights: impl Fn(&Attribute) -> [u32; 3] + Copy + 'static,
) -> BoxedStrategy<Value> {
    let mut members = Just(Vec::new()).boxed();
    for attribute in &object.attributes {
        let known = match &attribute.kind {
            Kind::Leaf(ty) => leaf(ty),
            Kind::Nested(Nesting::Single, object) => value(object, weights),
            Kind::Nested(Nesting::List, object) => {
                prop::collection::vec(value(object, weights), 0..3)
                    .prop_map(Value::List)
                    .boxed()
            }
            Kind::Nested(Nesting::Map { .. }, object) => {
                prop::collection::btree_map("[ab]", value(object, weights), 0..3)
                    .prop_map(Value::Map)
                    .boxed()
            }
        };
        let [null, unknown, some] = weights(attribute);
        let mut choices = Vec::new();
        choices.push((null, Just(Value::Null).boxed()));
        choices.push((unknown, Just(Value::UNKNOWN).boxed()));
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

fn leaf(ty: &Type) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => (0i64..4)
            .prop_map(|n| Value::Number(Number::from(n)))
            .boxed(),
        Type::String => "0{0,2}[12]?".prop_map(Value::String).boxed(),
        Type::List(of) => prop::collection::vec(leaf(of), 0..3)
            .prop_map(Value::List)
            .boxed(),
        Type::Map(of) => prop::collection::btree_map("[ab]", leaf(of), 0..3)
            .prop_map(Value::Map)
            .boxed(),
        Type::Dynamic => any::<bool>()
            .prop_map(|b| Value::Dynamic(Box::new((Type::Bool, Value::Bool(b)))))
            .boxed(),
        other => panic!("no strategy for {other:?}"),
    }
}
