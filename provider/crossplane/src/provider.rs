//! The provider: controllers of managed resources, and of the configs that select their cluster.

pub mod config;
pub mod connected;
pub mod context;
pub mod controllers;
pub mod definitions;
pub mod error;
pub mod flags;
pub mod kind;
pub mod kinds;
pub mod managed;
pub mod memory;
pub mod prerequisites;
pub mod reconcile;
#[cfg(test)]
mod rights;
mod run;
#[cfg(test)]
mod testing;
pub mod views;

use crossplane_managed::provider::{FINALIZER, Provider};
#[cfg(test)]
use crossplane_managed::server;
use everest_schemas::managed::{GROUP, VERSION};
pub use run::run;

/// The names of this provider.
pub const PROVIDER: Provider = Provider {
    name: config::FIELD_MANAGER,
    package: "provider-everest",
    release: env!("CARGO_PKG_VERSION"),
    group: GROUP,
    version: VERSION,
    lease: "everest-crossplane-provider",
    metrics: "everest",
    finalizer: FINALIZER,
};
