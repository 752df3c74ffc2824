//! Sets of fields, as `metadata.managedFields` writes them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A set of field paths, as a tree whose edges are written as in `fieldsV1`: `f:name`, `k:{…}`
/// for an element of a list by its keys, `v:…` for an element of a set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FieldSet {
    /// The path that leads here belongs to the set.
    pub(crate) here: bool,
    pub(crate) below: BTreeMap<String, FieldSet>,
}

impl FieldSet {
    /// A set that holds the empty path alone: a leaf, once it hangs below an edge.
    pub(crate) fn leaf() -> Self {
        Self {
            here: true,
            below: BTreeMap::new(),
        }
    }

    /// The set of one path.
    pub(crate) fn path(edges: &[&str]) -> Self {
        let mut set = Self::leaf();
        for edge in edges.iter().rev() {
            let below = BTreeMap::from([(format!("f:{edge}"), set)]);
            set = Self { here: false, below };
        }
        set
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.here && self.below.values().all(FieldSet::is_empty)
    }

    /// Hangs a set below an edge, unless it is empty.
    pub(crate) fn insert(&mut self, edge: String, set: FieldSet) {
        if !set.is_empty() {
            self.below.insert(edge, set);
        }
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut union = self.clone();
        union.here |= other.here;
        for (edge, set) in &other.below {
            let below = union.below.entry(edge.clone()).or_default();
            *below = below.union(set);
        }
        union
    }

    pub(crate) fn difference(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| ours && !theirs)
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| ours && theirs)
    }

    fn combine(&self, other: &Self, keeps: fn(bool, bool) -> bool) -> Self {
        let nothing = Self::default();
        let mut result = Self {
            here: keeps(self.here, other.here),
            below: BTreeMap::new(),
        };
        for (edge, set) in &self.below {
            let theirs = other.below.get(edge).unwrap_or(&nothing);
            result.insert(edge.clone(), set.combine(theirs, keeps));
        }
        result
    }

    /// The set with every named field on the way to a member.
    pub(crate) fn with_named_parents(&self) -> Self {
        let below = self.below.iter().map(|(edge, set)| {
            let mut set = set.with_named_parents();
            set.here |= edge.starts_with("f:");
            (edge.clone(), set)
        });
        Self {
            here: self.here,
            below: below.collect(),
        }
    }

    /// The paths of the set as conflicts name them: `.spec.env[name="A"].value`. Those that end
    /// at a place come before those that go on from it.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect("", &mut paths);
        paths
    }

    fn collect(&self, prefix: &str, paths: &mut Vec<String>) {
        let below = || self.below.iter();
        for (edge, _) in below().filter(|(_, set)| set.here) {
            paths.push(format!("{prefix}{}", spoken(edge)));
        }
        for (edge, set) in below() {
            set.collect(&format!("{prefix}{}", spoken(edge)), paths);
        }
    }

    /// The set as `fieldsV1`.
    pub(crate) fn to_json(&self) -> Value {
        let mut members = Map::new();
        if self.here && !self.below.is_empty() {
            members.insert(".".to_owned(), json!({}));
        }
        for (edge, set) in &self.below {
            members.insert(edge.clone(), set.to_json());
        }
        Value::Object(members)
    }

    /// Reads `fieldsV1`.
    pub(crate) fn from_json(value: &Value) -> Self {
        let members = value.as_object();
        let mut set = Self::default();
        for (edge, value) in members.into_iter().flatten() {
            if edge == "." {
                set.here = true;
                continue;
            }
            let mut below = Self::from_json(value);
            below.here |= value.as_object().is_some_and(Map::is_empty);
            set.below.insert(edge.clone(), below);
        }
        set
    }
}

/// An edge as a path shows it.
fn spoken(edge: &str) -> String {
    match edge.split_at_checked(2) {
        Some(("f:", name)) => format!(".{name}"),
        Some(("v:", value)) => format!("[={value}]"),
        Some(("k:", keys)) => {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let keys: Vec<String> = keys
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!("[{}]", keys.join(","))
        }
        _ => edge.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_what_it_writes() {
        let written = json!({"f:metadata": {"f:labels": {".": {}, "f:a": {}}},
            "f:spec": {"f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:value": {}}}}});
        let set = FieldSet::from_json(&written);
        assert_eq!(set.to_json(), written);
        assert_eq!(
            set.paths(),
            [
                ".metadata.labels",
                ".metadata.labels.a",
                ".spec.env[name=\"A\"]",
                ".spec.env[name=\"A\"].value"
            ]
        );
    }

    #[test]
    fn what_two_sets_share_and_do_not_make_up_each() {
        let one = FieldSet::from_json(&json!({"f:a": {}, "f:b": {"f:c": {}, "f:d": {}}}));
        let two = FieldSet::from_json(&json!({"f:b": {"f:d": {}}, "f:e": {}}));
        let both = one.intersection(&two);
        assert_eq!(both.paths(), [".b.d"]);
        assert_eq!(one.difference(&two).union(&both), one);
        assert!(one.difference(&one).is_empty());
    }
}
