//! Validation of values against an OpenAPI v3 schema, as far as schemas of import options need it.
//!
//! Other keywords (`format`, `discriminator`, references) are left to the server: an unknown
//! keyword forbids nothing.

use std::collections::BTreeSet;
use std::fmt;

use regex_lite::Regex;
use serde_json::Value;

/// The deepest nesting of schemas; anything deeper is not checked.
const DEPTH: usize = 32;

/// A place where a value violates its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The place in the value, such as `tables[0].name`; empty for the value
    /// itself.
    pub place: String,
    /// The fault, as the rest of a sentence that begins with the place.
    pub fault: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() {
            "it"
        } else {
            &self.place
        };
        write!(formatter, "{place} {}", self.fault)
    }
}

/// Returns every violation of a schema by a value.
pub fn violations(schema: &Value, value: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    check(schema, value, "", DEPTH, &mut found);
    found
}

fn check(schema: &Value, value: &Value, place: &str, depth: usize, found: &mut Vec<Violation>) {
    let Some(words) = schema.as_object().filter(|_| depth > 0) else {
        return;
    };
    let mut fault = |fault: String| {
        found.push(Violation {
            place: place.to_owned(),
            fault,
        });
    };
    if value.is_null() && words.get("nullable") == Some(&Value::Bool(true)) {
        return;
    }
    if let Some(type_) = words.get("type").and_then(Value::as_str)
        && !is_of(type_, value)
    {
        return fault(format!("must be of type {type_}"));
    }
    if let Some(allowed) = words.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        let allowed: Vec<_> = allowed.iter().map(Value::to_string).collect();
        fault(format!("must be one of {}", allowed.join(", ")));
    }
    match value {
        Value::Number(_) => numbers(schema, value, &mut fault),
        Value::String(text) => texts(schema, text, &mut fault),
        Value::Array(items) => {
            let size = Bounds::of(schema, "minItems", "maxItems");
            size.check(items.len(), "element", &mut fault);
            let distinct: BTreeSet<_> = items.iter().map(Value::to_string).collect();
            if schema["uniqueItems"] == true && distinct.len() < items.len() {
                fault("must not hold the same element twice".to_owned());
            }
            for (index, item) in items.iter().enumerate() {
                let place = format!("{place}[{index}]");
                check(&schema["items"], item, &place, depth - 1, found);
            }
        }
        Value::Object(_) => members(schema, value, place, depth, found),
        Value::Null | Value::Bool(_) => {}
    }
    combined(schema, value, place, depth, found);
}

