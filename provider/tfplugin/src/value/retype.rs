//! Converts values of one type to values of another.

use std::collections::{BTreeMap, HashSet};

use super::{Type, Value, msgpack};

/// The differences that a conversion allows between two types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retype {
    /// Only the place of the type may differ: one value may carry the type that is declared for the
    /// other.
    Carried,
    /// Types that are equal in JSON: lists, sets and tuples; maps and objects; and the type of
    /// null.
    Json,
}

/// Converts `value`, of type `from`, to a value of type `to` with the same content; None if there
/// is no such value.
pub(crate) fn retype(value: &Value, from: &Type, to: &Type, how: Retype) -> Option<Value> {
    convert(value, from, to, how, false)
}

/// `shared` is true if `from` is the type of several values. A type with parts is then not copied
/// to each value: a type with many attributes and many nulls would cost the product of the two.
fn convert(value: &Value, from: &Type, to: &Type, how: Retype, shared: bool) -> Option<Value> {
    if from == to {
        return Some(value.clone());
    }
    match (from, to) {
        (Type::Dynamic, to) => match value {
            Value::Dynamic(carried) => convert(&carried.1, &carried.0, to, how, false),
            // It has no type that it could keep.
            Value::Null | Value::Unknown(None) if how == Retype::Json => Some(value.clone()),
            _ => None,
        },
        (Type::Bool | Type::Number | Type::String, Type::Dynamic) => {
            Some(Value::dynamic(from.clone(), value.clone()))
        }
        (from, Type::Dynamic) => (!shared).then(|| Value::dynamic(from.clone(), value.clone())),
        _ => match value {
            Value::Null | Value::Unknown(None) if how == Retype::Json => Some(value.clone()),
            Value::Null | Value::Unknown(_) => settles(from, to).then(|| value.clone()),
            _ if !related(from, to, how) => None,
            Value::List(items) => list(items, from, to, how, shared),
            Value::Map(members) => map(members, from, to, how, shared),
            _ => None,
        },
    }
}

fn list(items: &[Value], from: &Type, to: &Type, how: Retype, shared: bool) -> Option<Value> {
    if matches!(to, Type::Tuple(types) if types.len() != items.len()) {
        return None;
    }
    let shared = shared || !matches!(from, Type::Tuple(_));
    let all = items.iter().enumerate();
    let all = all.map(|(i, item)| convert(item, element(from, i)?, element(to, i)?, how, shared));
    let all: Vec<Value> = all.collect::<Option<_>>()?;
    if let (Type::Set(of), Type::List(_) | Type::Tuple(_)) = (to, from) {
        // A set would lose what is there twice.
        let mut seen = HashSet::new();
        let mut bytes = all.iter().map(|item| msgpack::encode(item, of));
        if !bytes.all(|item| item.is_ok_and(|item| seen.insert(item))) {
            return None;
        }
    }
    Some(Value::List(all))
}

fn map(
    members: &BTreeMap<String, Value>,
    from: &Type,
    to: &Type,
    how: Retype,
    shared: bool,
) -> Option<Value> {
    if matches!(to, Type::Object(types) if !types.keys().eq(members.keys())) {
        return None;
    }
    let shared = shared || !matches!(from, Type::Object(_));
    members
        .iter()
        .map(|(name, value)| {
            let value = convert(value, member(from, name)?, member(to, name)?, how, shared)?;
            Some((name.clone(), value))
        })
        .collect::<Option<_>>()
        .map(Value::Map)
}

fn element(ty: &Type, index: usize) -> Option<&Type> {
    match ty {
        Type::List(of) | Type::Set(of) => Some(of),
        Type::Tuple(of) => of.get(index),
        _ => None,
    }
}

fn member<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    match ty {
        Type::Map(of) => Some(of),
        Type::Object(of) => of.get(name),
        _ => None,
    }
}

/// Returns true if values of both types have the same kind of parts.
fn related(a: &Type, b: &Type, how: Retype) -> bool {
    let is_list = |ty: &Type| matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_));
    let is_map = |ty: &Type| matches!(ty, Type::Map(_) | Type::Object(_));
    match how {
        Retype::Carried => std::mem::discriminant(a) == std::mem::discriminant(b),
        Retype::Json => (is_list(a) && is_list(b)) || (is_map(a) && is_map(b)),
    }
}

/// Returns true if `a` equals `b`, except that `a` has a type wherever `b` allows any type.
fn settles(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (_, Type::Dynamic) => true,
        (Type::List(a), Type::List(b))
        | (Type::Set(a), Type::Set(b))
        | (Type::Map(a), Type::Map(b)) => settles(a, b),
        (Type::Tuple(a), Type::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| settles(a, b))
        }
        (Type::Object(a), Type::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| settles(a, b)))
        }
        (a, b) => a == b,
    }
}
