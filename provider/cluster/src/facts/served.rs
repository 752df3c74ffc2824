//! The definitions of Everest's kinds, as the API server publishes them: one document for all kinds of
//! a group, which everybody may read who may ask what is served (`system:discovery`).

use std::sync::Arc;

use everest_core::api::API_VERSION;
use everest_core::facts::{DefinedKind, ServedKinds};
use serde_json::Value;

use super::Unanswered;
use crate::Cluster;
use crate::error::{ClusterError, Object};

/// The kinds of the group of `kind`; `None` if they may not be read, or are not published.
pub(super) async fn read(
    cluster: &Cluster,
    kind: &DefinedKind,
    unanswered: &Unanswered,
) -> Option<Arc<ServedKinds>> {
    let asked = Unanswered::default();
    let read = ask(cluster, &kind.api_version, &asked);
    let kept = cluster.remembered.served(&kind.api_version);
    kept.or_read(read, &asked, unanswered).await
}

async fn ask(
    cluster: &Cluster,
    api_version: &str,
    unanswered: &Unanswered,
) -> Option<Arc<ServedKinds>> {
    match served_kinds(cluster, api_version).await {
        Ok(found) => found,
        // Everest's first group is there and this one is not: Everest is older than its kinds.
        Err(error)
            if error.is_not_found()
                && api_version != API_VERSION
                && served_kinds(cluster, API_VERSION).await.is_ok() =>
        {
            Some(Arc::default())
        }
        Err(error) => {
            unanswered.note(error, "the definitions of Everest");
            None
        }
    }
}

/// The kinds of a group and version, such as `everest.percona.com/v1alpha1`; `None` if the answer
/// does not define kinds.
///
/// # Errors
/// Any error of the request.
pub(crate) async fn served_kinds(
    cluster: &Cluster,
    api_version: &str,
) -> Result<Option<Arc<ServedKinds>>, ClusterError> {
    let path = format!("/openapi/v3/apis/{api_version}");
    let Ok(request) = http::Request::get(path).body(Vec::new()) else {
        return Ok(None);
    };
    match cluster.client().request::<Value>(request).await {
        Ok(document) => Ok(ServedKinds::of_document(&document).map(Arc::new)),
        Err(error) => {
            let document = Object {
                kind: "OpenAPI document".to_owned(),
                resource: "openapi/v3".to_owned(),
                namespace: None,
                name: api_version.to_owned(),
            };
            Err(ClusterError::from_kube(error, "get", &document))
        }
    }
}
