//! Everest's databases for Crossplane: a composition function and a provider of managed
//! resources, both on the rules and objects that the Terraform provider has.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod function;
pub mod provider;
