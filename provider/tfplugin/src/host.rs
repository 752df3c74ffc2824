//! The connection between the host (Terraform, OpenTofu) and this process: start, communication and
//! end.

mod handshake;
mod listener;
mod log;
mod panic;
mod reattach;
mod runs;
mod serve;
mod services;
mod signals;
mod tls;

pub use handshake::{PROTOCOL_VERSION, started_by_host};
pub use serve::{ServeError, ServeOptions, run, serve};
