//! The rollback of what one call has made in a namespace.

use everest_schemas::Engine;
use everest_schemas::olm::{OperatorGroup, Subscription};
use k8s_openapi::api::core::v1::Namespace;
use serde_json::json;

use super::group;
use super::inhabitants::{self, names};
use super::made::Made;
use super::operators::RemoveOperators;
use crate::lifecycle::removals::Removals;
use crate::lifecycle::{
    Action, Lifecycle, Merge, ObjectRef, Observed, Query, Removal, Stopwatches,
};
use crate::storage_users::User;
use crate::v1::namespace::OPERATOR_GROUP;

/// Undoes exactly what a call has made: everything that existed before the call is as it was, and
/// later changes of others stay.
///
/// 1. Refuses, with nothing undone, if something made by the call is in use: removing a namespace
///    or an operator would take its databases down, and removing the label would leave them
///    unmanaged. A Namespace that the call has made stays if it holds an object of Everest or OLM
///    that the call did not make.
/// 2. Removes the operators, restores former channels, removes the OperatorGroup.
/// 3. Deletes the Namespace, or restores the former values of its labels and annotations.
#[derive(Clone, Debug)]
pub struct UndoNamespace {
    object: ObjectRef,
    made: Made,
    is_unused: bool,
    operators: RemoveOperators,
    groups: Removals,
    removal: Removal,
}

impl UndoNamespace {
    /// Undoes what was made in a namespace.
    pub fn of(namespace: &str, made: Made) -> Self {
        let operators = match made.namespace {
            true => RemoveOperators::of(namespace, Engine::ALL.to_vec()),
            false => RemoveOperators::unsubscribed(namespace, made.subscriptions.clone()),
        };
        Self {
            object: ObjectRef::of::<Namespace>("", namespace),
            made,
            is_unused: false,
            operators,
            groups: Removals::default(),
            removal: Removal::default(),
        }
    }

    /// The users of what was made: if the call made the Namespace, everything in it that the call
    /// did not make; if the call turned Everest on, all databases; otherwise the databases of the
    /// new operators.
    fn users(&self, observed: &Observed) -> Result<Vec<User>, Query> {
        let (namespace, made) = (&self.object.name, &self.made);
        let engines = match made.namespace || made.turned_everest_on() {
            true => &Engine::ALL[..],
            false => &made.subscriptions,
        };
        let mut users = inhabitants::databases(observed, namespace, engines)?;
        if made.namespace {
            let others = inhabitants::others(observed, namespace)?;
            users.extend(others.into_iter().map(|other| other.user));
            users.extend(self.foreign(observed)?);
        }
        Ok(users)
    }

    /// OLM's objects that the call has not made.
    fn foreign(&self, observed: &Observed) -> Result<Vec<User>, Query> {
        let namespace = &self.object.name;
        let mut found = Vec::new();
        for group in observed.listed::<OperatorGroup>(namespace)? {
            if group.metadata.name.as_deref() != Some(OPERATOR_GROUP) {
                found.push(User::of("OperatorGroup", &group.metadata));
            }
        }
        for subscription in observed.listed::<Subscription>(namespace)? {
            let name = subscription.metadata.name.as_deref().unwrap_or_default();
            let engine = Engine::from_operator(name);
            if engine.is_none_or(|engine| !self.made.subscriptions.contains(&engine)) {
                found.push(User::of("Subscription", &subscription.metadata));
            }
        }
        Ok(found)
    }

    /// Restores former channels, unless someone has changed them since.
    fn channels(&self, observed: &Observed) -> Result<Vec<Merge>, Query> {
        let namespace = &self.object.name;
        let mut changes = Vec::new();
        for channel in &self.made.channels {
            let name = channel.engine.operator();
            let live = observed.object::<Subscription>(namespace, name)?;
            if live.is_some_and(|live| live.spec.channel.as_ref() == Some(&channel.now)) {
                changes.push(Merge {
                    object: ObjectRef::of::<Subscription>(namespace, name),
                    body: json!({"spec": {"channel": channel.before}}).into(),
                });
            }
        }
        Ok(changes)
    }
}

impl Lifecycle for UndoNamespace {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not restored to its previous state"
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let namespace = self.object.name.clone();
        if !self.is_unused {
            let users = self.users(observed)?;
            if !users.is_empty() {
                return Ok(Action::Refuse {
                    message: format!(
                        "the provider did not undo what it created, because the namespace now \
                         contains {}",
                        names(&users)
                    )
                    .into(),
                    attribute: None,
                });
            }
            self.is_unused = true;
        }
        if let Some(action) = self.operators.step(observed)? {
            return Ok(action);
        }
        let channels = match self.made.namespace {
            true => Vec::new(),
            false => self.channels(observed)?,
        };
        if !channels.is_empty() {
            return Ok(Action::Merge(channels));
        }
        if (self.made.namespace || self.made.operator_group)
            && let Some(action) = group::removed(observed, &namespace, &mut self.groups)?
        {
            return Ok(action);
        }
        if !self.made.namespace && self.made.keys.is_none() {
            return Ok(Action::Done(()));
        }
        let found = observed.object::<Namespace>("", &namespace)?;
        if self.made.namespace {
            let metadata = found.map(|found| &found.metadata);
            let action = self.removal.step(&self.object, metadata);
            return Ok(action.unwrap_or(Action::Done(())));
        }
        let former = found.zip(self.made.keys.as_ref());
        let former = former.and_then(|(live, keys)| keys.put_back(live));
        Ok(match former {
            Some(body) => Action::merge(&self.object, body),
            None => Action::Done(()),
        })
    }
}
