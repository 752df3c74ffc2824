//! Making and changing an object that stands alone: nothing has to be there before it, and its
//! operation is over as soon as the API server has accepted it.

use std::marker::PhantomData;

use serde_json::Value;

use super::{Action, Apply, Lifecycle, ObjectRef, Observable, Observed, Query, Stopwatches};
use crate::Operation;
use crate::v1::ObjectMapping;

/// Makes an object. One that exists is not touched, unless the same creation has made it.
#[derive(Clone, Debug)]
pub struct CreateAlone {
    object: ObjectRef,
    body: Value,
}

impl CreateAlone {
    /// Makes the object of a model.
    pub fn of<M: ObjectMapping<Object: Observable>>(model: &M) -> Self {
        Self {
            object: ObjectRef::of_model(model),
            body: model.desired(Operation::Create),
        }
    }
}

impl Lifecycle for CreateAlone {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not created"
    }

    fn body(&self) -> Option<&Value> {
        Some(&self.body)
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        if observed.is_ours(&self.object) {
            return Ok(Action::Done(()));
        }
        Ok(Action::Create {
            object: self.object.clone(),
            body: self.body.clone().into(),
        })
    }
}

/// Changes an object by one apply.
#[derive(Clone, Debug)]
pub struct ChangeAlone<K> {
    object: ObjectRef,
    change: Option<Box<Apply>>,
    of: PhantomData<fn() -> K>,
}

impl<K: Observable> ChangeAlone<K> {
    /// The change that an apply makes.
    pub fn of(apply: Apply) -> Self {
        Self {
            object: apply.object.clone(),
            change: Some(Box::new(apply)),
            of: PhantomData,
        }
    }
}

impl<K: Observable> Lifecycle for ChangeAlone<K> {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not changed"
    }

    fn wrote(&mut self, _: &ObjectRef, _: Option<i64>) {
        self.change = None;
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        // What there is decides what the apply takes over.
        if observed.object::<K>(namespace, name)?.is_none() {
            return Ok(Action::Refuse {
                message: "it no longer exists. Plan again".into(),
                attribute: None,
            });
        }
        Ok(match &self.change {
            Some(change) => Action::Apply(change.clone()),
            None => Action::Done(()),
        })
    }
}
