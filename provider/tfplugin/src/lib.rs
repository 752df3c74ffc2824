#![doc = include_str!("../README.md")]
//! # Where to find what
//! A provider implements [`Provider`] and, for each of its types, [`Resource`] over a model: a serde
//! type with a JSON schema. Schema, values, planning, refresh and the wire are this crate's; `main`
//! calls [`serve`].
//!
//! | to find | open |
//! |---|---|
//! | what happens in a call | `server/`, one file an RPC |
//! | the rules of a plan | [`planning`], [`planning::check`] |
//! | how a model becomes a schema | [`schema`] |
//! | how a value becomes a model | [`model`] |
//! | what is on the wire | [`value`], `proto/` |
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod context;
mod diagnostics;
mod host;
pub mod model;
mod path;
pub mod planning;
mod private;
pub mod proto;
mod provider;
mod resource;
pub mod schema;
pub mod server;
mod validation;
pub mod value;

pub use context::Context;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use host::{ServeError, ServeOptions, serve, started_by_host};
pub use path::{AttributePath, Step};
pub use private::{Private, PrivateError};
pub use provider::{Model, Provider};
pub use resource::{
    AnyResource, Creation, Plan, PlanRequest, PlanResult, ReadResult, Resource, Typed, Update,
};
