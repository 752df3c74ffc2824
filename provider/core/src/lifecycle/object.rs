//! The objects that lifecycles read and write.

use std::any::Any;
use std::fmt;

use everest_schemas::Engine;
use everest_schemas::everest::{
    BackupStorage, DataImportJob, DataImporter, DatabaseCluster, DatabaseClusterBackup,
    DatabaseClusterRestore, DatabaseEngine, LoadBalancerConfig, MonitoringConfig,
    PodSchedulingPolicy, SplitHorizonDnsConfig,
};
use everest_schemas::olm::{
    CatalogSource, ClusterServiceVersion, InstallPlan, OperatorGroup, PackageManifest, Subscription,
};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::v1::{ObjectMapping, engine_kinds};

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// DatabaseCluster.
    Database,
    /// DatabaseClusterBackup.
    Backup,
    /// DatabaseClusterRestore.
    Restore,
    /// BackupStorage.
    BackupStorage,
    /// DatabaseEngine: an operator as Everest sees it.
    DatabaseEngine,
    /// DataImportJob.
    DataImportJob,
    /// MonitoringConfig.
    MonitoringConfig,
    /// PodSchedulingPolicy.
    PodSchedulingPolicy,
    /// LoadBalancerConfig.
    LoadBalancerConfig,
    /// DataImporter.
    DataImporter,
    /// SplitHorizonDNSConfig.
    SplitHorizonDnsConfig,
    /// Subscription of OLM.
    Subscription,
    /// InstallPlan of OLM.
    InstallPlan,
    /// ClusterServiceVersion of OLM: an operator in one version.
    ClusterServiceVersion,
    /// OperatorGroup of OLM.
    OperatorGroup,
    /// CatalogSource of OLM.
    CatalogSource,
    /// PackageManifest: what a catalog offers of an operator.
    PackageManifest,
    /// Namespace.
    Namespace,
    /// Secret; only its metadata is read.
    Secret,
    /// An object of an engine's operator.
    Engine(Engine, EngineRole),
}

/// The role of an engine's object, which has the same name as Everest's object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EngineRole {
    /// Of a DatabaseCluster.
    Database,
    /// Of a DatabaseClusterBackup.
    Backup,
    /// Of a DatabaseClusterRestore.
    Restore,
}

impl EngineRole {
    /// The kind in an engine's API.
    pub fn kind(self, engine: Engine) -> &'static str {
        let kinds = engine_kinds(engine);
        match self {
            EngineRole::Database => kinds.database,
            EngineRole::Backup => kinds.backup,
            EngineRole::Restore => kinds.restore,
        }
    }
}

impl ObjectKind {
    /// The kind as Kubernetes writes it, such as `DatabaseClusterBackup`.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Database => "DatabaseCluster",
            ObjectKind::Backup => "DatabaseClusterBackup",
            ObjectKind::Restore => "DatabaseClusterRestore",
            ObjectKind::BackupStorage => "BackupStorage",
            ObjectKind::DatabaseEngine => "DatabaseEngine",
            ObjectKind::DataImportJob => "DataImportJob",
            ObjectKind::MonitoringConfig => "MonitoringConfig",
            ObjectKind::PodSchedulingPolicy => "PodSchedulingPolicy",
            ObjectKind::LoadBalancerConfig => "LoadBalancerConfig",
            ObjectKind::DataImporter => "DataImporter",
            ObjectKind::SplitHorizonDnsConfig => "SplitHorizonDNSConfig",
            ObjectKind::Subscription => "Subscription",
            ObjectKind::InstallPlan => "InstallPlan",
            ObjectKind::ClusterServiceVersion => "ClusterServiceVersion",
            ObjectKind::OperatorGroup => "OperatorGroup",
            ObjectKind::CatalogSource => "CatalogSource",
            ObjectKind::PackageManifest => "PackageManifest",
            ObjectKind::Namespace => "Namespace",
            ObjectKind::Secret => "Secret",
            ObjectKind::Engine(engine, role) => role.kind(engine),
        }
    }
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its namespace; empty for a cluster-scoped object.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ObjectRef {
    /// The object that a model stands for.
    pub fn of_model<M: ObjectMapping<Object: Observable>>(model: &M) -> Self {
        let (namespace, name) = model.key();
        Self::of::<M::Object>(namespace, name)
    }

    /// What an engine's operator makes of an object.
    pub fn of_engine(engine: Engine, role: EngineRole, object: &Self) -> Self {
        Self {
            kind: ObjectKind::Engine(engine, role),
            ..object.clone()
        }
    }

    /// The object of a type.
    pub fn of<K: Observable>(namespace: &str, name: &str) -> Self {
        Self {
            kind: K::KIND,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.name();
        match self.namespace.as_str() {
            "" => write!(f, "{kind} {}", self.name),
            namespace => write!(f, "{kind} {namespace}/{}", self.name),
        }
    }
}

/// A Rust type for the objects of a kind.
pub trait Observable: Any + Send + Sync {
    /// The kind.
    const KIND: ObjectKind;

    /// The metadata of the object.
    fn metadata(&self) -> &ObjectMeta;
}

macro_rules! observable {
    ($($type:ty => $kind:ident),* $(,)?) => {
        $(impl Observable for $type {
            const KIND: ObjectKind = ObjectKind::$kind;

            fn metadata(&self) -> &ObjectMeta {
                &self.metadata
            }
        })*
    };
}

observable! {
    DatabaseCluster => Database,
    DatabaseClusterBackup => Backup,
    DatabaseClusterRestore => Restore,
    BackupStorage => BackupStorage,
    DatabaseEngine => DatabaseEngine,
    DataImportJob => DataImportJob,
    MonitoringConfig => MonitoringConfig,
    PodSchedulingPolicy => PodSchedulingPolicy,
    LoadBalancerConfig => LoadBalancerConfig,
    DataImporter => DataImporter,
    SplitHorizonDnsConfig => SplitHorizonDnsConfig,
    Subscription => Subscription,
    InstallPlan => InstallPlan,
    ClusterServiceVersion => ClusterServiceVersion,
    OperatorGroup => OperatorGroup,
    CatalogSource => CatalogSource,
    PackageManifest => PackageManifest,
    Namespace => Namespace,
}

/// The metadata of a Secret, without its content.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecretMetadata(pub ObjectMeta);

impl Observable for SecretMetadata {
    const KIND: ObjectKind = ObjectKind::Secret;

    fn metadata(&self) -> &ObjectMeta {
        &self.0
    }
}
