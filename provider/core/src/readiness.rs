//! The readiness of objects, and sentences about what is still missing.
//!
//! Everest has no `Ready` condition, and its status `ready` may be from before a change. Each
//! function here judges what was last observed and returns a [`Readiness`]. The functions read no
//! clock: the time for which something has been the same is an argument.

mod address;
mod backup;
mod carried;
mod data_import_job;
mod database;
mod engine;
mod engine_failure;
mod engine_object;
mod restore;

pub(crate) use address::missing as missing_address;
pub use backup::backup;
pub(crate) use carried::unreadable_line;
pub use carried::{Difference, not_carried};
pub use data_import_job::data_import_job;
pub use database::{DatabaseObservation, HOLD, database, is_from_backup, reconciliation_is_paused};
pub(crate) use database::{stuck_restart, work};
pub(crate) use engine::NO_VERSION_SERVICE;
pub use engine::{EngineObservation, engine_install, engine_offered};
pub use engine_failure::engine_failure;
pub use engine_object::{at_work, footing};
pub use restore::restore;

/// The result of a readiness check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The object is as it was asked to be.
    Ready,
    /// Not yet; the sentence says what is still missing.
    Pending(String),
    /// Waiting does not help; the sentence says why.
    Failed(String),
}

impl Readiness {
    /// Returns true if waiting is over, with success or failure.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Pending(_))
    }
}
