//! Validates a configuration by its schema: required attributes, allowed strings, bounds, lengths,
//! patterns.

use crate::diagnostics::Diagnostics;
use crate::path::{At, AttributePath, Step};
use crate::schema::{Attribute, Constraints, Kind, Mode, Nesting, Object};
use crate::value::Value;

/// Checks `config` against the constraints of its attributes; unknown values pass. Each fault is an
/// error at its attribute that states the allowed values. Hidden values are not quoted.
pub(crate) fn check(
    object: &Object,
    config: &Value,
    write_only_allowed: bool,
    diags: &mut Diagnostics,
) {
    let mut check = Check {
        write_only_allowed,
        diags,
    };
    check.object(object, config, At::Root, false);
}

struct Check<'a> {
    write_only_allowed: bool,
    diags: &'a mut Diagnostics,
}

impl Check<'_> {
    /// `hidden` is true if a containing object is hidden, and so everything in it.
    fn object(&mut self, object: &Object, config: &Value, at: At<'_>, hidden: bool) {
        for attribute in &object.attributes {
            let Some(value) = config.get(&attribute.name) else {
                continue;
            };
            let at = At::Attribute(&at, &attribute.name);
            if value.is_null() {
                self.absent(attribute, at);
                continue;
            }
            if attribute.write_only && !self.write_only_allowed {
                self.diags.error(
                    at.path(),
                    "Write-only attributes are not supported here",
                    format!(
                        "{} is never stored, which takes Terraform 1.11 or OpenTofu 1.11 and later. \
                         Upgrade, or use the attribute that is stored in the state instead.",
                        attribute.name
                    ),
                );
                continue;
            }
            if value.is_unknown() {
                continue;
            }
            self.conflicts(attribute, config, at);
            let hidden = hidden || attribute.sensitive || attribute.write_only;
            self.value(&attribute.constraints, value, at, hidden);
            if let Kind::Nested(nesting, object) = &attribute.kind {
                self.nested(nesting, object, value, at, hidden);
            }
        }
    }

    /// The host checks that a required attribute is set, but not that it is not null.
    fn absent(&mut self, attribute: &Attribute, at: At<'_>) {
        if attribute.mode == Mode::Required {
            let name = &attribute.name;
            self.diags.error(
                at.path(),
                format!("{name} is missing"),
                format!("{name} is required, and null here. Set it to a value."),
            );
        }
    }

    /// An unknown attribute may turn out to be null, so it passes.
    fn conflicts(&mut self, attribute: &Attribute, config: &Value, at: At<'_>) {
        let set = |name: &&String| {
            config
                .get(name)
                .is_some_and(|value| !value.is_null() && !value.is_unknown())
        };
        if let Some(other) = attribute.conflicts_with.iter().find(set) {
            let name = &attribute.name;
            self.diags.error(
                at.path(),
                format!("{name} and {other} exclude each other"),
                format!("At most one of {name} and {other} may be set. Remove one of them."),
            );
        }
    }

    fn nested(
        &mut self,
        nesting: &Nesting,
        object: &Object,
        value: &Value,
        at: At<'_>,
        hidden: bool,
    ) {
        match (nesting, value) {
            (Nesting::List, Value::List(items)) => {
                for (i, item) in items.iter().enumerate() {
                    self.object(object, item, At::Index(&at, i), hidden);
                }
            }
            (Nesting::Map { .. }, Value::Map(members)) => {
                for (key, member) in members {
                    self.object(object, member, At::Key(&at, key), hidden);
                }
            }
            _ => self.object(object, value, at, hidden),
        }
    }

    fn value(&mut self, constraints: &Constraints, value: &Value, at: At<'_>, hidden: bool) {
        let value = value.content();
        let expectation = match value {
            Value::String(text) => string(constraints, text),
            Value::Number(_) => number(constraints, value),
            Value::List(items) => count(constraints, items.len()),
            Value::Map(members) => count(constraints, members.len()),
            _ => None,
        };
        if let Some(expectation) = expectation {
            let path = at.path();
            let found = match value {
                _ if hidden => "This value".to_owned(),
                Value::String(text) => format!("{text:?}"),
                Value::Number(number) => number.to_string(),
                Value::List(items) => format!("A list of {}", items.len()),
                Value::Map(members) => format!("A map of {}", members.len()),
                other => other.kind().to_owned(),
            };
            let summary = format!("Invalid {}", name(&path));
            let detail = format!("{found} is not allowed for {path}: {expectation}.");
            self.diags.error(path, summary, detail);
        }
        let Some(elements) = &constraints.elements else {
            return;
        };
        match value {
            Value::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.value(elements, item, At::Index(&at, i), hidden);
                }
            }
            Value::Map(members) => {
                for (key, member) in members {
                    self.value(elements, member, At::Key(&at, key), hidden);
                }
            }
            _ => {}
        }
    }
}

