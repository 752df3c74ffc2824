//! What `tfplugin` promises, under a real client: the crate's example provider, whose objects are
//! files, so that no cluster is needed. `cargo xtask test` runs these under each client it knows.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod host;
mod resource;
mod workspace;
