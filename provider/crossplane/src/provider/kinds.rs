//! The kinds of managed resources, each with its controller.

use std::sync::Arc;

use everest_schemas::for_each_kind;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::controllers;
use super::kind::Controlled;

/// A kind and its controller.
pub struct Kind {
    /// Plural name in the group `everest.m.openeverest.io`.
    pub plural: &'static str,
    /// Runs the controller until the token is cancelled.
    pub run: fn(Arc<Context>, CancellationToken) -> BoxFuture<'static, ()>,
}

impl Kind {
    const fn of<M: Controlled>() -> Self {
        Self {
            plural: M::PLURAL,
            run: |context, shutdown| controllers::run::<M::Kind>(context, shutdown).boxed(),
        }
    }
}

macro_rules! kinds {
    ($($module:ident::$kind:ident = $model:ty;)*) => {
        /// All of them.
        pub const KINDS: &[Kind] = &[$(Kind::of::<$model>()),*];
    };
}

for_each_kind!(kinds);
