//! The crate as a provider uses it, with the models of the example provider.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../../examples/shelf/field.rs"]
mod field;
#[path = "../../examples/shelf/model.rs"]
mod model;
#[path = "../../examples/shelf/provider.rs"]
mod provider;

mod any_schema;
mod bad_hosts;
mod bad_input;
mod careless;
mod handshake;
mod host;
mod models;
mod planning;
mod protocol;
mod rules;
mod schemas;
mod strategy;
