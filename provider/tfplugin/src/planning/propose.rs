//! Merges the configuration into the prior state.

use std::collections::{BTreeMap, BTreeSet};

use super::check::alike;
use super::{Equal, equal};
use crate::path::At;
use crate::schema::{Attribute, Kind, Mode, Nesting, Object};
use crate::value::{Retype, Type, Value, retype};

mod list;

/// The planned state: `config` merged into `prior`, which is None on creation. `configured` are the
/// paths that the configuration set when the object was last written ([`super::configured`]).
///
/// 1. Write-only attributes are null.
/// 2. Attributes that only the provider sets keep the prior value; on creation they are unknown.
/// 3. Configured values are planned as configured, or as in the prior state if that has the same
///    meaning. Nested objects are merged member by member.
/// 4. An omitted attribute has its default. Without a default, if the server chooses the value, it
///    has the prior value (unknown on creation, or if it was configured before); otherwise it is
///    null. There are two exceptions: with `x-unfilled`, a creation has null; and an attribute
///    whose change replaces the object keeps its prior value, as does the object that contains it.
///
/// The prior value of an element in a list of objects is the element with the same keys. In a list
/// without keys it is the element at the same index if both have the same configured values,
/// otherwise one at another index with the same configured values. All other elements are new.
pub fn propose(
    object: &Object,
    config: &Value,
    prior: Option<&Value>,
    before: &BTreeSet<String>,
    same: Equal<'_>,
) -> Value {
    let past = Past::of(prior);
    Proposal { before, same }.object(object, config, past, At::Root)
}

/// Returns true if `value` contains an attribute that the server chooses if it is omitted, and
/// whose change replaces the object.
fn is_fixed(object: &Object, value: &Value) -> bool {
    object.attributes.iter().any(|attribute| {
        let part = value.member(&attribute.name);
        match &attribute.kind {
            _ if part.is_null() || !attribute.mode.is_computed() => false,
            _ if attribute.force_new => attribute.mode == Mode::OptionalComputed,
            Kind::Nested(Nesting::Single, object) => is_fixed(object, part),
            _ => false,
        }
    })
}

/// `chosen` in place of `config`, a null. A null of free type may have had a type before it was
/// known to be null, so `chosen` gets that type; if it cannot, `otherwise` is used.
fn of_its_type(config: &Value, chosen: Value, otherwise: Value) -> Value {
    let Value::Dynamic(null) = config else {
        return chosen;
    };
    let ty = &null.0;
    let value = match chosen {
        Value::Dynamic(chosen) => retype(&chosen.1, &chosen.0, ty, Retype::Json),
        nothing => Some(nothing),
    };
    Value::dynamic(ty.clone(), value.unwrap_or(otherwise))
}

/// The prior value of an object or a part of it.
#[derive(Clone, Copy)]
struct Past<'a> {
    was: Was<'a>,
    /// The value at the same place of the prior state, if it exists. Terraform allows a plan to use
    /// only the spelling at that place.
    there: Option<&'a Value>,
}

#[derive(Clone, Copy)]
enum Was<'a> {
    /// The object is new.
    Nothing,
    /// Not decided until more of the configuration is known: the object may be new.
    Open,
    /// This value in the prior state.
    Value(&'a Value),
}

impl<'a> Past<'a> {
    /// The prior state's value at the same place.
    fn of(prior: Option<&'a Value>) -> Self {
        let was = prior.map_or(Was::Nothing, Was::Value);
        let there = prior;
        Self { was, there }
    }

    /// The attribute `name` of an object. A null object has none.
    fn attribute(self, name: &str) -> Self {
        fn of<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
            match object {
                Value::Map(members) => Some(members.get(name).unwrap_or(&Value::Null)),
                _ => None,
            }
        }
        self.part(|object| of(object, name))
    }

    /// The element `key` of a map.
    fn key(self, key: &str) -> Self {
        self.part(|map| map.get(key))
    }

    fn part(self, of: impl Fn(&'a Value) -> Option<&'a Value>) -> Self {
        let was = match self.was {
            Was::Value(value) => of(value).map_or(Was::Nothing, Was::Value),
            other => other,
        };
        let there = self.there.and_then(of);
        Self { was, there }
    }
}

struct Proposal<'a> {
    before: &'a BTreeSet<String>,
    same: Equal<'a>,
}

