//! What the Crossplane provider does on a real control plane: `cargo xtask test` runs these.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod clusters;
mod config;
mod endings;
mod examples;
mod expressions;
mod looks;
mod namespaces;
mod operations;
mod policies;
mod process;
mod resources;
mod rights;
mod scene;
mod storages;
