//! Questions to the API server about the identity of the client.

use std::fmt::Debug;

use everest_core::doctor::rights::{self, Granted, Missing, Places, Rules};
use everest_core::facts::SYSTEM_NAMESPACE;
use futures::stream::{self, StreamExt};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview, SelfSubjectRulesReviewSpec,
};
use kube::api::{Api, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{AT_ONCE, in_time};
use crate::Cluster;
use crate::error::{ClusterError, Object};

/// A namespace that nobody has, so that no RoleBinding is in it: a review there tells of the rights
/// in the whole cluster alone. The server does not ask if the namespace exists.
///
/// Source: kubernetes `pkg/registry/authorization/selfsubjectrulesreview/rest.go`.
const NOWHERE: &str = "terraform-provider-everest-doctor";

/// The name of the identity; `None` if the server does not tell it.
pub(super) async fn identity(cluster: &Cluster) -> Result<Option<String>, ClusterError> {
    let review = review(cluster, &SelfSubjectReview::default()).await?;
    let user = review.status.and_then(|status| status.user_info);
    Ok(user.and_then(|user| user.username))
}

/// The rights that the identity lacks, in these namespaces for databases.
///
/// 1. One review tells the rights in the whole cluster. Most often that is enough.
/// 2. If rights in namespaces are missing, each namespace is reviewed.
/// 3. If a review was incomplete, as authorisers of some clouds make it, each missing right is asked
///    for by itself.
pub(super) async fn missing(
    cluster: &Cluster,
    namespaces: &[String],
) -> Result<Vec<Missing>, ClusterError> {
    let places = Places {
        namespaces,
        system: SYSTEM_NAMESPACE,
        catalog: &cluster.catalog().namespace,
    };
    let mut granted = Granted {
        everywhere: rules(cluster, NOWHERE).await?,
        ..Granted::default()
    };
    let lacking = rights::missing(&granted, &places);
    let mut within: Vec<_> = lacking
        .into_iter()
        .filter_map(|lacks| lacks.namespace)
        .collect();
    within.sort_unstable();
    within.dedup();
    let reviews = within.into_iter().map(|namespace| async move {
        let rules = rules(cluster, &namespace).await?;
        Ok::<_, ClusterError>((namespace, rules))
    });
    let reviewed: Vec<_> = stream::iter(reviews).buffered(AT_ONCE).collect().await;
    for reviewed in reviewed {
        let (namespace, rules) = reviewed?;
        granted.within.insert(namespace, rules);
    }
    let lacking = rights::missing(&granted, &places);
    let mut reviewed = granted.within.values().chain([&granted.everywhere]);
    if reviewed.all(|rules| rules.is_complete) {
        return Ok(lacking);
    }
    let confirmed = lacking.into_iter().map(|lacks| async move {
        for attributes in lacks.reviews() {
            if !is_allowed(cluster, attributes).await? {
                return Ok(Some(lacks));
            }
        }
        Ok::<_, ClusterError>(None)
    });
    let confirmed: Vec<_> = stream::iter(confirmed).buffered(AT_ONCE).collect().await;
    let confirmed: Result<Vec<_>, _> = confirmed.into_iter().collect();
    Ok(confirmed?.into_iter().flatten().collect())
}

async fn rules(cluster: &Cluster, namespace: &str) -> Result<Rules, ClusterError> {
    let asked = SelfSubjectRulesReview {
        spec: SelfSubjectRulesReviewSpec {
            namespace: Some(namespace.to_owned()),
        },
        ..SelfSubjectRulesReview::default()
    };
    let answered = review(cluster, &asked).await?;
    Ok(answered.status.map(Rules::from).unwrap_or_default())
}

async fn is_allowed(
    cluster: &Cluster,
    attributes: ResourceAttributes,
) -> Result<bool, ClusterError> {
    let asked = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(attributes),
            non_resource_attributes: None,
        },
        ..SelfSubjectAccessReview::default()
    };
    let answered = review(cluster, &asked).await?;
    Ok(answered.status.is_some_and(|status| status.allowed))
}

/// The answer to a review.
async fn review<K>(cluster: &Cluster, asked: &K) -> Result<K, ClusterError>
where
    K: kube::Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned,
{
    let reviews: Api<K> = Api::all(cluster.client().clone());
    let parameters = PostParams::default();
    let request = async {
        let answered = reviews.create(&parameters, asked).await;
        answered.map_err(|error| {
            let object = Object {
                kind: K::kind(&()).into_owned(),
                resource: format!("{}.{}", K::plural(&()), K::group(&())),
                namespace: None,
                name: String::new(),
            };
            ClusterError::from_kube(error, "create", &object)
        })
    };
    in_time(cluster, request).await
}
