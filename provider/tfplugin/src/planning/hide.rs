//! Removes write-only values, which no plan and no state may contain.

use crate::schema::{Kind, Nesting, Object};
use crate::value::Value;

/// Makes every write-only attribute of `value` null.
pub fn hide(object: &Object, value: &mut Value) {
    let Value::Map(members) = value else {
        return;
    };
    for attribute in &object.attributes {
        let Some(value) = members.get_mut(&attribute.name) else {
            continue;
        };
        if attribute.write_only {
            *value = Value::Null;
            continue;
        }
        let Kind::Nested(nesting, object) = &attribute.kind else {
            continue;
        };
        match (nesting, value) {
            (Nesting::Single, value) => hide(object, value),
            (Nesting::List, Value::List(items)) => {
                items.iter_mut().for_each(|item| hide(object, item));
            }
            (Nesting::Map { .. }, Value::Map(members)) => {
                members.values_mut().for_each(|member| hide(object, member));
            }
            _ => {}
        }
    }
}
