//! The settings of Everest's own server: reads and changes of the parts of shared documents that
//! `everest_core::server` decides on.

pub mod access;
pub mod accounts;
pub(crate) mod deployment;
mod password;
mod shared;
pub mod single_sign_on;

pub use deployment::release;

#[cfg(test)]
mod tests;
