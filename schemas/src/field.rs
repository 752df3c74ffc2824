//! A value that may be absent or not known yet.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// The newtype name by which a deserialiser recognises a [`Field`]; it may return a unit for an
/// unknown value.
pub const FIELD: &str = "$field";

/// The newtype name under which an unknown [`Field`] is serialised.
pub const UNKNOWN: &str = "$unknown";

/// A leaf, an object, a list or a map of a model: absent, known, or unknown until something else is
/// applied.
///
/// In JSON and YAML it is like `Option<T>`: absent or `null` is [`Field::Null`]. A format with
/// unknown values follows this convention. To deserialise, the field calls
/// `deserialize_newtype_struct("$field", visitor)`, and the format calls `visit_newtype_struct` for
/// a value or null and `visit_unit` for an unknown. To serialise an unknown, the field calls
/// `serialize_newtype_struct("$unknown", &())`, which JSON prints as `null`.
///
/// The JSON schema of a `Field<T>` is that of `T`. The member is required unless it has serde's
/// `default`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field<T> {
    /// Absent.
    #[default]
    Null,
    /// Known only once something that it refers to is applied.
    Unknown,
    /// Present.
    Known(T),
}

impl<T> Field<T> {
    /// Returns true if the value is absent.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns true if the value is not known yet.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Returns true if the value is known.
    pub const fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// The value, if there is one.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value, mutable, if there is one.
    pub const fn known_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The owned value, if there is one.
    pub fn into_known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The same field, borrowing its value.
    pub const fn as_ref(&self) -> Field<&T> {
        match self {
            Self::Null => Field::Null,
            Self::Unknown => Field::Unknown,
            Self::Known(value) => Field::Known(value),
        }
    }

    /// Converts the value; absent and unknown stay as they are.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Null => Field::Null,
            Self::Unknown => Field::Unknown,
            Self::Known(value) => Field::Known(change(value)),
        }
    }

    /// The field that `next` returns for the value; absent and unknown stay as they are.
    pub fn and_then<U>(self, next: impl FnOnce(T) -> Field<U>) -> Field<U> {
        match self {
            Self::Null => Field::Null,
            Self::Unknown => Field::Unknown,
            Self::Known(value) => next(value),
        }
    }

    /// This field, or `other` if this field is absent.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.is_null() { other } else { self }
    }
}

impl Field<String> {
    /// The text, if it is known.
    pub fn known_str(&self) -> Option<&str> {
        self.known().map(String::as_str)
    }
}

impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

impl From<&str> for Field<String> {
    fn from(value: &str) -> Self {
        Self::Known(value.to_owned())
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Unknown => serializer.serialize_newtype_struct(UNKNOWN, &()),
            Self::Known(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(FIELD, FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value, null or an unknown value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        Option::<T>::deserialize(deserializer).map(Field::from)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Unknown)
    }
}

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tree;
    use serde_json::json;

    #[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Shelf {
        #[serde(default, skip_serializing_if = "Field::is_null")]
        label: Field<String>,
        #[serde(default, skip_serializing_if = "Field::is_null")]
        books: Field<Vec<Field<i64>>>,
    }

    #[test]
    fn an_absent_member_is_null_and_stays_absent() {
        let shelf: Shelf = serde_json::from_value(json!({})).unwrap();
        assert_eq!(shelf, Shelf::default());
        assert_eq!(serde_json::to_value(&shelf).unwrap(), json!({}));
    }

    #[test]
    fn an_explicit_null_is_null() {
        let shelf: Shelf = serde_json::from_value(json!({"label": null})).unwrap();
        assert!(shelf.label.is_null());
    }

    #[test]
    fn values_come_back_as_they_were() {
        let value = json!({"label": "", "books": [1, null, 3]});
        let shelf: Shelf = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(shelf.label, Field::Known(String::new()));
        assert_eq!(
            shelf.books,
            Field::Known(vec![Field::Known(1), Field::Null, Field::Known(3)])
        );
        assert_eq!(serde_json::to_value(&shelf).unwrap(), value);
    }

    #[test]
    fn yaml_reads_it_like_an_option() {
        let shelf: Shelf = serde_yaml_ng::from_str("label: a\nbooks: ~\n").unwrap();
        assert_eq!(shelf.label, Field::from("a"));
        assert!(shelf.books.is_null());
    }

    #[test]
    fn an_unknown_is_printed_as_null_by_json() {
        let shelf = Shelf {
            label: Field::Unknown,
            books: Field::Null,
        };
        assert_eq!(
            serde_json::to_value(&shelf).unwrap(),
            json!({"label": null})
        );
    }

    #[test]
    fn a_format_with_unknowns_answers_with_a_unit() {
        for field in [Field::Unknown, Field::Null, Field::from("a")] {
            let tree = Tree::of(&field).unwrap();
            assert_eq!(tree.into_model::<Field<String>>().unwrap(), field);
        }
    }

    #[test]
    fn its_schema_is_that_of_the_value() {
        let mut generator = SchemaGenerator::default();
        assert_eq!(
            Field::<Vec<Field<bool>>>::json_schema(&mut generator),
            Vec::<bool>::json_schema(&mut generator)
        );
    }
}
