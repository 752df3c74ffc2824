//! Databases.

mod removal;

pub use removal::{KeepBackupData, RemoveDatabase};
