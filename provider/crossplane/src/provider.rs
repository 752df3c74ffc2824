//! The provider: controllers of managed resources, and of the configs that select their cluster.

pub mod changelog;
pub mod claim;
pub mod conditions;
pub mod config;
pub mod connection_secret;
pub mod context;
pub mod controllers;
pub mod decision;
pub mod definitions;
pub mod error;
pub mod events;
pub mod flags;
pub mod gate;
pub mod kind;
pub mod kinds;
pub mod leader;
pub mod metadata;
pub mod metrics;
pub mod namespace;
pub mod policies;
pub mod prerequisites;
pub mod rate_limiter;
pub mod reconcile;
pub mod reconcile_state;
pub mod repeats;
#[cfg(test)]
mod rights;
mod run;
pub mod secret_watches;
mod server;
#[cfg(test)]
mod testing;
pub mod usage;
pub mod views;

pub use run::run;
