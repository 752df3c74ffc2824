//! What a cluster shows of Everest itself: read once for all resources of a run.

use everest_core::facts::{CatalogFacts, EverestFacts, Lines, Seen, everest_version};
use everest_schemas::olm::CatalogSource;

use super::Unanswered;
use crate::Cluster;
use crate::error::{ClusterError, Object};
use crate::server::deployment::server;

/// The lines, which `lines` are, the version and the catalog of Everest, without those that may not
/// be read.
pub(super) async fn read(
    cluster: &Cluster,
    lines: Option<Lines>,
    unanswered: &Unanswered,
) -> EverestFacts {
    let asked = Unanswered::default();
    let read = async {
        let (version, catalog) = tokio::join!(version(cluster, &asked), catalog(cluster, &asked));
        EverestFacts {
            version,
            catalog,
            lines: None,
        }
    };
    let kept = &cluster.remembered.everest;
    let facts = kept.or_read(read, &asked, unanswered).await;
    EverestFacts { lines, ..facts }
}

/// The lines, by the API groups that the cluster serves.
pub(super) async fn lines(cluster: &Cluster, unanswered: &Unanswered) -> Option<Lines> {
    let asked = Unanswered::default();
    let read = ask_for_lines(cluster, &asked);
    let kept = &cluster.remembered.lines;
    kept.or_read(read, &asked, unanswered).await
}

async fn ask_for_lines(cluster: &Cluster, unanswered: &Unanswered) -> Option<Lines> {
    match api_groups(cluster).await {
        Ok(lines) => Some(lines),
        Err(error) => {
            unanswered.note(error, "the API groups");
            None
        }
    }
}

/// The lines of Everest among the API groups that the cluster serves.
///
/// # Errors
/// Any error of the request.
pub(crate) async fn api_groups(cluster: &Cluster) -> Result<Lines, ClusterError> {
    match cluster.client().list_api_groups().await {
        Ok(served) => {
            let groups = served.groups.iter();
            Ok(Lines::among(groups.map(|group| group.name.as_str())))
        }
        Err(error) => {
            let groups = Object {
                kind: "APIGroupList".to_owned(),
                resource: "apis".to_owned(),
                namespace: None,
                name: String::new(),
            };
            Err(ClusterError::from_kube(error, "list", &groups))
        }
    }
}

async fn version(
    cluster: &Cluster,
    unanswered: &Unanswered,
) -> Option<everest_core::version::Version> {
    match server(cluster).await {
        Ok(found) => everest_version(&found?),
        Err(error) => {
            unanswered.note(error, "Everest's Deployment");
            None
        }
    }
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
