//! A model as a tree that can contain unknown values.

use std::collections::BTreeMap;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::ser::{
    self, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer,
};
use serde_json::{Error, Value};

use crate::field::{FIELD, UNKNOWN};

/// A value of a model by the names of its members: JSON that distinguishes unknown from absent
/// values. It may contain secrets, so it cannot be printed.
#[derive(Clone, PartialEq)]
pub enum Tree {
    /// Absent.
    Null,
    /// Not known yet.
    Unknown,
    /// A text, a number, `true` or `false`.
    Leaf(Value),
    /// A list.
    List(Vec<Self>),
    /// An object or a map.
    Map(BTreeMap<String, Self>),
}

impl Tree {
    /// Converts a model to a tree.
    ///
    /// # Errors
    /// Returns an error if a member has an unsupported kind, such as a tuple.
    pub fn of(model: &impl Serialize) -> Result<Self, Error> {
        model.serialize(Grower)
    }

    /// Converts the tree to a model.
    ///
    /// # Errors
    /// Returns an error if the tree does not match the model.
    pub fn into_model<T: DeserializeOwned>(self) -> Result<T, Error> {
        T::deserialize(self)
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Leaf(value) => value.as_str(),
            _ => None,
        }
    }

    /// Returns true if any part is unknown.
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Null | Self::Leaf(_) => false,
            Self::Unknown => true,
            Self::List(items) => items.iter().any(Self::has_unknown),
            Self::Map(members) => members.values().any(Self::has_unknown),
        }
    }
}

/// The serialiser that builds the tree.
struct Grower;

macro_rules! leaves {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<Tree, Error> {
            Ok(Tree::Leaf(value.into()))
        })*
    };
}

impl Serializer for Grower {
    type Ok = Tree;
    type Error = Error;
    type SerializeSeq = Items;
    type SerializeTuple = Impossible<Tree, Error>;
    type SerializeTupleStruct = Impossible<Tree, Error>;
    type SerializeTupleVariant = Impossible<Tree, Error>;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Impossible<Tree, Error>;

    leaves! {
        serialize_bool: bool, serialize_str: &str,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_f32: f32, serialize_f64: f64
    }

    fn serialize_char(self, value: char) -> Result<Tree, Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Tree, Error> {
        Err(unsupported("bytes"))
    }

    fn serialize_none(self) -> Result<Tree, Error> {
        Ok(Tree::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Tree, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Tree, Error> {
        Ok(Tree::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Tree, Error> {
        Ok(Tree::Null)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Tree, Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Tree, Error> {
        if name == UNKNOWN {
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
    ) -> Result<Tree, Error> {
        let mut members = Members::default();
        members.put(variant.to_owned(), value)?;
        Ok(Tree::Map(members.all))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Error> {
        Ok(Items(Vec::new()))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Err(unsupported("a tuple"))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(unsupported(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(unsupported(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members, Error> {
        Ok(Members::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members, Error> {
        Ok(Members::default())
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(unsupported(name))
    }
}

fn unsupported(what: &str) -> Error {
    ser::Error::custom(format_args!("no model holds {what}"))
}

struct Items(Vec<Tree>);

impl SerializeSeq for Items {
    type Ok = Tree;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.0.push(value.serialize(Grower)?);
        Ok(())
    }

    fn end(self) -> Result<Tree, Error> {
        Ok(Tree::List(self.0))
    }
}

#[derive(Default)]
struct Members {
    all: BTreeMap<String, Tree>,
    key: String,
}

impl Members {
    fn put<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Result<(), Error> {
        self.all.insert(key, value.serialize(Grower)?);
        Ok(())
    }
}

impl SerializeMap for Members {
    type Ok = Tree;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        match key.serialize(Grower)? {
            Tree::Leaf(Value::String(key)) => self.key = key,
            _ => return Err(unsupported("a map whose keys are no texts")),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = std::mem::take(&mut self.key);
        self.put(key, value)
    }

    fn end(self) -> Result<Tree, Error> {
        Ok(Tree::Map(self.all))
    }
}

impl SerializeStruct for Members {
    type Ok = Tree;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.put(key.to_owned(), value)
    }

    fn end(self) -> Result<Tree, Error> {
        Ok(Tree::Map(self.all))
    }
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null | Self::Unknown => visitor.visit_unit(),
            Self::Leaf(value) => value.deserialize_any(visitor),
            Self::List(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter())),
            Self::Map(members) => visitor.visit_map(MapDeserializer::new(members.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null | Self::Unknown => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Unknown if name == FIELD => visitor.visit_unit(),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Leaf(value) => value.deserialize_enum(name, variants, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Tree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{DatabaseModel, NamespaceModel};
    use crate::{Engine, Field};
    use serde_json::json;

    fn database() -> DatabaseModel {
        let mut model: DatabaseModel = serde_json::from_value(json!({
            "namespace": "prod",
            "name": "orders",
            "spec": {
                "engine": {"type": "pxc", "replicas": 3, "storage": {"size": "1Gi"}},
                "backup": {"schedules": [{"name": "n", "schedule": "0 2 * * *",
                    "backupStorageName": "s3", "enabled": null}]},
            },
            "labels": {"team": "shop"},
            "port": 3306,
            "hosts": ["a:1"],
        }))
        .unwrap();
        model.status = Field::Unknown;
        model.hosts.known_mut().unwrap().push(Field::Unknown);
        let spec = model.spec.known_mut().unwrap();
        spec.proxy = Field::Unknown;
        spec.engine.known_mut().unwrap().type_ = Field::Unknown;
        model
    }

    #[test]
    fn a_model_comes_back_with_what_is_not_known_in_it() {
        let tree = Tree::of(&database()).unwrap();
        assert!(tree.has_unknown());
        assert_eq!(tree.into_model::<DatabaseModel>().unwrap(), database());
        let known: DatabaseModel = serde_json::from_value(json!(database())).unwrap();
        assert!(!Tree::of(&known).unwrap().has_unknown());
    }

    #[test]
    fn what_is_not_known_is_told_from_what_is_absent() {
        let mut model = NamespaceModel {
            name: Field::Unknown,
            ..NamespaceModel::default()
        };
        let Tree::Map(members) = Tree::of(&model).unwrap() else {
            panic!("a model is a map");
        };
        assert!(members["name"] == Tree::Unknown && members["engines"] == Tree::Null);
        model.name = Field::Null;
        assert!(!Tree::of(&model).unwrap().has_unknown());
    }

    #[test]
    fn a_tree_of_something_else_is_no_model() {
        let tree = Tree::Leaf("pxc".into());
        assert_eq!(tree.clone().text(), Some("pxc"));
        assert_eq!(tree.clone().into_model::<Engine>().unwrap(), Engine::Pxc);
        assert!(tree.into_model::<DatabaseModel>().is_err());
        assert!(Tree::Null.into_model::<Engine>().is_err());
        assert!(Tree::of(&(1, 2)).is_err());
    }
}
