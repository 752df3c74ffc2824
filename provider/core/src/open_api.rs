//! Checks values against an OpenAPI v3 schema, member by member, so that a mistake is reported with
//! its path. It is used for the options of a data importer and for the specs in a composition.
//!
//! Other keywords of a schema (`format`, `discriminator`, references) are left to the server: an
//! unknown keyword forbids nothing. Values are never shown, except a text that is not in a list of
//! allowed texts.

use std::collections::BTreeSet;
use std::fmt;

use regex_lite::Regex;
use serde_json::Value;

/// The deepest nesting of schemas; anything deeper is not checked.
const DEPTH: usize = 32;

/// The meaning of a schema for nulls and unlisted members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Any schema: a null is a value, and further members are allowed unless the schema forbids
    /// them.
    Plain,
    /// A Kubernetes definition: a null is an absent member, and a member that the definition does
    /// not list is a mistake.
    Definition,
    /// A Kubernetes definition that may be older than the value: the same, but a member that the
    /// definition does not list may be from a later version.
    OlderDefinition,
}

/// A violation of the schema in a value.
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

/// All violations of the schema in a value at `place`.
pub fn violations(schema: &Value, value: &Value, place: &str, reading: Reading) -> Vec<Violation> {
    let mut checker = Checker {
        reading,
        found: Vec::new(),
    };
    checker.check(schema, value, place, DEPTH);
    checker.found
}

struct Checker {
    reading: Reading,
    found: Vec<Violation>,
}

impl Checker {
    fn fault(&mut self, place: &str, fault: impl Into<String>) {
        self.found.push(Violation {
            place: place.to_owned(),
            fault: fault.into(),
        });
    }

    fn check(&mut self, schema: &Value, value: &Value, place: &str, depth: usize) {
        let Some(words) = schema.as_object().filter(|_| depth > 0) else {
            return;
        };
        let may_be_null =
            self.reading != Reading::Plain || words.get("nullable") == Some(&Value::Bool(true));
        if value.is_null() && may_be_null {
            return;
        }
        if self.reading != Reading::Plain && words.contains_key("x-kubernetes-int-or-string") {
            // Whether a text is a quantity, the rules say in words of their own.
            if !value.is_string() && !value.is_number() {
                self.fault(place, wrong("a quantity such as 25Gi", value));
            }
            return;
        }
        if let Some(type_) = words.get("type").and_then(Value::as_str)
            && !is_of(type_, value)
        {
            return self.fault(place, wrong(article(type_), value));
        }
        if let Some(allowed) = words.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            self.fault(place, not_listed(allowed, value));
        }
        let mut fault = |fault: String| self.fault(place, fault);
        match value {
            Value::Number(_) => numbers(schema, value, &mut fault),
            Value::String(text) => texts(schema, text, &mut fault),
            Value::Array(items) => {
                elements(schema, items, &mut fault);
                for (index, item) in items.iter().enumerate() {
                    let place = format!("{place}[{index}]");
                    self.check(&schema["items"], item, &place, depth - 1);
                }
            }
            Value::Object(_) => self.members(schema, value, place, depth),
            Value::Null | Value::Bool(_) => {}
        }
        self.combined(schema, value, place, depth);
    }

    fn members(&mut self, schema: &Value, value: &Value, place: &str, depth: usize) {
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
        let size = Bounds::of(schema, "minProperties", "maxProperties");
        size.check(members.len(), "member", &mut |fault| {
            self.fault(place, fault);
        });
        for (name, member) in members {
            let place = within(name);
            match (
                schema["properties"].get(name),
                &schema["additionalProperties"],
            ) {
                (Some(schema), _) | (None, schema @ Value::Object(_)) => {
                    self.check(schema, member, &place, depth - 1);
                }
                (None, allowed) if !self.may_be_more(schema, allowed) => {
                    self.fault(&place, no_field(schema));
                }
                (None, _) => {}
            }
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            let Some(name) = name.as_str() else {
                continue;
            };
            let is_absent = match members.get(name) {
                Some(member) => member.is_null() && self.reading != Reading::Plain,
                None => true,
            };
            if is_absent {
                self.fault(&within(name), "is missing");
            }
        }
    }

    /// Returns true if an object may have a member that its schema does not list.
    fn may_be_more(&self, schema: &Value, additional: &Value) -> bool {
        if *additional == Value::Bool(false) {
            return false;
        }
        let is_listed = schema["properties"].is_object()
            && schema.get("x-kubernetes-preserve-unknown-fields").is_none();
        *additional == Value::Bool(true) || self.reading != Reading::Definition || !is_listed
    }

    fn combined(&mut self, schema: &Value, value: &Value, place: &str, depth: usize) {
        let reading = self.reading;
        let holds = |schema: &Value| {
            let mut inner = Self {
                reading,
                found: Vec::new(),
            };
            inner.check(schema, value, place, depth - 1);
            inner.found.is_empty()
        };
        for schema in schema["allOf"].as_array().into_iter().flatten() {
            self.check(schema, value, place, depth - 1);
        }
        let count = |name: &str| {
            let all = schema[name].as_array()?;
            Some(all.iter().filter(|schema| holds(schema)).count())
        };
        if count("anyOf") == Some(0) {
            self.fault(place, "has none of the allowed forms");
        }
        if count("oneOf").is_some_and(|count| count != 1) {
            self.fault(place, "must have exactly one of the allowed forms");
        }
        if schema["not"].is_object() && holds(&schema["not"]) {
            self.fault(place, "has a form that is not allowed");
        }
    }
}

