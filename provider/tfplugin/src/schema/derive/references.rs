//! Resolves references and alternatives of JSON schema into one set of keywords.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::{MAX_DEPTH, SchemaError};

/// The root of a JSON schema, to which references are relative.
pub(super) struct Definitions<'a>(pub(super) &'a Json);

/// The keywords of one schema. Their values are borrowed: copies would repeat a model's whole depth
/// at each of its levels.
#[derive(Clone, Debug, Default)]
pub(super) struct Keywords<'a>(Vec<(&'a str, Cow<'a, Json>)>);

impl<'a> Keywords<'a> {
    /// The value of a keyword.
    pub(super) fn get(&self, keyword: &str) -> Option<&Json> {
        let found = self.0.iter().find(|(name, _)| *name == keyword);
        found.map(|(_, value)| &**value)
    }

    /// The value of a keyword as it stands in the root schema. `None` also for a value that
    /// [`Definitions::resolve`] put together, which only `type` and `enum` can be.
    pub(super) fn borrowed(&self, keyword: &str) -> Option<&'a Json> {
        match self.0.iter().find(|(name, _)| *name == keyword) {
            Some((_, Cow::Borrowed(value))) => Some(value),
            _ => None,
        }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &Json)> {
        self.0.iter().map(|(name, value)| (*name, &**value))
    }

    /// The schema for messages.
    pub(super) fn to_json(&self) -> Json {
        let members = self
            .iter()
            .map(|(name, value)| (name.to_owned(), value.clone()));
        Json::Object(members.collect())
    }

    fn set(&mut self, keyword: &'a str, value: Cow<'a, Json>) {
        match self.0.iter_mut().find(|(name, _)| *name == keyword) {
            Some((_, known)) => *known = value,
            None => self.0.push((keyword, value)),
        }
    }

    fn extend(&mut self, others: Self) {
        for (keyword, value) in others.0 {
            self.set(keyword, value);
        }
    }
}

impl<'a> Definitions<'a> {
    /// `json` with its references resolved, and without alternatives that only add null. Keywords
    /// beside a reference take precedence over those of its target.
    pub(super) fn resolve(
        &self,
        json: &'a Json,
        path: &str,
        depth: usize,
    ) -> Result<Keywords<'a>, SchemaError> {
        if depth >= MAX_DEPTH {
            return Err(SchemaError::TooDeep {
                path: path.to_owned(),
            });
        }
        let mut all = Keywords::default();
        let Some(own) = json.as_object() else {
            return Ok(all);
        };
        let mut resolved = Vec::new();
        if let Some(Json::String(reference)) = own.get("$ref") {
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| self.0.pointer(pointer))
                .unwrap_or(&Json::Null);
            all.extend(self.resolve(target, path, depth + 1)?);
            resolved.push("$ref");
        }
        if let Some(Json::Array(parts)) = own.get("allOf") {
            for part in parts {
                all.extend(self.resolve(part, path, depth + 1)?);
            }
            resolved.push("allOf");
        }
        for choice in ["anyOf", "oneOf"] {
            let Some(Json::Array(parts)) = own.get(choice) else {
                continue;
            };
            let parts: Vec<&Json> = parts.iter().filter(|part| !says_null(part)).collect();
            if let [only] = parts[..] {
                all.extend(self.resolve(only, path, depth + 1)?);
                resolved.push(choice);
            } else if let Some(allowed) = constants(&parts) {
                all.set("type", Cow::Owned("string".into()));
                all.set("enum", Cow::Owned(allowed.into()));
                resolved.push(choice);
            }
        }
        for (keyword, value) in own {
            if !resolved.contains(&keyword.as_str()) {
                all.set(keyword, Cow::Borrowed(value));
            }
        }
        Ok(all)
    }
}

fn says_null(json: &Json) -> bool {
    json.get("type").and_then(Json::as_str) == Some("null")
        || json.get("const").is_some_and(Json::is_null)
}

/// The strings of alternatives, if all of them are constant strings.
fn constants(parts: &[&Json]) -> Option<Vec<Json>> {
    let mut all = Vec::new();
    for part in parts {
        match (part.get("const"), part.get("enum").and_then(Json::as_array)) {
            (Some(value), _) if value.is_string() => all.push(value.clone()),
            (None, Some(values)) => all.extend(values.iter().filter(|v| v.is_string()).cloned()),
            _ => return None,
        }
    }
    (!all.is_empty()).then_some(all)
}
