//! A tree becomes a model; an error gathers its path on the way out.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::ModelError;
use super::tree::{Entry, Tree};
use crate::path::Step;

impl de::Error for ModelError {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::new(reason.to_string())
    }
}

pub(super) struct TreeDeserializer(pub(super) Tree);

type Result<T> = std::result::Result<T, ModelError>;

fn located<T>(step: Option<Step>, result: Result<T>) -> Result<T> {
    result.map_err(|error| match step {
        Some(step) => error.under(step),
        None => error,
    })
}

impl<'de> Deserializer<'de> for TreeDeserializer {
    type Error = ModelError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Tree::Null => visitor.visit_unit(),
            Tree::Unknown => Err(ModelError::new(
                "this value is known only after apply, but is needed before",
            )),
            Tree::Bool(value) => visitor.visit_bool(value),
            Tree::Number(number) => {
                if let Some(value) = number.as_i64() {
                    visitor.visit_i64(value)
                } else if let Some(value) = number.as_u64() {
                    visitor.visit_u64(value)
                } else {
                    visitor.visit_f64(number.as_f64())
                }
            }
            Tree::String(text) => visitor.visit_string(text),
            Tree::List(items) => visitor.visit_seq(Items(items.into_iter())),
            Tree::Object(members) => visitor.visit_map(Members {
                rest: members.into_iter(),
                value: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Tree::Null | Tree::Unknown => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        if name == "$field" && self.0 == Tree::Unknown {
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
        if self.0 != Tree::Unknown {
            return self.deserialize_any(visitor);
        }
        let members: Vec<_> = fields
            .iter()
            .map(|field| ((*field).to_owned(), Tree::Unknown.into()))
            .collect();
        visitor.visit_map(Members {
            rest: members.into_iter(),
            value: None,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.0 {
            Tree::String(text) => visitor.visit_enum(text.into_deserializer()),
            Tree::Object(mut members) if members.len() == 1 => {
                let (name, entry) = members.remove(0);
                visitor.visit_enum(Variant { name, entry })
            }
            other => TreeDeserializer(other).deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier
    }
}

struct Items(std::vec::IntoIter<Entry>);

impl<'de> SeqAccess<'de> for Items {
    type Error = ModelError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Some(entry) = self.0.next() else {
            return Ok(None);
        };
        located(entry.step, seed.deserialize(TreeDeserializer(entry.tree))).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Members {
    rest: std::vec::IntoIter<(String, Entry)>,
    value: Option<Entry>,
}

impl<'de> MapAccess<'de> for Members {
    type Error = ModelError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some((name, entry)) = self.rest.next() else {
            return Ok(None);
        };
        let step = entry.step.clone();
        self.value = Some(entry);
        let key: StringDeserializer<ModelError> = name.into_deserializer();
        located(step, seed.deserialize(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        let entry = self
            .value
            .take()
            .ok_or_else(|| ModelError::new("a value was asked for before its key"))?;
        located(entry.step, seed.deserialize(TreeDeserializer(entry.tree)))
    }
}

struct Variant {
    name: String,
    entry: Entry,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = ModelError;
    type Variant = Content;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content)> {
        let name: StringDeserializer<ModelError> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, Content(self.entry)))
    }
}

struct Content(Entry);

impl<'de> VariantAccess<'de> for Content {
    type Error = ModelError;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        located(self.0.step, seed.deserialize(TreeDeserializer(self.0.tree)))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        located(
            self.0.step,
            TreeDeserializer(self.0.tree).deserialize_any(visitor),
        )
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        located(
            self.0.step,
            TreeDeserializer(self.0.tree).deserialize_any(visitor),
        )
    }
}
