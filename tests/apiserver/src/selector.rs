//! Which objects a list or a watch is about.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::kind::Kind;
use crate::request::Asked;

/// One requirement of a label selector.
#[derive(Clone, Debug)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
enum Operator {
    In,
    NotIn,
    Exists,
    Absent,
}

/// A selector by labels and by fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    /// Field, whether it has to be equal, value.
    fields: Vec<(String, bool, String)>,
}

impl Selector {
    /// Reads the selectors of a request.
    ///
    /// # Errors
    /// Fields that the kind cannot be selected by.
    pub(crate) fn of(asked: &Asked, kind: &Kind) -> Result<Self, Failure> {
        let mut selector = Self {
            labels: labels(asked.parameter("labelSelector")),
            fields: Vec::new(),
        };
        for term in asked.parameter("fieldSelector").split(',') {
            if term.is_empty() {
                continue;
            }
            let (key, equal, value) = match term.split_once("!=") {
                Some((key, value)) => (key, false, value),
                None => {
                    let (key, value) = term.split_once('=').unwrap_or((term, ""));
                    (key, true, value.trim_start_matches('='))
                }
            };
            let known = ["metadata.name", "metadata.namespace"].contains(&key);
            if !known && kind.is_custom {
                return Err(Failure::bad_request(format!(
                    "field label not supported: {key}"
                )));
            }
            selector
                .fields
                .push((key.to_owned(), equal, value.to_owned()));
        }
        if !asked.name.is_empty() {
            let name = ("metadata.name".to_owned(), true, asked.name.clone());
            selector.fields.push(name);
        }
        Ok(selector)
    }

    /// Reads a LabelSelector as objects hold it.
    pub(crate) fn of_labels(selector: &Value) -> Self {
        let equal = selector["matchLabels"].as_object().into_iter().flatten();
        let mut all: Vec<Requirement> = equal
            .map(|(key, value)| Requirement {
                key: key.clone(),
                operator: Operator::In,
                values: value.as_str().map(str::to_owned).into_iter().collect(),
            })
            .collect();
        let more = selector["matchExpressions"]
            .as_array()
            .into_iter()
            .flatten();
        all.extend(more.map(|term| {
            Requirement {
                key: term["key"].as_str().unwrap_or_default().to_owned(),
                operator: match term["operator"].as_str() {
                    Some("In") => Operator::In,
                    Some("NotIn") => Operator::NotIn,
                    Some("Exists") => Operator::Exists,
                    _ => Operator::Absent,
                },
                values: term["values"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|value| value.as_str().map(str::to_owned))
                    .collect(),
            }
        }));
        Self {
            labels: all,
            fields: Vec::new(),
        }
    }

    /// Returns true if the object is meant.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        let fields = self.fields.iter().all(|(key, equal, value)| {
            let pointer = format!("/{}", key.replace('.', "/"));
            let found = object.pointer(&pointer).cloned().unwrap_or(json!(""));
            let found = found
                .as_str()
                .map_or_else(|| found.to_string(), str::to_owned);
            (found == *value) == *equal
        });
        fields && self.labels.iter().all(|term| term.matches(object))
    }
}

impl Requirement {
    fn matches(&self, object: &Value) -> bool {
        let found = object["metadata"]["labels"][self.key.as_str()].as_str();
        let is_in = found.is_some_and(|found| self.values.iter().any(|value| value == found));
        match self.operator {
            Operator::In => is_in,
            Operator::NotIn => !is_in,
            Operator::Exists => found.is_some(),
            Operator::Absent => found.is_none(),
        }
    }
}

/// Reads `a=b,c!=d,e in (f,g),h,!i`.
fn labels(text: &str) -> Vec<Requirement> {
    let mut terms = Vec::new();
    let (mut depth, mut term) = (0, String::new());
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                terms.push(std::mem::take(&mut term));
                continue;
            }
            _ => {}
        }
        term.push(letter);
    }
    terms.push(term);
    let terms = terms.iter().map(|term| term.trim());
    terms
        .filter(|term| !term.is_empty())
        .map(requirement)
        .collect()
}

fn requirement(term: &str) -> Requirement {
    let of = |key: &str, operator, values: Vec<String>| Requirement {
        key: key.trim().to_owned(),
        operator,
        values,
    };
    let set = |values: &str| {
        let values = values.trim().trim_matches(['(', ')']);
        values
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect()
    };
    let one = |value: &str| vec![value.trim_start_matches('=').trim().to_owned()];
    if let Some((key, values)) = term.split_once(" notin ") {
        return of(key, Operator::NotIn, set(values));
    }
    if let Some((key, values)) = term.split_once(" in ") {
        return of(key, Operator::In, set(values));
    }
    if let Some((key, value)) = term.split_once("!=") {
        return of(key, Operator::NotIn, one(value));
    }
    if let Some((key, value)) = term.split_once('=') {
        return of(key, Operator::In, one(value));
    }
    match term.strip_prefix('!') {
        Some(key) => of(key, Operator::Absent, Vec::new()),
        None => of(term, Operator::Exists, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_selected_by_every_operator() {
        let object = json!({"metadata": {"labels": {"a": "1", "b": "2"}}});
        for (selector, expected) in [
            ("a=1", true),
            ("a==1,b!=3", true),
            ("a in (1,2),b", true),
            ("a notin (1,2)", false),
            ("!c", true),
            ("c", false),
            ("c!=1", true),
            ("a=2", false),
        ] {
            let selected = labels(selector).iter().all(|term| term.matches(&object));
            assert_eq!(selected, expected, "{selector}");
        }
    }
}
