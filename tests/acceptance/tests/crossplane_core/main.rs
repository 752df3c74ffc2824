//! The packages, the composition function and the managed resources under Crossplane's real core:
//! `cargo xtask test` runs these.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod cluster;
mod composed;
mod function;
mod managed;
mod packages;
mod patch_and_transform;
mod provider;
mod render;
mod rights;
