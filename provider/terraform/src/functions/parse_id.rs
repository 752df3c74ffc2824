//! `parse_id`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Function, FunctionError};

/// Splits an import id into namespace and name.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Arguments {
    /// Import id: `NAMESPACE/NAME`, or `NAME` of an object that is in no namespace.
    id: String,
}

/// Namespace and name of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The namespace; null for an object that is in none.
    namespace: Option<String>,
    /// The name.
    name: String,
}

/// The function.
pub struct ParseId;

impl Function for ParseId {
    type Arguments = Arguments;
    type Output = Place;

    fn name(&self) -> &'static str {
        "parse_id"
    }

    fn summary(&self) -> &'static str {
        "Namespace and name of an import id"
    }

    fn call(&self, Arguments { id }: Arguments) -> Result<Place, FunctionError> {
        let (namespace, name) = match id.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, &*id),
        };
        if namespace == Some("") || name.is_empty() || name.contains('/') {
            let text = format!("{id:?} is neither NAMESPACE/NAME nor NAME.");
            return Err(FunctionError::new(text).at("id"));
        }
        Ok(Place {
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_part_or_two() {
        let place = |id: &str| {
            let place = ParseId.call(Arguments { id: id.to_owned() }).ok()?;
            Some((place.namespace.unwrap_or_default(), place.name))
        };
        let of = |namespace: &str, name: &str| Some((namespace.to_owned(), name.to_owned()));
        assert_eq!(place("prod/orders"), of("prod", "orders"));
        assert_eq!(place("prod"), of("", "prod"));
        for id in ["", "/", "prod/", "/orders", "a/b/c"] {
            assert_eq!(place(id), None, "{id:?}");
        }
    }
}
