//! The plan of a change, as a resource adjusts it.

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::path::AttributePath;
use crate::private::Private;
use crate::value::{Refinements, Value};

/// The plan of a creation or an update, open to adjustment by [`Resource::plan`](crate::Resource::plan).
#[derive(Debug)]
#[non_exhaustive]
pub struct Plan<'a, M> {
    /// What the user wrote; null where nothing is written.
    pub config: M,
    /// The state as last read; None on creation (and for the new half of a replacement).
    pub prior: Option<M>,
    /// What the state will be. A value that the configuration gives is not to be changed, unless
    /// it is to stay as it was: see [`Plan::note_kept`].
    pub planned: M,
    /// What is asked for, for rules to judge: the configuration on creation; on an update
    /// `planned`, but null where something was taken out of the configuration, which `planned`
    /// leaves to the server.
    pub intended: M,
    /// Travels to apply; a secret does not belong here.
    pub private: Private,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told of the change.
    pub diags: &'a mut Diagnostics,
    pub(crate) replace: Vec<AttributePath>,
    pub(crate) changed: bool,
    pub(crate) resumes: bool,
    pub(crate) configured: &'a Value,
    pub(crate) promises: Vec<(AttributePath, Refinements)>,
}

impl<M> Plan<'_, M> {
    /// Returns true if there is nothing yet.
    pub fn is_create(&self) -> bool {
        self.prior.is_none()
    }

    /// Returns true if the configuration asks for something that the prior state does not say:
    /// always on creation. False for a plan that only goes on with a wait.
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// Returns true if an earlier apply ended before the object was as asked, so that this plan is
    /// an update in place even when nothing changed.
    pub fn resumes(&self) -> bool {
        self.resumes
    }

    /// Notes that what the provider itself put into the plan is a change, although the
    /// configuration asks for nothing that the prior state does not say.
    pub fn note_change(&mut self) {
        self.changed = true;
    }

    /// Notes that values of the prior state were put back into the plan, although the
    /// configuration gives others: where nothing else differs, nothing changes.
    pub fn note_kept(&mut self)
    where
        M: PartialEq,
    {
        // What a wait has left open is no difference, and is planned as an update anyway.
        if !self.resumes && self.prior.as_ref() == Some(&self.planned) {
            self.changed = false;
        }
    }

    /// The object is replaced because `path` changes. It counts only where the value really
    /// changes.
    pub fn require_replace(&mut self, path: impl Into<AttributePath>) {
        self.replace.push(path.into());
    }

    /// What is known of the configured value at `path` although it is unknown; None where it is
    /// known, or nothing is.
    pub fn configured_refinements(&self, path: impl Into<AttributePath>) -> Option<&Refinements> {
        match self.configured.at(&path.into())? {
            Value::Unknown(refinements) => refinements.as_deref(),
            _ => None,
        }
    }

    /// Promises something of the value at `path`, so that conditions on it are decided at plan. It
    /// counts only while the value is unknown. Terraform fails an apply that breaks a promise, and
    /// taints what such an apply creates: a value that a pending creation may leave null is not
    /// promised.
    pub fn promise(&mut self, path: impl Into<AttributePath>, refinements: Refinements) {
        self.promises.push((path.into(), refinements));
    }

    /// The attributes whose change replaces the object.
    pub fn requires_replace(&self) -> &[AttributePath] {
        &self.replace
    }
}
