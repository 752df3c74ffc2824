//! Stands in for everest-operator and the three engine operators: its
//! controllers and admission webhooks do to the API what the real ones do, and
//! no database runs. It works on a test cluster (the program
//! `everest-simulator`) and in the process of a test ([`Simulator`]).
//!
//! What is true to the original: which objects are made, who owns them, which
//! finalizers they carry, what is written back into specs and how (full
//! Update, zero values, canonical quantities, members that the operator's types
//! lack dropped), the states and their order, what admission refuses, and what
//! is unkind:
//!
//! - A status that is stale right after a change says `ready` with the new
//!   generation; it also does when the engine's object could not be written, and
//!   nothing is tried again until something changes.
//! - A failure before that point (the source of the data gone, a DatabaseEngine
//!   missing) leaves `observedGeneration` old; a deletion is never observed.
//! - A storage whose Secret is gone says nothing, and is not looked at again when
//!   the Secret is back.
//! - A restore of `spec.dataSource` that fails clears `spec.dataSource` as one
//!   that succeeds does, and the database is `ready`, and empty.
//! - PXC and MongoDB initialize without an address, PostgreSQL is `ready` with an
//!   empty one; an exposed MongoDB has a list of `host:port`.
//! - PostgreSQL's operator counts the pods that there are: with fewer than the spec asks
//!   for it is `ready`.
//! - PostgreSQL's databases have no message, its restores no reason why they
//!   failed.
//! - A PXC or MongoDB database that is stopped with another version is `upgrading`, not `paused`: one
//!   that is restarted during its upgrade stays stopped.
//! - A PXC database whose size grows while it is paused fails, and does not start any more; one whose
//!   ProxySQL is to have larger volumes fails, too.
//! - A volume that cannot grow leaves a condition without a message, and the size
//!   put back is accepted.
//! - The status of a backup that is being deleted loses all that it said, and the
//!   loss of an engine's backup deletes the backup.
//! - A restore of an engine that somebody deletes is made, and run, again.
//! - An import that cannot begin says `Error`, its database `importing`.
//! - An importer that may update databases pauses the reconciliation of its database while it
//!   works, so that the status does not change; one that is killed leaves the annotation.
//!
//! What is not: there are no pods, Services or volumes.
//!
//! Time goes at a [`Pace`]: on a test cluster a phase takes a quarter of a second
//! and failed work is tried again soon; in virtual time phases and pauses are as
//! long as in reality. All times, also those in objects, follow tokio's clock.
//!
//! # Steering
//!
//! Tests ask for faults and pace with annotations
//! `simulator.everest.test/KEY: VALUE` on a DatabaseCluster,
//! DatabaseClusterBackup or DatabaseClusterRestore, or with the ConfigMap
//! `everest-simulator` in the namespace: key `KEY` for every object, `NAME.KEY`
//! for one. An annotation beats `NAME.KEY`, which beats `KEY`. Taking a key
//! away ends the fault.
//!
//! | Key | Value | On | What happens |
//! |---|---|---|---|
//! | `hold` | `creating`, `initializing`, `stopping`, `deleting` | database | its engine stays in that state |
//! | `hold` | an engine's state (`Starting`, `Running`, `requested`, `running`, `Restoring`), `deleting` | backup, restore | it stays there |
//! | `hold` | `import:Pending`, `import:Running` | database | its import stays there |
//! | `error` | message | database | the engine reports `error` with the message |
//! | `phase-delay` | `2s`, `100ms` | all | how long each phase takes (250 ms; 10 s at the real pace) |
//! | `ready-delay` | duration | database | how long initializing takes (a phase; 3 min) |
//! | `react-delay` | duration | database | how long the engine overlooks a changed spec, its status stale (400 ms; 2 s) |
//! | `begin-delay` | duration | database | how long its engine then says that it has seen the spec and is `ready`, before it begins (none; PXC and PostgreSQL 8 s) |
//! | `members` | number | PostgreSQL database | no more members can be made; it is `ready` with these |
//! | `address-delay` | duration | database behind a load balancer | how long it is without an address (none; 45 s) |
//! | `resize-fails` | message | database | a growing volume never gets there |
//! | `restore-grace` | duration | MongoDB database | from ready to the first restore (1 s; 30 s) |
//! | `backup-delay`, `backup-fails` | duration, message | backup | how long it runs (a phase; 2 min), how it fails |
//! | `gaps` | anything | PXC backup | binary logs are missing after it |
//! | `scheduled-backup` | name | database | its engine makes a backup of that name, as if its first schedule were due |
//! | `restore-delay`, `restore-fails` | duration, message | restore | how long it runs (a phase; 5 min), how it fails |
//! | `import-delay`, `import-fails` | duration, message | database | how long its data import runs (a phase; 5 min), how it fails |
//! | `import-killed` | message | database | its data import fails, and its importer does not clean up |
//! | `import-error` | message | database | its data import cannot begin |
//! | `late-generation` | anything | database | a generation that comes of the operator's own write is observed one reconcile later, as in reality |
//! | `forgets` | pointers into the spec, with commas | database | the operator's types lack these members: each Update drops them |
//! | `ui-restart` | anything | database | the web interface restarts it once, and its annotations are lost |
//! | `webhook` | `down` | object that is written | everest-operator's webhooks do not answer |
//! | `webhook-delay` | duration | object that is written | they answer late |
//! | `pmm` | `down`, `unauthorized`, message | MonitoringConfig | what its PMM server answers when the webhook asks (all is well) |
//! | `version-service` | `down` | DatabaseEngine | no versions are fetched |
//!
//! What lies in the buckets is told in the ConfigMap
//! `everest-simulator-buckets`: the backup's name → `stored DESTINATION` or
//! `deleted DESTINATION`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod clock;
mod cluster;
#[cfg(test)]
mod conformance;
mod controllers;
mod details;
mod engine;
mod engine_cr;
mod engine_definitions;
mod engines;
mod everest;
mod faults;
mod kinds;
mod my_cnf;
mod object;
mod olm;
mod pace;
mod quantity;
#[cfg(test)]
mod recordings;
mod routes;
mod simulator;
mod versions;
mod webhooks;

pub use clock::Clock;
pub use cluster::Error;
pub use engine::Engine;
pub use engine_definitions::engine_definitions;
pub use olm::{Olm, PREVIOUS_CHANNEL};
pub use pace::Pace;
pub use simulator::{Settings, Simulator};
pub use webhooks::{Admission, ServeError, Server, Unanswered, configurations, register};
