//! The serialised form of a model, with unknowns.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::value::Number;

/// The serde form of a model, in serde's names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Tree {
    #[default]
    Null,
    Unknown,
    Bool(bool),
    Number(Number),
    String(String),
    List(Vec<Tree>),
    Object(Vec<(Cow<'static, str>, Tree)>),
}

impl Tree {
    pub(super) fn get_mut(&mut self, member: &str) -> Option<&mut Tree> {
        match self {
            Self::Object(members) => {
                let found = members.iter_mut().find(|(name, _)| name == member);
                found.map(|(_, tree)| tree)
            }
            _ => None,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown => "a value known only after apply",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    pub(super) fn from_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => {
                Number::parse(&number.to_string()).map_or(Self::Null, Self::Number)
            }
            Json::String(text) => Self::String(text.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Json::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(name, member)| (Cow::Owned(name.clone()), Self::from_json(member)))
                    .collect(),
            ),
        }
    }
}