fn wrong(wanted: &str, found: &Value) -> String {
    let found = match found {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    format!("must be {wanted}, but is {found}")
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

fn not_listed(allowed: &[Value], value: &Value) -> String {
    let allowed: Vec<_> = allowed
        .iter()
        .map(|word| {
            word.as_str()
                .map_or_else(|| word.to_string(), str::to_owned)
        })
        .collect();
    let allowed = allowed.join(", ");
    match value {
        Value::String(text) => format!("must be one of {allowed}, but is {text:?}"),
        _ => format!("must be one of {allowed}"),
    }
}

/// The fault of a member that its object's schema does not list. Members that every object has are
/// no fault.
fn no_field(schema: &Value) -> String {
    let names: Vec<_> = schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(|properties| properties.keys())
        .filter(|name| !["apiVersion", "kind", "metadata"].contains(&name.as_str()))
        .map(String::as_str)
        .collect();
    if names.is_empty() {
        return "is not a field".to_owned();
    }
    format!("is not a field; the fields are: {}", names.join(", "))
}

/// Checks the list itself: its length, and that its elements are distinct.
fn elements(schema: &Value, items: &[Value], fault: &mut impl FnMut(String)) {
    let size = Bounds::of(schema, "minItems", "maxItems");
    size.check(items.len(), "element", fault);
    let distinct: BTreeSet<_> = items.iter().map(Value::to_string).collect();
    if schema["uniqueItems"] == true && distinct.len() < items.len() {
        fault("must not contain the same element twice".to_owned());
    }
    let key = schema.pointer("/x-kubernetes-list-map-keys/0");
    if let Some(key) = key.and_then(Value::as_str) {
        let mut seen = BTreeSet::new();
        for name in items.iter().filter_map(|item| item.get(key)?.as_str()) {
            if !seen.insert(name) {
                fault(format!("has more than one element whose {key} is {name:?}"));
            }
        }
    }
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
    if text.is_empty() && length.least == Some(1) {
        return fault("is empty".to_owned());
    }
    length.check(text.chars().count(), "character", fault);
    // What this crate cannot read as a pattern is left to the server.
    if let Some(pattern) = schema["pattern"].as_str()
        && let Ok(compiled) = Regex::new(pattern)
        && !compiled.is_match(text)
    {
        fault(format!("must match {pattern}"));
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
        told_of(schema, value, Reading::Plain)
    }

    fn told_of(schema: &Value, value: &Value, reading: Reading) -> Vec<String> {
        violations(schema, value, "", reading)
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
                "it must be a whole number, but is a number",
                json!(2.0),
            ),
            (
                json!({"type": "string"}),
                json!(null),
                "it must be text, but is nothing",
                json!(""),
            ),
            (
                json!({"enum": ["a", 1]}),
                json!("b"),
                "it must be one of a, 1, but is \"b\"",
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
                json!({"minLength": 1}),
                json!(""),
                "it is empty",
                json!("a"),
            ),
            (
                json!({"x-kubernetes-list-map-keys": ["a"]}),
                json!([{"a": "x"}, {"a": "x"}]),
                "it has more than one element whose a is \"x\"",
                json!([{"a": "x"}, {"a": "y"}]),
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
                "it must not contain the same element twice",
                json!([1, 2]),
            ),
            (
                json!({"items": {"type": "string"}}),
                json!(["a", 1]),
                "[1] must be text, but is a number",
                json!(["a"]),
            ),
            (
                json!({"required": ["a"]}),
                json!({}),
                "a is missing",
                json!({"a": null}),
            ),
            (
                json!({"properties": {"a": {"properties": {"b": {"type": "string"}}}}}),
                json!({"a": {"b": 1}}),
                "a.b must be text, but is a number",
                json!({"a": {"b": "x"}}),
            ),
            (
                json!({"properties": {"a": {}}, "additionalProperties": false}),
                json!({"b": 1}),
                "b is not a field; the fields are: a",
                json!({"a": 1}),
            ),
            (
                json!({"additionalProperties": {"type": "string"}}),
                json!({"b": 1}),
                "b must be text, but is a number",
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
                "it has none of the allowed forms",
                json!(1),
            ),
            (
                json!({"oneOf": [{"minimum": 0}, {"minimum": 1}]}),
                json!(2),
                "it must have exactly one of the allowed forms",
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
    fn a_member_that_a_definition_lacks_is_a_mistake_unless_the_definition_may_be_older() {
        let schema = json!({"properties": {"a": {}, "kind": {}}, "required": ["a"]});
        let of = |value: Value, reading| told_of(&schema, &value, reading).join("; ");
        let later = json!({"a": 1, "b": 1});
        assert_eq!(
            of(later.clone(), Reading::Definition),
            "b is not a field; the fields are: a"
        );
        assert_eq!(of(later.clone(), Reading::OlderDefinition), "");
        assert_eq!(of(later, Reading::Plain), "");
        let none = json!({"a": null});
        assert_eq!(of(none.clone(), Reading::Definition), "a is missing");
        assert_eq!(of(none, Reading::Plain), "", "a null is a value");
        let free = json!({"properties": {}, "x-kubernetes-preserve-unknown-fields": true});
        let told = told_of(&free, &json!({"b": 1}), Reading::Definition);
        assert_eq!(told, Vec::<String>::new());
        let quantity = json!({"x-kubernetes-int-or-string": true, "pattern": "^[0-9]+$"});
        for (value, told) in [
            (
                json!([]),
                "it must be a quantity such as 25Gi, but is a list",
            ),
            (json!("25Gib"), ""),
        ] {
            let found = told_of(&quantity, &value, Reading::Definition);
            assert_eq!(found.join("; "), told);
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
