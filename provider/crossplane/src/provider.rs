//! The provider: controllers of managed resources, and of the configs that say which cluster
//! they go to.

pub mod config;
pub mod context;
pub mod duration;
pub mod flags;
pub mod gate;
pub mod kinds;
mod run;
mod server;
pub mod usage;

pub use run::run;
