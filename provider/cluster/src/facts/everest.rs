//! What a cluster shows of Everest itself: read once for all namespaces of a run.

use std::sync::Arc;
use std::time::Duration;

use everest_core::facts::{
    CatalogFacts, EverestFacts, Lines, SERVERS, SYSTEM_NAMESPACE, Seen, everest_version,
};
use everest_schemas::olm::CatalogSource;
use k8s_openapi::api::apps::v1::Deployment;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Unanswered;
use crate::Cluster;
use crate::error::{ClusterError, Object};

/// The time for which it is remembered.
const FRESH: Duration = Duration::from_secs(60);

/// What was last read of Everest. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Remembered(Arc<Mutex<Option<(EverestFacts, Instant)>>>);

impl Remembered {
    /// Drops what was read.
    pub(super) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

/// The lines, the version and the catalog of Everest, without those that may not be read. What was
/// not answered is asked for again next time.
pub(super) async fn read(cluster: &Cluster, unanswered: &Unanswered) -> EverestFacts {
    let mut remembered = cluster.everest.0.lock().await;
    if let Some((facts, at)) = remembered.as_ref()
        && at.elapsed() < FRESH
    {
        return facts.clone();
    }
    let asked = Unanswered::default();
    let (lines, version, catalog) = tokio::join!(
        lines(cluster, &asked),
        version(cluster, &asked),
        catalog(cluster, &asked),
    );
    let facts = EverestFacts {
        lines,
        version,
        catalog,
    };
    match asked.take() {
        Some(error) => unanswered.note(error, "Everest"),
        None => *remembered = Some((facts.clone(), Instant::now())),
    }
    facts
}

/// The lines, by the API groups that the cluster serves.
async fn lines(cluster: &Cluster, unanswered: &Unanswered) -> Option<Lines> {
    match cluster.client().list_api_groups().await {
        Ok(served) => {
            let groups = served.groups.iter();
            Some(Lines::among(groups.map(|group| group.name.as_str())))
        }
        Err(error) => {
            let groups = Object {
                kind: "APIGroupList".to_owned(),
                resource: "apis".to_owned(),
                namespace: None,
                name: String::new(),
            };
            let error = ClusterError::from_kube(error, "list", &groups);
            unanswered.note(error, "the API groups");
            None
        }
    }
}

async fn version(
    cluster: &Cluster,
    unanswered: &Unanswered,
) -> Option<everest_core::version::Version> {
    let deployments = cluster.objects::<Deployment>(SYSTEM_NAMESPACE);
    for name in SERVERS {
        match deployments.get(name).await {
            Ok(Some(server)) => return everest_version(&server),
            Ok(None) => {}
            Err(error) => {
                unanswered.note(error, "Everest's Deployment");
                return None;
            }
        }
    }
    None
}

async fn catalog(cluster: &Cluster, unanswered: &Unanswered) -> CatalogFacts {
    let catalog = cluster.catalog();
    let sources = cluster.objects::<CatalogSource>(&catalog.namespace);
    let source = match sources.get(&catalog.name).await {
        Ok(Some(found)) => Seen::Found(found),
        Ok(None) => Seen::Absent,
        Err(error) => {
            unanswered.note(error, "the catalog");
            Seen::Unread
        }
    };
    CatalogFacts {
        name: catalog.name.clone(),
        namespace: catalog.namespace.clone(),
        source,
    }
}
