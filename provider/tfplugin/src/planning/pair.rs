//! Pairs the elements of two lists: an element that has moved is still the same element.

use super::refresh::is_zero;
use super::{Equal, equal};
use crate::schema::{Attribute, Kind, Mode, Nesting, Object};
use crate::value::Value;

/// For each element of `now`, a list of objects with `keys`, the index of the same element in
/// `then`, an earlier or later value of the list. No index appears twice.
///
/// 1. In a list with keys, elements with the same keys are the same. An unknown key matches any
///    key.
/// 2. In a list without keys, an element is the one at the same index if both agree, otherwise one
///    at another index that agrees. If none agrees, it is the element at its index, changed, unless
///    that one has moved.
pub(super) fn pairs(
    object: &Object,
    keys: &[String],
    (now, then): (&[Value], &[Value]),
    same: Equal<'_>,
) -> Vec<Option<usize>> {
    let one = |now: &Value, then: &Value| {
        if keys.is_empty() {
            agree(object, now, then, same)
        } else {
            have_keys(object, keys, now, then, same)
        }
    };
    let mut found: Vec<Option<usize>> = vec![None; now.len()];
    let mut taken = vec![false; then.len()];
    for (i, (element, other)) in now.iter().zip(then).enumerate() {
        if one(element, other) {
            (found[i], taken[i]) = (Some(i), true);
        }
    }
    let moved = now.iter().zip(&mut found);
    for (element, place) in moved.filter(|(_, place)| place.is_none()) {
        let others = then.iter().zip(&mut taken).enumerate();
        let mut free = others.filter(|(_, (_, taken))| !**taken);
        if let Some((at, (_, taken))) = free.find(|(_, (other, _))| one(element, other)) {
            (*place, *taken) = (Some(at), true);
        }
    }
    if keys.is_empty() {
        for (i, place) in found.iter_mut().enumerate() {
            if place.is_none() && taken.get(i) == Some(&false) {
                *place = Some(i);
            }
        }
    }
    found
}

fn have_keys(object: &Object, keys: &[String], a: &Value, b: &Value, same: Equal<'_>) -> bool {
    keys.iter().all(|key| {
        let (a, b) = (a.member(key), b.member(key));
        let semantic = object.get(key).and_then(|key| key.semantic.as_deref());
        a.is_unknown() || b.is_unknown() || equal(semantic, a, b, same)
    })
}

/// Returns true if both objects agree in every attribute that a user can configure and a server
/// returns. An unknown value agrees with any value, and a zero value with null.
fn agree(object: &Object, a: &Value, b: &Value, same: Equal<'_>) -> bool {
    object.attributes.iter().all(|attribute| {
        let silent = attribute.mode == Mode::Computed || attribute.write_only || attribute.local;
        silent
            || says_the_same(
                attribute,
                a.member(&attribute.name),
                b.member(&attribute.name),
                same,
            )
    })
}

fn says_the_same(attribute: &Attribute, a: &Value, b: &Value, same: Equal<'_>) -> bool {
    if a.is_unknown() || b.is_unknown() {
        return true;
    }
    let (nesting, object) = match &attribute.kind {
        Kind::Leaf(_) => {
            let nothing = |value: &Value| value.is_null() || is_zero(value);
            return equal(attribute.semantic.as_deref(), a, b, same) || (nothing(a) && nothing(b));
        }
        Kind::Nested(nesting, object) => (nesting, object),
    };
    match nesting {
        Nesting::Single => agree(object, a, b, same),
        Nesting::List => {
            let (a, b) = (items(a), items(b));
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(object, a, b, same))
        }
        Nesting::Map { .. } => match (a, b) {
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|(key, a)| b.get(key).is_some_and(|b| agree(object, a, b, same)))
            }
            (Value::Map(some), _) | (_, Value::Map(some)) => some.is_empty(),
            _ => true,
        },
    }
}

/// The elements of a list; none if it is null or unknown.
pub(super) fn items(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        _ => &[],
    }
}