impl Proposal<'_> {
    fn object(&self, object: &Object, config: &Value, past: Past<'_>, at: At<'_>) -> Value {
        if matches!(config, Value::Null | Value::Unknown(_)) {
            return config.clone();
        }
        Value::Map(
            object
                .attributes
                .iter()
                .map(|attribute| {
                    let at = At::Attribute(&at, &attribute.name);
                    let config = config.member(&attribute.name);
                    let past = past.attribute(&attribute.name);
                    let value = self.attribute(attribute, config, past, at);
                    (attribute.name.clone(), value)
                })
                .collect::<BTreeMap<_, _>>(),
        )
    }

    fn attribute(
        &self,
        attribute: &Attribute,
        config: &Value,
        past: Past<'_>,
        at: At<'_>,
    ) -> Value {
        if attribute.write_only {
            return Value::Null;
        }
        if attribute.mode == Mode::Computed {
            return match past.was {
                Was::Value(prior) => prior.clone(),
                Was::Nothing | Was::Open => Value::UNKNOWN,
            };
        }
        if config.is_unknown() {
            config.clone()
        } else if config.is_null() {
            let chosen = self.omitted(attribute, past, at);
            // A default that is of another type is none.
            let otherwise = match attribute.default {
                Some(_) => Value::Null,
                None => Value::UNKNOWN,
            };
            of_its_type(config, chosen, otherwise)
        } else {
            self.given(attribute, config, past, at)
        }
    }

    fn omitted(&self, attribute: &Attribute, past: Past<'_>, at: At<'_>) -> Value {
        if let Some(default) = &attribute.default {
            // Spelled as in the prior state where that means the same; the members of an object may
            // have defaults of their own.
            return self.given(attribute, default, past, at);
        }
        if !attribute.mode.is_computed() {
            return Value::Null;
        }
        match past.was {
            Was::Nothing if attribute.unfilled => Value::Null,
            Was::Nothing | Was::Open => Value::UNKNOWN,
            Was::Value(prior) if attribute.force_new || !self.was_configured(at) => prior.clone(),
            Was::Value(prior) => match &attribute.kind {
                Kind::Nested(Nesting::Single, object) if is_fixed(object, prior) => {
                    self.remains(object, prior, past, at)
                }
                _ => Value::UNKNOWN,
            },
        }
    }

    /// An object that was removed from the configuration but cannot be removed without a
    /// replacement: it is planned as if only its required attributes were configured.
    fn remains(&self, object: &Object, prior: &Value, past: Past<'_>, at: At<'_>) -> Value {
        Value::map(object.attributes.iter().map(|attribute| {
            let at = At::Attribute(&at, &attribute.name);
            let value = match attribute.mode {
                Mode::Required => prior.get(&attribute.name).cloned().unwrap_or_default(),
                _ => self.attribute(attribute, &Value::Null, past.attribute(&attribute.name), at),
            };
            (attribute.name.clone(), value)
        }))
    }

    fn was_configured(&self, at: At<'_>) -> bool {
        !self.before.is_empty() && self.before.contains(&at.path().to_string())
    }

    fn given(&self, attribute: &Attribute, config: &Value, past: Past<'_>, at: At<'_>) -> Value {
        let (nesting, object) = match &attribute.kind {
            Kind::Leaf(_) => {
                // Of a free value Terraform may have been told the type before all of it was known.
                let there = past.there.filter(|there| match config {
                    Value::Dynamic(_) => alike(&Type::Dynamic, config, there),
                    _ => self.equal(attribute, config, there),
                });
                return there.unwrap_or(config).clone();
            }
            Kind::Nested(nesting, object) => (nesting, object),
        };
        match (nesting, config) {
            (Nesting::List, Value::List(items)) => {
                self.list((&attribute.keys, object), items, past, at)
            }
            (Nesting::Map { .. }, Value::Map(members)) => Value::Map(
                members
                    .iter()
                    .map(|(key, member)| {
                        let at = At::Key(&at, key);
                        (key.clone(), self.object(object, member, past.key(key), at))
                    })
                    .collect(),
            ),
            _ => self.object(object, config, past, at),
        }
    }

    fn equal(&self, attribute: &Attribute, a: &Value, b: &Value) -> bool {
        equal(attribute.semantic.as_deref(), a, b, self.same)
    }
}
