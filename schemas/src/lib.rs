//! The types that the whole project is derived from: Everest's custom
//! resources, the Operator Lifecycle Manager objects that install engine
//! operators, and the models that users write.
//!
//! One type with serde and schemars yields the custom resource that goes to
//! the cluster, the Terraform schema, the generated definitions in `crds/` and
//! the reference pages: the doc comment of a field is its documentation
//! everywhere. What JSON Schema cannot say is added by the `x-` keywords that
//! [`extensions`] lists.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod crds;
mod engine;
pub mod everest;
pub mod extensions;
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

/// Labels or annotations as a user writes them: the map as a whole and each
/// value may be unknown in a plan.
pub type StringMap = Field<BTreeMap<String, Field<String>>>;
