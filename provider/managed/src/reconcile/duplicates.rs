//! Managed resources of this control plane that name the same external object, or have the same
//! one whatever they name: it belongs to the oldest, and the others do nothing, or they would
//! overwrite each other without end.

use kube::{Resource, ResourceExt};

use super::Reconciler;
use crate::claim::Claim;
use crate::external::{Connector, Holding};
use crate::metadata;
use crate::policies::Policies;
use crate::provider_config::ConfigKey;

impl<C: Connector> Reconciler<'_, C> {
    /// The managed resource to which the external object belongs, if it is another one.
    pub(super) fn holder(&self) -> Option<String> {
        let all = self.controller.resources.get()?.state();
        holder::<C>(&self.managed, all.iter().map(AsRef::as_ref))
    }

    /// An older managed resource that has the same external object, through whatever config: it
    /// was observed to hold it, or has claimed it.
    pub(super) fn older_holder(&self, external: &Holding) -> Option<String> {
        let all = self.controller.resources.get()?.state();
        let (uid, claim) = (external.uid.as_deref()?, external.claim.as_ref());
        let holds = |other: &C::Managed| {
            let key = (other.namespace().unwrap_or_default(), other.name_any());
            self.controller.watches.relations.is_held_by(uid, &key)
                || claim.is_some_and(|claim| is_of(claim, other))
        };
        let all = all.iter().map(AsRef::as_ref);
        oldest::<C>(&self.managed, all.filter(|other| holds(other)))
    }

    /// Returns true if a claim is of a managed resource of this control plane, where age decides.
    pub(super) fn is_of_this_control_plane(&self, claim: &Claim) -> bool {
        let all = self.controller.resources.get();
        all.is_some_and(|all| all.state().iter().any(|other| is_of(claim, &**other)))
    }
}

fn is_of<M: Resource>(claim: &Claim, managed: &M) -> bool {
    managed.meta().uid.as_ref() == Some(&claim.uid)
}

/// The oldest of those in `all` that name the external object of `managed`, if it is older than
/// `managed`. Resources that only observe do not count.
fn holder<'a, C: Connector>(
    managed: &'a C::Managed,
    all: impl Iterator<Item = &'a C::Managed>,
) -> Option<String> {
    if !writes::<C>(managed) {
        return None;
    }
    let name = metadata::external_name(managed.meta());
    let wanted = place::<C>(managed)?;
    let same = all.filter(|other| {
        metadata::external_name(other.meta()) == name && place::<C>(other).as_ref() == Some(&wanted)
    });
    oldest::<C>(managed, same)
}

/// The oldest of those in `all` that may write, if it is older than `managed`.
fn oldest<'a, C: Connector>(
    managed: &C::Managed,
    all: impl Iterator<Item = &'a C::Managed>,
) -> Option<String> {
    let older = all.filter(|other| age(*other) < age(managed) && writes::<C>(other));
    let oldest = older.min_by_key(|other| age(*other))?;
    let namespace = oldest.namespace().unwrap_or_default();
    Some(format!("{namespace}/{}", oldest.name_any()))
}

/// The config and the place of the external object.
fn place<C: Connector>(managed: &C::Managed) -> Option<(ConfigKey, String)> {
    let own = managed.namespace().unwrap_or_default();
    let config = ConfigKey::new(&own, &C::spec(managed).provider_config_ref);
    Some((config, C::place(managed)?))
}

fn writes<C: Connector>(managed: &C::Managed) -> bool {
    let policies = Policies::of(&C::spec(managed).management_policies);
    policies.is_ok_and(|policies| policies.write())
}

/// The age for comparisons. Of two that were created in the same second, the first by name counts
/// as older.
fn age<M: Resource>(managed: &M) -> impl Ord + use<M> {
    let metadata = managed.meta();
    let created = metadata.creation_timestamp.as_ref().map(|time| time.0);
    (
        created.is_none(),
        created,
        managed.namespace(),
        managed.name_any(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Note, Notes};

    fn note(namespace: &str, created: &str, spec: Value) -> Note {
        let mut spec = spec;
        spec["forProvider"] = json!({"text": "buy milk"});
        serde_json::from_value(json!({
            "apiVersion": "notes.example.org/v1alpha1", "kind": "Note",
            "metadata": {"name": "orders", "namespace": namespace, "creationTimestamp": created},
            "spec": spec,
        }))
        .unwrap()
    }

    const EARLY: &str = "2026-01-01T00:00:00Z";
    const LATE: &str = "2026-01-02T00:00:00Z";

    #[test]
    fn the_older_of_two_that_name_one_object_has_it() {
        let first = note("shop", EARLY, json!({}));
        let second = note("billing", LATE, json!({}));
        let all = [second.clone(), first.clone()];
        let found = holder::<Notes>(&second, all.iter());
        assert_eq!(found.as_deref(), Some("shop/orders"));
        assert_eq!(holder::<Notes>(&first, all.iter()), None);
    }

    #[test]
    fn two_of_one_age_agree_on_who_has_it() {
        let all = [
            note("shop", EARLY, json!({})),
            note("billing", EARLY, json!({})),
        ];
        let found = holder::<Notes>(&all[0], all.iter());
        assert_eq!(found.as_deref(), Some("billing/orders"));
        assert_eq!(holder::<Notes>(&all[1], all.iter()), None);
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
            assert_eq!(holder::<Notes>(&all[1], all.iter()), None);
            let all = [note("shop", EARLY, json!({})), note("billing", LATE, spec)];
            assert_eq!(holder::<Notes>(&all[1], all.iter()), None);
        }
    }
}
