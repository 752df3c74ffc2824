//! OperatorGroup and Subscriptions: what tells OLM to install engine operators.

use everest_core::olm;
use everest_core::text::Text;
use everest_core::v1::namespace::{
    OPERATOR_GROUP, SubscriptionRequest, operator_group, subscription,
};
use everest_schemas::Engine;
use everest_schemas::olm::{OperatorGroup, PackageManifest, PackageManifestStatus, Subscription};
use kube::ResourceExt;
use kube::api::{Api, ApiResource, DynamicObject};

use super::install::Wanted;
use crate::error::ClusterError;
use crate::objects::Objects;
use crate::{Cluster, apply};

/// What the namespace has by way of OperatorGroups.
pub(super) enum Group {
    /// None: one is to be created.
    Missing,
    /// One that serves: Everest's, or one of the same meaning that is being taken over.
    Serves,
}

/// Looks at the namespace's OperatorGroups; OLM installs nothing where there are two.
///
/// Everest's own (`everest-databases`) serves. So does, with `take_ownership`, one of another
/// name that targets this namespace alone: it is used, never changed and never deleted.
///
/// # Errors
/// `Blocked` for any other; `NotEverest` where OLM is missing.
pub(super) async fn group(
    cluster: &Cluster,
    namespace: &str,
    take_ownership: bool,
) -> Result<Group, ClusterError> {
    let groups = cluster.objects::<OperatorGroup>(namespace);
    let found = groups.list("").await?;
    let Some(foreign) = found
        .iter()
        .find(|group| group.name_any() != OPERATOR_GROUP)
    else {
        return Ok(if found.is_empty() {
            Group::Missing
        } else {
            Group::Serves
        });
    };
    let targets = foreign
        .spec
        .target_namespaces
        .as_deref()
        .unwrap_or_default();
    let only_this = matches!(targets, [only] if only == namespace);
    if only_this && take_ownership && found.len() == 1 {
        return Ok(Group::Serves);
    }
    let name = foreign.name_any();
    let advice = if only_this && found.len() == 1 {
        "It targets only this namespace: set {takeOwnership = true} to use it, or delete it"
    } else {
        "Delete it, or use another namespace"
    };
    Err(ClusterError::Blocked {
        object: groups.named(&name),
        message: Text::from(
            "the namespace has an OperatorGroup that Everest did not make, and OLM allows one in \
             a namespace. ",
        )
        .and(advice)
        .said(cluster.dialect()),
        attribute: None,
    })
}

/// Creates Everest's OperatorGroup.
pub(super) async fn create_group(cluster: &Cluster, namespace: &str) -> Result<(), ClusterError> {
    let groups = cluster.objects::<OperatorGroup>(namespace);
    let body = operator_group(namespace);
    apply::apply(&groups, OPERATOR_GROUP, &body, apply::Takes::Nothing).await?;
    Ok(())
}

/// Subscribes to an engine's operator; true if there was no Subscription yet.
///
/// One that exists is left as it is, but for a channel that is asked for and differs.
pub(super) async fn subscribe(
    cluster: &Cluster,
    namespace: &str,
    wanted: &Wanted,
    existing: Option<&Subscription>,
) -> Result<bool, ClusterError> {
    let subscriptions = cluster.objects::<Subscription>(namespace);
    let name = wanted.engine.operator();
    if let Some(existing) = existing {
        let Some(channel) = &wanted.channel else {
            return Ok(false);
        };
        if existing.spec.channel.as_ref() != Some(channel) {
            let body = serde_json::json!({"spec": {"channel": channel}});
            subscriptions.patch_merge(name, &body).await?;
        }
        return Ok(false);
    }
    let channel = channel(cluster, wanted).await;
    let catalog = cluster.catalog();
    let body = subscription(&SubscriptionRequest {
        namespace,
        engine: wanted.engine,
        channel: &channel,
        catalog: &catalog.name,
        catalog_namespace: &catalog.namespace,
        version: wanted.version.as_deref(),
    });
    apply::apply(&subscriptions, name, &body, apply::Takes::Nothing).await?;
    Ok(true)
}

/// The channel for an engine's operator: see [`olm::channel`] for the order. What may not be
/// read is passed over.
async fn channel(cluster: &Cluster, wanted: &Wanted) -> String {
    let engine = wanted.engine;
    if wanted.channel.is_some() {
        return olm::channel(engine, wanted.channel.as_deref(), None, None).0;
    }
    let package = package(cluster, engine).await;
    let existing = if package.is_some() {
        None
    } else {
        subscription_elsewhere(cluster, engine).await
    };
    let (channel, source) = olm::channel(engine, None, package.as_ref(), existing.as_ref());
    tracing::info!(%engine, channel, ?source, "channel chosen");
    channel
}

/// What the catalog offers of an engine's operator, where PackageManifests are served.
async fn package(cluster: &Cluster, engine: Engine) -> Option<PackageManifest> {
    let catalog = cluster.catalog();
    // Read untyped: not every server of this kind writes the empty spec.
    let kind = ApiResource::erase::<PackageManifest>(&());
    let api = Api::namespaced_with(cluster.client().clone(), &catalog.namespace, &kind);
    let packages = Objects::<DynamicObject>::new(cluster, api, &kind, Some(&catalog.namespace));
    let found = match packages.get(engine.operator()).await {
        Ok(found) => found?,
        Err(error) => {
            tracing::debug!(%error, "no package manifest");
            return None;
        }
    };
    let status: PackageManifestStatus =
        serde_json::from_value(found.data["status"].clone()).ok()?;
    (status.catalog_source == catalog.name).then(|| PackageManifest {
        status: Some(status),
        ..PackageManifest::default()
    })
}

/// A Subscription to the same package in another namespace: one cluster, one channel.
async fn subscription_elsewhere(cluster: &Cluster, engine: Engine) -> Option<Subscription> {
    let everywhere = Api::<Subscription>::all(cluster.client().clone());
    let everywhere = Objects::new(cluster, everywhere, &(), None);
    let found = everywhere.list("").await.ok()?;
    found.into_iter().find(|subscription| {
        subscription.spec.name == engine.operator()
            && subscription.spec.source == cluster.catalog().name
    })
}
