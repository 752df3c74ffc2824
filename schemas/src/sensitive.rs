//! A value that must not be shown.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// A secret. `Debug` and `Display` do not show it, so it cannot appear in a log line or an error by
/// accident. Serde serialises it, because it must be stored and sent. Its schema is that of `T`,
/// marked `x-sensitive`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The secret value.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The owned secret value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sensitive(hidden)")
    }
}

impl<T> fmt::Display for Sensitive<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

impl<T: JsonSchema> JsonSchema for Sensitive<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Sensitive_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        schema.insert("x-sensitive".to_owned(), true.into());
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;

    #[test]
    fn nothing_that_prints_shows_the_value() {
        let secret = Field::Known(Sensitive::from("hunter2".to_owned()));
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(Sensitive::new(7).to_string(), "(hidden)");
    }

    #[test]
    fn serde_passes_it_through() {
        let secret: Sensitive<String> = serde_json::from_str("\"hunter2\"").unwrap();
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"hunter2\"");
    }

    #[test]
    fn its_schema_says_that_it_is_sensitive() {
        let schema = schemars::schema_for!(Field<Sensitive<String>>);
        assert_eq!(schema.get("type"), Some(&"string".into()));
        assert_eq!(schema.get("x-sensitive"), Some(&true.into()));
    }
}
