//! The rules that need no cluster, for the resources that the documentation shows.

use everest_core::dialect::Dialect;
use everest_core::finding::Severity;
use everest_core::rules::Validate;
use hcl::{Block, Expression};
use serde::de::DeserializeOwned;
use tfplugin::model::decode;
use tfplugin::schema::{Kind, Nesting, Object, Schema};
use tfplugin::value::{Type, Value};

use super::{Shown, all, key_of};

/// A literal as the value of an attribute; anything else is known to the client alone.
fn value_of(written: &Expression, kind: &Kind) -> Value {
    match (written, kind) {
        (Expression::Object(members), Kind::Nested(Nesting::Map { .. }, object)) => {
            let members = members.iter();
            Value::map(members.map(|(key, member)| (key_of(key), nested(member, object))))
        }
        (Expression::Array(items), Kind::Nested(Nesting::List, object)) => {
            Value::List(items.iter().map(|item| nested(item, object)).collect())
        }
        (written, Kind::Nested(Nesting::Single, object)) => nested(written, object),
        (written, Kind::Leaf(of)) => leaf(written, of),
        _ => Value::UNKNOWN,
    }
}

fn nested(written: &Expression, object: &Object) -> Value {
    match written {
        Expression::Object(members) => {
            let members = members.iter().map(|(key, member)| (key_of(key), member));
            object_of(members, object)
        }
        Expression::Null => Value::Null,
        _ => Value::UNKNOWN,
    }
}

fn object_of<'a>(
    members: impl Iterator<Item = (String, &'a Expression)>,
    object: &Object,
) -> Value {
    let given: Vec<_> = members.collect();
    Value::map(object.attributes.iter().map(|attribute| {
        let written = given.iter().find(|(name, _)| *name == attribute.name);
        let value = written.map(|(_, written)| value_of(written, &attribute.kind));
        (attribute.name.clone(), value.unwrap_or_default())
    }))
}

fn leaf(written: &Expression, of: &Type) -> Value {
    match (written, of) {
        (_, Type::Dynamic) => Value::UNKNOWN,
        (Expression::Null, _) => Value::Null,
        (Expression::Bool(flag), Type::Bool) => Value::Bool(*flag),
        (Expression::String(text), Type::String) => Value::string(text.as_str()),
        (Expression::Number(number), Type::Number) => number
            .as_i64()
            .map_or(Value::UNKNOWN, |number| Value::Number(number.into())),
        (Expression::Array(items), Type::List(of)) => {
            Value::List(items.iter().map(|item| leaf(item, of)).collect())
        }
        (Expression::Object(members), Type::Map(of)) => {
            let members = members.iter();
            Value::map(members.map(|(key, member)| (key_of(key), leaf(member, of))))
        }
        _ => Value::UNKNOWN,
    }
}

/// The errors of a creation of what a block shows.
fn errors<M: Validate + DeserializeOwned>(block: &Block) -> Vec<String> {
    let object = Schema::derive::<M>(0, "").unwrap().root;
    let attributes = block.body().attributes();
    let given = attributes.map(|attribute| (attribute.key().to_owned(), attribute.expr()));
    let model: M = decode(&object_of(given, &object), &object).unwrap();
    let findings = model.check_syntax().into_iter().chain(model.check(None));
    findings
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.summary.render(Dialect::Terraform))
        .collect()
}

/// The rules that the resources of one piece of HCL break.
fn broken(shown: &Shown) -> Vec<String> {
    // What does not parse is the fault of another test.
    let Ok(body) = hcl::parse(&shown.text) else {
        return Vec::new();
    };
    let mut broken = Vec::new();
    for block in body.blocks() {
        let label = block.labels().first().map(|label| label.as_str());
        let Some(label) = label.filter(|_| block.identifier() == "resource") else {
            continue;
        };
        macro_rules! errors_of {
            ($($module:ident::$kind:ident = $model:ty;)*) => {
                match label {
                    $(concat!("everest_", stringify!($module)) => errors::<$model>(block),)*
                    _ => Vec::new(),
                }
            };
        }
        let errors = everest_schemas::for_each_kind!(errors_of);
        let errors = errors.into_iter();
        broken.extend(errors.map(|error| format!("{}: {label}: {error}", shown.place)));
    }
    broken
}

#[test]
fn every_resource_of_the_documentation_keeps_the_rules_that_need_no_cluster() {
    let broken: Vec<_> = all().iter().flat_map(broken).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_resource_that_breaks_a_rule_is_found() {
    let shown = Shown {
        place: "here".to_owned(),
        text: "resource \"everest_database\" \"a\" {\n  namespace = \"prod\"\n  name = var.name\n  \
               engine = {\n    type = \"pxc\"\n    replicas = 4\n    storage = { size = \"25Gi\" }\n    \
               resources = { cpu = \"1\", memory = \"2G\" }\n  }\n}\n"
            .to_owned(),
    };
    let broken = broken(&shown);
    assert!(
        broken.len() == 1 && broken[0].contains("4 replicas of pxc"),
        "{broken:?}"
    );
}
