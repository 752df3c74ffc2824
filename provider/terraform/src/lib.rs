//! Terraform and OpenTofu provider for OpenEverest v1: it connects `everest-cluster` and
//! `everest-core` to the plugin protocol, and sends no Kubernetes request of its own.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod actions;
mod backup;
mod backup_storage;
pub mod cli;
mod data_import_job;
mod data_importer;
mod database;
mod database_credentials;
mod diagnostics;
#[cfg(test)]
mod documented;
mod engine_version_policy;
mod existing;
pub mod export;
mod functions;
mod guardrails;
mod key;
mod listing;
mod load_balancer_config;
mod managed;
mod missing_rights;
mod monitoring_config;
mod moved;
mod namespace;
mod plain;
mod pod_scheduling_policy;
mod provider;
mod raised;
mod replaced;
mod restore;
mod run_once;
mod schema_json;
mod server;
mod session;
mod split_horizon_dns_config;
mod timeouts;
mod unapplied;
mod views;
mod with_secret;

pub use provider::EverestProvider;
