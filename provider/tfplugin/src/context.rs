//! The context of a call.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::proto::tfplugin6 as wire;

/// The context of a call.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// Cancelled once the user asks Terraform to stop. A waiting call must then return with the
    /// result so far. Later calls of the same run start with it cancelled, except the closing of an
    /// ephemeral resource, for which it is cancelled only when the process ends. If the host
    /// cancels a call, the call's future is dropped at its current `await`.
    pub stop: CancellationToken,
    /// The host's version from ConfigureProvider; empty before that call. OpenTofu sends its own
    /// version.
    pub terraform_version: String,
    /// True if the host can keep write-only attributes out of plan and state. The host reports it
    /// for validation and plan. In all other calls it is true, because they only get configurations
    /// that have passed those two.
    pub write_only_allowed: bool,
    /// True if the host allows the provider to defer a change to a later run.
    pub deferral_allowed: bool,
    /// The timeout of the operation, from the `timeouts` attribute or
    /// [`Resource::timeouts`](crate::Resource::timeouts); None if neither sets one. The crate does
    /// not enforce it: the operation itself must end in time.
    pub timeout: Option<Duration>,
    pub(crate) deferred: Arc<OnceLock<Deferral>>,
}

/// The reason why a call cannot be answered in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deferral {
    /// The configuration of the object is not known yet.
    ConfigUnknown,
    /// The configuration of the provider is not known yet.
    ProviderConfigUnknown,
    /// Something that the object depends on does not exist yet.
    AbsentPrerequisite,
}

impl Context {
    /// Defers the call to a later run of Terraform. Returns false if the host does not support
    /// that; then nothing happened, and the method must give a result or an error.
    ///
    /// It has an effect in read, plan, import, the read of a data source, the opening of an
    /// ephemeral resource and the plan of an action. Afterwards the method still returns a result,
    /// as far as it is known.
    pub fn defer(&self, why: Deferral) -> bool {
        if self.deferral_allowed {
            // The first reason stays.
            let _ = self.deferred.set(why);
        }
        self.deferral_allowed
    }

    /// The reason why the call was deferred; None if it was not.
    pub fn deferred(&self) -> Option<Deferral> {
        self.deferred.get().copied()
    }

    pub(crate) fn deferred_wire(&self) -> Option<wire::Deferred> {
        use wire::deferred::Reason;
        let reason = match self.deferred()? {
            Deferral::ConfigUnknown => Reason::ResourceConfigUnknown,
            Deferral::ProviderConfigUnknown => Reason::ProviderConfigUnknown,
            Deferral::AbsentPrerequisite => Reason::AbsentPrereq,
        };
        Some(wire::Deferred {
            reason: reason as i32,
        })
    }
}
