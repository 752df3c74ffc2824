//! The types from which the whole project is derived: Everest's custom resources, the objects of
//! the Operator Lifecycle Manager that install engine operators, and the models that users write.
//!
//! One type with serde and schemars is the source of the custom resource sent to the cluster, the
//! Terraform schema, the generated definitions in `crds/` and the reference pages, so the doc
//! comment of a field is its documentation everywhere. The `x-` keywords in [`extensions`] express
//! what JSON Schema cannot.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod crds;
mod engine;
pub mod everest;
pub mod extensions;
pub mod facts;
mod field;
pub mod function;
mod kinds;
pub mod managed;
pub mod models;
pub mod olm;
pub mod quantity;
mod sensitive;
mod tree;

pub use engine::{Engine, UnknownEngine};
pub use field::Field;
pub use sensitive::Sensitive;
pub use tree::Tree;

use std::collections::BTreeMap;

/// Labels or annotations that a user writes: the whole map and each value may be unknown in a plan.
pub type StringMap = Field<BTreeMap<String, Field<String>>>;
