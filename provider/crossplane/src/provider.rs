//! The provider: controllers of managed resources, and of the configs that say which cluster
//! they go to.

pub mod changelog;
pub mod config;
pub mod context;
pub mod controllers;
pub mod decision;
pub mod definitions;
pub mod events;
pub mod failure;
pub mod flags;
pub mod gate;
pub mod kind;
pub mod kinds;
pub mod leader;
pub mod memory;
pub mod metadata;
pub mod metrics;
pub mod namespace;
pub mod pace;
#[cfg(test)]
mod plane;
pub mod policies;
pub mod published;
pub mod reconcile;
pub mod report;
#[cfg(test)]
mod rights;
mod run;
#[cfg(test)]
mod scripted;
mod server;
pub mod usage;
pub mod views;

pub use run::run;
