//! A runtime for Crossplane providers in Rust.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod changelog;
pub mod conditions;
pub mod decision;
pub mod duration;
pub mod events;
pub mod flags;
pub mod gate;
pub mod leader;
pub mod metadata;
pub mod metrics;
pub mod namespace;
pub mod policies;
pub mod provider;
pub mod provider_config;
pub mod rate_limiter;
pub mod reflector;
pub mod repeats;
pub mod resource;
pub mod secret_watches;
pub mod server;
#[cfg(test)]
mod testing;
pub mod usage;
