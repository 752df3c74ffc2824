//! everest-operator's admission webhooks, one file a kind.

mod admission;
mod backup;
mod data_import_job;
mod database_cluster;
mod load_balancer_config;
mod monitoring_config;
mod registration;
mod restore;
mod review;
mod s3_keys;
mod server;
mod split_horizon;

pub use admission::{Admission, Unanswered};
pub use registration::{configurations, register};
pub use server::{ServeError, Server};
