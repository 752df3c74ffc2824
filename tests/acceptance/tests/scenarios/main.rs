//! What the provider does under the real client on a real control plane: `cargo xtask test` runs
//! these.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod actions;
mod api_server;
mod backup;
mod credentials;
mod database;
mod drift;
mod dry_run;
mod existing;
mod final_backup;
mod guardrails;
mod interruption;
mod lent;
mod log;
mod monitoring_config;
mod namespace;
mod objects;
mod operator;
mod provider;
mod quickstart;
mod restart;
mod server;
mod stack;
mod unread;
mod upgrade;