/// The last attribute of a path.
fn name(path: &AttributePath) -> &str {
    let names = path.steps().iter().rev().find_map(|step| match step {
        Step::Attribute(name) => Some(name.as_str()),
        _ => None,
    });
    names.unwrap_or("value")
}

/// The expected form, if `text` does not have it.
fn string(constraints: &Constraints, text: &str) -> Option<String> {
    if !constraints.allowed.is_empty() && !constraints.allowed.iter().any(|a| a == text) {
        let allowed: Vec<String> = constraints
            .allowed
            .iter()
            .map(|a| format!("{a:?}"))
            .collect();
        return Some(match &allowed[..] {
            [only] => format!("it must be {only}"),
            all => format!("it must be one of {}", all.join(", ")),
        });
    }
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    if let Some(expectation) = bounds(
        length,
        (constraints.min_length, constraints.max_length),
        "character",
    ) {
        return Some(format!("{expectation}, and this has {length}"));
    }
    let pattern = constraints.pattern.as_ref()?;
    (!pattern.matches(text))
        .then(|| format!("it must match the regular expression {}", pattern.as_str()))
}

fn count(constraints: &Constraints, length: usize) -> Option<String> {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    bounds(
        length,
        (constraints.min_items, constraints.max_items),
        "element",
    )
}

fn bounds(length: u64, (least, most): (Option<u64>, Option<u64>), of: &str) -> Option<String> {
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    if let Some(least) = least.filter(|least| length < *least) {
        return Some(format!("it needs at least {least} {of}{}", plural(least)));
    }
    let most = most.filter(|most| length > *most)?;
    Some(format!("it may have at most {most} {of}{}", plural(most)))
}

fn number(constraints: &Constraints, value: &Value) -> Option<String> {
    let Value::Number(number) = value else {
        return None;
    };
    if constraints.integer && !number.is_integer() {
        return Some("it must be a whole number".to_owned());
    }
    let minimum = constraints.minimum.as_ref().filter(|least| number < *least);
    let maximum = constraints.maximum.as_ref().filter(|most| number > *most);
    match (&constraints.minimum, &constraints.maximum) {
        (Some(least), Some(most)) if minimum.is_some() || maximum.is_some() => {
            Some(format!("it must be between {least} and {most}"))
        }
        (Some(least), _) if minimum.is_some() => Some(format!("it must be at least {least}")),
        (_, Some(most)) if maximum.is_some() => Some(format!("it must be at most {most}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn nothing_below_what_is_hidden_is_quoted() {
        let schema = Schema::from_json_schema(
            &serde_json::json!({ "type": "object", "properties": {
                "login": { "type": "object", "x-sensitive": true, "properties": {
                    "key": { "type": "string", "maxLength": 3 },
                    "more": { "type": "array", "items": { "type": "object", "properties": {
                        "pin": { "type": "integer", "maximum": 9 },
                    } } },
                } },
            } }),
            0,
            "",
        )
        .unwrap();
        let more = Value::List(vec![Value::map([("pin", 4711.into())])]);
        let login = Value::map([("key", "hunter2".into()), ("more", more)]);
        let mut diags = Diagnostics::new();
        let config = Value::map([("login", login)]);
        check(&schema.root, &config, true, &mut diags);
        let said: Vec<_> = diags.iter().map(|diagnostic| &diagnostic.detail).collect();
        assert_eq!(said.len(), 2);
        for detail in said {
            assert!(detail.starts_with("This value is not allowed"), "{detail}");
            assert!(!detail.contains("hunter2") && !detail.contains("4711"));
        }
    }
}
