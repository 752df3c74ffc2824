//! Values that Terraform and a provider exchange, and their types.

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

/// The maximum depth of values and types: far more than any schema has, far less than a stack can
/// hold.
pub const MAX_DEPTH: usize = 64;

/// The depth of a reader, and whether the value itself carried the type.
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

    /// Inside a value that carries its own type. There an object must be complete: a type with many
    /// attributes and many empty objects would cost the product of the two.
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

/// A value. Its type is in the schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// Known only after apply; the refinements are promises about the value.
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
    /// A value that carries its own type. Null and unknown also have one, and Terraform compares
    /// it.
    Dynamic(Box<(Type, Value)>),
}

/// Promises about an unknown value.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Refinements {
    /// Some(false) if the value will not be null, Some(true) if it will be null.
    pub null: Option<bool>,
    /// The prefix of the string, shorter than 256 bytes.
    pub prefix: Option<String>,
    /// The lower bound of the number, and whether the bound is included.
    pub lower: Option<(Number, bool)>,
    /// The upper bound of the number, and whether the bound is included.
    pub upper: Option<(Number, bool)>,
    /// The minimum length of a collection.
    pub min_length: Option<u64>,
    /// The maximum length of a collection.
    pub max_length: Option<u64>,
}

impl Refinements {
    /// The promise that the value will not be null.
    pub fn not_null() -> Self {
        Self {
            null: Some(false),
            ..Self::default()
        }
    }

    /// The same promises, for a string that begins with `prefix`, which must be shorter than 256
    /// bytes.
    #[must_use]
    pub fn beginning_with(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// The same promises, for a number that is at least `bound`.
    #[must_use]
    pub fn at_least(mut self, bound: impl Into<Number>) -> Self {
        self.lower = Some((bound.into(), true));
        self
    }

    /// The same promises, for a number that is at most `bound`.
    #[must_use]
    pub fn at_most(mut self, bound: impl Into<Number>) -> Self {
        self.upper = Some((bound.into(), true));
        self
    }

    /// The same promises, for a collection with this number of elements.
    #[must_use]
    pub fn with_length(mut self, bounds: std::ops::RangeInclusive<u64>) -> Self {
        self.min_length = Some(*bounds.start());
        self.max_length = Some(*bounds.end());
        self
    }

    /// Returns true if there are no promises.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Value {
    /// An unknown value without promises.
    pub const UNKNOWN: Self = Self::Unknown(None);

    /// A string.
    pub fn string(value: impl Into<String>) -> Self {
        Self::String(value.into())
    }

    /// An object or a map.
    pub fn map<K: Into<String>>(members: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(members.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }

    /// A value that carries the type `ty`. For [`Type::Dynamic`] it is `value` itself, which
    /// already carries its type or has none.
    pub fn dynamic(ty: Type, value: Value) -> Self {
        match ty {
            Type::Dynamic => value,
            ty => Self::Dynamic(Box::new((ty, value))),
        }
    }

    /// The value without the type that it carries; the value itself if it carries none.
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

    /// Returns true if the value is null, of any type.
    pub fn is_null(&self) -> bool {
        matches!(self.content(), Self::Null)
    }

    /// Returns true if the value is unknown as a whole, of any type.
    pub fn is_unknown(&self) -> bool {
        matches!(self.content(), Self::Unknown(_))
    }

    /// Returns true if no part of the value is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::List(items) => items.iter().all(Self::is_wholly_known),
            Self::Map(members) => members.values().all(Self::is_wholly_known),
            Self::Dynamic(inner) => inner.1.is_wholly_known(),
            _ => true,
        }
    }

    /// The same value with null in place of each unknown value. A null keeps the known type.
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

    /// The member `name`; null if there is none.
    pub(crate) fn member(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Self::Null)
    }

    /// The part of the value at `path`, without the type that it carries.
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

    /// The kind of the value, for messages.
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

/// The reason why bytes are not a value of the schema's type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", .path.prefix())]
pub struct ValueError {
    /// The path in the value.
    pub path: AttributePath,
    /// The fault.
    pub reason: ValueErrorKind,
}

/// The fault of a value in the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueErrorKind {
    /// The bytes are not valid msgpack or JSON.
    #[error("the encoding is malformed: {0}")]
    Malformed(String),
    /// The value has another type than the schema requires.
    #[error("expected {expected}, found {found}")]
    Mismatch {
        /// The type in the schema.
        expected: String,
        /// The kind of the value.
        found: String,
    },
    /// Nested beyond [`MAX_DEPTH`].
    #[error("nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// Not a number, or a number that is out of range.
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
