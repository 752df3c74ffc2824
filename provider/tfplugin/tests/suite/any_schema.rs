//! Schemas of every shape that the crate has, beyond what a model derives.

use proptest::prelude::*;
use serde_json::json;
use tfplugin::schema::{Attribute, Kind, Mode, Nesting, Object, Schema};
use tfplugin::value::Type;

use crate::strategy;

/// Objects with nested ones up to `depth` levels.
pub fn object(depth: u32) -> BoxedStrategy<Object> {
    prop::collection::vec(attribute(depth), 1..5)
        .prop_map(|mut attributes| {
            for (i, attribute) in attributes.iter_mut().enumerate() {
                attribute.name = format!("a{i}");
                attribute.member = attribute.name.clone();
            }
            Object::new(attributes)
        })
        .boxed()
}

/// One with nothing said of it; taken from the crate so that it is complete.
fn plain() -> Attribute {
    let json = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
    let mut schema = Schema::from_json_schema(&json, 0, "").unwrap();
    schema.root.attributes.remove(0)
}

fn attribute(depth: u32) -> BoxedStrategy<Attribute> {
    let mode = prop_oneof![
        Just(Mode::Required),
        Just(Mode::Optional),
        Just(Mode::OptionalComputed),
        Just(Mode::Computed),
    ];
    let rarely = || prop::bool::weighted(0.2);
    let flags = (
        rarely(),
        rarely(),
        rarely(),
        rarely(),
        any::<bool>(),
        rarely(),
    );
    (kind(depth), mode, flags, any::<bool>())
        .prop_flat_map(|(kind, mode, flags, keyed)| {
            let (sensitive, write_only, force_new, local, has_default, unfilled) = flags;
            let mut attribute = plain();
            attribute.semantic =
                matches!(kind, Kind::Leaf(Type::String)).then(|| "zeros".to_owned());
            attribute.kind = kind;
            attribute.mode = mode;
            attribute.sensitive = sensitive;
            attribute.write_only = write_only && !mode.is_computed();
            attribute.force_new = force_new;
            attribute.unfilled = unfilled;
            attribute.local = local && mode != Mode::Computed;
            attribute.keys = keys(&attribute.kind, keyed);
            if mode == Mode::Computed {
                provided(&mut attribute);
            }
            with_default(attribute, has_default)
        })
        .boxed()
}

/// The first member of a list's elements that can tell them apart, if `keyed`.
fn keys(kind: &Kind, keyed: bool) -> Vec<String> {
    let Kind::Nested(Nesting::List, object) = kind else {
        return Vec::new();
    };
    let key = object.attributes.iter().find(|member| {
        let simple = matches!(
            member.kind,
            Kind::Leaf(Type::String | Type::Number | Type::Bool)
        );
        keyed && simple && !member.write_only && member.mode != Mode::Computed
    });
    key.map(|key| key.name.clone()).into_iter().collect()
}

/// What the provider alone sets holds nothing that the user may.
fn provided(attribute: &mut Attribute) {
    attribute.mode = Mode::Computed;
    attribute.write_only = false;
    attribute.local = false;
    attribute.default = None;
    if let Kind::Nested(_, object) = &mut attribute.kind {
        object.attributes.iter_mut().for_each(provided);
    }
}

fn with_default(attribute: Attribute, has_default: bool) -> BoxedStrategy<Attribute> {
    if !has_default || attribute.mode != Mode::OptionalComputed {
        return Just(attribute).boxed();
    }
    strategy::known(&attribute.kind)
        .prop_map(move |value| {
            let mut attribute = attribute.clone();
            attribute.default = Some(value);
            attribute
        })
        .boxed()
}

fn kind(depth: u32) -> BoxedStrategy<Kind> {
    let leaf = ty(2).prop_map(Kind::Leaf);
    if depth == 0 {
        return leaf.boxed();
    }
    let nesting = prop_oneof![
        Just(Nesting::Single),
        Just(Nesting::List),
        Just(Nesting::Map { member: None }),
    ];
    let nested = (nesting, object(depth - 1));
    prop_oneof![
        2 => leaf,
        1 => nested.prop_map(|(nesting, object)| Kind::Nested(nesting, object)),
    ]
    .boxed()
}

fn ty(depth: u32) -> BoxedStrategy<Type> {
    let simple = prop_oneof![
        3 => Just(Type::String),
        1 => Just(Type::Number),
        1 => Just(Type::Bool),
    ];
    if depth == 0 {
        return simple.boxed();
    }
    let of = || ty(depth - 1);
    prop_oneof![
        4 => simple,
        1 => Just(Type::Dynamic),
        1 => of().prop_map(|of| Type::List(Box::new(of))),
        1 => of().prop_map(|of| Type::Set(Box::new(of))),
        1 => of().prop_map(|of| Type::Map(Box::new(of))),
        1 => prop::collection::vec(of(), 0..3).prop_map(Type::Tuple),
        1 => prop::collection::btree_map("[ab]", of(), 0..3).prop_map(Type::Object),
    ]
    .boxed()
}
