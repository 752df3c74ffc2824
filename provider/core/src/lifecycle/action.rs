//! The actions that a lifecycle can ask for.

use everest_schemas::Sensitive;
use serde_json::Value;

use super::ObjectRef;
use crate::path::FieldPath;
use crate::storage_users::User;
use crate::text::Text;

/// The one thing to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Action<T = ()> {
    /// Create the object from a body. An existing object that is not ours is never taken over.
    Create {
        /// The object.
        object: ObjectRef,
        /// The body of the server-side apply.
        body: Sensitive<Value>,
    },
    /// Apply a body to an object and own its fields. A body that names no UID creates the object if
    /// it does not exist.
    Apply(Box<Apply>),
    /// Merge bodies into objects, in any order.
    Merge(Vec<Merge>),
    /// Delete the object, in the foreground.
    Delete {
        /// The object.
        object: ObjectRef,
        /// The UID of the object that is meant.
        uid: Option<String>,
    },
    /// Wait and observe again: the condition comes about by itself.
    Await(Text),
    /// Someone else has to act first. Terraform returns an error, a controller waits.
    Require(Requirement),
    /// The operation is not allowed, and waiting does not help.
    Refuse {
        /// The reason, and what to do.
        message: Text,
        /// The attribute at fault, if there is one.
        attribute: Option<FieldPath>,
    },
    /// The object exists and ended in failure; the reason.
    Failed(String),
    /// There is nothing left to do.
    Done(T),
}

/// The server-side apply of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Apply {
    /// The object.
    pub object: ObjectRef,
    /// The body. With a resource version, the server accepts it only for the object that it was
    /// made from.
    pub body: Sensitive<Value>,
    /// The fields of other managers that it may overwrite.
    pub agreed: Agreed,
    /// The change that the body was made from, if the change may remove values of others.
    pub hand_over: Option<HandOver>,
}

/// The fields of other managers that an apply may overwrite.
#[derive(Clone, Debug, PartialEq)]
pub enum Agreed {
    /// Nothing.
    Nothing,
    /// The values that the plan showed as changes: the user who applied the plan has agreed to
    /// them.
    Shown {
        /// The body made from the state that the plan started from.
        prior: Value,
    },
    /// Everything.
    Everything,
}

impl Agreed {
    /// What the change of a resource with `force_conflicts` overwrites, made from a state with the
    /// body `prior`.
    pub fn of(force_conflicts: bool, prior: &Value) -> Self {
        match force_conflicts {
            true => Agreed::Everything,
            false => Agreed::Shown {
                prior: prior.clone(),
            },
        }
    }
}

/// A change that removes values from an object. Without a hand-over, an apply would leave those of
/// them that others wrote once.
#[derive(Clone, Debug, PartialEq)]
pub struct HandOver {
    /// The body made from what is planned.
    pub planned: Value,
    /// The body made from what there was before.
    pub prior: Value,
}

/// The merge patch of one object. If the body names a resource version, the server accepts it only
/// for the object that it was made from; if that object has changed, the caller observes again.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// The object.
    pub object: ObjectRef,
    /// The body.
    pub body: Sensitive<Value>,
}

/// A condition that someone else must meet first.
#[derive(Clone, Debug, PartialEq)]
pub enum Requirement {
    /// A condition has to become true.
    Condition {
        /// The fault.
        message: Text,
        /// What to do about the fault, for front ends that do not wait.
        remedy: Text,
        /// The attribute that names it.
        attribute: FieldPath,
    },
    /// The objects in a namespace have to go first. Some may be going already.
    Emptied {
        /// The remaining users.
        left: Vec<User>,
        /// True if some of the objects will be deleted although no one has deleted them yet.
        is_moving: bool,
        /// What to do about it.
        remedy: Text,
        /// The attribute that helps.
        attribute: FieldPath,
    },
    /// The users of an object have to go first. Some may be going already.
    Unused {
        /// The users.
        users: Vec<User>,
        /// What to do about them.
        remedy: Text,
    },
}

impl Requirement {
    /// Requires a condition.
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
    /// Applies a body, whether the object exists or not.
    pub fn apply(object: ObjectRef, body: Value, agreed: Agreed) -> Self {
        Action::Apply(Box::new(Apply {
            object,
            body: body.into(),
            agreed,
            hand_over: None,
        }))
    }

    /// Merges a body into one object.
    pub fn merge(object: &ObjectRef, body: impl Into<Sensitive<Value>>) -> Self {
        let (object, body) = (object.clone(), body.into());
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
