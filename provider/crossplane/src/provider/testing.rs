//! The control plane of tests, and what tests of reconciles have in common.

pub(crate) mod control_plane;
pub(crate) mod harness;
pub(crate) mod scripted;
