//! The creation or take-over of a namespace.

use everest_schemas::models::NamespaceModel;
use k8s_openapi::api::core::v1::Namespace;
use serde_json::{Value, json};

use super::change::ChangeNamespace;
use super::made::{Begun, Keys};
use super::subscriptions::Subscriber;
use crate::lifecycle::{Action, Agreed, Lifecycle, ObjectRef, Observed, Query, Stopwatches};
use crate::v1;

/// Makes a namespace one that Everest manages, with its engines installed.
///
/// 1. Refuses, before anything is written: a foreign OperatorGroup, or an operator version older
///    than the installed one. Waits until the catalog is ready.
/// 2. Creates the Namespace with Everest's label. An existing one is taken over if `take_ownership`
///    is set; the configured labels and annotations then replace the values of others.
/// 3. Continues as [`ChangeNamespace`] does.
#[derive(Clone, Debug)]
pub struct CreateNamespace {
    body: Value,
    takes_ownership: bool,
    has_namespace: bool,
    /// True if an earlier call of the same creation has made the Namespace.
    is_resumed: bool,
    change: ChangeNamespace,
}

impl CreateNamespace {
    /// Makes what the model says.
    pub fn of(model: &NamespaceModel, subscriber: Subscriber) -> Self {
        Self {
            body: v1::namespace::desired(model),
            takes_ownership: model.take_ownership.known() == Some(&true),
            has_namespace: false,
            is_resumed: false,
            change: ChangeNamespace::first(model, subscriber),
        }
    }

    /// Returns true if the creation goes on with a Namespace that an earlier call of it has made.
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    fn namespace(&mut self, observed: &Observed) -> Result<Option<Action>, Query> {
        let object = self.subject();
        let found = observed.object::<Namespace>("", &object.name)?;
        self.is_resumed = observed.is_ours(&object);
        let taken = found.filter(|_| self.takes_ownership && !self.is_resumed);
        if let Some(refusal) = self.change.first_refused(observed)? {
            return Ok(Some(refusal));
        }
        if let Some(wait) = self.change.catalog_unready(observed)? {
            return Ok(Some(wait));
        }
        self.has_namespace = true;
        // One that is taken over does not count as made: it is not to go when that is undone.
        if let Some(existing) = taken {
            self.change.begun = Some(Begun::Keys(Keys::set_by(&self.body, existing)));
            let mut body = self.body.clone();
            if let Some(uid) = &existing.metadata.uid {
                body["metadata"]["uid"] = json!(uid);
            }
            return Ok(Some(Action::apply(object, body, Agreed::Everything)));
        }
        if self.is_resumed {
            return Ok(None);
        }
        self.change.begun = Some(Begun::Namespace);
        Ok(Some(Action::Create {
            object,
            body: self.body.clone().into(),
        }))
    }
}

impl AsMut<ChangeNamespace> for CreateNamespace {
    fn as_mut(&mut self) -> &mut ChangeNamespace {
        &mut self.change
    }
}

impl Lifecycle for CreateNamespace {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.change.subject()
    }

    fn aim(&self) -> &'static str {
        self.change.aim()
    }

    fn body(&self) -> Option<&Value> {
        Some(&self.body)
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        if !self.has_namespace
            && let Some(action) = self.namespace(observed)?
        {
            return Ok(action);
        }
        self.change.next(observed, times)
    }
}
