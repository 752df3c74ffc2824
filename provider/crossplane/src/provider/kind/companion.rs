//! Watches of the metadata of kinds that concern external objects.

use std::fmt::Debug;

use crossplane_managed::reflector::Reflector;
use everest_cluster::Cluster;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::api::Api;
use kube::core::PartialObjectMeta;

use super::{Companion, Tell};

/// Watches the metadata of a kind, and reports the namespaces in which something happened; for
/// Namespaces, their own names.
pub fn watch<K>(cluster: &Cluster, tell: &Tell) -> Companion
where
    K: Resource<DynamicType = ()> + Clone + Debug + Send + Sync + 'static,
{
    let tell = tell.clone();
    let reflector = Reflector::<PartialObjectMeta<K>>::start(
        Api::all(cluster.client().clone()),
        (),
        |object| {
            let metadata = &mut object.metadata;
            *metadata = ObjectMeta {
                name: metadata.name.take(),
                namespace: metadata.namespace.take(),
                ..ObjectMeta::default()
            };
        },
        move |object| {
            let metadata = &object.metadata;
            let namespace = metadata.namespace.as_ref().or(metadata.name.as_ref());
            tell(namespace.map(String::as_str).unwrap_or_default());
        },
    );
    Box::new(reflector)
}
