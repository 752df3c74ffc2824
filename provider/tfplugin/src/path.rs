//! Paths to a part of a value.

use std::fmt;

use crate::proto::tfplugin6 as wire;

/// One step of an [`AttributePath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute of an object, by its Terraform name.
    Attribute(String),
    /// An element of a map, by its key.
    Key(String),
    /// An element of a list, counted from 0.
    Index(usize),
}

/// The path from the root of a resource's or the provider's value to a part of it, in Terraform's
/// names. It is displayed as a user would write it: `backup.schedules["nightly"].schedule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePath {
    steps: Vec<Step>,
}

impl AttributePath {
    /// The whole value.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path with these `steps`.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
        }
    }

    /// The attribute `name` below this path.
    #[must_use]
    pub fn attribute(&self, name: impl Into<String>) -> Self {
        self.with(Step::Attribute(name.into()))
    }

    /// The map element `key` below this path.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.with(Step::Key(key.into()))
    }

    /// The list element `index` below this path.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    /// This path with one more step.
    #[must_use]
    pub fn with(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.steps.len() + 1);
        steps.extend_from_slice(&self.steps);
        steps.push(step);
        Self { steps }
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns true if this is the whole value.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// The prefix "path: " for a message about the path; empty for the root.
    pub(crate) fn prefix(&self) -> String {
        if self.is_root() {
            String::new()
        } else {
            format!("{self}: ")
        }
    }

    pub(crate) fn prepend(&mut self, step: Step) {
        self.steps.insert(0, step);
    }

    /// The path in the protocol's form; None for the root, for which the protocol omits the path.
    pub(crate) fn to_wire(&self) -> Option<wire::AttributePath> {
        use wire::attribute_path::step::Selector;
        if self.is_root() {
            return None;
        }
        let steps = self
            .steps
            .iter()
            .map(|step| wire::attribute_path::Step {
                selector: Some(match step {
                    Step::Attribute(name) => Selector::AttributeName(name.clone()),
                    Step::Key(key) => Selector::ElementKeyString(key.clone()),
                    Step::Index(index) => {
                        Selector::ElementKeyInt(i64::try_from(*index).unwrap_or(i64::MAX))
                    }
                }),
            })
            .collect();
        Some(wire::AttributePath { steps })
    }

    #[cfg(feature = "testing")]
    pub(crate) fn from_wire(path: &wire::AttributePath) -> Self {
        use wire::attribute_path::step::Selector;
        let selectors = path.steps.iter().filter_map(|step| step.selector.as_ref());
        selectors
            .map(|selector| match selector {
                Selector::AttributeName(name) => Step::Attribute(name.clone()),
                Selector::ElementKeyString(key) => Step::Key(key.clone()),
                Selector::ElementKeyInt(index) => {
                    Step::Index(usize::try_from(*index).unwrap_or(usize::MAX))
                }
            })
            .collect()
    }
}

/// The current place of a walk. Most places are never reported, so the path is built only for those
/// that are.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    Root,
    Attribute(&'a At<'a>, &'a str),
    Key(&'a At<'a>, &'a str),
    Index(&'a At<'a>, usize),
}

impl At<'_> {
    pub(crate) fn path(self) -> AttributePath {
        let mut steps = Vec::new();
        let mut at = self;
        loop {
            let (above, step) = match at {
                At::Root => break,
                At::Attribute(above, name) => (above, Step::Attribute(name.to_owned())),
                At::Key(above, key) => (above, Step::Key(key.to_owned())),
                At::Index(above, index) => (above, Step::Index(index)),
            };
            steps.push(step);
            at = *above;
        }
        steps.reverse();
        AttributePath { steps }
    }
}

/// An attribute of the root.
impl From<&str> for AttributePath {
    fn from(name: &str) -> Self {
        Self::root().attribute(name)
    }
}

impl FromIterator<Step> for AttributePath {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self::new(steps)
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => write!(f, "{name}")?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_a_user_writes_it() {
        let path = AttributePath::from("backup")
            .attribute("schedules")
            .key("nightly")
            .attribute("hours")
            .index(2);
        assert_eq!(path.to_string(), r#"backup.schedules["nightly"].hours[2]"#);
    }

    #[test]
    fn the_root_is_left_out_of_a_message() {
        assert!(AttributePath::root().to_wire().is_none());
        assert_eq!(AttributePath::from("a").to_wire().unwrap().steps.len(), 1);
    }
}
