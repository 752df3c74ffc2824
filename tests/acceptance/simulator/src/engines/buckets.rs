//! What lies in the buckets, told in the ConfigMap
//! `everest-simulator-buckets`: backup name → `stored` or `deleted`, and where.

use serde_json::{Value, json};

use crate::cluster::{Cluster, Error};
use crate::kinds;
use crate::object::{Key, at};

/// Where the backups lie in a repository of pgBackRest.
pub const SETS: &str = "/backup/db";

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

/// Whether a backup of PostgreSQL lies in the repository at this path, such as `/orders/UID`.
pub async fn has_set(
    cluster: &Cluster,
    namespace: &str,
    repository: &str,
    set: &str,
) -> Result<bool, Error> {
    let map = cluster
        .read(&kinds::CONFIG_MAP, namespace, CONFIG_MAP)
        .await?;
    let place = format!("{repository}{SETS}/{set}");
    let records = map
        .as_ref()
        .and_then(|map| at(&map.data, "/data").as_object());
    let mut records = records.into_iter().flatten();
    Ok(records.any(|(_, record)| {
        let record = record.as_str().unwrap_or_default();
        record.starts_with("stored ") && record.ends_with(&place)
    }))
}

/// The backup that pgBackRest's options name.
pub fn set_of(options: &[Value]) -> &str {
    let mut options = options.iter().filter_map(Value::as_str);
    options
        .find_map(|option| option.strip_prefix("--set="))
        .unwrap_or_default()
}
