//! A view of a value in its model's shape: with the model's names, with inlined objects, and with
//! lists for Terraform's maps.

use std::collections::{BTreeMap, btree_map};
use std::iter::Enumerate;
use std::slice;

use crate::path::Step;
use crate::schema::{Attribute, Kind, Nesting, Object};
use crate::value::{Type, Value};

/// A part of a value.
#[derive(Clone, Copy)]
pub(super) enum View<'a> {
    Null,
    Unknown,
    /// A value whose parts are not attributes, or a part of such a value, without the type that it
    /// carries.
    Leaf(&'a Value),
    /// The key of an element, which is a member of the model.
    Text(&'a str),
    Object(Members<'a>),
    List(&'a [Value], &'a Object),
    Map(&'a BTreeMap<String, Value>, &'a Object),
    /// A map that is a list in the model; the member of that name contains the key.
    Keyed(&'a BTreeMap<String, Value>, &'a Object, &'a str),
    /// The expected kind, and the value that is of another kind.
    Misfit(&'static str, &'a Value),
}

/// An object of the model, either whole or inlined in another.
#[derive(Clone, Copy)]
pub(super) struct Members<'a> {
    /// The values; None if all are unknown.
    values: Option<&'a BTreeMap<String, Value>>,
    object: &'a Object,
    /// The inlined objects that contain it.
    within: &'a [String],
    /// A member that has no attribute: its name, and the key that is its value.
    key: Option<(&'a str, &'a str)>,
}

/// The step to a part in Terraform; none if the part is inlined or comes from the model.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Inlined,
    Attribute(&'a str),
    Key(&'a str),
    Index(usize),
}

impl Place<'_> {
    pub(super) fn step(self) -> Option<Step> {
        match self {
            Self::Inlined => None,
            Self::Attribute(name) => Some(Step::Attribute(name.to_owned())),
            Self::Key(key) => Some(Step::Key(key.to_owned())),
            Self::Index(index) => Some(Step::Index(index)),
        }
    }
}

/// A member of an object or map.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) place: Place<'a>,
    pub(super) view: View<'a>,
}

impl<'a> View<'a> {
    /// The value of an object.
    pub(super) fn object(value: &'a Value, object: &'a Object) -> Self {
        Self::element(value, object, None)
    }

    fn element(value: &'a Value, object: &'a Object, key: Option<(&'a str, &'a str)>) -> Self {
        let values = match value {
            Value::Null => return Self::Null,
            // An unknown element has its key all the same.
            Value::Unknown(_) if key.is_some() => None,
            Value::Unknown(_) => return Self::Unknown,
            Value::Map(members) => Some(members),
            other => return Self::Misfit("an object", other),
        };
        Self::Object(Members {
            values,
            object,
            within: &[],
            key,
        })
    }

    fn leaf(value: &'a Value) -> Self {
        Self::Leaf(value.content())
    }

    fn attribute(value: &'a Value, attribute: &'a Attribute) -> Self {
        let (nesting, object) = match &attribute.kind {
            Kind::Leaf(Type::Dynamic) if !value.is_wholly_known() => return Self::Unknown,
            Kind::Leaf(_) => return Self::leaf(value),
            Kind::Nested(nesting, object) => (nesting, object),
        };
        match (nesting, value) {
            (_, Value::Null) => Self::Null,
            (_, Value::Unknown(_)) => Self::Unknown,
            (Nesting::Single, _) => Self::object(value, object),
            (Nesting::List, Value::List(items)) => Self::List(items, object),
            (Nesting::Map { member: None }, Value::Map(members)) => Self::Map(members, object),
            (Nesting::Map { member: Some(key) }, Value::Map(members)) => {
                Self::Keyed(members, object, key)
            }
            (_, other) => Self::Misfit("a list or map of objects", other),
        }
    }

    pub(super) fn is_null(self) -> bool {
        matches!(self, Self::Null | Self::Leaf(Value::Null))
    }

    pub(super) fn is_unknown(self) -> bool {
        matches!(self, Self::Unknown | Self::Leaf(Value::Unknown(_)))
    }

    /// The members, if the model has an object or a map here.
    pub(super) fn entries(self) -> Option<Entries<'a>> {
        match self {
            Self::Object(members) => Some(Entries::Object {
                attributes: members.object.attributes.iter(),
                of: members,
                seen: Vec::new(),
                key: members.key,
            }),
            Self::Map(members, object) => Some(Entries::Map(members.iter(), Some(object))),
            Self::Leaf(Value::Map(members)) => Some(Entries::Map(members.iter(), None)),
            _ => None,
        }
    }

    /// The elements, if the model has a list here.
    pub(super) fn items(self) -> Option<Items<'a>> {
        match self {
            Self::List(items, object) => Some(Items::List(items.iter().enumerate(), Some(object))),
            Self::Leaf(Value::List(items)) => Some(Items::List(items.iter().enumerate(), None)),
            Self::Keyed(members, object, key) => Some(Items::Keyed(members.iter(), object, key)),
            _ => None,
        }
    }
}

