//! Everest databases for Crossplane: a composition function and a provider of managed resources,
//! which share their rules and objects with the Terraform provider.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod function;
pub mod provider;
