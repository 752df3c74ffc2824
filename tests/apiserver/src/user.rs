//! Who asks, and what they may do.

use std::sync::Arc;

use crate::failure::Failure;
use crate::request::Asked;

/// What somebody wants to do.
#[derive(Clone, Copy, Debug)]
pub struct Asks<'a> {
    /// The verb as RBAC has it.
    pub verb: &'a str,
    /// The group, empty for the core group.
    pub group: &'a str,
    /// The plural, with `/subresource` if there is one.
    pub resource: &'a str,
    /// The namespace, empty if there is none.
    pub namespace: &'a str,
    /// The name, empty if there is none.
    pub name: &'a str,
}

/// Decides what a user may do.
pub type Policy = Arc<dyn Fn(&Asks<'_>) -> bool + Send + Sync>;

/// A user, and what they may do.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) policy: Option<Policy>,
}

impl User {
    /// Somebody who may do everything.
    pub(crate) fn admin() -> Self {
        Self {
            name: "admin".to_owned(),
            policy: None,
        }
    }

    pub(crate) fn may(&self, asks: &Asks<'_>) -> bool {
        self.policy.as_ref().is_none_or(|policy| policy(asks))
    }

    /// Refuses a request that its user may not make. `verb` may differ from that of the request:
    /// an apply that makes an object is asked for `create` as well.
    pub(crate) fn authorise(&self, asked: &Asked, verb: &str) -> Result<(), Failure> {
        // Discovery is for everybody.
        if asked.resource.is_empty() {
            return Ok(());
        }
        let resource = match asked.subresource.as_str() {
            "" => asked.resource.clone(),
            part => format!("{}/{part}", asked.resource),
        };
        let asks = Asks {
            verb,
            group: &asked.group,
            resource: &resource,
            namespace: &asked.namespace,
            name: &asked.name,
        };
        if self.may(&asks) {
            return Ok(());
        }
        let place = match asked.namespace.as_str() {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace {namespace:?}"),
        };
        let why = format!(
            "User {:?} cannot {verb} resource {resource:?} in API group {:?} {place}",
            self.name, asked.group
        );
        Err(Failure::forbidden_resource(
            &asked.resource,
            &asked.group,
            &asked.name,
            &why,
        ))
    }
}
