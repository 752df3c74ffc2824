//! The simulator at work on the double of the API server, in virtual time at the real pace:
//! whole lives of databases, held to recorded objects, and what is unkind about them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod backups;
mod endings;
mod film;
mod imports;
mod lives;
mod olm;
mod owners;
mod recorded;
mod restarts;
mod stage;
mod steering;
mod unkindness;
mod webhooks;
