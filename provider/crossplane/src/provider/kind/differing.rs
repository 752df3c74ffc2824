//! The fields of an external object that differ from what is wanted.

use std::collections::BTreeSet;

use everest_core::semantic;
use serde_json::Value;

/// The paths of the values in a body that the object does not have.
pub fn differing(wanted: &Value, held: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in ["spec", "metadata"] {
        compare(
            part,
            &wanted[part],
            &held[part],
            &mut Vec::new(),
            &mut found,
        );
    }
    found
}

fn compare<'a>(
    part: &str,
    wanted: &'a Value,
    held: &Value,
    path: &mut Vec<&'a str>,
    found: &mut BTreeSet<String>,
) {
    let same = match (wanted, held) {
        (Value::Object(wanted), _) => {
            for (name, wanted) in wanted {
                path.push(name);
                compare(part, wanted, &held[name.as_str()], path, found);
                path.pop();
            }
            true
        }
        (Value::String(wanted), Value::String(held)) => match semantic::of_spec(path) {
            Some(kind) if part == "spec" => semantic::equal(kind, wanted, held),
            _ => wanted == held,
        },
        (Value::Null, _) => true,
        (wanted, held) => wanted == held,
    };
    if !same {
        found.insert(format!("{part}.{}", path.join(".")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_values_that_mean_something_else_differ() {
        let wanted = json!({"metadata": {"labels": {"team": "a"}},
            "spec": {"engine": {"replicas": 3, "storage": {"size": "1024Mi"}}, "list": [1]}});
        let held = json!({"metadata": {"labels": {"team": "b"}, "annotations": {}},
            "spec": {"engine": {"replicas": 5, "storage": {"size": "1Gi"}}, "list": [2]}});
        let found = differing(&wanted, &held);
        assert_eq!(
            Vec::from_iter(&found),
            ["metadata.labels.team", "spec.engine.replicas", "spec.list"]
        );
        assert!(differing(&held, &held).is_empty());
    }
}