/// The members of an object or map.
pub(super) enum Entries<'a> {
    Object {
        attributes: slice::Iter<'a, Attribute>,
        of: Members<'a>,
        /// The inlined objects that were already returned.
        seen: Vec<&'a str>,
        key: Option<(&'a str, &'a str)>,
    },
    /// The elements, each with attributes or of any type.
    Map(btree_map::Iter<'a, String, Value>, Option<&'a Object>),
    /// Members that are unknown.
    Unknown(slice::Iter<'a, &'static str>),
}

impl Entries<'_> {
    pub(super) fn unknown(names: &'static [&'static str]) -> Self {
        Self::Unknown(names.iter())
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        match self {
            Self::Object {
                attributes,
                of,
                seen,
                key,
            } => {
                for attribute in attributes {
                    let Some(below) = attribute.within.strip_prefix(of.within) else {
                        continue;
                    };
                    let Some(inlined) = below.first() else {
                        return Some(of.member(attribute));
                    };
                    if !seen.contains(&inlined.as_str()) {
                        seen.push(inlined);
                        return Some(of.inlined(attribute, inlined));
                    }
                }
                let (name, text) = key.take()?;
                Some(Entry {
                    name,
                    place: Place::Inlined,
                    view: View::Text(text),
                })
            }
            Self::Map(members, object) => members.next().map(|(name, value)| Entry {
                name,
                place: Place::Key(name),
                view: match object {
                    Some(object) => View::object(value, object),
                    None => View::leaf(value),
                },
            }),
            Self::Unknown(names) => names.next().map(|name| Entry {
                name,
                place: Place::Inlined,
                view: View::Unknown,
            }),
        }
    }
}

impl<'a> Members<'a> {
    fn member(self, attribute: &'a Attribute) -> Entry<'a> {
        let view = match self.values {
            None => View::Unknown,
            Some(values) => {
                let value = values.get(&attribute.name);
                value.map_or(View::Null, |value| View::attribute(value, attribute))
            }
        };
        Entry {
            name: &attribute.member,
            place: Place::Attribute(&attribute.name),
            view,
        }
    }

    fn inlined(self, attribute: &'a Attribute, name: &'a str) -> Entry<'a> {
        let depth = self.within.len() + 1;
        Entry {
            name,
            place: Place::Inlined,
            view: View::Object(Self {
                within: attribute.within.get(..depth).unwrap_or_default(),
                key: None,
                ..self
            }),
        }
    }
}

/// The elements of a list.
pub(super) enum Items<'a> {
    /// Elements with attributes or of any type.
    List(Enumerate<slice::Iter<'a, Value>>, Option<&'a Object>),
    Keyed(btree_map::Iter<'a, String, Value>, &'a Object, &'a str),
}

impl<'a> Items<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::List(items, _) => items.len(),
            Self::Keyed(members, ..) => members.len(),
        }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = (Place<'a>, View<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::List(items, object) => items.next().map(|(i, value)| {
                let view = match object {
                    Some(object) => View::object(value, object),
                    None => View::leaf(value),
                };
                (Place::Index(i), view)
            }),
            Self::Keyed(members, object, member) => members.next().map(|(key, value)| {
                let view = View::element(value, object, Some((member, key)));
                (Place::Key(key), view)
            }),
        }
    }
}
