//! Watches of the metadata of kinds that concern external objects.

use crossplane_managed::reflector::MetadataReflector;
use everest_cluster::Cluster;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;

use super::{Companion, Tell};

/// Watches the metadata of a kind, and reports the namespaces in which something happened; for
/// Namespaces, their own names.
pub fn watch<K: Resource<DynamicType = ()>>(cluster: &Cluster, tell: &Tell) -> Companion {
    let tell = tell.clone();
    let reflector = MetadataReflector::of::<K>(
        cluster.client().clone(),
        None,
        |metadata| {
            *metadata = ObjectMeta {
                name: metadata.name.take(),
                namespace: metadata.namespace.take(),
                ..ObjectMeta::default()
            };
        },
        move |metadata| {
            let namespace = metadata.namespace.as_ref().or(metadata.name.as_ref());
            tell(namespace.map(String::as_str).unwrap_or_default());
        },
    );
    Box::new(reflector)
}
