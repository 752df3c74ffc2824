//! Equality of values in Terraform's sense: sets have no order.

use crate::value::{Retype, Type, Value, msgpack, retype};

/// Returns true if `a` and `b`, both of type `ty`, are equal. Promises about unknown values are not
/// compared.
pub(crate) fn alike(ty: &Type, a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    match (ty, a, b) {
        (Type::Set(of), Value::List(a), Value::List(b)) => {
            // Each with each takes too long in a set without end.
            a.len() == b.len()
                && (sorted(of, a) == sorted(of, b)
                    || (a.len() <= MAX_PAIRED && paired(a, b, |a, b| alike(of, a, b))))
        }
        (Type::List(of), Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(of, a, b))
        }
        (Type::Tuple(of), Value::List(a), Value::List(b)) => {
            let mut pairs = of.iter().zip(a.iter().zip(b));
            a.len() == b.len() && pairs.all(|(of, (a, b))| alike(of, a, b))
        }
        (Type::Map(of), Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| alike(of, a, b)))
        }
        (Type::Object(of), Value::Map(a), Value::Map(b)) => of.iter().all(|(name, of)| {
            let (a, b) = (a.get(name), b.get(name));
            alike(of, a.unwrap_or(&Value::Null), b.unwrap_or(&Value::Null))
        }),
        (Type::Dynamic, Value::Dynamic(a), Value::Dynamic(b)) => {
            let b = retype(&b.1, &b.0, &a.0, Retype::Carried);
            b.is_some_and(|b| alike(&a.0, &a.1, &b))
        }
        (_, Value::Unknown(_), Value::Unknown(_)) => true,
        _ => false,
    }
}

/// The maximum number of elements that are compared pairwise.
const MAX_PAIRED: usize = 1000;

fn sorted(of: &Type, items: &[Value]) -> Option<Vec<Vec<u8>>> {
    let bytes = items.iter().map(|item| msgpack::encode(item, of).ok());
    let mut bytes: Vec<_> = bytes.collect::<Option<_>>()?;
    bytes.sort_unstable();
    Some(bytes)
}

/// Returns true if each of `some` can be paired with a different one of `all`.
pub(super) fn paired(
    some: &[Value],
    all: &[Value],
    mut fits: impl FnMut(&Value, &Value) -> bool,
) -> bool {
    let mut free: Vec<&Value> = all.iter().collect();
    some.iter().all(|one| {
        let found = free.iter().position(|other| fits(one, other));
        found.map(|at| free.swap_remove(at)).is_some()
    })
}
