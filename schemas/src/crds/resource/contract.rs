//! The parts of a managed resource that Crossplane's contract adds to a model.

use serde_json::{Value, json};

use crate::managed::{ManagedModel, ManagementPolicy, ProviderConfigReference};

/// A CEL expression that is true if the management policies allow changes.
const CHANGES: &str = "self.managementPolicies.exists(p, p in ['*', 'Create', 'Update'])";

/// A reference to a Secret.
pub(super) fn reference(description: &str) -> Value {
    json!({
        "type": "object",
        "description": description,
        "properties": { "name": { "type": "string", "minLength": 1, "description": "Name of the Secret." } },
        "required": ["name"],
    })
}

/// `spec`.
pub(super) fn spec<M: ManagedModel>(for_provider: Value, mut config: Value) -> Value {
    config["description"] = json!("The config that says which cluster the external object is in.");
    config["default"] = json!(ProviderConfigReference::default());
    let rules: Vec<Value> = M::SHAPE
        .required
        .iter()
        .map(|member| {
            json!({
                "rule": format!("!{CHANGES} || has(self.forProvider.{member})"),
                "message": format!(
                    "spec.forProvider.{member} is required, unless managementPolicies only observe"
                ),
            })
        })
        .collect();
    json!({
        "type": "object",
        "description": "What is wanted.",
        "required": ["forProvider"],
        "x-kubernetes-validations": rules,
        "properties": {
            "forProvider": for_provider,
            "managementPolicies": {
                "type": "array",
                "description": "What the provider may do with the external object: `*` for \
                    everything, or a set of the actions that contains `Observe`; empty pauses. \
                    Without `Delete` the object stays when the managed resource is deleted, and \
                    the cluster is not even asked.",
                "default": ["*"],
                "maxItems": ManagementPolicy::EVERY.len(),
                // The default belongs to nobody, so a merging apply could never take it away.
                "x-kubernetes-list-type": "atomic",
                "x-kubernetes-validations": [{
                    "rule": "self.all(p, self.exists_one(q, q == p))",
                    "message": "an action is named twice",
                }],
                "items": { "type": "string", "enum": ManagementPolicy::EVERY },
            },
            "providerConfigRef": config,
            "writeConnectionSecretToRef": reference(
                "The Secret, in the managed resource's namespace, that connection details are \
                 written to.",
            ),
        },
    })
}

/// `status`.
pub(super) fn status(mut at_provider: Value, condition: Value) -> Value {
    at_provider["description"] = json!(
        "The external object as the cluster holds it. `spec.forProvider` describes the members \
         that have no description here."
    );
    json!({
        "type": "object",
        "description": "What was last seen.",
        "properties": {
            "atProvider": at_provider,
            "conditions": {
                "type": "array",
                "description": "`Ready`: whether it can be used. `Synced`: whether the last \
                    observation and the last write succeeded. `UpToDate`: whether it is as wanted.",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
                "items": condition,
            },
            "observedGeneration": {
                "type": "integer",
                "format": "int64",
                "description": "The generation that was last handled.",
            },
            "lastHandledReconcileAt": {
                "type": "string",
                "description": "The last value of the annotation \
                    `crossplane.io/reconcile-requested-at` that was handled.",
            },
        },
    })
}
