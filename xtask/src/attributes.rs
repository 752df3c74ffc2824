//! Renders the attributes of a schema: what each is, and the facts about it in fields of a fixed
//! order.
//!
//! An object has a section of its own, below the one that contains it and before the next of that
//! (depth first), under the anchors of terraform-plugin-docs. An object that is the same as one
//! before it, such as the affinity of another engine, is not written again: its line leads to the
//! section of the other.

use std::{collections::HashMap, fmt::Write as _};

use everest_schemas::facts::{Fact, Filler};
use serde_json::Value;

use crate::effects::{self, capitalised};

/// The most attributes that an object has with everything in it if it is written again.
const SMALL: usize = 8;

/// What introduces the fields of a resource.
const OF_RESOURCES: &str = "\
An attribute without *On change* is changed in place. After a default stands who fills it in: a \
default of the provider is in the plan; one of Everest, of the engine's operator or of Kubernetes \
is filled in after the apply, and is never a difference. *Rules* leads to the rules that a plan \
checks.\n";

/// The attributes of a block; those of the resource of a kind with what a change does.
pub(crate) fn section(kind: &str, block: &Value) -> String {
    let mut page = Page {
        kind,
        out: String::from("## Schema\n"),
        written: HashMap::new(),
    };
    if !kind.is_empty() {
        page.out.push('\n');
        page.out.push_str(OF_RESOURCES);
    }
    page.object("", &block["attributes"], false);
    page.out
}

/// The sections so far.
struct Page<'a> {
    /// The kind of the resource; empty if it is none.
    kind: &'a str,
    out: String,
    /// The path of each object that is not small, by what is in it.
    written: HashMap<String, String>,
}

impl Page<'_> {
    /// The attributes of an object, and the sections of the objects in it. `replaces` is true if a
    /// change of the object replaces the resource.
    fn object(&mut self, path: &str, attributes: &Value, replaces: bool) {
        let mut below = Vec::new();
        for (title, members) in groups(attributes) {
            let _ = match path {
                "" => write!(self.out, "\n### {title}\n\n"),
                _ => write!(self.out, "\n{title}:\n\n"),
            };
            for (name, attribute) in members {
                let path = join(path, name);
                let replaces = replaces || flag(attribute, "force_new");
                let _ = write!(self.out, "- `{name}` {}", head(attribute));
                if let Some(members) = nested(attribute) {
                    match self.same_as(&path, members, replaces) {
                        Some(same) => {
                            let _ = write!(
                                self.out,
                                " (the same as [the nested schema for `{same}`](#{}))",
                                anchor(&same)
                            );
                        }
                        None => {
                            let _ = write!(
                                self.out,
                                " (see [below for nested schema](#{}))",
                                anchor(&path)
                            );
                            below.push((path.clone(), members, replaces));
                        }
                    }
                }
                self.out.push('\n');
                for (label, words) in self.fields(&path, attribute, replaces) {
                    let _ = writeln!(self.out, "  - {label}: {words}");
                }
            }
        }
        for (path, members, replaces) in below {
            let _ = write!(
                self.out,
                "\n<a id=\"{}\"></a>\n### Nested Schema for `{path}`\n",
                anchor(&path)
            );
            self.object(&path, members, replaces);
        }
    }

    /// The path of an equal object that has a section already. Otherwise the object gets one.
    fn same_as(&mut self, path: &str, members: &Value, replaces: bool) -> Option<String> {
        if count(members) <= SMALL {
            return None;
        }
        let content = self.content(path, members, replaces);
        if let Some(same) = self.written.get(&content) {
            return Some(same.clone());
        }
        self.written.insert(content, path.to_owned());
        None
    }

    /// Everything that is said of an object, with relative names.
    fn content(&self, path: &str, attributes: &Value, replaces: bool) -> String {
        let mut all = String::new();
        for (name, attribute) in entries(attributes) {
            let path = join(path, name);
            let replaces = replaces || flag(attribute, "force_new");
            let mode = group(attribute);
            let fields = self.fields(&path, attribute, replaces);
            let _ = write!(all, "{name} {mode} {} {fields:?}", head(attribute));
            if let Some(members) = nested(attribute) {
                let _ = write!(all, "{{{}}}", self.content(&path, members, replaces));
            }
        }
        all
    }

    /// The facts about an attribute, in their order.
    fn fields(&self, path: &str, attribute: &Value, replaces: bool) -> Vec<(&'static str, String)> {
        let facts = &attribute["facts"];
        let is_output = group(attribute) == READ_ONLY;
        let mut fields = Vec::new();
        for fact in Fact::ALL {
            let is_of_outputs = matches!(fact, Fact::Engines | Fact::Needs);
            if is_output && !is_of_outputs {
                continue;
            }
            let stated = fact.words(facts);
            let words = match fact {
                Fact::Allowed => stated.or_else(|| allowed(&attribute["constraints"])),
                Fact::Default => stated.or_else(|| default(attribute)),
                Fact::RequiredWhen | Fact::Engines | Fact::Needs => stated,
            };
            fields.extend(words.map(|words| (fact.label(), words)));
        }
        let is_of_resource = !self.kind.is_empty() && !is_output;
        if is_of_resource {
            let is_object = nested(attribute).is_some();
            let changed = effects::on_change(self.kind, path, replaces, is_object);
            fields.extend(changed.map(|words| ("On change", words)));
            let rules = effects::judging(self.kind, path);
            fields.extend(rules.map(|links| ("Rules", links)));
        }
        fields
    }
}

