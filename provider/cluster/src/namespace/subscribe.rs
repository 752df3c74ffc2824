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
use super::made::{Channel, Made};
use super::{inhabitants, removal};
use crate::error::ClusterError;
use crate::objects::Objects;
use crate::wait::Clock;
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
        .render(cluster.dialect()),
        attribute: None,
    })
}

/// Creates Everest's OperatorGroup.
pub(super) async fn create_group(cluster: &Cluster, namespace: &str) -> Result<(), ClusterError> {
    let groups = cluster.objects::<OperatorGroup>(namespace);
    let body = operator_group(namespace);
    apply::apply(&groups, OPERATOR_GROUP, &body, apply::ForcePolicy::Nothing).await?;
    Ok(())
}

/// Subscribes to the operators of what is `wanted`, and notes what is made.
///
/// One that exists is left as it is, but for a channel that is asked for and differs. OLM reads
/// the version to begin with once: one of ours that waits for another than the one asked for, and
/// has installed nothing, is made anew.
pub(super) async fn subscribe(
    cluster: &Cluster,
    namespace: &str,
    wanted: &[Wanted],
    existing: &[Subscription],
    made: &mut Made,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let subscriptions = cluster.objects::<Subscription>(namespace);
    for wanted in wanted {
        let name = wanted.engine.operator();
        let found = existing.iter().find(|found| found.name_any() == name);
        if let Some(found) = found {
            if !is_stale(cluster, wanted, found)
                || is_used(cluster, namespace, wanted.engine).await?
            {
                change_channel(&subscriptions, wanted, found, made).await?;
                continue;
            }
            tracing::info!(engine = %wanted.engine, "subscribed anew: nothing was installed");
            removal::unsubscribe(cluster, namespace, &[wanted.engine], clock).await?;
        }
        create(&subscriptions, wanted).await?;
        made.subscriptions.push(wanted.engine);
    }
    Ok(())
}

/// Whether a Subscription was made for another version than the one asked for now, which OLM
/// would never turn to.
fn is_stale(cluster: &Cluster, wanted: &Wanted, found: &Subscription) -> bool {
    let begins_with = wanted
        .version
        .as_deref()
        .map(|version| olm::csv_name(wanted.engine, version));
    is_unfulfilled(cluster, found) && found.spec.starting_csv != begins_with
}

/// Whether a Subscription was made by this provider and has installed nothing.
pub(super) fn is_unfulfilled(cluster: &Cluster, found: &Subscription) -> bool {
    let ours = found.managed_fields().iter().any(|entry| {
        entry.manager.as_deref() == Some(cluster.field_manager())
            && entry.operation.as_deref() == Some("Apply")
    });
    ours && olm::subscription(found).installed_csv.is_none()
}

/// Whether the engine has databases, so that its operator is not to be touched.
pub(super) async fn is_used(
    cluster: &Cluster,
    namespace: &str,
    engine: Engine,
) -> Result<bool, ClusterError> {
    let databases = inhabitants::databases(cluster, namespace, &[engine]).await?;
    Ok(!databases.is_empty())
}

async fn change_channel(
    subscriptions: &Objects<Subscription>,
    wanted: &Wanted,
    found: &Subscription,
    made: &mut Made,
) -> Result<(), ClusterError> {
    let Some(channel) = &wanted.channel else {
        return Ok(());
    };
    if found.spec.channel.as_ref() == Some(channel) {
        return Ok(());
    }
    let body = serde_json::json!({"spec": {"channel": channel}});
    subscriptions
        .patch_merge(wanted.engine.operator(), &body)
        .await?;
    made.channels.push(Channel {
        engine: wanted.engine,
        before: found.spec.channel.clone(),
        now: channel.clone(),
    });
    Ok(())
}

async fn create(
    subscriptions: &Objects<Subscription>,
    wanted: &Wanted,
) -> Result<(), ClusterError> {
    let cluster = subscriptions.cluster();
    let channel = channel(cluster, wanted).await;
    let catalog = cluster.catalog();
    let body = subscription(&SubscriptionRequest {
        namespace: subscriptions.namespace().unwrap_or_default(),
        engine: wanted.engine,
        channel: &channel,
        catalog: &catalog.name,
        catalog_namespace: &catalog.namespace,
        version: wanted.version.as_deref(),
    });
    let name = wanted.engine.operator();
    apply::apply(subscriptions, name, &body, apply::ForcePolicy::Nothing).await?;
    Ok(())
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
