//! The requests of `doctor`: each kind is one request for all namespaces. Nothing is written.

mod reviews;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use everest_core::doctor::{
    Answer, Configuration, Facts, Hooks, OPERATOR, Parts, Service, ready_endpoints,
};
use everest_core::facts::{Lines, SYSTEM_NAMESPACE, ServedKinds};
use everest_core::v1::namespace::{MANAGED_BY, MANAGED_BY_LABEL};
use everest_schemas::everest::DatabaseEngine;
use everest_schemas::olm::{CatalogSource, Subscription};
use futures::stream::{self, StreamExt};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::ResourceExt;
use tokio::time::timeout;

use crate::error::ClusterError;
use crate::objects::Typed;
use crate::server::deployment::server;
use crate::unresponsive::PATIENCE;
use crate::{Cluster, facts, views};

/// The number of namespaces that are asked about at once.
const AT_ONCE: usize = 8;

/// The label of an EndpointSlice with the name of its Service.
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// The API versions of Everest's kinds.
const API_VERSIONS: [&str; 2] = [
    everest_core::api::API_VERSION,
    everest_core::api::ENGINE_FEATURES_API_VERSION,
];

/// Reads the facts of a cluster.
///
/// 1. The version of Kubernetes comes first: if the cluster does not answer, nothing else is asked.
/// 2. The lines of Everest are next: of a cluster without Everest v1, or with v2, nothing else is.
/// 3. Everything else is asked concurrently, and what may not be read is in the facts as such.
///
/// `namespaces` are those to check; empty: all that Everest manages.
///
/// # Errors
/// `Unreachable`, `Unauthorized`, `NoCredentials` and `NoToken` if the cluster cannot be asked
/// anything.
pub async fn facts(cluster: &Cluster, namespaces: &[String]) -> Result<Facts, ClusterError> {
    let cluster = &cluster.fail_fast();
    let kubernetes = views::kubernetes_version(cluster);
    let kubernetes = match in_time(cluster, kubernetes).await {
        Err(
            error @ (ClusterError::Unreachable { .. }
            | ClusterError::Unauthorized { .. }
            | ClusterError::NoCredentials { .. }
            | ClusterError::NoToken { .. }),
        ) => return Err(error),
        other => answer(other.map(Some)),
    };
    let (lines, identity) = tokio::join!(
        in_time(cluster, facts::api_groups(cluster)),
        in_time(cluster, reviews::identity(cluster)),
    );
    let lines = answer(lines.map(Some));
    let has_v1_alone = matches!(
        lines,
        Answer::Found(Lines {
            v1: true,
            v2: false
        })
    );
    let everest = match has_v1_alone {
        true => Some(Box::new(parts(cluster, namespaces).await)),
        false => None,
    };
    Ok(Facts {
        kubernetes,
        identity: answer(identity),
        lines,
        everest,
    })
}

async fn parts(cluster: &Cluster, asked: &[String]) -> Parts {
    let catalog = cluster.catalog();
    let installed = async {
        tokio::join!(
            async { answer(server(cluster).await) },
            one::<Deployment>(cluster, SYSTEM_NAMESPACE, OPERATOR),
            one::<CatalogSource>(cluster, &catalog.namespace, &catalog.name),
        )
    };
    let in_namespaces = async {
        let namespaces = namespaces(cluster).await;
        let checked: &[String] = match namespaces.found() {
            Some(found) if asked.is_empty() => found,
            _ => asked,
        };
        let (engines, subscriptions, missing) = tokio::join!(
            within::<DatabaseEngine>(cluster, checked),
            within::<Subscription>(cluster, checked),
            reviews::missing(cluster, checked),
        );
        (
            namespaces,
            engines,
            subscriptions,
            answer(missing.map(Some)),
        )
    };
    let (installed, definitions, webhooks, in_namespaces) = tokio::join!(
        installed,
        definitions(cluster),
        webhooks(cluster),
        Box::pin(in_namespaces),
    );
    let (server, operator, source) = installed;
    let (namespaces, engines, subscriptions, missing) = in_namespaces;
    let (webhooks, endpoints) = webhooks;
    Parts {
        server,
        operator,
        definitions,
        catalog_name: (catalog.namespace.clone(), catalog.name.clone()),
        catalog: source,
        asked: asked.to_vec(),
        namespaces,
        engines,
        subscriptions,
        webhooks,
        endpoints,
        missing,
    }
}

