//! Converts a model to a tree.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{self, Serialize, Serializer};

use super::ModelError;
use super::tree::Tree;
use crate::value::Number;

impl ser::Error for ModelError {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::new(reason.to_string())
    }
}

#[derive(Clone, Copy)]
pub(super) struct TreeSerializer;

type Out = Result<Tree, ModelError>;

fn one(variant: &'static str, tree: Tree) -> Tree {
    Tree::Object(vec![(Cow::Borrowed(variant), tree)])
}

impl Serializer for TreeSerializer {
    type Ok = Tree;
    type Error = ModelError;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Members;

    fn serialize_bool(self, v: bool) -> Out {
        Ok(Tree::Bool(v))
    }

    fn serialize_i8(self, v: i8) -> Out {
        self.serialize_i64(v.into())
    }

    fn serialize_i16(self, v: i16) -> Out {
        self.serialize_i64(v.into())
    }

    fn serialize_i32(self, v: i32) -> Out {
        self.serialize_i64(v.into())
    }

    fn serialize_i64(self, v: i64) -> Out {
        Ok(Tree::Number(v.into()))
    }

    fn serialize_u8(self, v: u8) -> Out {
        self.serialize_u64(v.into())
    }

    fn serialize_u16(self, v: u16) -> Out {
        self.serialize_u64(v.into())
    }

    fn serialize_u32(self, v: u32) -> Out {
        self.serialize_u64(v.into())
    }

    fn serialize_u64(self, v: u64) -> Out {
        Ok(Tree::Number(v.into()))
    }

    fn serialize_f32(self, v: f32) -> Out {
        Number::parse(&v.to_string())
            .map(Tree::Number)
            .map_err(ser::Error::custom)
    }

    fn serialize_f64(self, v: f64) -> Out {
        Number::from_f64_shortest(v)
            .map(Tree::Number)
            .map_err(ser::Error::custom)
    }

    fn serialize_char(self, v: char) -> Out {
        Ok(Tree::String(v.to_string()))
    }

    fn serialize_str(self, v: &str) -> Out {
        Ok(Tree::String(v.to_owned()))
    }

    fn serialize_bytes(self, _: &[u8]) -> Out {
        Err(ser::Error::custom("Terraform has no bytes"))
    }

    fn serialize_none(self) -> Out {
        Ok(Tree::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Out {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Out {
        Ok(Tree::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Out {
        Ok(Tree::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Out {
        Ok(Tree::String(variant.to_owned()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Out {
        if name == "$unknown" {
            return Ok(Tree::Unknown);
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Out {
        Ok(one(variant, value.serialize(self)?))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items, ModelError> {
        Ok(Items {
            variant: None,
            items: Vec::with_capacity(length.unwrap_or(0)),
        })
    }

    fn serialize_tuple(self, length: usize) -> Result<Items, ModelError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Items, ModelError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Items, ModelError> {
        let mut items = self.serialize_seq(Some(length))?;
        items.variant = Some(variant);
        Ok(items)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Members, ModelError> {
        Ok(Members {
            variant: None,
            key: None,
            members: Vec::with_capacity(length.unwrap_or(0)),
        })
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Members, ModelError> {
        self.serialize_map(Some(length))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Members, ModelError> {
        let mut members = self.serialize_map(Some(length))?;
        members.variant = Some(variant);
        Ok(members)
    }
}

pub(super) struct Items {
    variant: Option<&'static str>,
    items: Vec<Tree>,
}

impl Items {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        self.items.push(value.serialize(TreeSerializer)?);
        Ok(())
    }

    fn finish(self) -> Out {
        let list = Tree::List(self.items);
        Ok(match self.variant {
            Some(variant) => one(variant, list),
            None => list,
        })
    }
}

impl ser::SerializeSeq for Items {
    type Ok = Tree;
    type Error = ModelError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        self.push(value)
    }

    fn end(self) -> Out {
        self.finish()
    }
}

impl ser::SerializeTuple for Items {
    type Ok = Tree;
    type Error = ModelError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        self.push(value)
    }

    fn end(self) -> Out {
        self.finish()
    }
}

impl ser::SerializeTupleStruct for Items {
    type Ok = Tree;
    type Error = ModelError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        self.push(value)
    }

    fn end(self) -> Out {
        self.finish()
    }
}

impl ser::SerializeTupleVariant for Items {
    type Ok = Tree;
    type Error = ModelError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        self.push(value)
    }

    fn end(self) -> Out {
        self.finish()
    }
}

pub(super) struct Members {
    variant: Option<&'static str>,
    key: Option<String>,
    members: Vec<(Cow<'static, str>, Tree)>,
}

impl Members {
    fn push<T: Serialize + ?Sized>(
        &mut self,
        name: Cow<'static, str>,
        value: &T,
    ) -> Result<(), ModelError> {
        let tree = value.serialize(TreeSerializer)?;
        self.members.push((name, tree));
        Ok(())
    }

    fn finish(self) -> Out {
        let object = Tree::Object(self.members);
        Ok(match self.variant {
            Some(variant) => one(variant, object),
            None => object,
        })
    }
}

impl ser::SerializeMap for Members {
    type Ok = Tree;
    type Error = ModelError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ModelError> {
        self.key = Some(match key.serialize(TreeSerializer)? {
            Tree::String(text) => text,
            Tree::Number(number) => number.to_string(),
            Tree::Bool(value) => value.to_string(),
            other => {
                let reason = format!("{} cannot be a key", other.kind());
                return Err(ModelError::new(reason));
            }
        });
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        let key = self.key.take().unwrap_or_default();
        self.push(Cow::Owned(key), value)
    }

    fn end(self) -> Out {
        self.finish()
    }
}

impl ser::SerializeStruct for Members {
    type Ok = Tree;
    type Error = ModelError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), ModelError> {
        self.push(Cow::Borrowed(name), value)
    }

    fn end(self) -> Out {
        self.finish()
    }
}

impl ser::SerializeStructVariant for Members {
    type Ok = Tree;
    type Error = ModelError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), ModelError> {
        self.push(Cow::Borrowed(name), value)
    }

    fn end(self) -> Out {
        self.finish()
    }
}
