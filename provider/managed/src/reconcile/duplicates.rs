//! Managed resources of this control plane that name the same external object, or have the same
//! one whatever they name: it belongs to the oldest, and the others do nothing, or they would
//! overwrite each other without end.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;

use super::Reconciler;
use crate::cached_resource::{CachedResource, Interest};
use crate::claim::Claim;
use crate::external::{Connector, Holding};
use crate::metadata;
use crate::relations::ResourceKey;

impl<C: Connector> Reconciler<'_, C> {
    /// The managed resource to which the external object belongs, if it is another one.
    pub(super) fn holder(&self) -> Option<String> {
        let interest = Interest::of::<C>(&self.managed);
        holder(self.managed.meta(), &interest, &self.all()?)
    }

    /// An older managed resource that has the same external object, through whatever config: it
    /// was observed to hold it, or has claimed it.
    pub(super) fn older_holder(&self, external: &Holding) -> Option<String> {
        let managed = self.managed.meta();
        let uid = external.uid.as_deref()?;
        let holders = self.controller.watches.relations.holders(uid);
        let claim = external.claim.as_ref();
        let claim = claim.filter(|claim| !is_of(claim, managed));
        // Each reconcile asks this, so the others are looked at only if one of them may hold it.
        if claim.is_none() && holders.iter().all(|holder| holder == self.key) {
            return None;
        }
        let holds = |other: &ObjectMeta| {
            holders.contains(&metadata::key(other))
                || claim.is_some_and(|claim| is_of(claim, other))
        };
        let all = self.all()?;
        let holding = all.iter().filter(|other| holds(other.meta()));
        oldest(managed, holding)
    }

    /// Returns true if a claim is of a managed resource of this control plane, where age decides.
    pub(super) fn is_of_this_control_plane(&self, claim: &Claim) -> bool {
        let all = self.all();
        all.is_some_and(|all| all.iter().any(|other| is_of(claim, other.meta())))
    }

    /// All managed resources of the kind.
    fn all(&self) -> Option<Vec<Arc<CachedResource>>> {
        Some(self.controller.resources.get()?.state())
    }
}

fn is_of(claim: &Claim, managed: &ObjectMeta) -> bool {
    managed.uid.as_ref() == Some(&claim.uid)
}

/// The oldest of those in `all` that name the external object of `managed`, if it is older than
/// `managed`. Resources that only observe do not count.
fn holder(
    managed: &ObjectMeta,
    interest: &Interest,
    all: &[Arc<CachedResource>],
) -> Option<String> {
    if !interest.writes || interest.place.is_none() {
        return None;
    }
    // The names differ in almost all of them, and each reconcile compares them all.
    let same = all.iter().filter(|other| {
        let other = &other.interest;
        other.name == interest.name
            && other.config == interest.config
            && other.place == interest.place
    });
    oldest(managed, same)
}

/// The oldest of those in `all` that may write, if it is older than `managed`.
fn oldest<'a>(
    managed: &ObjectMeta,
    all: impl Iterator<Item = &'a Arc<CachedResource>>,
) -> Option<String> {
    let writing = all.filter(|other| other.interest.writes);
    let ages = writing.map(|other| age(other.meta()));
    let own = age(managed);
    let (.., (namespace, name)) = ages.filter(|other| *other < own).min()?;
    Some(format!("{namespace}/{name}"))
}

/// The age for comparisons. Of two that were created in the same second, the first by name counts
/// as older.
fn age(managed: &ObjectMeta) -> (bool, Option<Timestamp>, ResourceKey) {
    let created = managed.creation_timestamp.as_ref().map(|time| time.0);
    (created.is_none(), created, metadata::key(managed))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::Notes;

    fn note(namespace: &str, created: &str, spec: Value) -> Arc<CachedResource> {
        let mut spec = spec;
        spec["forProvider"] = json!({"text": "buy milk"});
        let object = serde_json::from_value(json!({
            "apiVersion": "notes.example.org/v1alpha1", "kind": "Note",
            "metadata": {"name": "orders", "namespace": namespace, "creationTimestamp": created},
            "spec": spec,
        }));
        Arc::new(CachedResource::of::<Notes>(object.unwrap()).unwrap())
    }

    fn holder_of(managed: &CachedResource, all: &[Arc<CachedResource>]) -> Option<String> {
        holder(managed.meta(), &managed.interest, all)
    }

    const EARLY: &str = "2026-01-01T00:00:00Z";
    const LATE: &str = "2026-01-02T00:00:00Z";

    #[test]
    fn the_older_of_two_that_name_one_object_has_it() {
        let first = note("shop", EARLY, json!({}));
        let second = note("billing", LATE, json!({}));
        let all = [second.clone(), first.clone()];
        let found = holder_of(&second, &all);
        assert_eq!(found.as_deref(), Some("shop/orders"));
        assert_eq!(holder_of(&first, &all), None);
    }

    #[test]
    fn two_of_one_age_agree_on_who_has_it() {
        let all = [
            note("shop", EARLY, json!({})),
            note("billing", EARLY, json!({})),
        ];
        let found = holder_of(&all[0], &all);
        assert_eq!(found.as_deref(), Some("billing/orders"));
        assert_eq!(holder_of(&all[1], &all), None);
    }

    #[test]
    fn who_only_observes_and_another_cluster_are_no_rivals() {
        let observing = json!({"managementPolicies": ["Observe"]});
        let elsewhere =
            json!({"providerConfigRef": {"kind": "ClusterProviderConfig", "name": "b"}});
        for spec in [observing, elsewhere] {
            let all = [
                note("shop", EARLY, spec.clone()),
                note("billing", LATE, json!({})),
            ];
            assert_eq!(holder_of(&all[1], &all), None);
            let all = [note("shop", EARLY, json!({})), note("billing", LATE, spec)];
            assert_eq!(holder_of(&all[1], &all), None);
        }
    }
}