/// The result of a request that is not made by [`crate::objects`], within the time of a plan's.
async fn in_time<T>(
    cluster: &Cluster,
    request: impl Future<Output = Result<T, ClusterError>>,
) -> Result<T, ClusterError> {
    cluster.logged_in().await?;
    match timeout(PATIENCE, request).await {
        Ok(result) => result,
        Err(_) => Err(cluster.gave_up(PATIENCE)),
    }
}

/// The answer to a request; `None`: there is no such object.
fn answer<T>(result: Result<Option<T>, ClusterError>) -> Answer<T> {
    match result {
        Ok(Some(found)) => Answer::Found(found),
        Ok(None) | Err(ClusterError::NotFound { .. }) => Answer::Absent,
        Err(error) if error.is_not_served() => Answer::NotServed,
        Err(error) => match error.missing_right() {
            Some(right) => Answer::Forbidden(right.to_string()),
            None => Answer::Failed(error.to_string()),
        },
    }
}

/// An object by its name.
async fn one<K: Typed>(cluster: &Cluster, namespace: &str, name: &str) -> Answer<K> {
    answer(cluster.objects::<K>(namespace).get(name).await)
}

/// The namespaces that Everest manages, without those that are being deleted.
async fn namespaces(cluster: &Cluster) -> Answer<Vec<String>> {
    let managed = format!("{MANAGED_BY_LABEL}={MANAGED_BY}");
    let listed = cluster.global::<Namespace>().list(&managed).await;
    answer(listed.map(|namespaces| {
        let mut names: Vec<_> = namespaces
            .iter()
            .filter(|namespace| namespace.metadata.deletion_timestamp.is_none())
            .map(ResourceExt::name_any)
            .collect();
        names.sort_unstable();
        Some(names)
    }))
}

/// The objects of a kind in these namespaces: one LIST, or one for each namespace if the whole
/// cluster may not be listed.
async fn within<K: Typed>(cluster: &Cluster, namespaces: &[String]) -> Answer<Vec<K>> {
    let all = match namespaces {
        [] => return Answer::Found(Vec::new()),
        [one] => cluster.objects::<K>(one).list("").await,
        _ => cluster.global::<K>().list("").await,
    };
    match all {
        Err(error) if error.is_forbidden() && namespaces.len() > 1 => {}
        other => return answer(other.map(Some)),
    }
    let lists = namespaces.iter().map(|namespace| {
        let objects = cluster.objects::<K>(namespace);
        async move { objects.list("").await }
    });
    let lists: Vec<_> = stream::iter(lists).buffered(AT_ONCE).collect().await;
    let lists: Result<Vec<_>, _> = lists.into_iter().collect();
    answer(lists.map(|lists| Some(lists.into_iter().flatten().collect())))
}

/// The kinds that the cluster serves, by API version.
async fn definitions(cluster: &Cluster) -> BTreeMap<&'static str, Answer<Arc<ServedKinds>>> {
    let documents = API_VERSIONS.map(|version| async move {
        let kinds = in_time(cluster, facts::served_kinds(cluster, version)).await;
        (version, answer(kinds))
    });
    futures::future::join_all(documents)
        .await
        .into_iter()
        .collect()
}

/// The configurations of Everest's webhooks, and the ready endpoints of their Services.
async fn webhooks(
    cluster: &Cluster,
) -> (
    BTreeMap<Configuration, Answer<Hooks>>,
    BTreeMap<Service, Answer<usize>>,
) {
    let (validating, mutating) = tokio::join!(
        async {
            let found = cluster.global::<ValidatingWebhookConfiguration>();
            let found = found.get(Configuration::Validating.name()).await;
            answer(found.map(|found| found.as_ref().map(Hooks::validating)))
        },
        async {
            let found = cluster.global::<MutatingWebhookConfiguration>();
            let found = found.get(Configuration::Mutating.name()).await;
            answer(found.map(|found| found.as_ref().map(Hooks::mutating)))
        },
    );
    let found = [&validating, &mutating]
        .into_iter()
        .filter_map(Answer::found);
    let services: BTreeSet<_> = found.flat_map(|hooks| hooks.services.clone()).collect();
    let mut endpoints = BTreeMap::new();
    for service in services {
        let slices = cluster.objects::<EndpointSlice>(&service.namespace);
        let slices = slices
            .list(&format!("{SERVICE_LABEL}={}", service.name))
            .await;
        let ready = slices.map(|slices| Some(ready_endpoints(&slices)));
        endpoints.insert(service, answer(ready));
    }
    let webhooks = [
        (Configuration::Validating, validating),
        (Configuration::Mutating, mutating),
    ];
    (webhooks.into(), endpoints)
}

#[cfg(test)]
mod tests;
