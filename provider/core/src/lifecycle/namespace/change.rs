//! A change of a namespace: its labels, and the engines that it has.

use std::collections::VecDeque;

use everest_schemas::Engine;
use everest_schemas::models::NamespaceModel;
use k8s_openapi::api::core::v1::Namespace;
use serde_json::{Value, json};

use super::catalog;
use super::engines::WantedEngine;
use super::group;
use super::hindrance::{self, path};
use super::inhabitants::{databases, names};
use super::installation::Installation;
use super::made::{Begun, Made};
use super::operators::RemoveOperators;
use super::subscriptions::{Subscriber, Subscribing, left_behind};
use crate::install_plan::Consent;
use crate::lifecycle::{Action, Agreed, Lifecycle, ObjectRef, Observed, Query, Stopwatches};
use crate::text::Text;
use crate::v1;

/// Changes a namespace's engines, labels and annotations to what is planned.
///
/// 1. Refuses, before anything is written: an older version than the installed one, and taking
///    out an engine that databases use.
/// 2. Applies labels and annotations.
/// 3. Removes the operators of engines that are taken out, and the unapproved plans with them: OLM
///    then makes others for the remaining engines. Also removes Subscriptions of this provider that
///    an earlier change left behind and that have installed nothing, unless their engines are
///    wanted.
/// 4. Makes the OperatorGroup and the Subscriptions that are missing, these once the catalog is
///    ready.
/// 5. Waits until the operators are installed. Operators are upgraded only to a requested version;
///    other pending upgrades stay pending.
#[derive(Clone, Debug)]
pub struct ChangeNamespace {
    namespace: String,
    subscriber: Subscriber,
    takes_ownership: bool,
    /// The body for the Namespace; `None` once it is applied.
    body: Option<Value>,
    wanted: Vec<WantedEngine>,
    /// The engines that are taken out.
    removed: Vec<Engine>,
    /// True once the check of step 1 has passed.
    is_allowed: bool,
    removals: VecDeque<RemoveOperators>,
    has_group: bool,
    subscribing: Subscribing,
    installation: Installation,
    is_given_up: bool,
    pub(super) begun: Option<Begun>,
    pub(super) made: Made,
}

impl ChangeNamespace {
    /// The change from `prior` to `planned` of the Namespace that has `uid`.
    pub fn of(
        prior: &NamespaceModel,
        planned: &NamespaceModel,
        uid: Option<&str>,
        subscriber: Subscriber,
    ) -> Self {
        let before = WantedEngine::all_of(prior);
        let mut wanted = WantedEngine::all_of(planned);
        for wanted in &mut wanted {
            wanted.firm = !before
                .iter()
                .any(|before| before.engine == wanted.engine && before.version == wanted.version);
        }
        let mut body = v1::namespace::desired(planned);
        // Without it the apply would make a Namespace where there is none any more.
        if let Some(uid) = uid {
            body["metadata"]["uid"] = json!(uid);
        }
        let removed = before
            .iter()
            .map(|before| before.engine)
            .filter(|engine| wanted.iter().all(|wanted| wanted.engine != *engine))
            .collect();
        Self {
            body: Some(body),
            removed,
            is_allowed: false,
            ..Self::engines(planned, wanted, subscriber)
        }
    }

    /// The engines of a Namespace that was just made or taken over.
    pub(super) fn first(planned: &NamespaceModel, subscriber: Subscriber) -> Self {
        Self::engines(planned, WantedEngine::all_of(planned), subscriber)
    }

    /// The upgrade of the operators that `planned` lists, each to its version, and of no other.
    /// Nothing else in the namespace is changed: no label, no OperatorGroup and no Subscription.
    pub fn upgrade(planned: &NamespaceModel, subscriber: Subscriber) -> Self {
        let namespace = planned.name.known_str().unwrap_or_default();
        let wanted = WantedEngine::all_of(planned);
        let installation = wanted.clone();
        Self {
            has_group: true,
            subscribing: Subscribing::of(namespace, Vec::new(), &subscriber),
            installation: Installation::of(namespace, installation, &subscriber, Consent::Listing),
            ..Self::engines(planned, wanted, subscriber)
        }
    }

