//! The facts to read from a cluster. The rules of a kind state the facts that they need, so that
//! nothing else is read.

use std::collections::BTreeSet;

use everest_schemas::{Engine, Field};

use super::Bucket;

/// A kind of object that rules ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// DatabaseEngines of the namespace.
    Engines,
    /// Versions that policies allow; nothing is read for them.
    AllowedVersions,
    /// DatabaseEngines of every namespace.
    EnginesEverywhere,
    /// Subscriptions of the namespace.
    Subscriptions,
    /// InstallPlans of the namespace.
    InstallPlans,
    /// DatabaseClusters of the namespace.
    Databases,
    /// DatabaseClusters of every namespace.
    DatabasesEverywhere,
    /// DataImportJobs of every namespace.
    ImportJobsEverywhere,
    /// DatabaseClusterBackups of the namespace.
    Backups,
    /// BackupStorages of the namespace.
    Storages,
    /// MonitoringConfigs of the namespace.
    MonitoringConfigs,
    /// SplitHorizonDNSConfigs of the namespace.
    SplitHorizons,
    /// PodSchedulingPolicies of the cluster.
    Policies,
    /// LoadBalancerConfigs of the cluster.
    LoadBalancerConfigs,
    /// DataImporters of the cluster.
    Importers,
    /// StorageClasses of the cluster.
    StorageClasses,
}

/// The objects to request from a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// True if the lines of Everest in the cluster matter.
    pub lines: bool,
    /// True if Everest itself and its catalog matter.
    pub everest: bool,
    /// The kind whose definition in the cluster matters.
    pub served: Option<DefinedKind>,
    /// The namespace of the kinds and the Secrets; none of them is requested while it is not known.
    pub namespace: Option<String>,
    /// The kinds that the model refers to.
    pub kinds: BTreeSet<Kind>,
    /// The kinds that matter for a cluster-scoped model, of which no namespace is known: those of
    /// every namespace.
    pub everywhere: BTreeSet<Kind>,
    /// The only database to read, if the others of the namespace do not matter.
    pub database: Option<String>,
    /// The only backups that matter; a reader may read the others of the namespace as well.
    pub backups: Option<SomeBackups>,
    /// The only storages to read, if the others of the namespace do not matter.
    pub storages: Option<SomeStorages>,
    /// The database whose engine's own object is to be read.
    pub engine_object: Option<(Engine, String)>,
    /// The Secrets that the model refers to, by name.
    pub secrets: BTreeSet<String>,
    /// The backup whose database may have other passwords by now.
    pub passwords_since: Option<String>,
}

/// A kind of Everest's by its API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinedKind {
    /// Group and version, such as `everest.percona.com/v1alpha1`.
    pub api_version: String,
    /// The kind, such as `DatabaseCluster`.
    pub kind: String,
}

/// Some of the backups of a namespace: there may be hundreds, and each change of one that is watched
/// costs a reconcile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SomeBackups {
    /// Those of the database of this name.
    OfDatabase(String),
    /// The one of this name.
    Named(String),
}

/// Some of the backup storages of a namespace: there may be hundreds, and each is judged by few of
/// them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SomeStorages {
    /// The one of this name.
    pub name: Option<String>,
    /// Those that are one of these buckets.
    pub buckets: BTreeSet<Bucket>,
}

impl Wanted {
    /// Adds these kinds of a namespace.
    pub(crate) fn of(namespace: &Field<String>, kinds: &[Kind]) -> Self {
        Self {
            namespace: namespace.known().cloned(),
            kinds: kinds.iter().copied().collect(),
            ..Self::default()
        }
    }

    /// Adds these kinds of every namespace, for a cluster-scoped model.
    pub(crate) fn of_cluster(kinds: &[Kind]) -> Self {
        Self {
            everywhere: kinds.iter().copied().collect(),
            ..Self::default()
        }
    }

    /// Adds a kind if it is needed.
    pub(crate) fn note(&mut self, needed: bool, kind: Kind) {
        if needed {
            self.kinds.insert(kind);
        }
    }

    /// Adds a Secret if its name is set.
    pub(crate) fn secret(&mut self, name: Option<&str>) {
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            self.secrets.insert(name.to_owned());
        }
    }
}
