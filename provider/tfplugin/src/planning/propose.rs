//! Configuration over prior state.

use std::collections::{BTreeMap, BTreeSet};

use super::{Equal, equal};
use crate::path::AttributePath;
use crate::schema::{Attribute, Kind, Mode, Nesting, Object};
use crate::value::{Retype, Value, retype};

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
pub fn propose(
    object: &Object,
    config: &Value,
    prior: Option<&Value>,
    before: &BTreeSet<String>,
    same: Equal<'_>,
) -> Value {
    Proposal { before, same }.object(object, config, prior, At::Root)
}

/// Where the proposal is. Most attributes never ask for their path, so it is only put together for
/// those that do.
#[derive(Clone, Copy)]
enum At<'a> {
    Root,
    Attribute(&'a At<'a>, &'a str),
    Key(&'a At<'a>, &'a str),
    Index(&'a At<'a>, usize),
}

impl At<'_> {
    fn path(self) -> AttributePath {
        match self {
            Self::Root => AttributePath::root(),
            Self::Attribute(above, name) => above.path().attribute(name),
            Self::Key(above, key) => above.path().key(key),
            Self::Index(above, index) => above.path().index(index),
        }
    }
}

/// Whether `value` holds something that the server chooses where it is omitted, and that cannot
/// change without a replacement.
fn is_fixed(object: &Object, value: &Value) -> bool {
    object.attributes.iter().any(|attribute| {
        let part = value.get(&attribute.name).unwrap_or(&Value::Null);
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

struct Proposal<'a> {
    before: &'a BTreeSet<String>,
    same: Equal<'a>,
}

impl Proposal<'_> {
    fn object(&self, object: &Object, config: &Value, prior: Option<&Value>, at: At<'_>) -> Value {
        if matches!(config, Value::Null | Value::Unknown(_)) {
            return config.clone();
        }
        let prior = prior.filter(|prior| matches!(prior, Value::Map(_)));
        Value::Map(
            object
                .attributes
                .iter()
                .map(|attribute| {
                    let at = At::Attribute(&at, &attribute.name);
                    let config = config.get(&attribute.name).unwrap_or(&Value::Null);
                    let prior = prior.map(|p| p.get(&attribute.name).unwrap_or(&Value::Null));
                    let value = self.attribute(attribute, config, prior, at);
                    (attribute.name.clone(), value)
                })
                .collect::<BTreeMap<_, _>>(),
        )
    }

    fn attribute(
        &self,
        attribute: &Attribute,
        config: &Value,
        prior: Option<&Value>,
        at: At<'_>,
    ) -> Value {
        if attribute.write_only {
            return Value::Null;
        }
        if attribute.mode == Mode::Computed {
            return prior.cloned().unwrap_or(Value::UNKNOWN);
        }
        if config.is_unknown() {
            config.clone()
        } else if config.is_null() {
            let chosen = self.omitted(attribute, prior, at);
            // A default that is of another type is none.
            let otherwise = match attribute.default {
                Some(_) => Value::Null,
                None => Value::UNKNOWN,
            };
            of_its_type(config, chosen, otherwise)
        } else {
            self.given(attribute, config, prior, at)
        }
    }

    fn omitted(&self, attribute: &Attribute, prior: Option<&Value>, at: At<'_>) -> Value {
        if let Some(default) = &attribute.default {
            // Spelled as in the prior state where that means the same; the members of an object may
            // have defaults of their own.
            return self.given(attribute, default, prior, at);
        }
        if !attribute.mode.is_computed() {
            return Value::Null;
        }
        match prior {
            None if attribute.unfilled => Value::Null,
            None => Value::UNKNOWN,
            Some(prior) if attribute.force_new || !self.was_configured(at) => prior.clone(),
            Some(prior) => match &attribute.kind {
                Kind::Nested(Nesting::Single, object) if is_fixed(object, prior) => {
                    self.remains(object, prior, at)
                }
                _ => Value::UNKNOWN,
            },
        }
    }

    /// An object that is configured no more and cannot go without a replacement: as if it were
    /// configured with nothing but what it has to have.
    fn remains(&self, object: &Object, prior: &Value, at: At<'_>) -> Value {
        Value::map(object.attributes.iter().map(|attribute| {
            let at = At::Attribute(&at, &attribute.name);
            let prior = prior.get(&attribute.name).unwrap_or(&Value::Null);
            let value = match attribute.mode {
                Mode::Required => prior.clone(),
                _ => self.attribute(attribute, &Value::Null, Some(prior), at),
            };
            (attribute.name.clone(), value)
        }))
    }

    fn was_configured(&self, at: At<'_>) -> bool {
        !self.before.is_empty() && self.before.contains(&at.path().to_string())
    }

    fn given(
        &self,
        attribute: &Attribute,
        config: &Value,
        prior: Option<&Value>,
        at: At<'_>,
    ) -> Value {
        let (nesting, object) = match &attribute.kind {
            Kind::Leaf(_) => {
                let prior = prior
                    .filter(|prior| equal(attribute.semantic.as_deref(), config, prior, self.same));
                return prior.unwrap_or(config).clone();
            }
            Kind::Nested(nesting, object) => (nesting, object),
        };
        match (nesting, config) {
            (Nesting::List, Value::List(items)) => Value::List(
                items
                    .iter()
                    .enumerate()
                    .map(|(i, item)| {
                        let prior = prior.and_then(|prior| match prior {
                            Value::List(items) => items.get(i),
                            _ => None,
                        });
                        self.object(object, item, prior, At::Index(&at, i))
                    })
                    .collect(),
            ),
            (Nesting::Map { .. }, Value::Map(members)) => Value::Map(
                members
                    .iter()
                    .map(|(key, member)| {
                        let prior = prior.and_then(|prior| prior.get(key));
                        let at = At::Key(&at, key);
                        (key.clone(), self.object(object, member, prior, at))
                    })
                    .collect(),
            ),
            _ => self.object(object, config, prior, at),
        }
    }
}
