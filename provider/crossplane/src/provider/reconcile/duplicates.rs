//! Managed resources of this control plane that name the same external object, or have the same
//! one whatever they name: it belongs to the oldest, and the others do nothing, or they would
//! overwrite each other without end.

use everest_core::v1::ObjectMapping;
use everest_schemas::managed::{Managed, ManagedModel};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;

use super::Reconciler;
use crate::provider::claim::Claim;
use crate::provider::config::TargetKey;
use crate::provider::kind::Kind;
use crate::provider::managed;
use crate::provider::metadata;
use crate::provider::policies::Policies;

impl<K: Kind> Reconciler<'_, K> {
    /// The managed resource to which the external object belongs, if it is another one.
    pub(super) fn holder(&self) -> Option<String> {
        let all = self.controller.resources.get()?.state();
        holder::<K>(&self.managed, all.iter().map(AsRef::as_ref))
    }

    /// An older managed resource that has the same external object, through whatever config: it
    /// was observed to hold it, or has claimed it.
    pub(super) fn older_holder(&self, external: &ObjectMeta) -> Option<String> {
        let all = self.controller.resources.get()?.state();
        let (uid, claim) = (external.uid.as_deref()?, Claim::on(external));
        let holds = |other: &Managed<K::Model>| {
            let key = (other.namespace().unwrap_or_default(), other.name_any());
            self.controller.states.is_held_by(uid, &key)
                || claim.as_ref().is_some_and(|claim| is_of(claim, other))
        };
        let all = all.iter().map(AsRef::as_ref);
        oldest(&self.managed, all.filter(|other| holds(other)))
    }

    /// Returns true if a claim is of a managed resource of this control plane, where age decides.
    pub(super) fn is_of_this_control_plane(&self, claim: &Claim) -> bool {
        let all = self.controller.resources.get();
        all.is_some_and(|all| all.state().iter().any(|other| is_of(claim, other)))
    }
}

fn is_of<M: ManagedModel>(claim: &Claim, managed: &Managed<M>) -> bool {
    managed.metadata.uid.as_ref() == Some(&claim.uid)
}

/// The oldest of those in `all` that name the external object of `managed`, if it is older than
/// `managed`. Resources that only observe do not count.
fn holder<'a, K: Kind>(
    managed: &'a Managed<K::Model>,
    all: impl Iterator<Item = &'a Managed<K::Model>>,
) -> Option<String> {
    if !writes(managed) {
        return None;
    }
    let name = metadata::external_name(&managed.metadata);
    let wanted = place::<K>(managed)?;
    let same = all.filter(|other| {
        metadata::external_name(&other.metadata) == name
            && place::<K>(other).as_ref() == Some(&wanted)
    });
    oldest(managed, same)
}

/// The oldest of those in `all` that may write, if it is older than `managed`.
fn oldest<'a, M: ManagedModel>(
    managed: &Managed<M>,
    all: impl Iterator<Item = &'a Managed<M>>,
) -> Option<String> {
    let older = all.filter(|other| age(*other) < age(managed) && writes(*other));
    let oldest = older.min_by_key(|other| age(*other))?;
    let namespace = oldest.namespace().unwrap_or_default();
    Some(format!("{namespace}/{}", oldest.name_any()))
}

/// The cluster and the namespace of the external object.
fn place<K: Kind>(managed: &Managed<K::Model>) -> Option<(TargetKey, String)> {
    let own = managed.namespace().unwrap_or_default();
    let mut model = managed.spec.for_provider.model.clone().ok()?;
    model.set_location(&own, metadata::external_name(&managed.metadata));
    let reference = managed::reference(&managed.spec.provider_config_ref);
    let target = TargetKey::new(&own, &reference);
    Some((target, model.key().0.to_owned()))
}

fn writes<M: ManagedModel>(managed: &Managed<M>) -> bool {
    let policies = Policies::of(&managed::spec(managed).management_policies);
    policies.is_ok_and(|policies| policies.write())
}

/// The age for comparisons. Of two that were created in the same second, the first by name counts
/// as older.
fn age<M: ManagedModel>(managed: &Managed<M>) -> impl Ord + use<M> {
    let metadata = &managed.metadata;
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
    use super::*;
    use crate::provider::kind::Databases;
    use everest_schemas::managed::Database;
    use serde_json::{Value, json};

    fn database(namespace: &str, created: &str, spec: Value) -> Database {
        let mut spec = spec;
        spec["forProvider"]["namespace"] = json!("prod");
        serde_json::from_value(json!({
            "apiVersion": "everest.m.openeverest.io/v1alpha1", "kind": "Database",
            "metadata": {"name": "orders", "namespace": namespace, "creationTimestamp": created},
            "spec": spec,
        }))
        .unwrap()
    }

    const EARLY: &str = "2026-01-01T00:00:00Z";
    const LATE: &str = "2026-01-02T00:00:00Z";

    #[test]
    fn the_older_of_two_that_name_one_object_has_it() {
        let first = database("shop", EARLY, json!({}));
        let second = database("billing", LATE, json!({}));
        let all = [second.clone(), first.clone()];
        let found = holder::<Databases>(&second, all.iter());
        assert_eq!(found.as_deref(), Some("shop/orders"));
        assert_eq!(holder::<Databases>(&first, all.iter()), None);
    }

    #[test]
    fn two_of_one_age_agree_on_who_has_it() {
        let all = [
            database("shop", EARLY, json!({})),
            database("billing", EARLY, json!({})),
        ];
        let found = holder::<Databases>(&all[0], all.iter());
        assert_eq!(found.as_deref(), Some("billing/orders"));
        assert_eq!(holder::<Databases>(&all[1], all.iter()), None);
    }

    #[test]
    fn who_only_observes_and_another_cluster_are_no_rivals() {
        let observing = json!({"managementPolicies": ["Observe"]});
        let elsewhere =
            json!({"providerConfigRef": {"kind": "ClusterProviderConfig", "name": "b"}});
        for spec in [observing, elsewhere] {
            let all = [
                database("shop", EARLY, spec.clone()),
                database("billing", LATE, json!({})),
            ];
            assert_eq!(holder::<Databases>(&all[1], all.iter()), None);
            let all = [
                database("shop", EARLY, json!({})),
                database("billing", LATE, spec),
            ];
            assert_eq!(holder::<Databases>(&all[1], all.iter()), None);
        }
    }
}
