//! Rules for the settings of Everest's own server.

mod account;
mod oidc_settings;
mod rbac_policy;
mod rbac_role;

use super::findings::Findings;
use crate::finding::Finding;
use crate::version::Version;

/// A setting of Everest's own server that there are rules for. `self` has the values that hold
/// after the change, see [`rules`](super); `prior` is the model before the change, `None` for a
/// creation.
pub trait ValidateSetting: Sized {
    /// Findings for configurations that are always wrong.
    fn check_syntax(&self) -> Vec<Finding>;

    /// Checks a setting that is created or changed. `config` is the configuration, with write-only
    /// values.
    fn check(&self, prior: Option<&Self>, config: &Self) -> Vec<Finding> {
        let _ = (prior, config);
        Vec::new()
    }

    /// Returns true if the setting has a value that only some releases of Everest know.
    fn depends_on_release(&self) -> bool {
        false
    }

    /// Checks a setting that is created or changed against the version of Everest's API server, at
    /// plan. The same run may upgrade Everest, so a finding is a warning; the write is refused.
    fn check_release(&self, server: &Version) -> Vec<Finding> {
        let _ = server;
        Vec::new()
    }

    /// Checks the destruction of a setting with the values in the state.
    fn check_destruction(&self) -> Vec<Finding> {
        Vec::new()
    }
}
