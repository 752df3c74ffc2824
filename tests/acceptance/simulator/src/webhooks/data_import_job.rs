//! Admission of DataImportJobs.

use super::review::{Admitted, Request, Verdict};
use super::s3_keys;
use crate::cluster::Cluster;
use crate::object::at;

/// Moves S3 keys into their Secret.
pub async fn mutate(request: &Request, cluster: &Cluster) -> Verdict {
    let given = at(&request.object.data, "/spec");
    let mut spec = given.clone();
    if let Some(s3) = spec.pointer_mut("/source/s3") {
        s3_keys::move_to_secret(cluster, &request.namespace, s3).await?;
    }
    if given == &spec {
        return Ok(Admitted::default());
    }
    Ok(Admitted::set([("/spec", spec)]))
}
