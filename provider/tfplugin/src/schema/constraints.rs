//! Constraints on values beyond their type, from the JSON schema.

use regex_lite::Regex;

use crate::value::Number;

/// The constraints on a value beyond its type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    /// The allowed strings; empty if any string is allowed.
    pub allowed: Vec<String>,
    /// True if only whole numbers are allowed.
    pub integer: bool,
    /// The smallest allowed number.
    pub minimum: Option<Number>,
    /// The largest allowed number.
    pub maximum: Option<Number>,
    /// The minimum number of characters.
    pub min_length: Option<u64>,
    /// The maximum number of characters.
    pub max_length: Option<u64>,
    /// The pattern of strings.
    pub pattern: Option<Pattern>,
    /// The minimum number of elements.
    pub min_items: Option<u64>,
    /// The maximum number of elements.
    pub max_items: Option<u64>,
    /// The constraints on each element of a list or map.
    pub elements: Option<Box<Constraints>>,
}

/// A regular expression, compiled.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// # Errors
    /// Returns an error if `text` is not a regular expression.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        Regex::new(text)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// The pattern as text.
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
