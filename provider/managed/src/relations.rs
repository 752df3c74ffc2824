//! The objects that concern managed resources: a change of one has its managed resources
//! reconciled.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::provider_config::ConfigKey;

/// Namespace and name of a managed resource.
pub type ResourceKey = (String, String);

/// An object that concerns a managed resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Related {
    /// Its external object, or a related object of the same name: config, namespace and name.
    External(ConfigKey, String, String),
    /// A Secret beside the external object.
    Secret(ConfigKey, String, String),
    /// A Secret beside the managed resource.
    Own(String, String),
}

/// What a managed resource stands for: its generation and its external object.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Subject {
    generation: Option<i64>,
    external: Related,
}

/// The relations of all managed resources of a kind.
#[derive(Default)]
pub struct Relations {
    related: Mutex<HashMap<Related, BTreeSet<ResourceKey>>>,
    /// What the managed resources stand for.
    subjects: Mutex<HashMap<ResourceKey, Subject>>,
    /// The UIDs of the external objects that managed resources have created or taken over.
    held: Mutex<HashMap<ResourceKey, String>>,
}

impl Relations {
    /// Forgets a managed resource.
    pub fn forget(&self, key: &ResourceKey) {
        locked(&self.held).remove(key);
        locked(&self.subjects).remove(key);
        self.unrelate(key);
    }

    fn unrelate(&self, key: &ResourceKey) {
        locked(&self.related).retain(|_, keys| {
            keys.remove(key);
            !keys.is_empty()
        });
    }

    /// Requests a reconcile of a managed resource whenever its external object changes. If the
    /// managed resource was changed, or names another object, its former relations end; those that
    /// still hold are made again by the reconcile. Returns true then.
    pub fn follow(&self, external: Related, generation: Option<i64>, key: &ResourceKey) -> bool {
        let subject = Subject {
            generation,
            external: external.clone(),
        };
        let before = locked(&self.subjects).insert(key.clone(), subject.clone());
        let is_new = before.as_ref() != Some(&subject);
        if is_new {
            self.unrelate(key);
        }
        self.relate(external, key);
        is_new
    }

    /// Notes the UID of the external object that a managed resource has created or taken over.
    pub fn holds(&self, key: &ResourceKey, uid: String) {
        locked(&self.held).insert(key.clone(), uid);
    }

    /// The managed resources that have created or taken over the external object with this UID, as
    /// far as it was observed.
    pub fn holders(&self, uid: &str) -> BTreeSet<ResourceKey> {
        let held = locked(&self.held);
        let holding = held.iter().filter(|(_, held)| *held == uid);
        holding.map(|(key, _)| key.clone()).collect()
    }

    /// Requests a reconcile of a managed resource whenever `related` changes.
    pub fn relate(&self, related: Related, key: &ResourceKey) {
        let mut all = locked(&self.related);
        let keys = all.entry(related).or_default();
        if !keys.contains(key) {
            keys.insert(key.clone());
        }
    }

    /// The managed resources to reconcile.
    pub fn related(&self, related: &Related) -> Vec<ResourceKey> {
        let all = locked(&self.related);
        all.get(related).into_iter().flatten().cloned().collect()
    }

    /// Returns true if any managed resource has an external object that a config leads to.
    pub fn uses(&self, config: &ConfigKey) -> bool {
        locked(&self.related)
            .keys()
            .any(|related| matches!(related, Related::External(of, ..) if of == config))
    }

    /// The namespaces that a config leads to in which managed resources need Secrets.
    pub fn secret_namespaces(&self, config: &ConfigKey) -> HashSet<String> {
        self.namespaces(|related| match related {
            Related::Secret(of, namespace, _) if of == config => Some(namespace),
            _ => None,
        })
    }

    /// The namespaces in which managed resources need Secrets beside themselves.
    pub fn own_namespaces(&self) -> HashSet<String> {
        self.namespaces(|related| match related {
            Related::Own(namespace, _) => Some(namespace),
            _ => None,
        })
    }

    fn namespaces(&self, of: impl Fn(&Related) -> Option<&String>) -> HashSet<String> {
        locked(&self.related)
            .keys()
            .filter_map(of)
            .cloned()
            .collect()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Queues the managed resources that an object concerns. Cheap to clone.
#[derive(Clone)]
pub struct Notifier {
    /// The relations between objects and managed resources.
    pub relations: Arc<Relations>,
    queue: mpsc::UnboundedSender<ResourceKey>,
}

impl Notifier {
    /// A notifier of managed resources without relations, and its queue.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<ResourceKey>) {
        let (queue, queued) = mpsc::unbounded_channel();
        let notifier = Notifier {
            relations: Arc::default(),
            queue,
        };
        (notifier, queued)
    }

    /// Queues the managed resources that `related` concerns.
    pub fn tell(&self, related: &Related) {
        let related = self.relations.related(related);
        related.iter().for_each(|key| self.wake(key));
    }

    /// Queues a managed resource.
    pub fn wake(&self, key: &ResourceKey) {
        // Nobody listens any more only when the controller has ended.
        let _ = self.queue.send(key.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider_config::ProviderConfigKind;

    #[test]
    fn who_names_another_object_is_told_of_the_former_one_no_more() {
        let relations = Relations::default();
        let key = ("shop".to_owned(), "orders".to_owned());
        let config = |name: &str| ConfigKey {
            kind: ProviderConfigKind::ClusterProviderConfig,
            namespace: None,
            name: name.to_owned(),
        };
        let external =
            |name| Related::External(config(name), "shop".to_owned(), "orders".to_owned());
        let secret = Related::Own("shop".to_owned(), "keys".to_owned());
        assert!(relations.follow(external("eu"), Some(1), &key));
        relations.relate(secret.clone(), &key);
        assert!(!relations.follow(external("eu"), Some(1), &key));
        assert_eq!(relations.related(&secret).len(), 1);

        assert!(relations.follow(external("us"), Some(1), &key));
        assert!(relations.related(&external("eu")).is_empty());
        assert!(!relations.uses(&config("eu")) && relations.uses(&config("us")));
        assert!(relations.related(&secret).is_empty());

        relations.relate(secret.clone(), &key);
        assert!(relations.follow(external("us"), Some(2), &key));
        assert!(relations.related(&secret).is_empty());
        assert_eq!(relations.related(&external("us")).len(), 1);
    }

    #[test]
    fn who_is_forgotten_is_told_of_nothing() {
        let relations = Relations::default();
        let key = ("shop".to_owned(), "orders".to_owned());
        let secret = Related::Own("shop".to_owned(), "keys".to_owned());
        relations.relate(secret.clone(), &key);
        assert_eq!(relations.related(&secret).len(), 1);
        relations.forget(&key);
        assert!(relations.related(&secret).is_empty());
    }
}
