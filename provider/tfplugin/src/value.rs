//! Values as they travel between Terraform and a provider, and their types.

use std::collections::BTreeMap;

pub mod json;
pub mod msgpack;
mod number;
mod retype;
mod ty;

pub use number::{Number, NumberError};
pub(crate) use retype::{Retype, retype};
pub use ty::{Type, TypeError};

use crate::path::{AttributePath, Step};

/// How deep values and types may nest: far beyond any schema, far below what a stack holds.
pub const MAX_DEPTH: usize = 64;

/// How deep a reader is, and whether the type it reads by came with the value itself.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    depth: usize,
    carried: bool,
}

impl Level {
    fn below(self) -> Result<Self, ValueError> {
        let depth = self.depth + 1;
        if depth >= MAX_DEPTH {
            return Err(ValueErrorKind::TooDeep.here());
        }
        Ok(Self { depth, ..self })
    }

    /// Within a value that says its own type. There an object has to be complete: a wide type and
    /// many empty objects would cost the product of the two.
    fn carried(self) -> Result<Self, ValueError> {
        let carried = true;
        Ok(Self {
            carried,
            ..self.below()?
        })
    }

    fn complete(self, members: usize, attributes: usize) -> Result<(), ValueError> {
        if self.carried && members != attributes {
            return Err(ValueErrorKind::Mismatch {
                expected: format!("an object of {attributes} attributes"),
                found: format!("{members}"),
            }
            .here());
        }
        Ok(())
    }
}

/// A value. What its type is, the schema says.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// Known only after apply; the refinements are promises about it.
    Unknown(Option<Box<Refinements>>),
    /// true or false.
    Bool(bool),
    /// A number of any size and precision.
    Number(Number),
    /// A string.
    String(String),
    /// A list, a set or a tuple.
    List(Vec<Value>),
    /// A map or an object.
    Map(BTreeMap<String, Value>),
    /// A value that carries its own type: null and unknown have one as well, and Terraform compares
    /// it.
    Dynamic(Box<(Type, Value)>),
}

/// What is promised of an unknown value.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Refinements {
    /// Some(false): it will not be null. Some(true): it will be.
    pub null: Option<bool>,
    /// What the string begins with; under 256 bytes.
    pub prefix: Option<String>,
    /// The least number, and whether it is included.
    pub lower: Option<(Number, bool)>,
    /// The greatest number, and whether it is included.
    pub upper: Option<(Number, bool)>,
    /// The least length of a collection.
    pub min_length: Option<u64>,
    /// The greatest length of a collection.
    pub max_length: Option<u64>,
}

impl Refinements {
    /// It will not be null.
    pub fn not_null() -> Self {
        Self {
            null: Some(false),
            ..Self::default()
        }
    }

    /// The same, of a string that begins with `prefix`; under 256 bytes.
    #[must_use]
    pub fn beginning_with(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// The same, of a number that is at least `bound`.
    #[must_use]
    pub fn at_least(mut self, bound: impl Into<Number>) -> Self {
        self.lower = Some((bound.into(), true));
        self
    }

    /// The same, of a number that is at most `bound`.
    #[must_use]
    pub fn at_most(mut self, bound: impl Into<Number>) -> Self {
        self.upper = Some((bound.into(), true));
        self
    }

    /// The same, of a collection with so many elements.
    #[must_use]
    pub fn with_length(mut self, bounds: std::ops::RangeInclusive<u64>) -> Self {
        self.min_length = Some(*bounds.start());
        self.max_length = Some(*bounds.end());
        self
    }

    /// Returns true if nothing is promised.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Value {
    /// Unknown, with nothing promised.
    pub const UNKNOWN: Self = Self::Unknown(None);

    /// A string.
    pub fn string(value: impl Into<String>) -> Self {
        Self::String(value.into())
    }

    /// An object or a map.
    pub fn map<K: Into<String>>(members: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(members.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }

    /// A value that carries the type `ty`. Of [`Type::Dynamic`] it is `value` itself, which carries
    /// its type already, or has none.
    pub fn dynamic(ty: Type, value: Value) -> Self {
        match ty {
            Type::Dynamic => value,
            ty => Self::Dynamic(Box::new((ty, value))),
        }
    }

    /// The value without the type that it carries; itself where it carries none.
    pub fn content(&self) -> &Value {
        let mut value = self;
        while let Self::Dynamic(inner) = value {
            value = &inner.1;
        }
        value
    }

    fn content_mut(&mut self) -> &mut Value {
        let mut value = self;
        while let Self::Dynamic(inner) = value {
            value = &mut inner.1;
        }
        value
    }

    /// Returns true if it is null, of whatever type.
    pub fn is_null(&self) -> bool {
        matches!(self.content(), Self::Null)
    }

    /// Returns true if it is unknown as a whole, of whatever type.
    pub fn is_unknown(&self) -> bool {
        matches!(self.content(), Self::Unknown(_))
    }

    /// Returns true if nothing in it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::List(items) => items.iter().all(Self::is_wholly_known),
            Self::Map(members) => members.values().all(Self::is_wholly_known),
            Self::Dynamic(inner) => inner.1.is_wholly_known(),
            _ => true,
        }
    }

