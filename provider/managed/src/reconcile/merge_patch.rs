//! Merge patches that replace a value as a whole.

use serde_json::{Map, Value};

/// The merge patch that changes `before` to `after`: a member that is gone, at any depth, is null,
/// because a merge patch keeps a member that it does not name.
pub(super) fn replacing(before: &Value, after: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return after.clone();
    };
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let gone = gone.map(|name| (name.clone(), Value::Null));
    let kept = after.iter().map(|(name, after)| {
        let before = before.get(name).unwrap_or(&Value::Null);
        (name.clone(), replacing(before, after))
    });
    Value::Object(gone.chain(kept).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_member_that_is_gone_is_null_wherever_it_was() {
        let before = json!({"port": 1, "engine": {"version": "8", "config": "x"},
            "proxy": {"expose": {"type": "LoadBalancer"}}, "hosts": ["a", "b"]});
        let after = json!({"engine": {"version": "9"}, "proxy": {}, "hosts": ["a"],
            "backup": {"schedules": [{"name": "nightly"}]}});
        let patch = json!({"port": null, "engine": {"version": "9", "config": null},
            "proxy": {"expose": null}, "hosts": ["a"],
            "backup": {"schedules": [{"name": "nightly"}]}});
        assert_eq!(replacing(&before, &after), patch);
        let mut patched = before;
        json_patch::merge(&mut patched, &patch);
        assert_eq!(patched, after);
    }

    #[test]
    fn an_object_in_place_of_another_value_is_written_whole() {
        let after = json!({"a": {"b": 1}});
        assert_eq!(replacing(&json!({"a": [1]}), &after), after);
        assert_eq!(
            replacing(&json!({"a": {"b": 1}}), &json!({"a": "b"})),
            json!({"a": "b"})
        );
    }
}
