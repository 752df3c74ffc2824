//! What was read of Everest and is the same for all resources of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use everest_core::facts::{EverestFacts, Lines, ServedKinds};
use everest_core::rights::Right;
use tokio::time::Instant;

use super::Unanswered;

/// The time for which it is remembered.
const FRESH: Duration = Duration::from_secs(60);

/// What was last read. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Remembered {
    pub(super) lines: Kept<Option<Lines>>,
    pub(super) everest: Kept<EverestFacts>,
    served: Arc<Mutex<BTreeMap<String, Kept<Served>>>>,
}

/// The kinds of a version of an API group, if they could be read.
type Served = Option<Arc<ServedKinds>>;

impl Remembered {
    /// The kinds of a group and version, such as `everest.percona.com/v1alpha1`.
    pub(super) fn served(&self, api_version: &str) -> Kept<Served> {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        served.entry(api_version.to_owned()).or_default().clone()
    }

    /// Drops what was read.
    pub(super) async fn forget(&self) {
        self.lines.forget().await;
        self.everest.forget().await;
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        served.clear();
    }
}

/// One thing that was read. All who ask for it meanwhile wait for the same request.
#[derive(Clone)]
pub(super) struct Kept<T>(Arc<tokio::sync::Mutex<Option<Read<T>>>>);

/// What was read.
struct Read<T> {
    value: T,
    /// The rights that were missing for a part of it.
    missing: BTreeSet<Right>,
    at: Instant,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Kept<T> {
    /// What is remembered, or else what `read` reads. That is remembered unless a request of it was
    /// not answered, which `read` notes in `asked`.
    pub(super) async fn or_read(
        &self,
        read: impl Future<Output = T>,
        asked: &Unanswered,
        unanswered: &Unanswered,
    ) -> T {
        let mut kept = self.0.lock().await;
        if let Some(known) = kept.as_ref()
            && known.at.elapsed() < FRESH
        {
            unanswered.note_missing(known.missing.clone());
            return known.value.clone();
        }
        let value = read.await;
        let (error, missing) = asked.take();
        unanswered.note_missing(missing.clone());
        match error {
            Some(error) => unanswered.note(error, "Everest"),
            None => {
                *kept = Some(Read {
                    value: value.clone(),
                    missing,
                    at: Instant::now(),
                });
            }
        }
        value
    }

    async fn forget(&self) {
        *self.0.lock().await = None;
    }
}
