//! What the provider does under the real client on a real control plane: `cargo xtask test` runs
//! these.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod actions;
mod api_server;
mod backup;
mod command_line;
mod credentials;
mod data_import_job;
mod data_importer;
mod database;
mod drift;
mod dry_run;
mod engine_version_policy;
mod existing;
mod final_backup;
mod guardrails;
mod interruption;
mod lent;
mod load_balancer_config;
mod log;
mod monitoring_config;
mod namespace;
mod objects;
mod operator;
mod pod_scheduling_policy;
mod provider;
mod quickstart;
mod restart;
mod server;
mod split_horizon_dns_config;
mod stack;
mod unread;
mod upgrade;