fn is_of(type_: &str, value: &Value) -> bool {
    match type_ {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => {
            value.is_i64()
                || value.is_u64()
                || value.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        _ => true,
    }
}

fn numbers(schema: &Value, value: &Value, fault: &mut impl FnMut(String)) {
    let Some(number) = value.as_f64() else {
        return;
    };
    if let Some(least) = schema["minimum"].as_f64() {
        if schema["exclusiveMinimum"] == true {
            if number <= least {
                fault(format!("must be more than {least}"));
            }
        } else if number < least {
            fault(format!("must be at least {least}"));
        }
    }
    if let Some(most) = schema["maximum"].as_f64() {
        if schema["exclusiveMaximum"] == true {
            if number >= most {
                fault(format!("must be less than {most}"));
            }
        } else if number > most {
            fault(format!("must be at most {most}"));
        }
    }
    if let Some(step) = schema["multipleOf"].as_f64().filter(|step| *step > 0.0)
        && (number / step).fract() != 0.0
    {
        fault(format!("must be a multiple of {step}"));
    }
}

fn texts(schema: &Value, text: &str, fault: &mut impl FnMut(String)) {
    let length = Bounds::of(schema, "minLength", "maxLength");
    length.check(text.chars().count(), "character", fault);
    // What this crate cannot read as a pattern is left to the server.
    if let Some(pattern) = schema["pattern"].as_str()
        && let Ok(compiled) = Regex::new(pattern)
        && !compiled.is_match(text)
    {
        fault(format!("must match {pattern}"));
    }
}

fn members(schema: &Value, value: &Value, place: &str, depth: usize, found: &mut Vec<Violation>) {
    let Some(members) = value.as_object() else {
        return;
    };
    let within = |name: &str| {
        if place.is_empty() {
            name.to_owned()
        } else {
            format!("{place}.{name}")
        }
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        if let Some(name) = name.as_str().filter(|name| !members.contains_key(*name)) {
            found.push(Violation {
                place: within(name),
                fault: "must be given".to_owned(),
            });
        }
    }
    let size = Bounds::of(schema, "minProperties", "maxProperties");
    size.check(members.len(), "member", &mut |fault| {
        found.push(Violation {
            place: place.to_owned(),
            fault,
        });
    });
    for (name, member) in members {
        let place = within(name);
        match (
            schema["properties"].get(name),
            &schema["additionalProperties"],
        ) {
            (Some(schema), _) | (None, schema @ Value::Object(_)) => {
                check(schema, member, &place, depth - 1, found);
            }
            (None, Value::Bool(false)) => found.push(Violation {
                place,
                fault: "is not known".to_owned(),
            }),
            (None, _) => {}
        }
    }
}

fn combined(schema: &Value, value: &Value, place: &str, depth: usize, found: &mut Vec<Violation>) {
    let holds = |schema: &Value| {
        let mut inner = Vec::new();
        check(schema, value, place, depth - 1, &mut inner);
        inner.is_empty()
    };
    for schema in schema["allOf"].as_array().into_iter().flatten() {
        check(schema, value, place, depth - 1, found);
    }
    let mut fault = |fault: &str| {
        found.push(Violation {
            place: place.to_owned(),
            fault: fault.to_owned(),
        });
    };
    let count = |name: &str| {
        let all = schema[name].as_array()?;
        Some(all.iter().filter(|schema| holds(schema)).count())
    };
    if count("anyOf") == Some(0) {
        fault("has none of the forms that are allowed");
    }
    if count("oneOf").is_some_and(|count| count != 1) {
        fault("must have exactly one of the forms that are allowed");
    }
    if schema["not"].is_object() && holds(&schema["not"]) {
        fault("has a form that is not allowed");
    }
}

/// The minimum and maximum number of items.
struct Bounds {
    least: Option<u64>,
    most: Option<u64>,
}

impl Bounds {
    fn of(schema: &Value, least: &str, most: &str) -> Self {
        Self {
            least: schema[least].as_u64(),
            most: schema[most].as_u64(),
        }
    }

    fn check(&self, count: usize, of: &str, fault: &mut impl FnMut(String)) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        if let Some(least) = self.least.filter(|least| count < *least) {
            fault(format!("must have at least {least} {of}s"));
        }
        if let Some(most) = self.most.filter(|most| count > *most) {
            fault(format!("must have at most {most} {of}s"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(schema: &Value, value: &Value) -> Vec<String> {
        violations(schema, value)
            .iter()
            .map(Violation::to_string)
            .collect()
    }

    #[test]
    fn each_word_of_a_schema_forbids_what_it_says() {
        for (schema, wrong, fault, right) in [
            (
                json!({"type": "integer"}),
                json!(1.5),
                "it must be of type integer",
                json!(2.0),
            ),
            (
                json!({"type": "string"}),
                json!(null),
                "it must be of type string",
                json!(""),
            ),
            (
                json!({"enum": ["a", 1]}),
                json!("b"),
                "it must be one of \"a\", 1",
                json!(1),
            ),
            (
                json!({"minimum": 1}),
                json!(0),
                "it must be at least 1",
                json!(1),
            ),
            (
                json!({"minimum": 1, "exclusiveMinimum": true}),
                json!(1),
                "it must be more than 1",
                json!(2),
            ),
            (
                json!({"maximum": 1}),
                json!(2),
                "it must be at most 1",
                json!(1),
            ),
            (
                json!({"maximum": 1, "exclusiveMaximum": true}),
                json!(1),
                "it must be less than 1",
                json!(0),
            ),
            (
                json!({"multipleOf": 5}),
                json!(7),
                "it must be a multiple of 5",
                json!(10),
            ),
            (
                json!({"minLength": 2}),
                json!("a"),
                "it must have at least 2 characters",
                json!("ab"),
            ),
            (
                json!({"maxLength": 2}),
                json!("abc"),
                "it must have at most 2 characters",
                json!("äb"),
            ),
            (
                json!({"pattern": "^a+$"}),
                json!("b"),
                "it must match ^a+$",
                json!("aa"),
            ),
            (
                json!({"minItems": 1}),
                json!([]),
                "it must have at least 1 elements",
                json!([1]),
            ),
            (
                json!({"uniqueItems": true}),
                json!([1, 1]),
                "it must not hold the same element twice",
                json!([1, 2]),
            ),
            (
                json!({"items": {"type": "string"}}),
                json!(["a", 1]),
                "[1] must be of type string",
                json!(["a"]),
            ),
            (
                json!({"required": ["a"]}),
                json!({}),
                "a must be given",
                json!({"a": null}),
            ),
            (
                json!({"properties": {"a": {"properties": {"b": {"type": "string"}}}}}),
                json!({"a": {"b": 1}}),
                "a.b must be of type string",
                json!({"a": {"b": "x"}}),
            ),
            (
                json!({"properties": {"a": {}}, "additionalProperties": false}),
                json!({"b": 1}),
                "b is not known",
                json!({"a": 1}),
            ),
            (
                json!({"additionalProperties": {"type": "string"}}),
                json!({"b": 1}),
                "b must be of type string",
                json!({"b": "x"}),
            ),
            (
                json!({"maxProperties": 1}),
                json!({"a": 1, "b": 2}),
                "it must have at most 1 members",
                json!({"a": 1}),
            ),
            (
                json!({"allOf": [{"minimum": 1}]}),
                json!(0),
                "it must be at least 1",
                json!(1),
            ),
            (
                json!({"anyOf": [{"type": "string"}, {"minimum": 1}]}),
                json!(0),
                "it has none of the forms that are allowed",
                json!(1),
            ),
            (
                json!({"oneOf": [{"minimum": 0}, {"minimum": 1}]}),
                json!(2),
                "it must have exactly one of the forms that are allowed",
                json!(0),
            ),
            (
                json!({"not": {"type": "string"}}),
                json!("a"),
                "it has a form that is not allowed",
                json!(1),
            ),
        ] {
            assert_eq!(told(&schema, &wrong), [fault], "{schema}");
            assert_eq!(told(&schema, &right), Vec::<String>::new(), "{schema}");
        }
    }

    #[test]
    fn what_is_not_understood_forbids_nothing() {
        for schema in [
            json!(null),
            json!({}),
            json!({"format": "hostname", "$ref": "#/x", "type": "odd"}),
            json!({"pattern": "(?<=a)b"}),
            json!({"type": "string", "nullable": true}),
        ] {
            let value = if schema["nullable"] == true {
                json!(null)
            } else {
                json!("x")
            };
            assert_eq!(told(&schema, &value), Vec::<String>::new(), "{schema}");
        }
    }
}
