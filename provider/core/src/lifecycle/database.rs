//! Lifecycles of databases.

mod body;
mod busy;
mod change;
mod creation;
mod import_keys;
mod keep;
mod locked_backups;
mod named_secrets;
mod readiness;
mod removal;
mod switch;
mod users;

pub use body::Bodies;
pub use busy::way_out;
pub use change::{ChangeDatabase, concerns_the_provider_alone};
pub use creation::{CreateDatabase, is_from_backup};
pub use import_keys::remove_import_keys;
pub use keep::KeepDatabase;
pub use readiness::{After, AwaitReady, Companions, engine_object};
pub use removal::{KeepBackupData, RemoveDatabase};
pub use switch::{Switch, SwitchDatabase};
pub use users::RemoveUserSecret;

#[cfg(test)]
mod tests;