    fn engines(
        planned: &NamespaceModel,
        wanted: Vec<WantedEngine>,
        subscriber: Subscriber,
    ) -> Self {
        let namespace = planned.name.known_str().unwrap_or_default();
        Self {
            namespace: namespace.to_owned(),
            takes_ownership: planned.take_ownership.known() == Some(&true),
            body: None,
            removed: Vec::new(),
            is_allowed: true,
            removals: VecDeque::new(),
            has_group: false,
            subscribing: Subscribing::of(namespace, wanted.clone(), &subscriber),
            installation: Installation::of(
                namespace,
                wanted.clone(),
                &subscriber,
                Consent::Version,
            ),
            is_given_up: false,
            begun: None,
            made: Made::default(),
            wanted,
            subscriber,
        }
    }

    /// The objects that the call has created so far. If the last response is missing, the labels
    /// and annotations of that write to an existing Namespace count as set.
    pub fn made(&self, last_is_open: bool) -> Made {
        let mut made = self.made.clone();
        if let Some(begun @ Begun::Keys(_)) = self.begun.clone().filter(|_| last_is_open) {
            made.note(begun);
        }
        made
    }

    /// The refusal of the engines of a namespace that is not made yet, if there is one.
    pub(super) fn first_refused(&self, observed: &Observed) -> Result<Option<Action>, Query> {
        if let Some(refusal) = self.forbidden(observed)? {
            return Ok(Some(refusal));
        }
        let group = group::made(observed, &self.namespace, self.takes_ownership)?;
        Ok(group.filter(|action| matches!(action, Action::Refuse { .. })))
    }

    /// The wait for the catalog, unless OLM can read it.
    pub(super) fn catalog_unready(&self, observed: &Observed) -> Result<Option<Action>, Query> {
        catalog::unready(observed, &self.subscriber)
    }

    /// Cancels the change: from now on it only removes its upgrade locks. Returns true if there are
    /// any.
    pub fn give_up(&mut self) -> bool {
        self.is_given_up = true;
        self.installation.give_up()
    }

    /// The refusal of the change before anything is written, if there is one.
    fn forbidden(&self, observed: &Observed) -> Result<Option<Action>, Query> {
        if let Some(older) = hindrance::older(observed, &self.namespace, &self.wanted)? {
            return Ok(Some(older));
        }
        for engine in &self.removed {
            let users = databases(observed, &self.namespace, &[*engine])?;
            if users.is_empty() {
                continue;
            }
            let path = path(*engine);
            let message = Text::from(format!(
                "the engine {engine} is used by {}, so its operator stays. Destroy these databases \
                 first, or keep ",
                names(&users)
            ))
            .and(&path);
            return Ok(Some(Action::Refuse {
                message,
                attribute: Some(path),
            }));
        }
        Ok(None)
    }

    /// The steps before the installation of the operators.
    fn before(&mut self, observed: &Observed) -> Result<Option<(Action, Option<Begun>)>, Query> {
        if !self.is_allowed {
            if let Some(refusal) = self.forbidden(observed)? {
                return Ok(Some((refusal, None)));
            }
            let wanted = self.wanted.iter().map(|wanted| wanted.engine);
            let listed: Vec<_> = wanted.chain(self.removed.iter().copied()).collect();
            let left = left_behind(observed, &self.namespace, &listed, &self.subscriber)?;
            self.removals = [
                RemoveOperators::of(&self.namespace, self.removed.clone()),
                RemoveOperators::unsubscribed(&self.namespace, left),
            ]
            .into();
            self.is_allowed = true;
        }
        if let Some(body) = self.body.take() {
            let action = Action::apply(self.subject(), body, Agreed::Everything);
            return Ok(Some((action, None)));
        }
        while let Some(removal) = self.removals.front_mut() {
            if let Some(action) = removal.step(observed)? {
                return Ok(Some((action, None)));
            }
            self.removals.pop_front();
        }
        if !self.has_group {
            let made = group::made(observed, &self.namespace, self.takes_ownership)?;
            self.has_group = true;
            if let Some(action) = made {
                return Ok(Some((action, Some(Begun::OperatorGroup))));
            }
        }
        self.subscribing.step(observed)
    }
}

impl AsMut<ChangeNamespace> for ChangeNamespace {
    fn as_mut(&mut self) -> &mut ChangeNamespace {
        self
    }
}

impl Lifecycle for ChangeNamespace {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        ObjectRef::of::<Namespace>("", &self.namespace)
    }

    fn aim(&self) -> &'static str {
        "did not get its engines"
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        if self.is_given_up {
            return self.installation.step(observed, times);
        }
        if let Some(begun) = self.begun.take() {
            self.made.note(begun);
        }
        if let Some((action, begun)) = self.before(observed)? {
            self.begun = begun.filter(|_| !matches!(action, Action::Refuse { .. }));
            return Ok(action);
        }
        self.installation.step(observed, times)
    }
}
