//! Converts a value to a model, in place and by its schema: it copies nothing, and builds a path
//! only for an error.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::ModelError;
use super::view::{Entries, Entry, Items, Place, View};
use crate::value::Value;

impl de::Error for ModelError {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::new(reason.to_string())
    }
}

type Result<T> = std::result::Result<T, ModelError>;

fn located<T>(place: Place<'_>, result: Result<T>) -> Result<T> {
    result.map_err(|error| match place.step() {
        Some(step) => error.under(step),
        None => error,
    })
}

impl<'de> Deserializer<'de> for View<'_> {
    type Error = ModelError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if let Some(entries) = self.entries() {
            return visitor.visit_map(Members {
                rest: entries,
                value: None,
            });
        }
        if let Some(items) = self.items() {
            return visitor.visit_seq(Elements(items));
        }
        match self {
            View::Text(text) => visitor.visit_str(text),
            View::Misfit(expected, found) => {
                let found = found.kind();
                Err(ModelError::new(format!(
                    "expected {expected}, found {found}"
                )))
            }
            View::Leaf(Value::Bool(value)) => visitor.visit_bool(*value),
            View::Leaf(Value::String(text)) => visitor.visit_str(text),
            View::Leaf(Value::Number(number)) => {
                if let Some(value) = number.as_i64() {
                    visitor.visit_i64(value)
                } else if let Some(value) = number.as_u64() {
                    visitor.visit_u64(value)
                } else {
                    visitor.visit_f64(number.as_f64())
                }
            }
            unknown if unknown.is_unknown() => Err(ModelError::new(
                "this value is known only after apply, but is needed before",
            )),
            _ => visitor.visit_unit(),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.is_null() || self.is_unknown() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        if name == "$field" && self.is_unknown() {
            return visitor.visit_unit();
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if !self.is_unknown() {
            return self.deserialize_any(visitor);
        }
        visitor.visit_map(Members {
            rest: Entries::unknown(fields),
            value: None,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if let View::Leaf(Value::String(text)) = self {
            let text: StrDeserializer<'_, ModelError> = text.as_str().into_deserializer();
            return visitor.visit_enum(text);
        }
        if let Some(mut entries) = self.entries()
            && let (Some(entry), None) = (entries.next(), entries.next())
        {
            return visitor.visit_enum(Variant(entry));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier
    }
}

struct Elements<'a>(Items<'a>);

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = ModelError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Some((place, view)) = self.0.next() else {
            return Ok(None);
        };
        located(place, seed.deserialize(view)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Members<'a> {
    rest: Entries<'a>,
    value: Option<Entry<'a>>,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = ModelError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some(entry) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(entry);
        let key: StrDeserializer<'_, ModelError> = entry.name.into_deserializer();
        located(entry.place, seed.deserialize(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        let entry = self
            .value
            .take()
            .ok_or_else(|| ModelError::new("a value was asked for before its key"))?;
        located(entry.place, seed.deserialize(entry.view))
    }
}

struct Variant<'a>(Entry<'a>);

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = ModelError;
    type Variant = Content<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'a>)> {
        let name: StrDeserializer<'_, ModelError> = self.0.name.into_deserializer();
        Ok((seed.deserialize(name)?, Content(self.0)))
    }
}

struct Content<'a>(Entry<'a>);

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = ModelError;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        located(self.0.place, seed.deserialize(self.0.view))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        located(self.0.place, self.0.view.deserialize_any(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        located(self.0.place, self.0.view.deserialize_any(visitor))
    }
}
