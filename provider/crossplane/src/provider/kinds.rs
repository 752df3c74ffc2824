//! The kinds of managed resources that there are controllers for.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::context::Context;

/// A kind and its controller.
pub struct Kind {
    /// Plural name in the group `everest.m.openeverest.io`.
    pub plural: &'static str,
    /// Runs the controller until the token is cancelled.
    pub run: fn(Arc<Context>, CancellationToken) -> BoxFuture<'static, ()>,
}

/// All of them.
pub const KINDS: &[Kind] = &[];
