//! Lifecycles of namespaces for databases: creation with their operators, change, rollback and
//! removal.

mod catalog;
mod change;
mod clearing;
mod creation;
mod engines;
mod group;
mod hindrance;
mod inhabitants;
mod installation;
mod made;
mod operators;
mod removal;
mod storages;
mod subscriptions;
mod undo;
mod upgrade;
mod view;

pub use change::ChangeNamespace;
pub use creation::CreateNamespace;
pub use engines::WantedEngine;
pub use made::Made;
pub use removal::RemoveNamespace;
pub use storages::ReleaseStorages;
pub use subscriptions::Subscriber;
pub use undo::UndoNamespace;

#[cfg(test)]
mod tests;
