//! Databases.

mod creation;
mod readiness;
mod removal;

pub use creation::{CreateDatabase, is_from_backup};
pub use readiness::{After, AwaitReady, Companions, engine_object};
pub use removal::{KeepBackupData, RemoveDatabase};
