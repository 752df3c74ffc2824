//! Configuration over prior state.

use std::collections::{BTreeMap, BTreeSet};

use super::check::alike;
use super::{Equal, equal};
use crate::path::At;
use crate::schema::{Attribute, Kind, Mode, Nesting, Object};
use crate::value::{Retype, Type, Value, retype};

mod list;

/// What the state will be, by `config` over `prior` (None on creation). `configured` are the paths
/// that the configuration gave when the object was last written ([`super::configured`]).
///
/// 1. Write-only is null.
/// 2. What only the provider sets is the prior value; unknown on creation.
/// 3. What the configuration gives is planned as given, or as the prior state spells it where that
///    means the same. Nested objects member by member.
/// 4. What it omits is the default; else, where the server chooses, the prior value (unknown on
///    creation, or when it was configured before); else null. Two exceptions: where a server
///    that is told nothing has nothing (`x-unfilled`), a creation has null; and what cannot change
///    without a replacement keeps its prior value, with the object that it is a member of.
///
/// The prior value of an element in a list of objects is that of the element with the same keys; in
/// a list without keys that of the element at the same place if the same is configured of both, else
/// one elsewhere of which the same is configured. All others are new.
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

/// Returns true if `value` holds something that the server chooses where it is omitted, and that
/// cannot change without a replacement.
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

/// `chosen` in place of `config`, a null. A free null has a type that Terraform may have been told
/// before it was known to be null, so what is chosen is of that type, or `otherwise`.
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

/// What an object, or a part of one, was before.
#[derive(Clone, Copy)]
struct Past<'a> {
    was: Was<'a>,
    /// What stands at the same place of the prior state, if there is one. Terraform lets a plan spell
    /// a value as it is spelled there, and nowhere else.
    there: Option<&'a Value>,
}

#[derive(Clone, Copy)]
enum Was<'a> {
    /// It is new.
    Nothing,
    /// Not said before more of the configuration is known: it may be new.
    Open,
    /// This, in the prior state.
    Value(&'a Value),
}

impl<'a> Past<'a> {
    /// What the prior state has at the same place.
    fn of(prior: Option<&'a Value>) -> Self {
        let was = prior.map_or(Was::Nothing, Was::Value);
        let there = prior;
        Self { was, there }
    }

    /// The attribute `name` of an object. One that was null had none.
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

    /// An object that is configured no more and cannot go without a replacement: as if it were
    /// configured with nothing but what it has to have.
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