/// The values that the constraints of a schema allow; `None` if it has no constraints.
fn allowed(constraints: &Value) -> Option<String> {
    let mut words = Vec::new();
    if let Some(values) = constraints["enum"].as_array() {
        let values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
        words.push(choice(&values));
    }
    for (keyword, before, after) in [
        ("minimum", "at least ", ""),
        ("maximum", "at most ", ""),
        ("minLength", "at least ", " characters"),
        ("maxLength", "at most ", " characters"),
        ("minItems", "at least ", " elements"),
        ("maxItems", "at most ", " elements"),
    ] {
        if let Some(bound) = constraints[keyword].as_str() {
            words.push(format!("{before}{bound}{after}"));
        }
    }
    if let Some(each) = constraints.get("items").and_then(allowed) {
        words.push(format!("each {each}"));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// Several values, of which one is chosen.
fn choice(values: &[&str]) -> String {
    match values {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [most @ .., last] => {
            let most: Vec<_> = most.iter().map(|value| format!("`{value}`")).collect();
            format!("{} or `{last}`", most.join(", "))
        }
    }
}

/// The default that is a literal of the schema, which the provider plans.
fn default(attribute: &Value) -> Option<String> {
    let value = attribute.get("default")?;
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    Some(Filler::Provider.fills(&format!("`{text}`")))
}

const READ_ONLY: &str = "Read-Only";

/// The attributes in groups that are not empty.
fn groups(attributes: &Value) -> Vec<(&'static str, Vec<(&str, &Value)>)> {
    let all = ["Required", "Optional", READ_ONLY].map(|title| {
        let members = entries(attributes).filter(|(_, attribute)| group(attribute) == title);
        (title, members.collect::<Vec<_>>())
    });
    let mut groups = Vec::from(all);
    groups.retain(|(_, members)| !members.is_empty());
    groups
}

fn group(attribute: &Value) -> &'static str {
    match (flag(attribute, "required"), flag(attribute, "optional")) {
        (true, _) => "Required",
        (false, true) => "Optional",
        (false, false) => READ_ONLY,
    }
}

fn flag(attribute: &Value, name: &str) -> bool {
    attribute[name] == true
}

/// The type and the description of an attribute.
fn head(attribute: &Value) -> String {
    let mut head = format!("({}", type_name(attribute));
    for (key, word) in [
        ("sensitive", "Sensitive"),
        ("write_only", "Write-only"),
        ("deprecated", "Deprecated"),
    ] {
        if flag(attribute, key) {
            let _ = write!(head, ", {word}");
        }
    }
    let description = attribute["description"].as_str().unwrap_or_default();
    let description = description.replace("\n\n", " ").replace('\n', " ");
    let _ = write!(head, ") {description}");
    head
}

fn nested(attribute: &Value) -> Option<&Value> {
    Some(&attribute.get("nested_type")?["attributes"])
}

/// The number of attributes in an object, at any depth.
fn count(attributes: &Value) -> usize {
    let members = entries(attributes);
    members
        .map(|(_, attribute)| 1 + nested(attribute).map_or(0, count))
        .sum()
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// The anchor of the section of an object.
fn anchor(path: &str) -> String {
    format!("nestedatt--{}", path.replace('.', "--"))
}

fn type_name(attribute: &Value) -> String {
    if let Some(nested) = attribute.get("nested_type") {
        return match nested["nesting_mode"].as_str() {
            Some("map") => "Attributes Map",
            Some("list") => "Attributes List",
            Some("set") => "Attributes Set",
            _ => "Attributes",
        }
        .to_owned();
    }
    wire_type_name(&attribute["type"])
}

/// The name of a type, such as `List of String`.
pub(crate) fn wire_type_name(wire: &Value) -> String {
    match wire {
        Value::String(name) => match name.as_str() {
            "bool" => "Boolean".to_owned(),
            other => capitalised(other),
        },
        Value::Array(parts) if parts.len() == 2 => format!(
            "{} of {}",
            capitalised(parts[0].as_str().unwrap_or_default()),
            wire_type_name(&parts[1])
        ),
        _ => "Object".to_owned(),
    }
}

/// The members of a JSON object, by name.
pub(crate) fn entries(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let mut sorted: Vec<_> = object
        .as_object()
        .into_iter()
        .flatten()
        .map(|(k, v)| (k.as_str(), v))
        .collect();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    sorted.into_iter()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn member(description: &str) -> Value {
        json!({"type": "string", "optional": true, "description": description})
    }

    #[test]
    fn an_object_has_its_section_before_the_next_of_its_parent() {
        let block = json!({"attributes": {
            "engine": {"required": true, "description": "The engine.", "nested_type": {
                "nesting_mode": "single",
                "attributes": {
                    "storage": {"required": true, "description": "The volume.", "nested_type": {
                        "nesting_mode": "single", "attributes": {"size": member("Bytes.")}}},
                },
            }},
            "proxy": {"optional": true, "description": "The proxy.", "nested_type": {
                "nesting_mode": "map", "attributes": {"size": member("Pods.")}}},
            "ready": {"type": "bool", "computed": true, "description": "Serves."},
            "labels": {"type": ["map", "string"], "optional": true, "description": "Labels."},
        }});
        let text = section("", &block);
        assert!(text.contains("- `engine` (Attributes) The engine. (see [below for nested schema](#nestedatt--engine))"));
        assert!(text.contains("### Read-Only\n\n- `ready` (Boolean) Serves."));
        assert!(text.contains("- `labels` (Map of String) Labels."));
        assert!(text.contains("- `proxy` (Attributes Map) The proxy."));
        let place = |anchor: &str| text.find(&format!("<a id=\"nestedatt--{anchor}\"></a>"));
        assert!(place("engine").unwrap() < place("engine--storage").unwrap());
        assert!(place("engine--storage").unwrap() < place("proxy").unwrap());
        let storage =
            "### Nested Schema for `engine.storage`\n\nOptional:\n\n- `size` (String) Bytes.\n";
        assert!(text.contains(storage), "{text}");
    }

    #[test]
    fn the_facts_of_an_attribute_stand_in_one_order() {
        let block = json!({"attributes": {
            "replicas": {
                "type": "number", "optional": true, "description": "Pods.", "default": 3,
                "facts": {"needs": "Everest 1.9", "engines": ["pxc"], "requiredWhen": "it is cold"},
                "constraints": {"minimum": "1", "maximum": "5"},
            },
            "kind": {
                "type": "string", "required": true, "description": "Kind.", "force_new": true,
                "constraints": {"enum": ["a", "b", "c"]},
            },
            "seen": {
                "type": "string", "computed": true, "description": "Seen.",
                "facts": {"needs": "Everest 1.9", "allowed": "anything"},
            },
        }});
        let text = section("shelf", &block);
        assert!(
            text.contains(
                "- `replicas` (Number) Pods.\n  - Required when: it is cold\n  - Engines: `pxc`\n  \
                 - Allowed: at least 1, at most 5\n  - Default: `3` (provider)\n  - Needs: Everest \
                 1.9\n"
            ),
            "{text}"
        );
        assert!(text.contains(
            "  - Allowed: `a`, `b` or `c`\n  - On change: **Replacement**: replaces the object\n"
        ));
        assert!(text.contains("- `seen` (String) Seen.\n  - Needs: Everest 1.9\n"));
    }

    #[test]
    fn an_object_that_is_written_already_is_not_written_again() {
        let members: serde_json::Map<_, _> = (0..9)
            .map(|index| (format!("member{index}"), member("A member.")))
            .collect();
        let object = |members: &serde_json::Map<String, Value>| {
            json!({"optional": true, "description": "An object.",
            "nested_type": {"nesting_mode": "single", "attributes": members}})
        };
        let mut other = members.clone();
        other.insert("member0".to_owned(), member("Another member."));
        let block = json!({"attributes": {
            "first": object(&members), "second": object(&members), "third": object(&other)}});
        let text = section("", &block);
        assert!(text.contains(
            "- `second` (Attributes) An object. (the same as [the nested schema for \
             `first`](#nestedatt--first))"
        ));
        assert!(!text.contains("nestedatt--second"));
        assert!(text.contains("<a id=\"nestedatt--third\"></a>"));
    }
}
