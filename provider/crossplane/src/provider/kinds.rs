//! The kinds of managed resources that have a controller.

use std::sync::Arc;

use everest_schemas::managed::ManagedModel;
use everest_schemas::models::{
    BackupModel, BackupStorageModel, DatabaseModel, NamespaceModel, RestoreModel,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::controllers;
use super::kind::{BackupStorages, Backups, DatabaseNamespaces, Databases, Restores};

/// A kind and its controller.
pub struct Kind {
    /// Plural name in the group `everest.m.openeverest.io`.
    pub plural: &'static str,
    /// Runs the controller until the token is cancelled.
    pub run: fn(Arc<Context>, CancellationToken) -> BoxFuture<'static, ()>,
}

/// All of them.
pub const KINDS: &[Kind] = &[
    Kind {
        plural: DatabaseModel::PLURAL,
        run: |context, shutdown| controllers::run::<Databases>(context, shutdown).boxed(),
    },
    Kind {
        plural: BackupStorageModel::PLURAL,
        run: |context, shutdown| controllers::run::<BackupStorages>(context, shutdown).boxed(),
    },
    Kind {
        plural: BackupModel::PLURAL,
        run: |context, shutdown| controllers::run::<Backups>(context, shutdown).boxed(),
    },
    Kind {
        plural: RestoreModel::PLURAL,
        run: |context, shutdown| controllers::run::<Restores>(context, shutdown).boxed(),
    },
    Kind {
        plural: NamespaceModel::PLURAL,
        run: |context, shutdown| controllers::run::<DatabaseNamespaces>(context, shutdown).boxed(),
    },
];
