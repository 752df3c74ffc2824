//! The composition function, through the same entry that its server has.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod everest;
mod examples;
mod world;
