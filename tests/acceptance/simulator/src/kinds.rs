//! The kinds the simulator watches and writes.

use kube::core::ApiResource;

/// One kind of Kubernetes object, as the API serves it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Served version.
    pub version: &'static str,
    /// Kind name.
    pub name: &'static str,
    /// Plural, as in the URL.
    pub plural: &'static str,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
}

impl Kind {
    const fn new(
        group: &'static str,
        version: &'static str,
        name: &'static str,
        plural: &'static str,
        namespaced: bool,
    ) -> Self {
        Self {
            group,
            version,
            name,
            plural,
            namespaced,
        }
    }

    /// `group/version`, or the version alone for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// What kube's dynamic API needs to know of the kind.
    pub fn resource(&self) -> ApiResource {
        ApiResource {
            group: self.group.to_owned(),
            version: self.version.to_owned(),
            api_version: self.api_version(),
            kind: self.name.to_owned(),
            plural: self.plural.to_owned(),
        }
    }

    /// Name of the CustomResourceDefinition: `plural.group`.
    pub fn crd_name(&self) -> String {
        format!("{}.{}", self.plural, self.group)
    }
}

/// Group of the Everest kinds.
pub const EVEREST: &str = "everest.percona.com";

macro_rules! kinds {
    ($($(#[$doc:meta])* $id:ident = $group:expr, $version:expr, $name:expr, $plural:expr, $ns:expr;)*) => {
        $($(#[$doc])* pub static $id: Kind = Kind::new($group, $version, $name, $plural, $ns);)*
    };
}

kinds! {
    /// A database.
    DATABASE_CLUSTER = EVEREST, "v1alpha1", "DatabaseCluster", "databaseclusters", true;
    /// A backup of a database.
    BACKUP = EVEREST, "v1alpha1", "DatabaseClusterBackup", "databaseclusterbackups", true;
    /// A restore into a database.
    RESTORE = EVEREST, "v1alpha1", "DatabaseClusterRestore", "databaseclusterrestores", true;
    /// A bucket.
    BACKUP_STORAGE = EVEREST, "v1alpha1", "BackupStorage", "backupstorages", true;
    /// What is known of an engine operator in a namespace.
    DATABASE_ENGINE = EVEREST, "v1alpha1", "DatabaseEngine", "databaseengines", true;
    /// A PMM server.
    MONITORING_CONFIG = EVEREST, "v1alpha1", "MonitoringConfig", "monitoringconfigs", true;
    /// Affinity rules for databases.
    POD_SCHEDULING_POLICY = EVEREST, "v1alpha1", "PodSchedulingPolicy", "podschedulingpolicies", false;
    /// Service annotations for exposed databases.
    LOAD_BALANCER_CONFIG = EVEREST, "v1alpha1", "LoadBalancerConfig", "loadbalancerconfigs", false;
    /// A way to import data.
    DATA_IMPORTER = EVEREST, "v1alpha1", "DataImporter", "dataimporters", false;
    /// One import of data.
    DATA_IMPORT_JOB = EVEREST, "v1alpha1", "DataImportJob", "dataimportjobs", true;
    /// Split-horizon DNS for MongoDB.
    SPLIT_HORIZON = "enginefeatures.everest.percona.com", "v1alpha1", "SplitHorizonDNSConfig", "splithorizondnsconfigs", true;
    /// OLM's wish to have an operator.
    SUBSCRIPTION = "operators.coreos.com", "v1alpha1", "Subscription", "subscriptions", true;
    /// OLM's word on the namespaces that operators look after.
    OPERATOR_GROUP = "operators.coreos.com", "v1", "OperatorGroup", "operatorgroups", true;
    /// The definition of a kind.
    DEFINITION = "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false;
    /// OLM's plan of an installation.
    INSTALL_PLAN = "operators.coreos.com", "v1alpha1", "InstallPlan", "installplans", true;
    /// OLM's record of an installed operator.
    CLUSTER_SERVICE_VERSION = "operators.coreos.com", "v1alpha1", "ClusterServiceVersion", "clusterserviceversions", true;
    /// A Deployment, of interest when named like an engine operator.
    DEPLOYMENT = "apps", "v1", "Deployment", "deployments", true;
    /// A Namespace.
    NAMESPACE = "", "v1", "Namespace", "namespaces", false;
    /// A Secret.
    SECRET = "", "v1", "Secret", "secrets", true;
    /// A ConfigMap.
    CONFIG_MAP = "", "v1", "ConfigMap", "configmaps", true;
    /// A StorageClass.
    STORAGE_CLASS = "storage.k8s.io", "v1", "StorageClass", "storageclasses", false;
    /// The PXC operator's database.
    PXC_CLUSTER = "pxc.percona.com", "v1", "PerconaXtraDBCluster", "perconaxtradbclusters", true;
    /// The PXC operator's backup.
    PXC_BACKUP = "pxc.percona.com", "v1", "PerconaXtraDBClusterBackup", "perconaxtradbclusterbackups", true;
    /// The PXC operator's restore.
    PXC_RESTORE = "pxc.percona.com", "v1", "PerconaXtraDBClusterRestore", "perconaxtradbclusterrestores", true;
    /// The MongoDB operator's database.
    PSMDB_CLUSTER = "psmdb.percona.com", "v1", "PerconaServerMongoDB", "perconaservermongodbs", true;
    /// The MongoDB operator's backup.
    PSMDB_BACKUP = "psmdb.percona.com", "v1", "PerconaServerMongoDBBackup", "perconaservermongodbbackups", true;
    /// The MongoDB operator's restore.
    PSMDB_RESTORE = "psmdb.percona.com", "v1", "PerconaServerMongoDBRestore", "perconaservermongodbrestores", true;
    /// The PostgreSQL operator's database.
    PG_CLUSTER = "pgv2.percona.com", "v2", "PerconaPGCluster", "perconapgclusters", true;
    /// The PostgreSQL operator's backup.
    PG_BACKUP = "pgv2.percona.com", "v2", "PerconaPGBackup", "perconapgbackups", true;
    /// The PostgreSQL operator's restore.
    PG_RESTORE = "pgv2.percona.com", "v2", "PerconaPGRestore", "perconapgrestores", true;
}

/// Kinds watched from the start.
pub static FIRST: &[&Kind] = &[
    &NAMESPACE,
    &CONFIG_MAP,
    &DEPLOYMENT,
    &INSTALL_PLAN,
    &CLUSTER_SERVICE_VERSION,
    &DATABASE_CLUSTER,
    &BACKUP,
    &RESTORE,
    &BACKUP_STORAGE,
    &DATABASE_ENGINE,
    &MONITORING_CONFIG,
    &POD_SCHEDULING_POLICY,
    &LOAD_BALANCER_CONFIG,
    &DATA_IMPORTER,
    &DATA_IMPORT_JOB,
    &SPLIT_HORIZON,
];

/// Kinds watched once their definition appears.
pub static LATER: &[&Kind] = &[
    &PXC_CLUSTER,
    &PXC_BACKUP,
    &PXC_RESTORE,
    &PSMDB_CLUSTER,
    &PSMDB_BACKUP,
    &PSMDB_RESTORE,
    &PG_CLUSTER,
    &PG_BACKUP,
    &PG_RESTORE,
];
