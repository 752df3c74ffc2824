//! The serde form of a model, with unknowns.

use serde_json::Value as Json;

use crate::path::Step;
use crate::value::Number;

/// What a model serialises to and deserialises from, in serde's names.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    Null,
    Unknown,
    Bool(bool),
    Number(Number),
    String(String),
    List(Vec<Entry>),
    Object(Vec<(String, Entry)>),
}

/// A part of a tree, and the step that leads there in Terraform (None: no step, it is inlined or
/// comes from a model).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) step: Option<Step>,
    pub(super) tree: Tree,
}

impl From<Tree> for Entry {
    fn from(tree: Tree) -> Self {
        Self { step: None, tree }
    }
}

impl Tree {
    pub(super) fn get(&self, member: &str) -> Option<&Tree> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(name, _)| name == member)
                .map(|(_, entry)| &entry.tree),
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
            Json::Array(items) => Self::List(
                items
                    .iter()
                    .map(|item| Self::from_json(item).into())
                    .collect(),
            ),
            Json::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(name, member)| (name.clone(), Self::from_json(member).into()))
                    .collect(),
            ),
        }
    }
}
