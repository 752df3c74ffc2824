//! The double of the API server, through the real client.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod applying;
mod client;
mod deleting;
mod faults;
mod permissions;
mod table;
mod watching;
mod webhooks;
mod writing;
