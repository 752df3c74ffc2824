//! Validation of objects against a schema, member by member, so that a mistake is named by its
//! path.

use std::sync::LazyLock;

use everest_schemas::crds;
use serde_json::Value;

/// The shape of the function's input.
pub(super) static INPUT: LazyLock<Value> = LazyLock::new(|| bare(crds::input_schema()));

/// The shape of a DatabaseCluster's spec.
pub(super) static DATABASE_SPEC: LazyLock<Value> =
    LazyLock::new(|| bare(crds::database_spec_schema()));

/// Builds the schemas, which takes a moment, before the first request needs them.
pub(super) fn prepare() {
    LazyLock::force(&INPUT);
    LazyLock::force(&DATABASE_SPEC);
}

/// A schema without its texts, which are most of it.
fn bare(mut schema: Value) -> Value {
    fn strip(schema: &mut Value) {
        let Some(object) = schema.as_object_mut() else {
            return;
        };
        object.remove("description");
        for (keyword, value) in object {
            match keyword.as_str() {
                "items" | "additionalProperties" => strip(value),
                "properties" => value
                    .as_object_mut()
                    .into_iter()
                    .flat_map(serde_json::Map::values_mut)
                    .for_each(strip),
                _ => {}
            }
        }
    }
    strip(&mut schema);
    schema
}

/// The treatment of unknown members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// They are mistakes.
    Refused,
    /// They may be of a later version.
    Passed,
}

/// Returns a sentence with the path for each fault of a value. Values are never shown, except texts
/// that an enumeration lacks.
pub(super) fn faults(schema: &Value, value: &Value, root: &str, unknown: Unknown) -> Vec<String> {
    let mut faults = Vec::new();
    Checker {
        unknown,
        faults: &mut faults,
    }
    .node(schema, value, root);
    faults
}

struct Checker<'a> {
    unknown: Unknown,
    faults: &'a mut Vec<String>,
}

