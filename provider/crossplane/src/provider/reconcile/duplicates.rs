//! Managed resources that name the same external object: it belongs to the oldest, and the others
//! do nothing, or they would overwrite each other without end.

use everest_core::v1::ObjectMapping;
use everest_schemas::managed::{Managed, ManagedModel};
use kube::ResourceExt;

use super::Reconciler;
use crate::provider::config::TargetKey;
use crate::provider::kind::Kind;
use crate::provider::metadata;
use crate::provider::policies::Policies;

impl<K: Kind> Reconciler<'_, K> {
    /// The managed resource to which the external object belongs, if it is another one.
    pub(super) fn holder(&self) -> Option<String> {
        let all = self.controller.resources.get()?.state();
        holder::<K>(&self.managed, all.iter().map(AsRef::as_ref))
    }
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
    let older = all.filter(|other| {
        metadata::external_name(&other.metadata) == name
            && age(*other) < age(managed)
            && writes(*other)
            && place::<K>(other).as_ref() == Some(&wanted)
    });
    let oldest = older.min_by_key(|other| age(*other))?;
    let namespace = oldest.namespace().unwrap_or_default();
    Some(format!("{namespace}/{}", oldest.name_any()))
}

/// The cluster and the namespace of the external object.
fn place<K: Kind>(managed: &Managed<K::Model>) -> Option<(TargetKey, String)> {
    let own = managed.namespace().unwrap_or_default();
    let mut model = managed.spec.for_provider.model.clone().ok()?;
    model.set_location(&own, metadata::external_name(&managed.metadata));
    let target = TargetKey::new(&own, &managed.spec.provider_config_ref);
    Some((target, model.key().0.to_owned()))
}

fn writes<M: ManagedModel>(managed: &Managed<M>) -> bool {
    let policies = Policies::of(&managed.spec.management_policies);
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
