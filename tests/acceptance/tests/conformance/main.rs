//! What `tfplugin` promises, under a real client: the crate's example provider, whose objects are
//! files, so that no cluster is needed. `cargo xtask test` runs these under each client it knows.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod action;
mod data_source;
mod ephemeral;
mod feature;
mod function;
mod host;
mod import;
mod moved;
mod query;
mod resource;
mod workspace;
