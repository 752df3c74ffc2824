//! Resolves references and alternatives of JSON schema into one set of keywords.

use serde_json::Value as Json;

use super::{MAX_DEPTH, Members, SchemaError};

/// The root of a JSON schema, to which references are relative.
pub(super) struct Definitions<'a>(pub(super) &'a Json);

impl Definitions<'_> {
    /// `json` with its references resolved, and without alternatives that only add null. Keywords
    /// beside a reference take precedence over those of its target.
    pub(super) fn resolve(
        &self,
        json: &Json,
        path: &str,
        depth: usize,
    ) -> Result<Members, SchemaError> {
        if depth >= MAX_DEPTH {
            return Err(SchemaError::TooDeep {
                path: path.to_owned(),
            });
        }
        let Some(own) = json.as_object() else {
            return Ok(Members::new());
        };
        let mut own = own.clone();
        let mut base = Members::new();
        if let Some(Json::String(reference)) = own.remove("$ref") {
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| self.0.pointer(pointer))
                .unwrap_or(&Json::Null);
            base.extend(self.resolve(target, path, depth + 1)?);
        }
        if let Some(Json::Array(parts)) = own.remove("allOf") {
            for part in &parts {
                base.extend(self.resolve(part, path, depth + 1)?);
            }
        }
        for choice in ["anyOf", "oneOf"] {
            let Some(Json::Array(parts)) = own.get(choice) else {
                continue;
            };
            let parts: Vec<&Json> = parts.iter().filter(|part| !says_null(part)).collect();
            if let [only] = parts[..] {
                let only = only.clone();
                own.remove(choice);
                base.extend(self.resolve(&only, path, depth + 1)?);
            } else if let Some(allowed) = constants(&parts) {
                own.remove(choice);
                base.insert("type".to_owned(), Json::from("string"));
                base.insert("enum".to_owned(), Json::Array(allowed));
            }
        }
        base.extend(own);
        Ok(base)
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
