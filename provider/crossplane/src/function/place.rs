//! Places in objects, as compositions write them: `spec.size`,
//! `metadata.labels[team]`, `spec.zones[0]`, `backup.schedules[nightly]`.

use std::collections::BTreeSet;
use std::fmt;

use everest_core::path::{FieldPath, Segment};
use serde_json::{Value, json};

/// The reason why a text is not a valid path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PlaceError {
    /// A name between dots is missing: the text is empty, or a dot begins it,
    /// ends it or follows another.
    #[error("{0:?} is not a path: a name is missing; use a path such as spec.size")]
    NoName(String),
    /// A bracket is not closed, is empty or closes nothing.
    #[error(
        "{0:?} is no path: brackets hold a key or an index, such as metadata.labels[team] or spec.zones[0]"
    )]
    Bracket(String),
    /// An index stands where a value is to be put.
    #[error(
        "{0:?} cannot be written: select an element of a list by name, such as \
         backup.schedules[nightly], not by index"
    )]
    Index(String),
}

/// A place in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place(Vec<Segment>);

impl Place {
    /// The place that a path names. A key with dots or slashes stands in
    /// brackets, quoted or not.
    pub(super) fn parse(text: &str) -> Result<Self, PlaceError> {
        let no_name = || PlaceError::NoName(text.to_owned());
        let bracket = || PlaceError::Bracket(text.to_owned());
        let mut segments = Vec::new();
        let mut rest = text;
        loop {
            let end = rest.find(['.', '[', ']']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if name.is_empty() {
                return Err(no_name());
            }
            segments.push(Segment::Field(name.to_owned()));
            rest = after;
            while let Some(inside) = rest.strip_prefix('[') {
                let (key, after) = inside.split_once(']').ok_or_else(bracket)?;
                segments.push(key_or_index(key).ok_or_else(bracket)?);
                rest = after;
            }
            match rest.strip_prefix('.') {
                Some(after) => rest = after,
                None if rest.is_empty() => return Ok(Self(segments)),
                None => return Err(bracket()),
            }
        }
    }

    /// The place that a path names, if a value can be put there.
    pub(super) fn writable(text: &str) -> Result<Self, PlaceError> {
        let place = Self::parse(text)?;
        if place.0.iter().any(|step| matches!(step, Segment::Index(_))) {
            return Err(PlaceError::Index(text.to_owned()));
        }
        Ok(place)
    }

    /// Returns true if the place lies in the member of that name.
    pub(super) fn is_below(&self, name: &str) -> bool {
        self.0.len() > 1 && matches!(self.0.first(), Some(Segment::Field(first)) if first == name)
    }

    /// The value at this place; null counts as absent.
    pub(super) fn value<'a>(&self, of: &'a Value) -> Option<&'a Value> {
        self.0
            .iter()
            .try_fold(of, |value, step| match step {
                Segment::Key(name) if value.is_array() => value
                    .as_array()?
                    .iter()
                    .find(|element| element["name"] == name.as_str()),
                Segment::Field(name) | Segment::Key(name) => value.get(name),
                Segment::Index(index) => value.get(index),
            })
            .filter(|value| !value.is_null())
    }

    /// Lays a value over the one at this place. Missing parents are created: objects, and for a key
    /// in brackets the list element of that name.
    pub(super) fn lay(&self, over: &mut Value, value: Value) {
        let mut node = over;
        for step in &self.0 {
            node = match step {
                Segment::Field(name) => member(node, name),
                Segment::Key(name) => named(node, name),
                // No writable place has one.
                Segment::Index(_) => return,
            };
        }
        lay_over(node, value, Lists::ByName);
    }
}

fn member<'a>(node: &'a mut Value, name: &str) -> &'a mut Value {
    if !node.is_object() {
        *node = json!({});
    }
    &mut node[name]
}

/// The element of that name in a list, which is added if it is missing.
fn named<'a>(node: &'a mut Value, name: &str) -> &'a mut Value {
    if !node.is_array() {
        *node = json!([]);
    }
    let elements = node.as_array().map(Vec::as_slice).unwrap_or_default();
    let known = elements.iter().position(|element| element["name"] == name);
    let index = known.unwrap_or(elements.len());
    if known.is_none()
        && let Some(elements) = node.as_array_mut()
    {
        elements.push(json!({ "name": name }));
    }
    &mut node[index]
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self
            .0
            .iter()
            .fold(FieldPath::root(), |path, step| match step {
                Segment::Field(name) => path.field(name),
                Segment::Key(key) => path.key(key),
                Segment::Index(index) => path.index(*index),
            });
        path.fmt(formatter)
    }
}

fn key_or_index(text: &str) -> Option<Segment> {
    if let Ok(index) = text.parse() {
        return Some(Segment::Index(index));
    }
    let key = text.trim_matches(['"', '\'']);
    (!key.is_empty()).then(|| Segment::Key(key.to_owned()))
}

/// The way in which a list is laid over a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lists {
    /// If the elements of both have names, elements of one name are merged and the others added;
    /// otherwise the list is replaced.
    ByName,
    /// Lists of one length are merged element by element; others are replaced.
    ByPosition,
    /// The list is replaced.
    Replaced,
}

