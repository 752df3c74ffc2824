//! Safe start: each controller starts when its kind is served, however late that is.
//!
//! Crossplane installs the definitions of managed resources one by one, as they are activated;
//! the provider starts before the first of them is there.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::PostParams;
use kube::core::PartialObjectMeta;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::provider::Provider;

/// The interval of discovery while a watch reports new definitions.
const WATCHED: Duration = Duration::from_secs(60);

/// The interval of discovery without a watch.
const UNWATCHED: Duration = Duration::from_secs(5);

/// The interval of discovery while a definition exists that is not served yet.
const SOON: Duration = Duration::from_millis(200);

/// Which kinds of our group are served. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    served: watch::Receiver<BTreeSet<String>>,
}

impl Gate {
    /// A gate that opens for the kinds that [`follow`] finds.
    pub fn new() -> (watch::Sender<BTreeSet<String>>, Gate) {
        let (sender, served) = watch::channel(BTreeSet::new());
        (sender, Gate { served })
    }

    /// Returns when the kind with that plural name is served; never returns if it never is.
    pub async fn served(&self, plural: &str) {
        let mut served = self.served.clone();
        if served
            .wait_for(|served| served.contains(plural))
            .await
            .is_err()
        {
            // Nobody looks any more: the process is ending.
            std::future::pending::<()>().await;
        }
    }

    /// The plural names of the kinds that are served now.
    pub fn all_served(&self) -> BTreeSet<String> {
        self.served.borrow().clone()
    }
}

/// Keeps the gate to the kinds of a provider's group up to date until `shutdown`.
///
/// 1. An access review shows whether definitions may be watched: only a provider with safe-start
///    may.
/// 2. The watch is on metadata, and reports that a definition of ours was added or changed.
/// 3. Discovery then shows whether its kind is established and served, as clients see it.
/// 4. Without the watch, discovery is read every few seconds.
pub async fn follow(
    provider: &Provider,
    control: kube::Client,
    gate: watch::Sender<BTreeSet<String>>,
    shutdown: CancellationToken,
) {
    let watching = may_watch(&control).await;
    if !watching {
        tracing::info!(
            "definitions may not be watched, so served kinds are asked for every few seconds"
        );
    }
    let definitions: Api<PartialObjectMeta<CustomResourceDefinition>> = Api::all(control.clone());
    let mut events = if watching {
        watcher(definitions, watcher::Config::default())
            .default_backoff()
            .boxed()
    } else {
        futures::stream::pending().boxed()
    };
    let ours = format!(".{}", provider.group);
    let mut defined = BTreeSet::new();
    let pause = tokio::time::sleep(Duration::ZERO);
    tokio::pin!(pause);
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(watcher::Event::Apply(one) | watcher::Event::InitApply(one))) => {
                    if let Some(plural) = one.name_any().strip_suffix(&ours) {
                        defined.insert(plural.to_owned());
                        pause.as_mut().reset(tokio::time::Instant::now());
                    }
                    continue;
                }
                Some(Ok(watcher::Event::Delete(one))) => {
                    if let Some(plural) = one.name_any().strip_suffix(&ours) {
                        defined.remove(plural);
                        pause.as_mut().reset(tokio::time::Instant::now());
                    }
                    continue;
                }
                Some(Ok(watcher::Event::Init)) => {
                    defined.clear();
                    continue;
                }
                Some(Ok(watcher::Event::InitDone)) | None => continue,
                Some(Err(error)) => {
                    tracing::debug!(%error, "the watch on definitions broke; trying again");
                    continue;
                }
            },
            () = &mut pause => {}
            () = shutdown.cancelled() => return,
        }
        let served = served(&control, &provider.api_version()).await;
        let next = match &served {
            Some(served) if watching && defined.is_subset(served) => WATCHED,
            Some(_) if watching => SOON,
            _ => UNWATCHED,
        };
        if let Some(served) = served {
            gate.send_if_modified(|known| {
                let changed = *known != served;
                *known = served;
                changed
            });
        }
        pause.as_mut().reset(tokio::time::Instant::now() + next);
    }
}

/// The plural names of our group's kinds from discovery; `None` if it does not answer.
async fn served(control: &kube::Client, api_version: &str) -> Option<BTreeSet<String>> {
    match control.list_api_group_resources(api_version).await {
        Ok(list) => Some(
            list.resources
                .into_iter()
                .map(|resource| resource.name)
                .filter(|name| !name.contains('/'))
                .collect(),
        ),
        Err(kube::Error::Api(status)) if status.code == 404 => Some(BTreeSet::new()),
        Err(error) => {
            tracing::debug!(%error, "could not list the served kinds");
            None
        }
    }
}

/// Returns true if definitions may be listed and watched.
async fn may_watch(control: &kube::Client) -> bool {
    let reviews: Api<SelfSubjectAccessReview> = Api::all(control.clone());
    for verb in ["list", "watch"] {
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    group: Some("apiextensions.k8s.io".to_owned()),
                    resource: Some("customresourcedefinitions".to_owned()),
                    verb: Some(verb.to_owned()),
                    ..ResourceAttributes::default()
                }),
                non_resource_attributes: None,
            },
            ..SelfSubjectAccessReview::default()
        };
        let allowed = match reviews.create(&PostParams::default(), &review).await {
            Ok(review) => review.status.is_some_and(|status| status.allowed),
            Err(error) => {
                tracing::debug!(%error, "it is not known whether definitions may be watched");
                false
            }
        };
        if !allowed {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests;
