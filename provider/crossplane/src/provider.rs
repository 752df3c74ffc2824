//! The provider: controllers of managed resources, and of the configs that say which cluster
//! they go to.

pub mod changelog;
pub mod config;
pub mod context;
pub mod duration;
pub mod events;
pub mod flags;
pub mod gate;
pub mod kinds;
pub mod leader;
pub mod metrics;
pub mod pace;
mod run;
#[cfg(test)]
mod scripted;
mod server;
pub mod usage;

pub use run::run;