/// Lays a value over another: objects are merged member by member, lists as `lists` says, and any
/// other value replaces the former one.
pub(super) fn lay_over(base: &mut Value, value: Value, lists: Lists) {
    match (base, value) {
        (Value::Object(base), Value::Object(members)) => {
            for (name, member) in members {
                lay_over(base.entry(name).or_insert(Value::Null), member, lists);
            }
        }
        (base @ Value::Array(_), Value::Array(elements))
            if lists == Lists::ByName && have_names(base, &elements) =>
        {
            for element in elements {
                let name = element["name"].as_str().unwrap_or_default().to_owned();
                lay_over(named(base, &name), element, lists);
            }
        }
        (Value::Array(base), Value::Array(elements))
            if lists == Lists::ByPosition && base.len() == elements.len() =>
        {
            for (base, element) in base.iter_mut().zip(elements) {
                lay_over(base, element, lists);
            }
        }
        (base, value) => *base = value,
    }
}

/// Returns true if all elements of two lists have names, each another one.
fn have_names(base: &Value, elements: &[Value]) -> bool {
    let distinct = |elements: &[Value]| {
        let names: BTreeSet<_> = elements
            .iter()
            .filter_map(|element| element["name"].as_str())
            .collect();
        names.len() == elements.len()
    };
    !elements.is_empty() && distinct(elements) && base.as_array().is_some_and(|base| distinct(base))
}

/// Removes null members at any depth.
pub(super) fn drop_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(drop_nulls);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(path: &str) -> Option<Value> {
        let object = json!({
            "metadata": {"labels": {"team": "shop", "example.com/tier": "gold"}},
            "spec": {"zones": ["a", "b"], "size": "small", "none": null},
        });
        Place::parse(path).unwrap().value(&object).cloned()
    }

    #[test]
    fn a_path_leads_to_members_keys_and_elements() {
        for (path, value) in [
            ("spec.size", "small"),
            ("metadata.labels.team", "shop"),
            ("metadata.labels[team]", "shop"),
            ("metadata.labels[example.com/tier]", "gold"),
            ("metadata.labels[\"example.com/tier\"]", "gold"),
            ("spec.zones[1]", "b"),
        ] {
            assert_eq!(found(path), Some(json!(value)), "{path}");
        }
        for path in ["spec.none", "spec.zones[2]", "spec.size.more", "status"] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn a_text_that_is_no_path_is_refused() {
        for text in ["", ".", "spec.", ".spec", "a..b", "[a]"] {
            assert!(
                matches!(Place::parse(text), Err(PlaceError::NoName(_))),
                "{text}"
            );
        }
        for text in ["a[", "a[]", "a]", "a[b]c", "a[\"\"]"] {
            assert!(
                matches!(Place::parse(text), Err(PlaceError::Bracket(_))),
                "{text}"
            );
        }
        assert!(matches!(
            Place::writable("a[0].b"),
            Err(PlaceError::Index(_))
        ));
        assert!(Place::writable("a.b").is_ok());
    }

    #[test]
    fn a_value_is_laid_where_the_path_leads() {
        let mut spec = json!({"engine": {"type": "pxc", "replicas": 3}, "list": [1, 2]});
        for (path, value) in [
            ("engine", json!({"replicas": 5})),
            ("proxy.replicas", json!(2)),
            ("list", json!([3])),
            ("backup.schedules[nightly].backupStorageName", json!("s3")),
            ("backup.schedules[weekly]", json!({"schedule": "0 1 * * 0"})),
            ("backup.schedules[nightly].retentionCopies", json!(7)),
        ] {
            Place::writable(path).unwrap().lay(&mut spec, value);
        }
        assert_eq!(
            spec,
            json!({
                "engine": {"type": "pxc", "replicas": 5},
                "list": [3],
                "proxy": {"replicas": 2},
                "backup": {"schedules": [
                    {"name": "nightly", "backupStorageName": "s3", "retentionCopies": 7},
                    {"name": "weekly", "schedule": "0 1 * * 0"},
                ]},
            })
        );
    }

    #[test]
    fn lists_are_merged_by_name_by_position_or_not_at_all() {
        let base = json!([{"name": "a", "x": 1}, {"name": "b"}]);
        let laid = |value: Value, lists| {
            let mut base = base.clone();
            lay_over(&mut base, value, lists);
            base
        };
        let value = json!([{"name": "b", "y": 2}, {"name": "c"}]);
        assert_eq!(
            laid(value.clone(), Lists::ByName),
            json!([{"name": "a", "x": 1}, {"name": "b", "y": 2}, {"name": "c"}])
        );
        assert_eq!(laid(value.clone(), Lists::Replaced), value);
        assert_eq!(
            laid(value, Lists::ByPosition),
            json!([{"name": "b", "x": 1, "y": 2}, {"name": "c"}])
        );
        for other in [json!([]), json!([1]), json!([{"name": "a"}, {"name": "a"}])] {
            assert_eq!(laid(other.clone(), Lists::ByName), other);
        }
    }
}
