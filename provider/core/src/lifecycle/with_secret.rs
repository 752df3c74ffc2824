//! Making and changing an object of Everest's together with the Secret that it reads.

use std::marker::PhantomData;

use everest_schemas::Sensitive;
use serde_json::{Value, json};

use super::own_secret::{OwnSecret, ReadsSecret};
use super::{Action, Apply, Lifecycle, ObjectRef, Observed, Query, Stopwatches};
use crate::Operation;
use crate::api::SECRET_VERSION;
use crate::v1::credentials::{self, SecretMapping, secret_name};

/// Makes an object and, where its content is given, the Secret that it reads.
///
/// 1. An object that exists is not touched, nor is its Secret.
/// 2. The Secret is written, or has to be there. It must not be there where it is written, unless
///    the same creation has left it.
/// 3. The object is made. Everest tries the key of a monitoring configuration then; those of a storage
///    show when they are used.
#[derive(Clone, Debug)]
pub struct CreateWithSecret<K> {
    object: ObjectRef,
    body: Value,
    secret: OwnSecret,
    content: Option<Sensitive<Value>>,
    /// The Secret is as it has to be.
    has_secret: bool,
    /// It was written.
    wrote_secret: bool,
    of: PhantomData<fn() -> K>,
}

impl<K: ReadsSecret> CreateWithSecret<K> {
    /// Makes the object of a model, with the body of the Secret that it reads where that is to be
    /// written by the field manager `manager`.
    pub fn of<M: SecretMapping<Object = K>>(
        model: &M,
        content: Option<Sensitive<Value>>,
        manager: &str,
    ) -> Self {
        let object = ObjectRef::of_model(model);
        Self {
            secret: OwnSecret::of(&object, secret_name(model), manager),
            object,
            body: model.desired(Operation::Create),
            content,
            has_secret: false,
            wrote_secret: false,
            of: PhantomData,
        }
    }

    /// What takes back what it wrote, where its object was certainly not made; none if it wrote
    /// nothing.
    pub fn taken_back(&self) -> Option<TakeBackSecret<K>> {
        self.wrote_secret.then(|| TakeBackSecret::of(&self.secret))
    }
}

impl<K: ReadsSecret> Lifecycle for CreateWithSecret<K> {
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

    fn wrote(&mut self, object: &ObjectRef, _: Option<i64>) {
        if *object == self.secret.object {
            (self.has_secret, self.wrote_secret) = (true, true);
        }
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let is_ours = observed.is_ours(&self.object);
        let create = || Action::Create {
            object: self.object.clone(),
            body: self.body.clone().into(),
        };
        if self.has_secret {
            return Ok(if is_ours { Action::Done(()) } else { create() });
        }
        let found = observed.object::<K>(namespace, name)?;
        if found.is_some() && !is_ours {
            // Which is refused, before the Secret is touched: it may belong to what is in the way.
            return Ok(create());
        }
        let made = found.and_then(|found| found.metadata().uid.as_deref());
        let content = self.content.as_ref();
        let before = self.secret.before_creation::<K>(observed, content, made)?;
        if let Some(before) = before {
            return Ok(before);
        }
        self.has_secret = true;
        Ok(if is_ours { Action::Done(()) } else { create() })
    }
}

/// Takes back the Secret of an object that was not made.
#[derive(Clone, Debug)]
pub struct TakeBackSecret<K> {
    secret: OwnSecret,
    of: PhantomData<fn() -> K>,
}

impl<K> TakeBackSecret<K> {
    /// Takes back this Secret.
    pub(super) fn of(secret: &OwnSecret) -> Self {
        Self {
            secret: secret.clone(),
            of: PhantomData,
        }
    }
}

impl<K: ReadsSecret> Lifecycle for TakeBackSecret<K> {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.secret.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not deleted again"
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let next = self.secret.after_end::<K>(observed, None)?;
        Ok(next.unwrap_or(Action::Done(())))
    }
}

/// Changes an object and, where its content is given, the Secret that it reads; the Secret first.
/// A Secret that exists is written only if this provider wrote it, or the object owns it: an object
/// may name any Secret.
///
/// Everest does not watch a Secret whose content it tries, so the object is changed last: an
/// annotation says which write of the Secret Everest has accepted.
#[derive(Clone, Debug)]
pub struct ChangeWithSecret<K> {
    object: ObjectRef,
    secret: OwnSecret,
    content: Option<Sensitive<Value>>,
    /// The write of the Secret that Everest has to try.
    version: Option<String>,
    change: Option<Box<Apply>>,
    of: PhantomData<fn() -> K>,
}

impl<K: ReadsSecret> ChangeWithSecret<K> {
    /// A change of the object of a model: the body of the Secret that it reads where that is to be
    /// written by the field manager `manager`, and the apply of the object where that changes.
    pub fn of<M: SecretMapping<Object = K>>(
        model: &M,
        content: Option<Sensitive<Value>>,
        manager: &str,
        change: Option<Apply>,
    ) -> Self {
        let object = ObjectRef::of_model(model);
        Self {
            secret: OwnSecret::of(&object, secret_name(model), manager),
            object,
            content,
            version: None,
            change: change.map(Box::new),
            of: PhantomData,
        }
    }
}

impl<K: ReadsSecret> Lifecycle for ChangeWithSecret<K> {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not changed"
    }

    fn wrote(&mut self, object: &ObjectRef, _: Option<i64>) {
        if *object == self.secret.object {
            self.content = None;
        } else if *object == self.object {
            self.change = None;
        }
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let Some(object) = observed.object::<K>(namespace, name)? else {
            return Ok(Action::Refuse {
                message: "it no longer exists. Plan again".into(),
                attribute: None,
            });
        };
        let owner = object.metadata();
        if let Some(content) = &self.content {
            let version = K::IS_TRIED.then(|| credentials::version_to_try(content, observed.now()));
            let content = match &version {
                Some(version) => &credentials::to_be_tried(content, version),
                None => content,
            };
            let uid = owner.uid.as_deref();
            let write = self.secret.changed::<K>(observed, content, uid)?;
            self.version = version;
            return Ok(write);
        }
        if let Some(change) = &self.change {
            return Ok(Action::Apply(change.clone()));
        }
        Ok(match &self.version {
            Some(version) if credentials::tried_version(owner) != Some(version) => {
                let body = json!({"metadata": {
                    "uid": owner.uid,
                    "annotations": {SECRET_VERSION: version},
                }});
                Action::merge(&self.object, body)
            }
            _ => Action::Done(()),
        })
    }
}
