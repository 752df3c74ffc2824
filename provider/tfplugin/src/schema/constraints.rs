//! What a value may be beyond its type, as the JSON schema says.

use regex_lite::Regex;

use crate::value::Number;

/// What a value may be beyond its type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    /// The strings that are allowed; empty: any.
    pub allowed: Vec<String>,
    /// Whole numbers only.
    pub integer: bool,
    /// The least number.
    pub minimum: Option<Number>,
    /// The greatest number.
    pub maximum: Option<Number>,
    /// The least number of characters.
    pub min_length: Option<u64>,
    /// The greatest number of characters.
    pub max_length: Option<u64>,
    /// What strings look like.
    pub pattern: Option<Pattern>,
    /// The least number of elements.
    pub min_items: Option<u64>,
    /// The greatest number of elements.
    pub max_items: Option<u64>,
    /// What each element of a list or map may be.
    pub elements: Option<Box<Constraints>>,
}

/// A regular expression, compiled.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// # Errors
    /// When `text` is not a regular expression.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        Regex::new(text)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns true if `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
