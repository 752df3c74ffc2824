//! When something is really done, and what to say while it is not.
//!
//! Everest has no `Ready` condition, and its `ready` may be left over from
//! before a change: each function here weighs what was last seen and answers
//! with a [`Readiness`]. The functions know no clock: how long something has
//! stood is an argument.

mod address;
mod backup;
mod carried;
mod database;
mod engine;
mod engine_failure;
mod engine_object;
mod restore;

pub(crate) use address::missing as missing_address;
pub use backup::backup;
pub(crate) use carried::unreadable_line;
pub use carried::{Difference, not_carried};
pub use database::{DatabaseObservation, HOLD, database, is_from_backup};
pub(crate) use engine::NO_VERSION_SERVICE;
pub use engine::{EngineObservation, engine_install, engine_offered};
pub use engine_failure::engine_failure;
pub use engine_object::{at_work, footing};
pub use restore::restore;

/// Whether what is waited for has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is as it was asked to be.
    Ready,
    /// Not yet; the sentence says what is still missing.
    Pending(String),
    /// It will not come by waiting; the sentence says why.
    Failed(String),
}

impl Readiness {
    /// Whether waiting is over, for better or worse.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Pending(_))
    }
}
