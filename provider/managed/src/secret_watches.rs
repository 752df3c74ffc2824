//! Watches of the metadata of Secrets, one for each namespace in which a managed resource needs a
//! Secret: nobody has to grant a right to the Secrets of a whole cluster.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;

use crate::reflector::{Lookup, MetadataReflector};

/// The most namespaces that are watched, because each watch has a connection of its own. Secrets in
/// further namespaces are read whenever their managed resource is reconciled.
const MOST: usize = 100;

/// The watch in one namespace.
type Watch = Arc<MetadataReflector>;

/// The watches in one cluster.
pub struct SecretWatches {
    client: kube::Client,
    tell: Arc<dyn Fn(&ObjectMeta) + Send + Sync>,
    open: Mutex<HashMap<String, Watch>>,
}

impl SecretWatches {
    /// No watch yet; `tell` is called with the metadata of each Secret that changes.
    pub fn new(client: kube::Client, tell: impl Fn(&ObjectMeta) + Send + Sync + 'static) -> Self {
        SecretWatches {
            client,
            tell: Arc::new(tell),
            open: Mutex::default(),
        }
    }

    /// The watch in a namespace, which begins if it does not run yet; `None` if there are too many.
    pub fn watch(&self, namespace: &str) -> Option<Watch> {
        let mut open = self.open();
        if let Some(watch) = open.get(namespace) {
            return Some(watch.clone());
        }
        if open.len() >= MOST {
            return None;
        }
        let watch = Arc::new(self.begin(namespace));
        open.insert(namespace.to_owned(), watch.clone());
        Some(watch)
    }

    /// The version of a Secret, empty if there is none; `None` if its namespace is not watched,
    /// because that is not allowed or there are too many.
    pub async fn version(&self, namespace: &str, name: &str) -> Option<String> {
        let watch = self.watch(namespace)?;
        match watch.get(Some(namespace), name).await {
            Lookup::Present(found) => found.resource_version(),
            Lookup::Absent => Some(String::new()),
            Lookup::Unknown => None,
        }
    }

    /// Ends the watches in all namespaces except `needed`.
    pub fn keep(&self, needed: impl FnOnce() -> HashSet<String>) {
        // Nobody begins a watch meanwhile for a need that is noted too late to be in `needed`.
        let mut open = self.open();
        let needed = needed();
        open.retain(|namespace, _| needed.contains(namespace));
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Watch>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, namespace: &str) -> MetadataReflector {
        let tell = self.tell.clone();
        MetadataReflector::of::<Secret>(
            self.client.clone(),
            Some(namespace),
            |metadata| {
                *metadata = ObjectMeta {
                    name: metadata.name.take(),
                    namespace: metadata.namespace.take(),
                    resource_version: metadata.resource_version.take(),
                    ..ObjectMeta::default()
                };
            },
            move |metadata| tell(metadata),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_apiserver::ApiServer;

    use super::*;

    /// The namespaces whose Secrets were listed or watched.
    fn looked_at(process: &test_apiserver::Process) -> HashSet<String> {
        let requests = process.requests();
        let looks = requests.iter().map(|made| made.asked.namespace.clone());
        looks.collect()
    }

    fn server() -> ApiServer {
        let server = ApiServer::new();
        for namespace in ["shop", "bank"] {
            server.put(json!({"apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "keys", "namespace": namespace}}));
        }
        server
    }

    #[tokio::test(start_paused = true)]
    async fn only_namespaces_with_a_needed_secret_are_watched_and_only_while_it_is_needed() {
        let process = server().process();
        let watches = SecretWatches::new(process.client(), |_| {});
        assert!(watches.version("shop", "keys").await.is_some());
        let absent = watches.version("shop", "others").await;
        assert_eq!(absent.as_deref(), Some(""));
        assert_eq!(looked_at(&process), ["shop".to_owned()].into());
        assert!(watches.version("bank", "keys").await.is_some());
        watches.keep(|| ["bank".to_owned()].into());
        let left: Vec<_> = watches.open().keys().cloned().collect();
        assert_eq!(left, ["bank"]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_namespace_too_many_is_not_watched_until_another_is_needed_no_more() {
        let process = server().process();
        let watches = SecretWatches::new(process.client(), |_| {});
        for number in 0..MOST {
            assert!(watches.watch(&format!("team-{number}")).is_some());
        }
        assert_eq!(watches.version("shop", "keys").await, None);
        watches.keep(|| ["team-0".to_owned()].into());
        assert!(watches.version("shop", "keys").await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_namespace_without_the_right_holds_nobody_up_and_is_told_of_once_it_is_granted() {
        let server = server();
        let granted = Arc::new(Mutex::new(false));
        let may = granted.clone();
        let process = server
            .process()
            .of_user("provider", move |_| *may.lock().unwrap());
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = told.clone();
        let watches = SecretWatches::new(process.client(), move |metadata| {
            tell.lock().unwrap().push(metadata.name.clone());
        });
        let begun = tokio::time::Instant::now();
        assert_eq!(watches.version("shop", "keys").await, None);
        assert!(begun.elapsed().is_zero());
        *granted.lock().unwrap() = true;
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        assert_eq!(*told.lock().unwrap(), [Some("keys".to_owned())]);
        assert!(watches.version("shop", "keys").await.is_some());
    }
}
