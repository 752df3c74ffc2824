//! The composition function, through the same entry that its server has.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod backups;
mod companions;
mod databases;
mod everest;
mod examples;
mod fixtures;
mod golden;
mod inputs;
mod lookups;
mod operations;
mod rights;
mod secrets;
mod server;
mod world;
