//! The managed resources whose deletion still needs a config.

use crossplane_managed::provider_config::ProviderConfigReference;
use everest_schemas::managed::API_VERSION;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, ResourceExt};

use super::TargetKey;
use crate::provider::context::Context;

/// The number of managed resources with a finalizer that refer to the config.
pub(super) async fn bound(context: &Context, key: &TargetKey) -> Result<usize, kube::Error> {
    let served = context
        .control
        .list_api_group_resources(API_VERSION)
        .await?;
    let mut count = 0;
    for resource in served.resources {
        if resource.name.contains('/')
            || !resource.namespaced
            || resource.kind.starts_with("Provider")
        {
            continue;
        }
        let (group, version) = API_VERSION.split_once('/').unwrap_or_default();
        let resource = ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: API_VERSION.to_owned(),
            kind: resource.kind,
            plural: resource.name,
        };
        let api: Api<DynamicObject> = match &key.namespace {
            Some(namespace) => Api::namespaced_with(context.control.clone(), namespace, &resource),
            None => Api::all_with(context.control.clone(), &resource),
        };
        let objects = api.list(&ListParams::default()).await?;
        count += objects.iter().filter(|object| needs(object, key)).count();
    }
    Ok(count)
}

/// Returns true if a managed resource uses a config and is not gone yet.
fn needs(object: &DynamicObject, key: &TargetKey) -> bool {
    let reference = object
        .data
        .pointer("/spec/providerConfigRef")
        .and_then(|reference| {
            serde_json::from_value::<ProviderConfigReference>(reference.clone()).ok()
        })
        .unwrap_or_default();
    let namespace = object.namespace().unwrap_or_default();
    !object.finalizers().is_empty() && TargetKey::new(&namespace, &reference) == *key
}

#[cfg(test)]
mod tests {
    use crossplane_managed::provider_config::ProviderConfigKind;
    use serde_json::{Value, json};

    use super::*;

    fn resource(reference: Value, finalizers: Value) -> DynamicObject {
        serde_json::from_value(json!({
            "metadata": { "name": "orders", "namespace": "team", "finalizers": finalizers },
            "spec": { "providerConfigRef": reference },
        }))
        .unwrap()
    }

    fn key(namespace: Option<&str>, name: &str) -> TargetKey {
        TargetKey {
            kind: match namespace {
                Some(_) => ProviderConfigKind::ProviderConfig,
                None => ProviderConfigKind::ClusterProviderConfig,
            },
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    #[test]
    fn a_config_is_needed_by_what_a_finalizer_keeps_and_by_nothing_else() {
        let own = json!({ "kind": "ProviderConfig", "name": "here" });
        let kept = json!(["finalizer.managedresource.crossplane.io"]);
        assert!(needs(
            &resource(own.clone(), kept.clone()),
            &key(Some("team"), "here")
        ));
        assert!(!needs(
            &resource(own.clone(), json!([])),
            &key(Some("team"), "here")
        ));
        assert!(!needs(
            &resource(own.clone(), kept.clone()),
            &key(Some("other"), "here")
        ));
        assert!(!needs(&resource(own, kept.clone()), &key(None, "here")));
        assert!(needs(&resource(Value::Null, kept), &key(None, "default")));
    }
}