impl Checker<'_> {
    fn node(&mut self, schema: &Value, value: &Value, path: &str) {
        // A null is an absent member.
        if value.is_null() {
            return;
        }
        if schema.get("x-kubernetes-int-or-string").is_some() {
            if !value.is_string() && !value.is_number() {
                self.wrong(path, "a quantity such as 25Gi", value);
            }
            return;
        }
        match (schema.get("type").and_then(Value::as_str), value) {
            (Some("object"), Value::Object(_)) => self.object(schema, value, path),
            (Some("array"), Value::Array(elements)) => {
                if let Some(items) = schema.get("items") {
                    for (index, element) in elements.iter().enumerate() {
                        self.node(items, element, &format!("{path}[{index}]"));
                    }
                }
                self.keys(schema, elements, path);
            }
            (Some("string"), Value::String(text)) => self.text(schema, text, path),
            (Some("boolean"), Value::Bool(_)) | (Some("number"), Value::Number(_)) => {}
            (Some("integer"), Value::Number(number)) if number.is_i64() || number.is_u64() => {
                let minimum = schema.get("minimum").and_then(Value::as_f64);
                if let (Some(least), Some(number)) = (minimum, number.as_f64())
                    && number < least
                {
                    self.faults.push(format!("{path} is at least {least}"));
                }
            }
            (Some(wanted), _) => self.wrong(path, article(wanted), value),
            (None, _) => {}
        }
    }

    fn object(&mut self, schema: &Value, value: &Value, path: &str) {
        let members = value.as_object().into_iter().flatten();
        let properties = schema.get("properties").and_then(Value::as_object);
        let free = schema.get("x-kubernetes-preserve-unknown-fields").is_some();
        for (name, member) in members {
            let below = join(path, name);
            if let Some(property) = properties.and_then(|properties| properties.get(name)) {
                self.node(property, member, &below);
            } else if let Some(any) = schema.get("additionalProperties") {
                self.node(any, member, &below);
            } else if !free && self.unknown == Unknown::Refused && properties.is_some() {
                let names: Vec<_> = properties
                    .into_iter()
                    .flat_map(|properties| properties.keys())
                    .filter(|name| !["apiVersion", "kind", "metadata"].contains(&name.as_str()))
                    .map(String::as_str)
                    .collect();
                self.faults.push(format!(
                    "{below} is not a field; those there are: {}",
                    names.join(", ")
                ));
            }
        }
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if value.get(name).is_none_or(Value::is_null) {
                self.faults.push(format!("{} is missing", join(path, name)));
            }
        }
    }

    fn text(&mut self, schema: &Value, text: &str, path: &str) {
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
            if !words.contains(&text) {
                self.faults.push(format!(
                    "{path} is one of {}, and not {text:?}",
                    words.join(", ")
                ));
            }
        }
        if text.is_empty() && schema.get("minLength").is_some() {
            self.faults.push(format!("{path} is empty"));
        }
    }

    /// Checks that the keys of list elements are unique.
    fn keys(&mut self, schema: &Value, elements: &[Value], path: &str) {
        let key = schema
            .pointer("/x-kubernetes-list-map-keys/0")
            .and_then(Value::as_str);
        let Some(key) = key else {
            return;
        };
        let mut seen = std::collections::BTreeSet::new();
        for name in elements
            .iter()
            .filter_map(|element| element.get(key)?.as_str())
        {
            if !seen.insert(name) {
                self.faults.push(format!(
                    "{path} has more than one element whose {key} is {name:?}"
                ));
            }
        }
    }

    fn wrong(&mut self, path: &str, wanted: &str, found: &Value) {
        let found = match found {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        let path = if path.is_empty() { "it" } else { path };
        self.faults
            .push(format!("{path} is to be {wanted}, and is {found}"));
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn article(type_: &str) -> &str {
    match type_ {
        "object" => "an object",
        "array" => "a list",
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of_input(value: Value) -> String {
        faults(&INPUT, &value, "", Unknown::Refused).join("; ")
    }

    #[test]
    fn a_mistake_is_named_by_its_path() {
        for (input, words) in [
            (
                json!({"database": []}),
                "database is not a field; those there are: databases, backups, lookups, silence, ttl",
            ),
            (
                json!({"databases": [{}]}),
                "databases[0].resource is missing",
            ),
            (
                json!({"databases": [{"resource": ""}]}),
                "databases[0].resource is empty",
            ),
            (
                json!({"databases": [{"resource": "a", "spec": {"engine": {"replica": 3}}}]}),
                "databases[0].spec.engine.replica is not a field",
            ),
            (
                json!({"databases": [{"resource": "a", "spec": {"engine": {"replicas": "3"}}}]}),
                "databases[0].spec.engine.replicas is to be a whole number, and is text",
            ),
            (
                json!({"databases": [{"resource": "a", "spec": {"engine": {"type": "mysql"}}}]}),
                "databases[0].spec.engine.type is one of pxc, psmdb, postgresql, and not \"mysql\"",
            ),
            (
                json!({"databases": [{"resource": "a", "patches": [{"to": "paused"}]}]}),
                "databases[0].patches[0].from is missing",
            ),
            (
                json!({"databases": [{"resource": "a"}, {"resource": "a"}]}),
                "databases has more than one element whose resource is \"a\"",
            ),
            (
                json!({"lookups": "Some"}),
                "lookups is one of Everest, All, None",
            ),
        ] {
            let found = of_input(input);
            assert!(found.contains(words), "{found}");
        }
    }

    #[test]
    fn what_is_right_passes() {
        assert_eq!(
            of_input(json!({
                "apiVersion": "everest.fn.openeverest.io/v1beta1",
                "kind": "Input",
                "databases": [{
                    "resource": "a",
                    "spec": {"engine": {"storage": {"size": 25}, "resources": {"cpu": "1"}}},
                    "patches": [{"from": "spec.size", "map": {"s": {"engine": {"replicas": 1}}}}],
                }],
            })),
            ""
        );
    }

    #[test]
    fn a_whole_spec_needs_its_engine_and_a_later_version_may_have_more() {
        let of = |value: Value, unknown| faults(&DATABASE_SPEC, &value, "spec", unknown).join("; ");
        assert_eq!(of(json!({}), Unknown::Refused), "spec.engine is missing");
        let later = json!({"engine": {"type": "pxc", "storage": {"size": "1Gi"}, "turbo": true}});
        assert_eq!(of(later.clone(), Unknown::Passed), "");
        assert!(of(later, Unknown::Refused).contains("spec.engine.turbo is not a field"));
    }
}
