//! When two values are one to Terraform: sets have no order.

use crate::value::{Retype, Type, Value, retype};

/// Whether `a` and `b`, both of type `ty`, are the same value. Of what is promised of an unknown
/// value nothing is compared.
pub(crate) fn alike(ty: &Type, a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    match (ty, a, b) {
        (Type::Set(of), Value::List(a), Value::List(b)) => {
            a.len() == b.len() && paired(a, b, |a, b| alike(of, a, b))
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

/// Whether each of `some` has another one of `all` that it goes with.
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
