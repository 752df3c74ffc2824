//! What a call knows beside its values.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::proto::tfplugin6 as wire;

/// What a call knows beside its values.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// Cancelled once the user asked Terraform to stop. Whatever waits returns with what it has;
    /// later calls of the same run find it cancelled already, except the closing of an ephemeral
    /// resource, which is cancelled only when the process ends. A call that the host gives up is
    /// dropped where it awaits.
    pub stop: CancellationToken,
    /// As the host said in ConfigureProvider, "" before; OpenTofu says its own version.
    pub terraform_version: String,
    /// Whether the host can keep write-only attributes out of plan and state. Known in validate
    /// and plan; true elsewhere, where only what passed them arrives.
    pub write_only_allowed: bool,
    /// Whether the host accepts that a change is put off to a later run.
    pub deferral_allowed: bool,
    /// How long the operation may take, by the `timeouts` attribute or
    /// [`Resource::timeouts`](crate::Resource::timeouts); None where neither says. Nothing ends the
    /// operation then: it has to look.
    pub timeout: Option<Duration>,
    pub(crate) deferred: Arc<OnceLock<Deferral>>,
}

/// Why a call cannot be answered in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deferral {
    /// The configuration of the object is not known yet.
    ConfigUnknown,
    /// The configuration of the provider is not known yet.
    ProviderConfigUnknown,
    /// What the object rests on does not exist yet.
    AbsentPrerequisite,
}

impl Context {
    /// Puts the call off to a later run of Terraform. Returns whether the host accepts that; if it
    /// does not, nothing happened and the call has to be answered, with an error at worst.
    ///
    /// Heard in read, plan, import, the read of a data source, the opening of an ephemeral resource
    /// and the plan of an action; what the method returns after it counts as far as it goes.
    pub fn defer(&self, why: Deferral) -> bool {
        if self.deferral_allowed {
            // The first reason stays.
            let _ = self.deferred.set(why);
        }
        self.deferral_allowed
    }

    /// Why the call was put off; None when it was not.
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
