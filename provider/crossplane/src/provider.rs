//! The provider: controllers of managed resources, and of the configs that select their cluster.

pub mod claim;
pub mod config;
pub mod connection_secret;
pub mod context;
pub mod controllers;
pub mod definitions;
pub mod error;
pub mod flags;
pub mod kind;
pub mod kinds;
pub mod managed;
pub mod reconcile;
pub mod reconcile_state;
#[cfg(test)]
mod rights;
mod run;
#[cfg(test)]
mod testing;
pub mod views;

use crossplane_managed::provider::{FINALIZER, Provider};
pub use crossplane_managed::{
    changelog, conditions, decision, events, gate, leader, metadata, metrics, namespace, policies,
    rate_limiter, repeats, secret_watches, server, usage,
};
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
