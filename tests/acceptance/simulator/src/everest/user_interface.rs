//! What the web interface of Everest does to databases behind the operator's back.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::{RESTART, write_back};
use crate::cluster::{Cluster, Error};
use crate::faults::CONFIG_MAP;
use crate::kinds;
use crate::object::Key;

/// Field manager of Everest's API server.
const EVEREST_SERVER: &str = "everest-server";

/// Restarts a database as the web interface did before 1.16.1: it sends the database back with
/// one annotation, and all others are lost. The key that asked for it is taken away.
pub async fn restart(cluster: &Cluster, database: &DynamicObject) -> Result<(), Error> {
    let namespace = database.namespace().unwrap_or_default();
    let name = database.name_any();
    let key = format!("{name}.ui-restart");
    let taken = json!({"data": {key: null, "ui-restart": null}});
    let map = Key::new(&namespace, CONFIG_MAP);
    cluster
        .merge(&kinds::CONFIG_MAP, EVEREST_SERVER, &map, taken)
        .await?;
    let newest = cluster
        .read(&kinds::DATABASE_CLUSTER, &namespace, &name)
        .await?;
    let Some(newest) = newest else {
        return Ok(());
    };
    cluster
        .update(
            &kinds::DATABASE_CLUSTER,
            EVEREST_SERVER,
            &sent_back(&newest),
        )
        .await?;
    Ok(())
}

fn sent_back(database: &DynamicObject) -> DynamicObject {
    let mut sent = write_back::with_spec(database, |_: &mut serde_json::Map<String, Value>| {});
    sent.metadata.annotations = Some([(RESTART.to_owned(), "true".to_owned())].into());
    sent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    #[test]
    fn a_restart_from_the_web_interface_loses_all_other_annotations() {
        let spec = json!({"spec": {"engine": {"type": "pxc"}}});
        let mut database = object::new(&kinds::DATABASE_CLUSTER, "n", "orders", spec);
        let annotations = [("terraform.everest.test/note".to_owned(), "x".to_owned())];
        database.metadata.annotations = Some(annotations.into());
        let sent = sent_back(&database);
        assert_eq!(sent.annotations().len(), 1);
        assert_eq!(sent.annotations()[RESTART], "true");
    }
}
