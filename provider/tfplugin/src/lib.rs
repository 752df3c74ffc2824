#![doc = include_str!("../README.md")]
//! # Where to find what
//! A provider implements [`Provider`] and, for each of its types, [`Resource`] over a model: a
//! serde type with a JSON schema. This crate handles the schema, values, planning, refresh and the
//! protocol; `main` calls [`serve`]. The other kinds are [`DataSource`], [`Function`],
//! [`EphemeralResource`], [`ListResource`] and [`Action`].
//!
//! | to find | open |
//! |---|---|
//! | what happens in a call | `server/`, one file an RPC |
//! | the rules of a plan | [`planning`], [`planning::check`] |
//! | how a model becomes a schema | [`schema`] |
//! | how a value becomes a model | [`model`] |
//! | what is on the wire | [`value`], `proto/` |
//! | how to use a feature | `guide/`, a chapter each |
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod action;
mod context;
mod data_source;
mod diagnostics;
mod ephemeral;
mod field;
mod function;
#[cfg(feature = "testing")]
pub mod guide;
mod host;
mod list;
pub mod model;
mod path;
pub mod planning;
mod private;
#[cfg(feature = "unstable-proto")]
pub mod proto;
#[cfg(not(feature = "unstable-proto"))]
mod proto;
mod provider;
mod registry;
mod resource;
pub mod schema;
#[cfg(feature = "unstable-proto")]
pub mod server;
#[cfg(not(feature = "unstable-proto"))]
mod server;
#[cfg(feature = "testing")]
pub mod testing;
mod timeouts;
mod validation;
pub mod value;

pub use action::{Action, InvokeRequest, PlanActionRequest, Progress};
pub use context::{Context, Deferral};
pub use data_source::{DataSource, LookupRequest};
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use ephemeral::{CloseRequest, EphemeralResource, Opened, RenewRequest};
pub use field::Field;
pub use function::{Function, FunctionError};
pub use host::{PROTOCOL_VERSION, ServeError, ServeOptions, run, serve, started_by_host};
pub use list::{Found, ListRequest, ListResource, Listed, Query};
pub use path::{AttributePath, Step};
pub use private::{Private, PrivateError};
pub use provider::{ConfigureRequest, Model, NoConfig, Provider};
pub use registry::{Registered, RegisteredFunction, Registry};
pub use resource::{
    CreateRequest, Creation, DeleteRequest, IdentityAttribute, ImportRequest, MoveRequest, Plan,
    PlanDestroyRequest, ReadRequest, ReadResult, Resource, Update, UpdateRequest, Upgrade,
};
pub use timeouts::Timeouts;
