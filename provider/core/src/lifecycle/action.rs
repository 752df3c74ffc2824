//! What is done next.

use everest_schemas::Sensitive;
use serde_json::Value;

use super::ObjectRef;
use crate::path::FieldPath;
use crate::storage_users::User;
use crate::text::Text;

/// The one thing to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Action<T = ()> {
    /// Make the object from a body. One that exists and is not ours is never taken over.
    Create {
        /// The object.
        object: ObjectRef,
        /// The body of the server-side apply.
        body: Sensitive<Value>,
    },
    /// Apply a body to an object, owning the fields in it; one that names no object by its UID makes
    /// it where there is none.
    Apply(Box<Apply>),
    /// Merge bodies into objects, in any order.
    Merge(Vec<Merge>),
    /// Delete the object, in the foreground.
    Delete {
        /// The object.
        object: ObjectRef,
        /// The UID of the one that is meant.
        uid: Option<String>,
    },
    /// Look again later: this comes by itself.
    Await(Text),
    /// Somebody else has to act first. Terraform refuses, a controller waits.
    Require(Requirement),
    /// It may not be, and waiting does not help.
    Refuse {
        /// What forbids it, and what to do.
        message: Text,
        /// The attribute that decides, if one does.
        attribute: Option<FieldPath>,
    },
    /// The object exists and ended in failure: why.
    Failed(String),
    /// There is nothing left to do.
    Done(T),
}

/// The server-side apply of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Apply {
    /// The object.
    pub object: ObjectRef,
    /// The body. One that names a resource version is only taken by the object that it was made
    /// from.
    pub body: Sensitive<Value>,
    /// What of others' fields it may overwrite.
    pub agreed: Agreed,
    /// The change that it was made from, where something of others' may go with it.
    pub hand_over: Option<HandOver>,
}

/// What an apply may overwrite of the fields of other managers.
#[derive(Clone, Debug, PartialEq)]
pub enum Agreed {
    /// Nothing.
    Nothing,
    /// What a plan showed that was made from a state with this body: whoever applied it has agreed.
    Shown {
        /// The body made from that state.
        prior: Value,
    },
    /// Everything.
    Everything,
}

/// A change that takes values out of an object: what others wrote once of them would be left to
/// them by an apply.
#[derive(Clone, Debug, PartialEq)]
pub struct HandOver {
    /// The body made from what is planned.
    pub planned: Value,
    /// The body made from what was there before.
    pub prior: Value,
}

/// The merge patch of one object. A body that names a resource version is only taken by the object
/// that it was made from; where that has changed, the caller looks again.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// The object.
    pub object: ObjectRef,
    /// The body.
    pub body: Value,
}

/// What somebody else has to do first.
#[derive(Clone, Debug, PartialEq)]
pub enum Requirement {
    /// Something has to become so.
    Condition {
        /// What is not as it has to be.
        message: Text,
        /// What to do about it, for who does not wait.
        remedy: Text,
        /// The attribute that names it.
        attribute: FieldPath,
    },
    /// What is in a namespace has to go first. Some may be on its way.
    Emptied {
        /// What is left.
        left: Vec<User>,
        /// Some of it will go, although nobody has deleted it yet.
        is_moving: bool,
        /// What to do about it.
        remedy: Text,
        /// The attribute that helps.
        attribute: FieldPath,
    },
    /// An object is used, and its users have to go. Some may be on their way.
    Unused {
        /// Who uses it.
        users: Vec<User>,
        /// What to do about them.
        remedy: Text,
    },
}

impl Requirement {
    /// Something has to become so first.
    pub fn condition(
        attribute: &'static str,
        message: impl Into<Text>,
        remedy: impl Into<Text>,
    ) -> Self {
        Self::Condition {
            message: message.into(),
            remedy: remedy.into(),
            attribute: FieldPath::of(attribute),
        }
    }
}

impl<T> Action<T> {
    /// Apply a body, whether there is such an object or not.
    pub fn apply(object: ObjectRef, body: Value, agreed: Agreed) -> Self {
        Action::Apply(Box::new(Apply {
            object,
            body: body.into(),
            agreed,
            hand_over: None,
        }))
    }

    /// Merge a body into one object.
    pub fn merge(object: &ObjectRef, body: Value) -> Self {
        let object = object.clone();
        Action::Merge(vec![Merge { object, body }])
    }

    /// The same with another outcome.
    pub fn map<U>(self, outcome: impl FnOnce(T) -> U) -> Action<U> {
        match self {
            Action::Create { object, body } => Action::Create { object, body },
            Action::Apply(apply) => Action::Apply(apply),
            Action::Merge(changes) => Action::Merge(changes),
            Action::Delete { object, uid } => Action::Delete { object, uid },
            Action::Await(missing) => Action::Await(missing),
            Action::Require(requirement) => Action::Require(requirement),
            Action::Refuse { message, attribute } => Action::Refuse { message, attribute },
            Action::Failed(reason) => Action::Failed(reason),
            Action::Done(done) => Action::Done(outcome(done)),
        }
    }
}
