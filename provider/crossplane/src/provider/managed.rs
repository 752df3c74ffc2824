//! The managed resources of this provider, as the runtime sees them.

use crossplane_managed::provider_config::{ProviderConfigKind, ProviderConfigReference};
use crossplane_managed::resource::{
    Condition, LocalReference, ManagementPolicy, ResourceSpec, ResourceStatus,
};
use everest_schemas::managed::{self, API_VERSION, Managed, ManagedModel, members};
use serde_json::{Value, json};

/// The members beside `forProvider`.
pub fn spec<M: ManagedModel>(managed: &Managed<M>) -> ResourceSpec {
    let spec = &managed.spec;
    let secret = spec.write_connection_secret_to_ref.as_ref();
    ResourceSpec {
        management_policies: spec
            .management_policies
            .iter()
            .copied()
            .map(policy)
            .collect(),
        provider_config_ref: reference(&spec.provider_config_ref),
        write_connection_secret_to_ref: secret.map(|secret| LocalReference {
            name: secret.name.clone(),
        }),
    }
}

/// The status.
pub fn status<M: ManagedModel>(managed: &Managed<M>) -> ResourceStatus {
    let status = &managed.status;
    ResourceStatus {
        at_provider: status.at_provider.clone(),
        conditions: status.conditions.iter().map(condition).collect(),
        observed_generation: status.observed_generation,
        last_handled_reconcile_at: status.last_handled_reconcile_at.clone(),
    }
}

/// The config that a managed resource names.
pub fn reference(reference: &managed::ProviderConfigReference) -> ProviderConfigReference {
    ProviderConfigReference {
        kind: match reference.kind {
            managed::ProviderConfigKind::ProviderConfig => ProviderConfigKind::ProviderConfig,
            managed::ProviderConfigKind::ClusterProviderConfig => {
                ProviderConfigKind::ClusterProviderConfig
            }
        },
        name: reference.name.clone(),
    }
}

/// The managed resource as JSON: it refers to Secrets and holds none.
pub fn manifest<M: ManagedModel>(managed: &Managed<M>) -> Value {
    let for_provider = managed.spec.for_provider.model.as_ref().ok();
    let spec = spec(managed);
    json!({
        "apiVersion": API_VERSION,
        "kind": M::KIND,
        "metadata": managed.metadata,
        "spec": {
            "forProvider": for_provider.and_then(|model| members(model).ok()),
            "managementPolicies": spec.management_policies,
            "providerConfigRef": spec.provider_config_ref,
            "writeConnectionSecretToRef": spec.write_connection_secret_to_ref,
        },
        "status": managed.status,
    })
}

fn policy(policy: managed::ManagementPolicy) -> ManagementPolicy {
    match policy {
        managed::ManagementPolicy::Observe => ManagementPolicy::Observe,
        managed::ManagementPolicy::Create => ManagementPolicy::Create,
        managed::ManagementPolicy::Update => ManagementPolicy::Update,
        managed::ManagementPolicy::Delete => ManagementPolicy::Delete,
        managed::ManagementPolicy::LateInitialize => ManagementPolicy::LateInitialize,
        managed::ManagementPolicy::All => ManagementPolicy::All,
    }
}

fn condition(condition: &managed::Condition) -> Condition {
    Condition {
        last_transition_time: condition.last_transition_time.clone(),
        message: condition.message.clone(),
        observed_generation: condition.observed_generation,
        reason: condition.reason.clone(),
        status: condition.status.clone(),
        type_: condition.type_.clone(),
    }
}

#[cfg(test)]
mod tests {
    use everest_schemas::managed::Database;

    use super::*;

    #[test]
    fn the_runtime_reads_a_managed_resource_as_its_definition_describes_it() {
        let database: Database = serde_json::from_value(json!({
            "apiVersion": API_VERSION, "kind": "Database",
            "metadata": {"name": "orders", "namespace": "shop"},
            "spec": {
                "forProvider": {},
                "managementPolicies": ["Observe", "Create"],
                "providerConfigRef": {"kind": "ProviderConfig", "name": "eu"},
                "writeConnectionSecretToRef": {"name": "connection"},
            },
            "status": {
                "atProvider": {"hostname": "db"},
                "conditions": [{"type": "Ready", "status": "True", "reason": "Available",
                    "message": "it is", "observedGeneration": 3,
                    "lastTransitionTime": "2026-01-01T00:00:00Z"}],
                "observedGeneration": 3,
                "lastHandledReconcileAt": "now",
            },
        }))
        .unwrap();
        assert_eq!(json!(status(&database)), json!(database.status));
        let manifest = manifest(&database);
        let spec = json!(spec(&database));
        for (name, member) in spec.as_object().unwrap() {
            assert_eq!(&manifest["spec"][name], member, "{name}");
        }
        assert_eq!(spec["managementPolicies"], json!(["Observe", "Create"]));
        let config = json!({"kind": "ProviderConfig", "name": "eu"});
        assert_eq!(spec["providerConfigRef"], config);
        assert_eq!(manifest["status"], json!(database.status));
        for each in managed::ManagementPolicy::EVERY {
            assert_eq!(policy(each).as_str(), each.as_str());
        }
    }
}
