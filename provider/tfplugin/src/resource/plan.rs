//! The plan of a change, which a resource can adjust.

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::path::AttributePath;
use crate::private::Private;
use crate::value::{Refinements, Value};

/// The plan of a creation or an update, which [`Resource::plan`](crate::Resource::plan) can adjust.
#[derive(Debug)]
#[non_exhaustive]
pub struct Plan<'a, M> {
    /// The configuration; attributes that are not set are null.
    pub config: M,
    /// The state as last read; None on creation, and for the creation half of a replacement.
    pub prior: Option<M>,
    /// The planned state. Do not change a configured value, except to keep its prior value: see
    /// [`Plan::note_kept`].
    pub planned: M,
    /// The requested values, for checking rules. On creation this is the configuration. On an
    /// update it is `planned`, but with null for attributes that were removed from the
    /// configuration, for which `planned` lets the server choose.
    pub intended: M,
    /// Private state for the apply; it must not contain secrets.
    pub private: Private,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings about the change.
    pub diags: &'a mut Diagnostics,
    pub(crate) replace: Vec<AttributePath>,
    pub(crate) changed: bool,
    pub(crate) resumes: bool,
    pub(crate) configured: &'a Value,
    pub(crate) promises: Vec<(AttributePath, Refinements)>,
}

impl<M> Plan<'_, M> {
    /// Returns true if the object does not exist yet.
    pub fn is_create(&self) -> bool {
        self.prior.is_none()
    }

    /// Returns true if the configuration requests something that differs from the prior state.
    /// Always true on creation. False for a plan that only resumes a wait.
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// Returns true if an earlier apply ended before the object was as requested. This plan is then
    /// an update in place even if nothing changed.
    pub fn resumes(&self) -> bool {
        self.resumes
    }

    /// Records that the provider itself changed the plan, although the configuration requests
    /// nothing that differs from the prior state.
    pub fn note_change(&mut self) {
        self.changed = true;
    }

    /// Records that the plan keeps values of the prior state, although the configuration sets
    /// others. If nothing else differs, the plan changes nothing.
    pub fn note_kept(&mut self)
    where
        M: PartialEq,
    {
        // What a wait has left open is no difference, and is planned as an update anyway.
        if !self.resumes && self.prior.as_ref() == Some(&self.planned) {
            self.changed = false;
        }
    }

    /// Requests that the object is replaced because `path` changes. It has an effect only if the
    /// value really changes.
    pub fn require_replace(&mut self, path: impl Into<AttributePath>) {
        self.replace.push(path.into());
    }

    /// The promises about an unknown configured value at `path`; None if the value is known or has
    /// none.
    pub fn configured_refinements(&self, path: impl Into<AttributePath>) -> Option<&Refinements> {
        match self.configured.at(&path.into())? {
            Value::Unknown(refinements) => refinements.as_deref(),
            _ => None,
        }
    }

    /// Adds a promise about the value at `path`, so that Terraform can evaluate conditions on it at
    /// plan. It has an effect only while the value is unknown. If an apply breaks a promise,
    /// Terraform fails and taints a created object, so do not promise anything about a value that a
    /// pending creation may leave null.
    pub fn promise(&mut self, path: impl Into<AttributePath>, refinements: Refinements) {
        self.promises.push((path.into(), refinements));
    }

    /// The attributes whose change replaces the object.
    pub fn requires_replace(&self) -> &[AttributePath] {
        &self.replace
    }
}
