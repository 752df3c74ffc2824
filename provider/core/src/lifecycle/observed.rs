//! Queries of lifecycles, and the answers to them.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use everest_schemas::Engine;
use jiff::Timestamp;
use serde_json::Value;

use super::{EngineRole, ObjectKind, ObjectRef, Observable};
use crate::facts::Seen;

/// An object or a list that a decision depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Query {
    /// One object. If it may not be read, that is an error.
    Object(ObjectRef),
    /// One object that the decision can do without: if it may not be read, it counts as unread.
    Beside(ObjectRef),
    /// The same, read from the server itself and not from a watch.
    Now(ObjectRef),
    /// All objects of a kind in a namespace, or in all namespaces if it is empty. If they may not
    /// be listed, they count as unread.
    All(ObjectKind, String),
    /// The same. If they may not be listed, that is an error.
    Listed(ObjectKind, String),
}

/// The answer to a [`Query`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// The answer to a query for one object: a typed object, or the JSON of an engine's object.
    Object(Seen<Arc<dyn Any + Send + Sync>>),
    /// The answer to a query for all objects of a kind: a `Vec` of shared objects. Unread if they
    /// may not be listed, absent if the cluster does not serve the kind.
    All(Seen<Arc<dyn Any + Send + Sync>>),
}

/// The objects observed at one moment.
#[derive(Debug)]
pub struct Observed {
    now: Timestamp,
    answers: BTreeMap<Query, Answer>,
    ours: BTreeSet<ObjectRef>,
}

impl Observed {
    /// An observation without answers, at the time `now`.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            answers: BTreeMap::new(),
            ours: BTreeSet::new(),
        }
    }

    /// The time of the clock.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Notes an answer.
    pub fn note(&mut self, query: Query, answer: Answer) {
        self.answers.insert(query, answer);
    }

    /// Records an object of a typed kind, or its absence, for both kinds of query.
    pub fn note_object<K: Observable>(&mut self, object: &ObjectRef, found: Option<Arc<K>>) {
        let found = match found {
            Some(found) => Seen::Found(found as Arc<dyn Any + Send + Sync>),
            None => Seen::Absent,
        };
        let answer = Answer::Object(found);
        self.note(Query::Object(object.clone()), answer.clone());
        self.note(Query::Beside(object.clone()), answer);
    }

    /// Notes an object of an engine's operator, as far as it is known.
    pub fn note_engine_object(&mut self, object: ObjectRef, seen: Seen<Value>) {
        let seen = match seen {
            Seen::Found(found) => Seen::Found(Arc::new(found) as Arc<dyn Any + Send + Sync>),
            Seen::Absent => Seen::Absent,
            Seen::Unread => Seen::Unread,
        };
        self.note(Query::Beside(object), Answer::Object(seen));
    }

    /// Notes that an object was made by this very creation, now or before it was cut off.
    pub fn note_ours(&mut self, object: ObjectRef) {
        self.ours.insert(object);
    }

    /// Returns true if an object was made by this creation.
    pub fn is_ours(&self, object: &ObjectRef) -> bool {
        self.ours.contains(object)
    }

    /// Reads an object that has to be readable; `None` if it does not exist.
    ///
    /// # Errors
    /// The query, if it has not been answered yet.
    pub fn object<K: Observable>(&self, namespace: &str, name: &str) -> Result<Option<&K>, Query> {
        let query = Query::Object(ObjectRef::of::<K>(namespace, name));
        Ok(match self.one(&query)? {
            Seen::Found(found) => found.downcast_ref(),
            Seen::Absent | Seen::Unread => None,
        })
    }

    /// Reads an object that may be unreadable.
    ///
    /// # Errors
    /// The query, if it has not been answered yet.
    pub fn beside<K: Observable>(&self, namespace: &str, name: &str) -> Result<Seen<&K>, Query> {
        let query = Query::Beside(ObjectRef::of::<K>(namespace, name));
        Ok(typed(self.one(&query)?))
    }

    /// Reads an object of an engine's operator, which may be unreadable.
    ///
    /// # Errors
    /// The query, if it has not been answered yet.
    pub fn engine_object(&self, object: &ObjectRef) -> Result<Seen<&Value>, Query> {
        Ok(typed(self.one(&Query::Beside(object.clone()))?))
    }

    /// Reads the same from the server itself, whatever a watch shows.
    ///
    /// # Errors
    /// The query, if it has not been answered yet.
    pub fn engine_object_now(&self, object: &ObjectRef) -> Result<Seen<&Value>, Query> {
        Ok(typed(self.one(&Query::Now(object.clone()))?))
    }

    /// Reads all objects of a kind in a namespace; `None` if they may not be listed.
    ///
    /// # Errors
    /// The query, if it has not been answered yet.
    pub fn all<K: Observable>(&self, namespace: &str) -> Result<Option<&[Arc<K>]>, Query> {
        self.list(Query::All(K::KIND, namespace.to_owned()))
    }

    /// Reads all objects of a kind in a namespace; listing them has to be allowed.
    ///
    /// # Errors
    /// The query, if it has not been answered yet.
    pub fn listed<K: Observable>(&self, namespace: &str) -> Result<&[Arc<K>], Query> {
        let found = self.list(Query::Listed(K::KIND, namespace.to_owned()))?;
        Ok(found.unwrap_or_default())
    }

    /// Reads all objects of an engine's kind in a namespace; `None` if they may not be listed.
    ///
    /// # Errors
    /// The query, if it has not been answered yet.
    pub fn engine_objects(
        &self,
        engine: Engine,
        role: EngineRole,
        namespace: &str,
    ) -> Result<Option<&[Arc<Value>]>, Query> {
        let kind = ObjectKind::Engine(engine, role);
        self.list(Query::All(kind, namespace.to_owned()))
    }

    fn list<K: Any + Send + Sync>(&self, query: Query) -> Result<Option<&[Arc<K>]>, Query> {
        match self.answers.get(&query) {
            Some(Answer::All(Seen::Found(found))) => {
                Ok(found.downcast_ref::<Vec<Arc<K>>>().map(Vec::as_slice))
            }
            Some(Answer::All(Seen::Absent)) => Ok(Some(&[])),
            Some(Answer::All(Seen::Unread)) => Ok(None),
            _ => Err(query),
        }
    }

    fn one(&self, query: &Query) -> Result<Seen<&Arc<dyn Any + Send + Sync>>, Query> {
        match self.answers.get(query) {
            Some(Answer::Object(seen)) => Ok(seen.as_ref()),
            _ => Err(query.clone()),
        }
    }
}

fn typed<K: Any>(seen: Seen<&Arc<dyn Any + Send + Sync>>) -> Seen<&K> {
    match seen {
        Seen::Found(found) => found.downcast_ref().map_or(Seen::Unread, Seen::Found),
        Seen::Absent => Seen::Absent,
        Seen::Unread => Seen::Unread,
    }
}
