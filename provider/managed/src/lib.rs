#![doc = include_str!("../README.md")]
//! # Where to find what
//! A provider implements [`external::Connector`] and [`external::External`] for each kind; `main`
//! calls [`process::run`] with a [`process::Task`] for each.
//!
//! | to find | open |
//! |---|---|
//! | what a kind says of its external objects | [`external`] |
//! | the members of every managed resource | [`resource`]; of configs and usages: [`provider_config`] |
//! | the names of a provider | [`provider`] |
//! | when an object is created, changed, deleted or left | [`decision`], a pure function; [`policies`] |
//! | how a step is done | [`reconcile`], its parts in `reconcile/` |
//! | whose an external object is | [`claim`], `reconcile/holding.rs`, `reconcile/duplicates.rs` |
//! | the annotations and the finalizer | [`metadata`] |
//! | what users read | [`failure`], [`conditions`], [`events`], `reconcile/outcome.rs` |
//! | when a managed resource is reconciled | [`controllers`], [`relations`], [`repeats`], [`rate_limiter`], [`concurrency`] |
//! | watches | [`reflector`], [`compact_object`], [`cached_resource`], [`secret_watches`] |
//! | the process | [`process`], [`flags`], [`leader`], [`gate`], [`server`], [`context`] |
//! | what operators see | [`metrics`], [`changelog`] |
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

#[cfg(test)]
extern crate self as crossplane_managed;

pub mod cached_resource;
pub mod changelog;
pub mod claim;
pub mod compact_object;
pub mod concurrency;
pub mod conditions;
mod connection_secret;
pub mod context;
pub mod controllers;
pub mod decision;
pub mod duration;
pub mod events;
pub mod external;
pub mod failure;
pub mod flags;
pub mod gate;
pub mod leader;
pub mod metadata;
pub mod metrics;
pub mod namespace;
pub mod policies;
pub mod process;
pub mod provider;
pub mod provider_config;
pub mod rate_limiter;
#[cfg(test)]
mod readme;
pub mod reconcile;
mod reconcile_state;
pub mod reflector;
pub mod relations;
pub mod repeats;
pub mod resource;
pub mod secret_watches;
pub mod server;
#[cfg(test)]
mod testing;
pub mod usage;
mod watches;
