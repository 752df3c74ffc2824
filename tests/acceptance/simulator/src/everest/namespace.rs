//! Makes the three DatabaseEngines of every Everest namespace.

use std::sync::Arc;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::json;

use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::kinds;
use crate::object;

/// Creates the DatabaseEngines that are missing in a labelled namespace.
pub async fn reconcile(
    namespace: Arc<DynamicObject>,
    cluster: Arc<Cluster>,
) -> Result<Action, Error> {
    let name = namespace.name_any();
    if !cluster.manages(&name) || object::deleting(&namespace) {
        return Ok(Action::await_change());
    }
    for engine in Engine::ALL {
        if cluster
            .get(&kinds::DATABASE_ENGINE, &name, engine.operator())
            .is_none()
        {
            let made = object::new(
                &kinds::DATABASE_ENGINE,
                &name,
                engine.operator(),
                json!({"spec": {"type": ""}}),
            );
            cluster
                .create(&kinds::DATABASE_ENGINE, EVEREST_OPERATOR, &made)
                .await?;
        }
    }
    Ok(Action::await_change())
}
