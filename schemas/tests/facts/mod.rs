//! What a CustomResourceDefinition states, as an outline: its frame, then a line for each property
//! with the type and the other keywords. Sentences and examples are no facts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Keywords that are no facts, with the reason.
const NO_FACTS: &[(&str, &str)] = &[
    ("description", "our sentences are our own"),
    ("example", "an example accepts and prunes nothing"),
];

/// The keywords whose schemas have lines of their own.
const BELOW: [&str; 3] = ["properties", "items", "additionalProperties"];

/// The definition of a kind.
pub struct Facts {
    /// All of the definition but its schema.
    pub frame: Value,
    /// Every statement of the schema: `path keyword` → value.
    pub statements: BTreeMap<String, Value>,
}

/// The outline of definitions.
pub fn outline(definitions: &[Value]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for definition in definitions {
        let versions = definition["spec"]["versions"].as_array().unwrap();
        assert_eq!(versions.len(), 1);
        let plural = definition["spec"]["names"]["plural"].as_str().unwrap();
        lines.push(format!("{plural} {}", frame(definition)));
        write(
            ".",
            &versions[0]["schema"]["openAPIV3Schema"],
            1,
            &mut lines,
        );
    }
    lines.join("\n") + "\n"
}

/// All of a definition but its schema, its object's metadata but the name, and descriptions.
fn frame(definition: &Value) -> Value {
    let mut frame = definition["spec"].clone();
    frame["name"] = definition["metadata"]["name"].clone();
    let version = frame["versions"][0].as_object_mut().unwrap();
    version.remove("schema");
    for column in version
        .get_mut("additionalPrinterColumns")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        column.as_object_mut().unwrap().remove("description");
    }
    frame.sort_all_objects();
    frame
}

fn write(name: &str, schema: &Value, depth: usize, lines: &mut Vec<String>) {
    let mut keywords = Map::new();
    for (keyword, value) in schema.as_object().unwrap() {
        let mut value = value.clone();
        if keyword == "required" || keyword == "enum" {
            value.as_array_mut().unwrap().sort_by_key(Value::to_string);
        }
        // A list is atomic unless it says otherwise.
        let default = keyword == "x-kubernetes-list-type" && value == "atomic";
        let no_fact = NO_FACTS.iter().any(|(ignored, _)| ignored == keyword);
        if !default && !no_fact && !BELOW.contains(&keyword.as_str()) {
            keywords.insert(keyword.clone(), value);
        }
    }
    let mut line = "  ".repeat(depth) + name;
    if let Some(Value::String(kind)) = keywords.remove("type") {
        line = format!("{line} {kind}");
    }
    if !keywords.is_empty() {
        let mut keywords = Value::Object(keywords);
        keywords.sort_all_objects();
        line = format!("{line} {keywords}");
    }
    lines.push(line);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        write(name, property, depth + 1, lines);
    }
    for (name, below) in [("[]", "items"), ("{}", "additionalProperties")] {
        if let Some(below) = schema.get(below) {
            write(name, below, depth + 1, lines);
        }
    }
}

/// Reads an outline: the kinds by plural name. Lines that begin with `#` are comments.
pub fn read(outline: &str) -> BTreeMap<String, Facts> {
    let mut kinds = BTreeMap::new();
    let mut kind = String::new();
    let mut path: Vec<String> = Vec::new();
    for line in outline.lines().filter(|line| !line.starts_with('#')) {
        let words = line.trim_start();
        let depth = (line.len() - words.len()) / 2;
        let (name, rest) = words.split_once(' ').unwrap_or((words, ""));
        if depth == 0 {
            kind = name.to_owned();
            let frame = serde_json::from_str(rest).unwrap();
            let statements = BTreeMap::new();
            kinds.insert(kind.clone(), Facts { frame, statements });
            continue;
        }
        path.truncate(depth - 1);
        path.push(match name {
            "." => String::new(),
            "[]" | "{}" => name.to_owned(),
            property => format!(".{property}"),
        });
        let path = path.concat();
        let statements = &mut kinds.get_mut(&kind).unwrap().statements;
        let keywords = match rest.split_once('{') {
            Some((before, keywords)) => {
                statements.extend(of_type(&path, before));
                serde_json::from_str(&format!("{{{keywords}")).unwrap()
            }
            None => {
                statements.extend(of_type(&path, rest));
                Map::new()
            }
        };
        for (keyword, value) in keywords {
            statements.insert(format!("{path} {keyword}"), value);
        }
    }
    kinds
}

/// The statement of a type, where one is named.
fn of_type(path: &str, name: &str) -> Option<(String, Value)> {
    let name = name.trim();
    (!name.is_empty()).then(|| (format!("{path} type"), name.into()))
}
