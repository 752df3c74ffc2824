//! The elements of a list of objects in a proposal, and their prior values.

use super::{At, Past, Proposal, Was, of_its_type};
use crate::planning::pair::items;
use crate::schema::{Attribute, Kind, Mode, Nesting, Object};
use crate::value::Value;

/// The prior place of a list element.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    At(usize),
    /// The element is new.
    Other,
    Open,
}

impl Proposal<'_> {
    /// The elements of a list of objects, each merged into its prior value.
    pub(super) fn list(
        &self,
        (keys, object): (&[String], &Object),
        config: &[Value],
        past: Past<'_>,
        at: At<'_>,
    ) -> Value {
        let there = past.there.map_or(&[][..], items);
        let (was, otherwise) = match past.was {
            Was::Value(was) => (items(was), Was::Nothing),
            other => (&[][..], other),
        };
        let places = match (was, keys) {
            ([], _) => vec![Place::Other; config.len()],
            (_, []) => self.by_content(object, config, was, at),
            _ => self.by_keys((keys, object), config, was, at),
        };
        let elements = config.iter().zip(places).enumerate();
        let planned = elements.map(|(i, (item, place))| {
            let (was, place) = match place {
                Place::At(place) => (was.get(place).map_or(otherwise, Was::Value), place),
                Place::Other => (otherwise, i),
                Place::Open => (Was::Open, i),
            };
            let there = there.get(i);
            self.object(object, item, Past { was, there }, At::Index(&at, place))
        });
        Value::List(planned.collect())
    }

    /// Finds elements by their keys, each independently of the others, so that the result for one
    /// does not depend on what the next plan knows about the others.
    fn by_keys(
        &self,
        (keys, object): (&[String], &Object),
        config: &[Value],
        was: &[Value],
        at: At<'_>,
    ) -> Vec<Place> {
        let keys: Vec<&Attribute> = keys.iter().filter_map(|key| object.get(key)).collect();
        let places = config.iter().enumerate().map(|(i, item)| {
            let given = |key: &&Attribute| item.get(&key.name).is_none_or(Value::is_unknown);
            if item.is_unknown() || keys.iter().any(given) {
                return Place::Open;
            }
            let one = |place: usize| {
                let at = At::Index(&at, place);
                let was = was.get(place).filter(|was| !was.is_null());
                was.is_some_and(|was| {
                    keys.iter().all(|key| {
                        let at = At::Attribute(&at, &key.name);
                        self.is_as_configured(
                            key,
                            item.member(&key.name),
                            was.member(&key.name),
                            at,
                        )
                    })
                })
            };
            if one(i) {
                return Place::At(i);
            }
            let mut all = (0..was.len()).filter(|place| one(*place));
            // A key that is omitted is for the server to choose, and may be that of several.
            let omitted = keys.iter().any(|key| item.member(&key.name).is_null());
            match (all.next(), omitted && all.next().is_some()) {
                (Some(place), false) => Place::At(place),
                _ => Place::Other,
            }
        });
        places.collect()
    }

    /// Finds elements by their configured values: at the same index, otherwise at another. A match
    /// at another index may belong to another element that is not fully known yet.
    fn by_content(
        &self,
        object: &Object,
        config: &[Value],
        was: &[Value],
        at: At<'_>,
    ) -> Vec<Place> {
        let one = |item: &Value, place: usize| {
            let at = At::Index(&at, place);
            was.get(place)
                .is_some_and(|was| self.is_object_as_configured(object, item, was, at))
        };
        let mut taken = vec![false; was.len()];
        let mut places = Vec::with_capacity(config.len());
        for (i, item) in config.iter().enumerate() {
            let stays = one(item, i);
            if stays && let Some(taken) = taken.get_mut(i) {
                *taken = true;
            }
            places.push(if stays { Place::At(i) } else { Place::Other });
        }
        let open = !config.iter().all(Value::is_wholly_known);
        for (item, place) in config.iter().zip(&mut places) {
            if *place != Place::Other {
                continue;
            }
            if open {
                *place = Place::Open;
                continue;
            }
            let mut free = taken.iter_mut().enumerate().filter(|(_, taken)| !**taken);
            if let Some((found, taken)) = free.find(|(found, _)| one(item, *found)) {
                *taken = true;
                *place = Place::At(found);
            }
        }
        places
    }

    /// Returns true if the configuration of `was` may have been `config`.
    fn is_object_as_configured(
        &self,
        object: &Object,
        config: &Value,
        was: &Value,
        at: At<'_>,
    ) -> bool {
        let objects = matches!((config, was), (Value::Map(_), Value::Map(_)));
        objects
            && object.attributes.iter().all(|attribute| {
                let at = At::Attribute(&at, &attribute.name);
                let (config, was) = (config.member(&attribute.name), was.member(&attribute.name));
                self.is_as_configured(attribute, config, was, at)
            })
    }

    fn is_as_configured(
        &self,
        attribute: &Attribute,
        config: &Value,
        was: &Value,
        at: At<'_>,
    ) -> bool {
        if attribute.write_only || attribute.mode == Mode::Computed {
            return true;
        }
        if config.is_unknown() {
            return false;
        }
        let default = attribute.default.as_ref().filter(|_| config.is_null());
        let default = default.map(|default| of_its_type(config, default.clone(), Value::Null));
        let config = match &default {
            Some(default) => default,
            None if config.is_null() && attribute.mode.is_computed() => {
                return !self.was_configured(at);
            }
            _ => config,
        };
        let Kind::Nested(nesting, object) = &attribute.kind else {
            return self.equal(attribute, config, was);
        };
        match (nesting, config, was) {
            (Nesting::List, Value::List(config), Value::List(was)) => {
                let mut pairs = config.iter().zip(was).enumerate();
                config.len() == was.len()
                    && pairs.all(|(i, (config, was))| {
                        self.is_object_as_configured(object, config, was, At::Index(&at, i))
                    })
            }
            (Nesting::Map { .. }, Value::Map(config), Value::Map(was)) => {
                config.len() == was.len()
                    && config.iter().all(|(key, config)| {
                        let at = At::Key(&at, key);
                        was.get(key).is_some_and(|was| {
                            self.is_object_as_configured(object, config, was, at)
                        })
                    })
            }
            (Nesting::Single, Value::Map(_), Value::Map(_)) => {
                self.is_object_as_configured(object, config, was, at)
            }
            _ => config.is_null() && was.is_null(),
        }
    }
}
