//! What Everest means, as pure functions.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod cron;
pub mod duration;
pub mod finding;
pub mod install_plan;
pub mod instant;
pub mod name;
pub mod olm;
mod operation;
pub mod outputs;
pub mod path;
pub mod quantity;
pub mod readiness;
pub mod rules;
pub mod semantic;
pub mod url;
pub mod v1;
pub mod version;

pub use operation::Operation;
