//! Converts the model's shape to Terraform's: names, inlined objects, lists that become maps.

use std::collections::BTreeMap;

use super::ModelError;
use super::tree::Tree;
use crate::path::Step;
use crate::schema::{Attribute, Kind, Nesting, Object};
use crate::value::{Type, Value};

/// Converts an object of the model to a value.
pub(super) fn object_value(mut tree: Tree, object: &Object) -> Result<Value, ModelError> {
    match &tree {
        Tree::Null => return Ok(Value::Null),
        Tree::Unknown => return Ok(Value::UNKNOWN),
        Tree::Object(_) => {}
        other => return Err(mismatch("an object", other)),
    }
    let mut members = BTreeMap::new();
    for attribute in &object.attributes {
        let value = attribute_value(taken(&mut tree, attribute), attribute)
            .map_err(|error| error.under(Step::Attribute(attribute.name.clone())))?;
        members.insert(attribute.name.clone(), value);
    }
    Ok(Value::Map(members))
}

/// The model's value for `attribute`; null if it has none.
fn taken(tree: &mut Tree, attribute: &Attribute) -> Tree {
    let mut home = tree;
    for member in &attribute.within {
        match home.get_mut(member) {
            Some(inlined) => home = inlined,
            None => return Tree::Null,
        }
    }
    match home {
        Tree::Unknown => Tree::Unknown,
        home => home
            .get_mut(&attribute.member)
            .map(std::mem::take)
            .unwrap_or_default(),
    }
}

pub(super) fn attribute_value(tree: Tree, attribute: &Attribute) -> Result<Value, ModelError> {
    let (nesting, object) = match &attribute.kind {
        Kind::Leaf(ty) => return leaf_value(tree, ty),
        Kind::Nested(nesting, object) => (nesting, object),
    };
    match (nesting, tree) {
        (_, Tree::Null) => Ok(Value::Null),
        (_, Tree::Unknown) => Ok(Value::UNKNOWN),
        (Nesting::Single, tree) => object_value(tree, object),
        (Nesting::List, Tree::List(items)) => items
            .into_iter()
            .enumerate()
            .map(|(i, item)| object_value(item, object).map_err(|e| e.under(Step::Index(i))))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (Nesting::Map { member: None }, Tree::Object(members)) => members
            .into_iter()
            .map(|(key, member)| match object_value(member, object) {
                Ok(value) => Ok((key.into_owned(), value)),
                Err(error) => Err(error.under(Step::Key(key.into_owned()))),
            })
            .collect::<Result<_, _>>()
            .map(Value::Map),
        (Nesting::Map { member: Some(key) }, Tree::List(items)) => {
            let mut members = BTreeMap::new();
            for (i, mut item) in items.into_iter().enumerate() {
                let Some(Tree::String(name)) = item.get_mut(key).map(std::mem::take) else {
                    return Err(ModelError::new(format!("it has no {key}")).under(Step::Index(i)));
                };
                let value =
                    object_value(item, object).map_err(|e| e.under(Step::Key(name.clone())))?;
                if members.contains_key(&name) {
                    return Err(ModelError::new(format!(
                        "two elements have the {key} {name:?}; in Terraform they are a map by {key}, \
                         so rename or remove one of them"
                    )));
                }
                members.insert(name, value);
            }
            Ok(Value::Map(members))
        }
        (_, other) => Err(mismatch("a list or map of objects", &other)),
    }
}

fn leaf_value(tree: Tree, ty: &Type) -> Result<Value, ModelError> {
    match (tree, ty) {
        (Tree::Null, _) => Ok(Value::Null),
        (Tree::Unknown, _) => Ok(Value::UNKNOWN),
        (Tree::Bool(value), Type::Bool) => Ok(Value::Bool(value)),
        (Tree::Number(number), Type::Number) => Ok(Value::Number(number)),
        (Tree::String(text), Type::String) => Ok(Value::String(text)),
        (Tree::List(items), Type::List(of)) => items
            .into_iter()
            .enumerate()
            .map(|(i, item)| leaf_value(item, of).map_err(|e| e.under(Step::Index(i))))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (Tree::Object(members), Type::Map(of)) => members
            .into_iter()
            .map(|(key, member)| match leaf_value(member, of) {
                Ok(value) => Ok((key.into_owned(), value)),
                Err(error) => Err(error.under(Step::Key(key.into_owned()))),
            })
            .collect::<Result<_, _>>()
            .map(Value::Map),
        (tree, Type::Dynamic) => {
            let (ty, value) = free_value(tree);
            Ok(Value::dynamic(ty, value))
        }
        (other, ty) => Err(mismatch(&ty.to_string(), &other)),
    }
}

/// The value of free JSON, with the types that Terraform gives to literals: objects and tuples.
fn free_value(tree: Tree) -> (Type, Value) {
    match tree {
        Tree::Null | Tree::Unknown => (Type::Dynamic, Value::Null),
        Tree::Bool(value) => (Type::Bool, Value::Bool(value)),
        Tree::Number(number) => (Type::Number, Value::Number(number)),
        Tree::String(text) => (Type::String, Value::String(text)),
        Tree::List(items) => {
            let (types, values) = items.into_iter().map(free_value).unzip();
            (Type::Tuple(types), Value::List(values))
        }
        Tree::Object(members) => {
            let mut types = BTreeMap::new();
            let mut values = BTreeMap::new();
            for (name, member) in members {
                let (ty, value) = free_value(member);
                types.insert(name.clone().into_owned(), ty);
                values.insert(name.into_owned(), value);
            }
            (Type::Object(types), Value::Map(values))
        }
    }
}

fn mismatch(expected: &str, found: &Tree) -> ModelError {
    ModelError::new(format!("expected {expected}, found {}", found.kind()))
}
