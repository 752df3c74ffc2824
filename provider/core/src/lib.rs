//! The semantics of Everest, as pure functions of the configuration and of what was last observed.
//! The crate has no I/O, no async code and no clock: objects, durations and prior models are
//! arguments.
//!
//! | Question | Module |
//! |---|---|
//! | May this be? | [`rules`], with [`facts`] of the cluster |
//! | Was it raised by someone else? | [`raised`] |
//! | What is sent, and what does it become again when read? | [`v1`] |
//! | Did the cluster write what it was sent? | [`rewritten`] |
//! | What does a change do to what runs? | [`impact`] |
//! | What does the take-over of a namespace overwrite? | [`take_over`] |
//! | What do the volumes of a database have? | [`volumes`], [`storage_class`] |
//! | Is it done, and what is missing? | [`readiness`] |
//! | Which version of its operator does a database take over, and when? | [`upgrade`] |
//! | What is done next with it? | [`lifecycle`] |
//! | May this storage go? | [`storage_users`] |
//! | What names a backup whose object is gone? | [`backup_path`] |
//! | May this install plan be approved? | [`install_plan`], [`operator_upgrade`], [`olm`] |
//! | Which outputs can a change alter? | [`computed`] |
//! | What does the schema say of a member, and which members does a model have? | [`schema`] |
//! | What do the accounts, the access control and the single sign-on of Everest's own server become? | [`server`] |
//! | What does the provider need from a cluster, and what does it lack? | [`doctor`] |
//! | What are Everest's objects addressed and marked by? | [`api`] |
//! | How does a front end say it? | [`text`], [`dialect`] |
//! | How is a text of someone else shown? | [`clean()`] |
//! | Is this text well formed, and do two of them mean the same? | [`quantity`], [`duration`], [`cron`], [`version`], [`name`], [`instant`], [`url`], [`semantic`], [`zero`] |

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod api;
pub mod backup_path;
mod clean;
pub mod computed;
pub mod cron;
pub mod dialect;
pub mod doctor;
pub mod dry_run;
pub mod duration;
pub mod facts;
pub mod field_conflict;
pub mod final_backup;
pub mod finding;
pub mod impact;
pub mod install_plan;
pub mod instant;
pub mod lifecycle;
pub mod name;
pub mod object_path;
pub mod olm;
pub mod open_api;
mod operation;
pub mod operator_upgrade;
pub mod passwords;
pub mod path;
pub mod quantity;
pub mod raised;
pub mod readiness;
pub mod restart;
pub mod rewritten;
pub mod rights;
pub mod rules;
pub mod schema;
pub mod semantic;
pub mod server;
pub mod storage_class;
pub mod storage_users;
pub mod take_over;
pub mod text;
pub mod upgrade;
pub mod url;
pub mod v1;
pub mod version;
pub mod version_policy;
pub mod volumes;
pub mod zero;

pub use clean::clean;
pub use operation::Operation;
