//! `everest_namespace`: Namespace, OperatorGroup and Subscriptions.

use everest_schemas::everest::DatabaseEngine;
use everest_schemas::models::{EngineInstall, Engines, NamespaceModel};
use everest_schemas::olm::Subscription;
use everest_schemas::{Engine, Field};
use k8s_openapi::api::core::v1::Namespace;
use serde_json::{Map, Value, json};

use super::object_mapping::cluster_scoped;
use super::{ObjectMapping, OwnedKeys, known_keys, observed_keys, put_keys};
use crate::Operation;
use crate::olm;
use crate::readiness::{Readiness, engine_offered};

pub use crate::api::{MANAGED_BY, MANAGED_BY_LABEL, OPERATOR_GROUP};

/// Namespaces of Everest, OLM and Kubernetes themselves.
const RESERVED: [&str; 6] = [
    "everest-system",
    "everest-monitoring",
    "everest-olm",
    "kube-system",
    "kube-public",
    "kube-node-lease",
];

/// Returns true if a namespace is Everest's, OLM's or Kubernetes' own: databases are never in it,
/// and it is never removed.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// The body of the Namespace, with the label that makes Everest manage it.
pub fn desired(model: &NamespaceModel) -> Value {
    let mut labels = known_keys(&model.labels);
    labels.insert(MANAGED_BY_LABEL.to_owned(), MANAGED_BY.to_owned());
    let mut metadata = Map::new();
    metadata.insert(
        "name".to_owned(),
        json!(model.name.known_str().unwrap_or_default()),
    );
    put_keys(&mut metadata, labels, known_keys(&model.annotations));
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
}

/// The body of the OperatorGroup, which limits the operators to their own namespace. OLM allows one
/// group in a namespace.
pub fn operator_group(namespace: &str) -> Value {
    json!({
        "apiVersion": "operators.coreos.com/v1",
        "kind": "OperatorGroup",
        "metadata": {"name": OPERATOR_GROUP, "namespace": namespace},
        "spec": {"targetNamespaces": [namespace], "upgradeStrategy": "Default"},
    })
}

/// The operator to subscribe to, and its catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionRequest<'a> {
    /// The namespace for databases.
    pub namespace: &'a str,
    /// The engine.
    pub engine: Engine,
    /// Channel of the package, see [`olm::channel`].
    pub channel: &'a str,
    /// Name of the CatalogSource.
    pub catalog: &'a str,
    /// Namespace of the CatalogSource.
    pub catalog_namespace: &'a str,
    /// Operator version for the first installation; `None`: the newest in the channel. OLM reads it
    /// only at the first installation.
    pub version: Option<&'a str>,
}

/// The body of a Subscription. Approval is manual, so that nothing is upgraded without consent.
pub fn subscription(request: &SubscriptionRequest<'_>) -> Value {
    let operator = request.engine.operator();
    let mut spec = json!({
        "channel": request.channel,
        "config": {"env": [{"name": "DISABLE_TELEMETRY", "value": "true"}]},
        "installPlanApproval": "Manual",
        "name": operator,
        "source": request.catalog,
        "sourceNamespace": request.catalog_namespace,
    });
    if let Some(version) = request.version {
        spec["startingCSV"] = json!(olm::csv_name(request.engine, version));
    }
    json!({
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "Subscription",
        "metadata": {"name": operator, "namespace": request.namespace},
        "spec": spec,
    })
}

/// The model of a namespace as the cluster holds it, with the engines that the prior model lists,
/// or with every engine found if it lists none, as after an import. Engines that are not listed are
/// not managed.
pub fn observed(
    namespace: &Namespace,
    subscriptions: &[Subscription],
    database_engines: &[DatabaseEngine],
    prior: Option<&NamespaceModel>,
    owned: &OwnedKeys,
) -> NamespaceModel {
    let listed = prior.and_then(|prior| prior.engines.known());
    let mut engines = Engines::default();
    let mut ready = true;
    for engine in Engine::ALL {
        if listed.is_some_and(|listed| listed.get(engine).is_null()) {
            continue;
        }
        let operator = engine.operator();
        let Some(found) = subscriptions
            .iter()
            .find(|found| found.spec.name == operator)
        else {
            ready &= listed.is_none();
            continue;
        };
        let facts = olm::subscription(found);
        let database_engine = database_engines
            .iter()
            .find(|found| found.metadata.name.as_deref() == Some(operator));
        ready &= facts.installed_version.as_deref().is_some_and(|version| {
            engine_offered(engine, Some(version), database_engine) == Readiness::Ready
        });
        *engines.get_mut(engine) = Field::Known(installed(found));
    }
    let metadata = &namespace.metadata;
    let mut labels = owned.labels.clone();
    labels.remove(MANAGED_BY_LABEL);
    let managed = metadata
        .labels
        .as_ref()
        .and_then(|labels| labels.get(MANAGED_BY_LABEL))
        .is_some_and(|value| value == MANAGED_BY);
    NamespaceModel {
        name: metadata.name.clone().into(),
        engines: Field::Known(engines),
        labels: observed_keys(metadata.labels.as_ref(), &labels),
        annotations: observed_keys(metadata.annotations.as_ref(), &owned.annotations),
        ready: Field::Known(ready && managed),
        ..NamespaceModel::default()
    }
}

/// The model of an engine, from its Subscription.
pub(crate) fn installed(found: &Subscription) -> EngineInstall {
    let facts = olm::subscription(found);
    // A first installation that awaits approval is no upgrade.
    let pending = facts
        .installed_version
        .as_ref()
        .and(facts.pending_version.clone());
    EngineInstall {
        version: facts.installed_version.clone().into(),
        channel: found.spec.channel.clone().into(),
        pending_version: pending.into(),
        installed_version: facts.installed_version.into(),
    }
}

impl ObjectMapping for NamespaceModel {
    type Object = Namespace;

    cluster_scoped!();

    fn desired(&self, _: Operation) -> Value {
        desired(self)
    }

    fn observed(object: &Namespace, owned: &OwnedKeys) -> Self {
        observed(object, &[], &[], None, owned)
    }
}

#[cfg(test)]
mod tests;
