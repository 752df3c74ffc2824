//! What lies in the buckets, told in the ConfigMap
//! `everest-simulator-buckets`: backup name → `stored` or `deleted`, and where.

use serde_json::json;

use crate::cluster::{Cluster, Error};
use crate::kinds;
use crate::object::Key;

/// Name of the ConfigMap.
pub const CONFIG_MAP: &str = "everest-simulator-buckets";

/// Records what became of a backup's data. A namespace that is going away
/// takes no record.
pub async fn record(
    cluster: &Cluster,
    namespace: &str,
    backup: &str,
    what: &str,
    destination: &str,
) -> Result<(), Error> {
    let fields = json!({"data": {backup: format!("{what} {destination}")}});
    let written = cluster
        .merge(
            &kinds::CONFIG_MAP,
            "everest-simulator",
            &Key::new(namespace, CONFIG_MAP),
            fields,
        )
        .await;
    match written {
        Err(Error::Kube(kube::Error::Api(status))) if matches!(status.code, 403 | 404) => Ok(()),
        other => other,
    }
}
