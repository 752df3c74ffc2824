#![doc = include_str!("../README.md")]
//! # Where to find what
//! A provider implements [`Provider`] and, for each of its types, [`Resource`] over a model: a serde
//! type with a JSON schema. Schema, values, planning, refresh and the wire are this crate's; `main`
//! calls [`serve`]. Beside resources there are [`DataSource`], [`Function`], [`EphemeralResource`],
//! [`ListResource`] and [`Action`].
//!
//! | to find | open |
//! |---|---|
//! | what happens in a call | `server/`, one file an RPC |
//! | the rules of a plan | [`planning`], [`planning::check`] |
//! | how a model becomes a schema | [`schema`] |
//! | how a value becomes a model | [`model`] |
//! | what is on the wire | [`value`], `proto/` |
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod action;
mod context;
mod data_source;
mod diagnostics;
mod ephemeral;
mod function;
mod host;
mod list;
pub mod model;
mod path;
pub mod planning;
mod private;
pub mod proto;
mod provider;
mod resource;
pub mod schema;
pub mod server;
mod timeouts;
mod validation;
pub mod value;

pub use action::{Action, AnyAction, Progress};
pub use context::{Context, Deferral};
pub use data_source::{AnyDataSource, DataSource};
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use ephemeral::{AnyEphemeralResource, EphemeralResource, Opened};
pub use function::{AnyFunction, Function, FunctionError, Signature};
pub use host::{ServeError, ServeOptions, serve, started_by_host};
pub use list::{AnyListResource, Found, ListResource, Listed, Query};
pub use path::{AttributePath, Step};
pub use private::{Private, PrivateError};
pub use provider::{Model, Provider};
pub use resource::{
    AnyResource, Creation, IdentityAttribute, MoveSource, Plan, PlanRequest, PlanResult,
    ReadResult, Resource, Typed, Update,
};
pub use timeouts::Timeouts;
