//! The keywords of JSON schema that limit a value.

use serde_json::Value as Json;

use super::references::{Definitions, Keywords};
use super::{SchemaError, type_of};
use crate::schema::{Constraints, Pattern};
use crate::value::Number;

impl<'a> Definitions<'a> {
    pub(super) fn constraints(
        &self,
        json: &Keywords<'a>,
        path: &str,
        depth: usize,
    ) -> Result<Constraints, SchemaError> {
        let number = |key: &str| {
            json.get(key)
                .filter(|value| value.is_number())
                .and_then(|value| Number::parse(&value.to_string()).ok())
        };
        let count = |key: &str| json.get(key).and_then(Json::as_u64);
        let pattern = match json.get("pattern").and_then(Json::as_str) {
            None => None,
            Some(text) => {
                Some(
                    Pattern::new(text).map_err(|reason| SchemaError::Contradiction {
                        path: path.to_owned(),
                        reason,
                    })?,
                )
            }
        };
        let elements = match (
            json.borrowed("items"),
            json.borrowed("additionalProperties"),
        ) {
            (Some(of), _) | (None, Some(of)) if of.is_object() => {
                let of = self.resolve(of, path, depth)?;
                let of = self.constraints(&of, path, depth + 1)?;
                (of != Constraints::default()).then(|| Box::new(of))
            }
            _ => None,
        };
        let allowed = json.get("enum").and_then(Json::as_array);
        Ok(Constraints {
            allowed: allowed
                .map(|all| {
                    all.iter()
                        .filter_map(Json::as_str)
                        .map(str::to_owned)
                        .collect()
                })
                .unwrap_or_default(),
            integer: type_of(json) == Some("integer"),
            minimum: number("minimum"),
            maximum: number("maximum"),
            min_length: count("minLength"),
            max_length: count("maxLength"),
            pattern,
            min_items: count("minItems").or_else(|| count("minProperties")),
            max_items: count("maxItems").or_else(|| count("maxProperties")),
            elements,
        })
    }
}
