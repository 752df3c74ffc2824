//! Stands in for everest-operator and the three engine operators on a test
//! cluster: its controllers and admission webhooks do to the API what the real
//! ones do, and no database runs.
//!
//! What is true to the original: which objects are made, who owns them, which
//! finalizers they carry, what is written back into specs and how (full
//! Update, zero values, canonical quantities), the states and their order, the
//! status that is stale right after a change, what admission refuses. What is
//! not: there are no pods, Services or volumes, and time is short: a phase
//! takes a quarter of a second.
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
//! | `phase-delay` | `2s`, `100ms` | all | how long each phase takes (250 ms) |
//! | `ready-delay` | duration | database | how long initializing takes |
//! | `react-delay` | duration | database | how long the engine overlooks a changed spec, its status stale (400 ms) |
//! | `begin-delay` | duration | database | how long its engine then says that it has seen the spec and is `ready`, before it begins (none) |
//! | `address-delay` | duration | database behind a load balancer | how long it is without an address (none) |
//! | `resize-fails` | message | database | a growing volume never gets there |
//! | `restore-grace` | duration | MongoDB database | from ready to the restore of its data source (1 s; 30 s in reality) |
//! | `backup-delay`, `backup-fails` | duration, message | backup | how long it runs, how it fails |
//! | `scheduled-backup` | name | database | its engine makes a backup of that name, as if its first schedule were due |
//! | `restore-delay`, `restore-fails` | duration, message | restore | how long it runs, how it fails |
//! | `import-fails` | message | database | its data import fails |
//! | `version-service` | `down` | DatabaseEngine | no versions are fetched |
//!
//! What lies in the buckets is told in the ConfigMap
//! `everest-simulator-buckets`: the backup's name → `stored DESTINATION` or
//! `deleted DESTINATION`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

mod cluster;
#[cfg(test)]
mod conformance;
mod controllers;
mod details;
mod engine;
mod engine_cr;
mod engines;
mod everest;
mod faults;
mod kinds;
mod my_cnf;
mod object;
mod options;
mod quantity;
#[cfg(test)]
mod recordings;
mod routes;
mod run;
mod versions;
mod webhooks;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    // Fails only if a provider is installed already, which serves as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let options = match options::Options::from_args() {
        Ok(options) => options,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::from(2);
        }
    };
    match run::run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