    /// The same with null in place of everything unknown. A null keeps the type that was known.
    #[must_use]
    pub fn with_unknown_as_null(self) -> Self {
        match self {
            Self::Unknown(_) => Self::Null,
            Self::List(items) => {
                Self::List(items.into_iter().map(Self::with_unknown_as_null).collect())
            }
            Self::Map(members) => Self::Map(
                members
                    .into_iter()
                    .map(|(k, v)| (k, v.with_unknown_as_null()))
                    .collect(),
            ),
            Self::Dynamic(inner) => {
                let (ty, value) = *inner;
                Self::Dynamic(Box::new((ty, value.with_unknown_as_null())))
            }
            other => other,
        }
    }

    /// The member `name` of an object or map.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self.content() {
            Self::Map(members) => members.get(name),
            _ => None,
        }
    }

    /// The same, null where there is none.
    pub(crate) fn member(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Self::Null)
    }

    /// The part of it at `path`, without the type that it carries.
    pub fn at(&self, path: &AttributePath) -> Option<&Value> {
        path.steps()
            .iter()
            .try_fold(self, |value, step| match (step, value.content()) {
                (Step::Attribute(name) | Step::Key(name), Self::Map(members)) => members.get(name),
                (Step::Index(index), Self::List(items)) => items.get(*index),
                _ => None,
            })
            .map(Self::content)
    }

    pub(crate) fn at_mut(&mut self, path: &AttributePath) -> Option<&mut Value> {
        path.steps()
            .iter()
            .try_fold(self, |value, step| match (step, value.content_mut()) {
                (Step::Attribute(name) | Step::Key(name), Self::Map(members)) => {
                    members.get_mut(name)
                }
                (Step::Index(index), Self::List(items)) => items.get_mut(*index),
                _ => None,
            })
            .map(Self::content_mut)
    }

    /// What a user would call it, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown(_) => "a value known only after apply",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "an object or map",
            Self::Dynamic(inner) => inner.1.kind(),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

/// Why bytes are not a value of the type the schema gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", .path.prefix())]
pub struct ValueError {
    /// Where in the value.
    pub path: AttributePath,
    /// What is wrong there.
    pub reason: ValueErrorKind,
}

/// What is wrong with a value on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueErrorKind {
    /// The bytes end early, or a marker is not one of msgpack's or JSON's.
    #[error("the encoding is malformed: {0}")]
    Malformed(String),
    /// Another type than the schema gives.
    #[error("expected {expected}, found {found}")]
    Mismatch {
        /// What the schema says.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Nested beyond [`MAX_DEPTH`].
    #[error("nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// Not a number, or one out of all bounds.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The type of a dynamic value is malformed.
    #[error(transparent)]
    Type(#[from] TypeError),
}

impl ValueErrorKind {
    pub(crate) fn here(self) -> ValueError {
        ValueError {
            path: AttributePath::root(),
            reason: self,
        }
    }
}

impl ValueError {
    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        ValueErrorKind::Malformed(reason.into()).here()
    }

    pub(crate) fn under(mut self, step: crate::path::Step) -> Self {
        self.path.prepend(step);
        self
    }
}
