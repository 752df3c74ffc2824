//! The labels of the control plane's namespaces, for grants that select by label.

use std::sync::OnceLock;

use crossplane_managed::reflector::{Lookup, MetadataReflector};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;

use super::grants::Labels;
use super::kubeconfig_source::control_plane;
use super::{TargetError, TargetKey};

/// The labels of namespaces. They are watched from the first question on.
pub(super) struct NamespaceLabels {
    control: kube::Client,
    watched: OnceLock<MetadataReflector>,
}

impl NamespaceLabels {
    pub(super) fn new(control: kube::Client) -> Self {
        NamespaceLabels {
            control,
            watched: OnceLock::new(),
        }
    }

    /// The labels of a namespace; none if it does not exist. `key` is the config whose grants
    /// depend on them.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(super) async fn of(&self, key: &TargetKey, namespace: &str) -> Result<Labels, TargetError> {
        let watched = self.watched.get_or_init(|| {
            MetadataReflector::of::<Namespace>(self.control.clone(), None, trim, |_| {})
        });
        let labels = match watched.get(None, namespace).await {
            Lookup::Present(found) => found.metadata.labels.clone(),
            Lookup::Absent => None,
            Lookup::Unknown => self.read(key, namespace).await?,
        };
        Ok(labels.unwrap_or_default())
    }

    async fn read(&self, key: &TargetKey, namespace: &str) -> Result<Option<Labels>, TargetError> {
        let api: Api<Namespace> = Api::all(self.control.clone());
        match api.get_metadata_opt(namespace).await {
            Ok(found) => Ok(found.and_then(|found| found.metadata.labels)),
            Err(kube::Error::Api(status)) if status.code == 403 => Err(TargetError::NotPermitted {
                key: key.clone(),
                cause: format!(
                    "spec.grants selects namespaces by label, and the labels of {namespace} cannot \
                     be read: {}. Grant the provider get, list and watch on namespaces of the \
                     control plane, or name the namespaces in spec.grants[].from.namespaces",
                    status.message
                ),
            }),
            Err(error) => Err(control_plane(
                key,
                &format!("Namespace {namespace}"),
                &error,
            )),
        }
    }
}

/// Keeps nothing but names and labels.
fn trim(metadata: &mut ObjectMeta) {
    *metadata = ObjectMeta {
        name: metadata.name.take(),
        resource_version: metadata.resource_version.take(),
        labels: metadata.labels.take(),
        ..ObjectMeta::default()
    };
}
