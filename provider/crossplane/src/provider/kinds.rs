//! The kinds of managed resources, each with its controller.

use std::sync::Arc;

use crossplane_managed::process::Task;
use everest_schemas::for_each_kind;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::controllers;
use super::kind::Controlled;

macro_rules! kinds {
    ($($module:ident::$kind:ident = $model:ty;)*) => {
        /// The controllers of all of them, until `shutdown`.
        pub fn tasks(context: &Arc<Context>, shutdown: &CancellationToken) -> Vec<Task> {
            vec![$(
                controllers::task::<<$model as Controlled>::Kind>(context, shutdown)
            ),*]
        }
    };
}

for_each_kind!(kinds);
