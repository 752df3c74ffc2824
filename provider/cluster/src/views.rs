//! What data sources show beside single objects. Each reads once and writes nothing.

use everest_core::facts::Lines;
use everest_core::storage_class::IS_DEFAULT;
use everest_core::v1::{components, database_engine, pitr_window};
use everest_schemas::Field;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup, DatabaseEngine};
use everest_schemas::models::{
    ClusterInfo, DatabaseComponents, DatabaseEngines, PitrWindow, StorageClassInfo,
};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::ResourceExt;

use crate::error::{ClusterError, Object};
use crate::{Cluster, facts};

/// The engines that a filter finds.
///
/// # Errors
/// Any error that keeps them from being listed.
pub async fn database_engines(
    cluster: &Cluster,
    filter: DatabaseEngines,
) -> Result<DatabaseEngines, ClusterError> {
    let engines = match filter.namespace.known_str() {
        Some(namespace) => cluster.objects::<DatabaseEngine>(namespace),
        None => cluster.global(),
    };
    let found = engines.list("").await?;
    let wanted = filter.type_.known_str();
    let mut found: Vec<_> = found
        .iter()
        .map(database_engine::observed)
        .filter(|engine| wanted.is_none_or(|wanted| engine.type_ == wanted))
        .collect();
    found.sort_unstable_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Ok(DatabaseEngines {
        database_engines: Field::Known(found),
        ..filter
    })
}

/// The time span to which a database can be restored; `None` if there is no such database.
///
/// # Errors
/// Any error that keeps the database or its backups from being read.
pub async fn pitr_window(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Option<PitrWindow>, ClusterError> {
    let databases = cluster.objects::<DatabaseCluster>(namespace);
    let Some(database) = databases.get(name).await? else {
        return Ok(None);
    };
    let backups = cluster.objects::<DatabaseClusterBackup>(namespace);
    let backups = backups.list("").await?;
    Ok(Some(pitr_window::window(
        &database,
        &backups,
        cluster.now(),
    )))
}

/// The pods of a database; none if it has no pods, or does not exist.
///
/// # Errors
/// Any error that keeps them from being listed.
pub async fn components(
    cluster: &Cluster,
    asked: DatabaseComponents,
) -> Result<DatabaseComponents, ClusterError> {
    let namespace = asked.namespace.known_str().unwrap_or_default();
    let name = asked.database_name.known_str().unwrap_or_default();
    let selector = format!("{}={name}", components::INSTANCE_LABEL);
    let pods = cluster.objects::<Pod>(namespace).list(&selector).await?;
    let mut pods: Vec<_> = pods.iter().map(components::observed).collect();
    pods.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(DatabaseComponents {
        components: Field::Known(pods),
        ..asked
    })
}

/// The cluster. Without a right to read Everest's Deployment or the storage classes, those are
/// null.
///
/// # Errors
/// Any error that keeps the API groups and the version of Kubernetes from being read.
pub async fn cluster_info(cluster: &Cluster) -> Result<ClusterInfo, ClusterError> {
    let facts = facts::everest(cluster).await?;
    let version = kubernetes_version(cluster).await?;
    let classes = match cluster.global::<StorageClass>().list("").await {
        Ok(classes) => {
            let mut classes: Vec<_> = classes.iter().map(class_info).collect();
            classes.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            Field::Known(classes)
        }
        Err(error) if error.is_forbidden() => Field::Null,
        Err(error) => return Err(error),
    };
    Ok(ClusterInfo {
        kubernetes_version: version.into(),
        everest_version: facts.version.map(|version| version.to_string()).into(),
        everest_lines: facts.lines.map(named).into(),
        storage_classes: classes,
    })
}

/// The version of Kubernetes, such as `v1.34.1`.
///
/// # Errors
/// Any error of the request.
pub(crate) async fn kubernetes_version(cluster: &Cluster) -> Result<String, ClusterError> {
    let version = cluster.client().apiserver_version().await;
    match version {
        Ok(version) => Ok(version.git_version),
        Err(error) => {
            let version = Object {
                kind: "Version".to_owned(),
                resource: "version".to_owned(),
                namespace: None,
                name: String::new(),
            };
            Err(ClusterError::from_kube(error, "get", &version))
        }
    }
}

fn named(lines: Lines) -> Vec<String> {
    let lines = [("v1", lines.v1), ("v2", lines.v2)].into_iter();
    lines
        .filter(|(_, served)| *served)
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn class_info(class: &StorageClass) -> StorageClassInfo {
    StorageClassInfo {
        name: class.name_any(),
        provisioner: class.provisioner.clone(),
        default: class
            .annotations()
            .get(IS_DEFAULT)
            .is_some_and(|value| value == "true"),
        allow_volume_expansion: class.allow_volume_expansion.unwrap_or_default(),
    }
}
