//! Between the model's shape and Terraform's: names, inlined objects, lists that become maps.

use std::collections::BTreeMap;

use super::ModelError;
use super::tree::{Entry, Tree};
use crate::path::Step;
use crate::schema::{Attribute, Kind, Nesting, Object};
use crate::value::{Type, Value};

/// From the model: the value of an object.
pub(super) fn object_value(tree: &Tree, object: &Object) -> Result<Value, ModelError> {
    match tree {
        Tree::Null => return Ok(Value::Null),
        Tree::Unknown => return Ok(Value::UNKNOWN),
        Tree::Object(_) => {}
        other => return Err(mismatch("an object", other)),
    }
    let mut members = BTreeMap::new();
    for attribute in &object.attributes {
        let home = attribute
            .within
            .iter()
            .try_fold(tree, |tree, member| tree.get(member));
        let part = home.and_then(|home| match home {
            Tree::Unknown => Some(home),
            _ => home.get(&attribute.member),
        });
        let value = attribute_value(part.unwrap_or(&Tree::Null), attribute)
            .map_err(|error| error.under(Step::Attribute(attribute.name.clone())))?;
        members.insert(attribute.name.clone(), value);
    }
    Ok(Value::Map(members))
}

pub(super) fn attribute_value(tree: &Tree, attribute: &Attribute) -> Result<Value, ModelError> {
    let (nesting, object) = match &attribute.kind {
        Kind::Leaf(ty) => return leaf_value(tree, ty),
        Kind::Nested(nesting, object) => (nesting, object),
    };
    match (nesting, tree) {
        (_, Tree::Null) => Ok(Value::Null),
        (_, Tree::Unknown) => Ok(Value::UNKNOWN),
        (Nesting::Single, _) => object_value(tree, object),
        (Nesting::List, Tree::List(items)) => items
            .iter()
            .enumerate()
            .map(|(i, item)| object_value(&item.tree, object).map_err(|e| e.under(Step::Index(i))))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (Nesting::Map { member: None }, Tree::Object(members)) => members
            .iter()
            .map(|(key, entry)| {
                let value = object_value(&entry.tree, object)
                    .map_err(|e| e.under(Step::Key(key.clone())))?;
                Ok((key.clone(), value))
            })
            .collect::<Result<_, _>>()
            .map(Value::Map),
        (Nesting::Map { member: Some(key) }, Tree::List(items)) => {
            let mut members = BTreeMap::new();
            for (i, item) in items.iter().enumerate() {
                let Some(Tree::String(name)) = item.tree.get(key) else {
                    return Err(ModelError::new(format!("it has no {key}")).under(Step::Index(i)));
                };
                let value = object_value(&item.tree, object)
                    .map_err(|e| e.under(Step::Key(name.clone())))?;
                if members.insert(name.clone(), value).is_some() {
                    return Err(ModelError::new(format!(
                        "two elements have the {key} {name:?}; in Terraform they are a map by {key}, \
                         so rename or remove one of them"
                    )));
                }
            }
            Ok(Value::Map(members))
        }
        (_, other) => Err(mismatch("a list or map of objects", other)),
    }
}

fn leaf_value(tree: &Tree, ty: &Type) -> Result<Value, ModelError> {
    match (tree, ty) {
        (Tree::Null, _) => Ok(Value::Null),
        (Tree::Unknown, _) => Ok(Value::UNKNOWN),
        (Tree::Bool(value), Type::Bool) => Ok(Value::Bool(*value)),
        (Tree::Number(number), Type::Number) => Ok(Value::Number(number.clone())),
        (Tree::String(text), Type::String) => Ok(Value::String(text.clone())),
        (Tree::List(items), Type::List(of)) => items
            .iter()
            .enumerate()
            .map(|(i, item)| leaf_value(&item.tree, of).map_err(|e| e.under(Step::Index(i))))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (Tree::Object(members), Type::Map(of)) => members
            .iter()
            .map(|(key, entry)| {
                let value =
                    leaf_value(&entry.tree, of).map_err(|e| e.under(Step::Key(key.clone())))?;
                Ok((key.clone(), value))
            })
            .collect::<Result<_, _>>()
            .map(Value::Map),
        (tree, Type::Dynamic) => {
            let (ty, value) = free_value(tree);
            Ok(Value::dynamic(ty, value))
        }
        (other, ty) => Err(mismatch(&ty.to_string(), other)),
    }
}

/// The value of free JSON, typed as Terraform types literals: objects and tuples.
fn free_value(tree: &Tree) -> (Type, Value) {
    match tree {
        Tree::Null | Tree::Unknown => (Type::Dynamic, Value::Null),
        Tree::Bool(value) => (Type::Bool, Value::Bool(*value)),
        Tree::Number(number) => (Type::Number, Value::Number(number.clone())),
        Tree::String(text) => (Type::String, Value::String(text.clone())),
        Tree::List(items) => {
            let (types, values) = items.iter().map(|item| free_value(&item.tree)).unzip();
            (Type::Tuple(types), Value::List(values))
        }
        Tree::Object(members) => {
            let mut types = BTreeMap::new();
            let mut values = BTreeMap::new();
            for (name, entry) in members {
                let (ty, value) = free_value(&entry.tree);
                types.insert(name.clone(), ty);
                values.insert(name.clone(), value);
            }
            (Type::Object(types), Value::Map(values))
        }
    }
}

