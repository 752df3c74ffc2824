//! Suppresses repeated warnings: Terraform validates a configuration several times in one run and
//! prints the warnings of each validation.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use crate::diagnostics::{Diagnostics, Severity};
use crate::proto::tfplugin6 as wire;

/// The warnings reported since the host began its current run.
#[derive(Default)]
pub(super) struct Told(Mutex<HashSet<u64>>);

impl Told {
    /// Begins a run: all warnings may be reported again.
    pub(super) fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Removes from `diags`, the diagnostics for one `config` of a type, the warnings that were
    /// already reported for it.
    pub(super) fn once(
        &self,
        type_name: &str,
        config: Option<&wire::DynamicValue>,
        diags: &mut Diagnostics,
    ) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        diags.retain(|diagnostic| {
            if diagnostic.severity == Severity::Error {
                return true;
            }
            let mut hasher = DefaultHasher::new();
            type_name.hash(&mut hasher);
            config.map(|c| (&c.msgpack, &c.json)).hash(&mut hasher);
            (&diagnostic.summary, &diagnostic.detail, &diagnostic.path).hash(&mut hasher);
            told.insert(hasher.finish())
        });
    }
}
