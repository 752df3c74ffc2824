//! The crate as a provider uses it, with the models of the example provider.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../../examples/shelf/dust.rs"]
mod dust;
#[path = "../../examples/shelf/inventory.rs"]
mod inventory;
#[path = "../../examples/shelf/key.rs"]
mod key;
#[path = "../../examples/shelf/list.rs"]
mod list;
#[path = "../../examples/shelf/model.rs"]
mod model;
#[path = "../../examples/shelf/provider.rs"]
mod provider;
#[path = "../../examples/shelf/shelf.rs"]
mod shelf;
#[path = "../../examples/shelf/store.rs"]
mod store;
#[path = "../../examples/shelf/total.rs"]
mod total;

mod actions;
mod any_schema;
mod author;
mod bad_hosts;
mod bad_input;
mod careless;
mod data_sources;
mod deferral;
mod ephemeral;
mod free;
mod functions;
mod generated;
mod handshake;
mod host;
mod identity;
mod listed;
mod lists;
mod models;
mod moved;
mod planning;
mod protocol;
mod refinements;
mod rules;
mod runs;
mod schemas;
mod strategy;
mod unread;
mod warnings;
mod wire_types;