fn mismatch(expected: &str, found: &Tree) -> ModelError {
    ModelError::new(format!("expected {expected}, found {}", found.kind()))
}

/// To the model: the tree of an object.
pub(super) fn object_tree(value: &Value, object: &Object) -> Result<Tree, ModelError> {
    let members = match value {
        Value::Null => return Ok(Tree::Null),
        Value::Unknown(_) => return Ok(Tree::Unknown),
        Value::Map(members) => members,
        other => return Err(unfit("an object", other)),
    };
    let mut tree = Vec::new();
    for attribute in &object.attributes {
        let part = members.get(&attribute.name).unwrap_or(&Value::Null);
        let step = Step::Attribute(attribute.name.clone());
        let entry = Entry {
            tree: attribute_tree(part, attribute).map_err(|e| e.under(step.clone()))?,
            step: Some(step),
        };
        place(&mut tree, &attribute.within, &attribute.member, entry);
    }
    Ok(Tree::Object(tree))
}

/// Puts `entry` where it belongs in the model, in the inlined objects of `within`.
fn place(tree: &mut Vec<(String, Entry)>, within: &[String], member: &str, entry: Entry) {
    let Some((first, rest)) = within.split_first() else {
        tree.push((member.to_owned(), entry));
        return;
    };
    for (name, inner) in tree.iter_mut() {
        if let Tree::Object(members) = &mut inner.tree
            && name == first
        {
            return place(members, rest, member, entry);
        }
    }
    let mut members = Vec::new();
    place(&mut members, rest, member, entry);
    tree.push((first.clone(), Tree::Object(members).into()));
}

fn attribute_tree(value: &Value, attribute: &Attribute) -> Result<Tree, ModelError> {
    let (nesting, object) = match &attribute.kind {
        Kind::Leaf(Type::Dynamic) if !value.is_wholly_known() => return Ok(Tree::Unknown),
        Kind::Leaf(_) => return Ok(leaf_tree(value)),
        Kind::Nested(nesting, object) => (nesting, object),
    };
    match (nesting, value) {
        (_, Value::Null) => Ok(Tree::Null),
        (_, Value::Unknown(_)) => Ok(Tree::Unknown),
        (Nesting::Single, _) => object_tree(value, object),
        (Nesting::List, Value::List(items)) => items
            .iter()
            .enumerate()
            .map(|(i, item)| {
                let step = Step::Index(i);
                let tree = object_tree(item, object).map_err(|e| e.under(step.clone()))?;
                let step = Some(step);
                Ok(Entry { step, tree })
            })
            .collect::<Result<_, _>>()
            .map(Tree::List),
        (Nesting::Map { member }, Value::Map(members)) => {
            let mut entries = Vec::new();
            for (key, element) in members {
                let step = Step::Key(key.clone());
                let mut tree = object_tree(element, object).map_err(|e| e.under(step.clone()))?;
                if let Some(member) = member {
                    // An unknown element has its key all the same.
                    if tree == Tree::Unknown {
                        let unknown = object
                            .attributes
                            .iter()
                            .map(|a| (a.member.clone(), Entry::from(Tree::Unknown)));
                        tree = Tree::Object(unknown.collect());
                    }
                    if let Tree::Object(parts) = &mut tree {
                        parts.push((member.clone(), Tree::String(key.clone()).into()));
                    }
                }
                let step = Some(step);
                entries.push((key.clone(), Entry { step, tree }));
            }
            Ok(match member {
                None => Tree::Object(entries),
                Some(_) => Tree::List(entries.into_iter().map(|(_, entry)| entry).collect()),
            })
        }
        (_, other) => Err(unfit("a list or map of objects", other)),
    }
}

fn leaf_tree(value: &Value) -> Tree {
    match value {
        Value::Null => Tree::Null,
        Value::Unknown(_) => Tree::Unknown,
        Value::Bool(value) => Tree::Bool(*value),
        Value::Number(number) => Tree::Number(number.clone()),
        Value::String(text) => Tree::String(text.clone()),
        Value::List(items) => Tree::List(
            items
                .iter()
                .enumerate()
                .map(|(i, item)| Entry {
                    step: Some(Step::Index(i)),
                    tree: leaf_tree(item),
                })
                .collect(),
        ),
        Value::Map(members) => Tree::Object(
            members
                .iter()
                .map(|(key, member)| {
                    let entry = Entry {
                        step: Some(Step::Key(key.clone())),
                        tree: leaf_tree(member),
                    };
                    (key.clone(), entry)
                })
                .collect(),
        ),
        Value::Dynamic(inner) => leaf_tree(&inner.1),
    }
}

fn unfit(expected: &str, found: &Value) -> ModelError {
    ModelError::new(format!("expected {expected}, found {}", found.kind()))
}
