//! Objects that the run being planned makes or destroys, so that no rule reports them as missing or
//! in the way.

use std::collections::{BTreeMap, BTreeSet};

use everest_schemas::Field;

use super::Kind;

/// The key of cluster-scoped objects: no namespace has an empty name.
const CLUSTER: &str = "";

/// The objects that a run makes or keeps, noted as each is planned. What refers to an object is
/// planned after it, so the objects that a model names are in it by then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    namespaces: BTreeMap<String, PlannedInNamespace>,
}

/// The part of [`Planned`] that is in one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedInNamespace {
    itself: bool,
    objects: BTreeSet<(Kind, String)>,
    destroyed: BTreeSet<(Kind, String)>,
}

impl Planned {
    /// Notes a namespace; nothing while its name is not known.
    pub fn note_namespace(&mut self, name: &Field<String>) {
        if let Some(name) = name.known() {
            self.namespaces.entry(name.clone()).or_default().itself = true;
        }
    }

    /// Notes an object in a namespace; nothing while one of the names is not known.
    pub fn note(&mut self, namespace: &Field<String>, kind: Kind, name: &Field<String>) {
        if let (Some(namespace), Some(name)) = (namespace.known(), name.known()) {
            let planned = self.namespaces.entry(namespace.clone()).or_default();
            planned.objects.insert((kind, name.clone()));
        }
    }

    /// Notes a cluster-scoped object; nothing while its name is not known.
    pub fn note_cluster_scoped(&mut self, kind: Kind, name: &Field<String>) {
        self.note(&Field::from(CLUSTER), kind, name);
    }

    /// Notes an object that the run destroys; nothing while one of the names is not known. What
    /// refers to an object is destroyed, and planned, before it.
    pub fn note_destroyed(&mut self, namespace: &Field<String>, kind: Kind, name: &Field<String>) {
        if let (Some(namespace), Some(name)) = (namespace.known(), name.known()) {
            let planned = self.namespaces.entry(namespace.clone()).or_default();
            planned.destroyed.insert((kind, name.clone()));
        }
    }

    /// The planned objects in `namespace`, and those that are cluster-scoped.
    pub fn within(&self, namespace: &str) -> PlannedInNamespace {
        let mut planned = self.namespaces.get(namespace).cloned().unwrap_or_default();
        if let Some(cluster) = self.namespaces.get(CLUSTER) {
            planned.objects.extend(cluster.objects.iter().cloned());
        }
        planned
    }

    /// Returns true if the run destroys the object of that namespace, kind and name.
    pub fn destroys(&self, namespace: &str, kind: Kind, name: &str) -> bool {
        let planned = self.namespaces.get(namespace);
        planned.is_some_and(|planned| planned.destroys(kind, name))
    }
}

impl PlannedInNamespace {
    /// Returns true if the run makes or keeps the namespace itself.
    pub fn has_namespace(&self) -> bool {
        self.itself
    }

    /// Only the part about the objects that the run destroys.
    #[must_use]
    pub fn destructions(self) -> Self {
        Self {
            destroyed: self.destroyed,
            ..Self::default()
        }
    }

    /// Returns true if the run destroys the object of that kind and name.
    pub fn destroys(&self, kind: Kind, name: &str) -> bool {
        self.destroyed.contains(&(kind, name.to_owned()))
    }

    /// Returns true if the run makes or keeps the object of that kind and name.
    pub fn has(&self, kind: Kind, name: &str) -> bool {
        self.objects.contains(&(kind, name.to_owned()))
    }
}
