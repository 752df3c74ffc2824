//! The facts of the cluster for the rules, from Crossplane's lookups.

use std::collections::BTreeMap;
use std::sync::Arc;

use everest_core::api::CLUSTER_NAME_LABEL;
use everest_core::facts::{All, Facts, Kind, Seen, ServedKinds, SomeBackups, Wanted};
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{CustomResourceExt, Resource};

use super::lookups::Lookups;

/// Version and kind of the objects that define the kinds of Everest.
const DEFINITIONS: (&str, &str) = ("apiextensions.k8s.io/v1", "CustomResourceDefinition");

/// The wanted facts, as far as the lookups show them. The observed databases need no lookup.
pub(super) fn load(
    lookups: &mut Lookups<'_>,
    wanted: &Wanted,
    observed: Option<&DatabaseCluster>,
) -> Facts {
    let Some(namespace) = wanted.namespace.as_deref() else {
        return Facts::default();
    };
    let mut facts = Facts::default();
    let inside = Some(namespace);
    if lookups.everest() {
        facts.served = wanted.served.as_ref().and_then(|kind| {
            let name = definition_of(&kind.kind)?;
            // Crossplane may read definitions: it makes those of composite resources.
            match lookups.object(DEFINITIONS.0, DEFINITIONS.1, None, &name) {
                Seen::Found(definition) => ServedKinds::of_definition(&definition).map(Arc::new),
                Seen::Absent | Seen::Unread => None,
            }
        });
        let want = |kind| wanted.kinds.contains(&kind);
        macro_rules! all {
            ($kind:ident, $place:expr) => {
                if want(Kind::$kind) {
                    lookups.all($place)
                } else {
                    None
                }
            };
        }
        facts.engines = all!(Engines, inside);
        facts.backups = want(Kind::Backups)
            .then(|| backups(lookups, namespace, wanted.backups.as_ref()))
            .flatten();
        facts.storages = all!(Storages, inside);
        facts.monitoring_configs = all!(MonitoringConfigs, inside);
        facts.split_horizons = all!(SplitHorizons, inside);
        facts.policies = all!(Policies, None);
        facts.load_balancer_configs = all!(LoadBalancerConfigs, None);
        facts.importers = all!(Importers, None);
        facts.databases = match observed {
            Some(object) => named(object),
            None => all!(Databases, inside),
        };
    }
    if lookups.kubernetes() {
        facts.namespace = lookups.named::<Namespace>(None, namespace);
        if wanted.kinds.contains(&Kind::StorageClasses) {
            facts.storage_classes = lookups.all(None);
        }
        for name in &wanted.secrets {
            match lookups.named::<Secret>(inside, name) {
                Seen::Unread => {}
                Seen::Absent => {
                    facts.secrets.insert(name.clone(), false);
                }
                Seen::Found(_) => {
                    facts.secrets.insert(name.clone(), true);
                }
            }
        }
    }
    facts
}

/// The name of the definition of a kind that can be composed.
fn definition_of(kind: &str) -> Option<String> {
    [
        (DatabaseCluster::kind(&()), DatabaseCluster::crd_name()),
        (
            DatabaseClusterBackup::kind(&()),
            DatabaseClusterBackup::crd_name(),
        ),
    ]
    .into_iter()
    .find_map(|(of, name)| (of == kind).then(|| name.to_owned()))
}

/// The backups of a namespace that matter. everest-operator labels each backup with its database; it
/// labels those that users create only from Everest 1.12 on.
fn backups(
    lookups: &mut Lookups<'_>,
    namespace: &str,
    some: Option<&SomeBackups>,
) -> All<DatabaseClusterBackup> {
    match some {
        None => lookups.all(Some(namespace)),
        Some(SomeBackups::OfDatabase(database)) => {
            lookups.labelled(namespace, CLUSTER_NAME_LABEL, database)
        }
        Some(SomeBackups::Named(name)) => match lookups.named(Some(namespace), name) {
            Seen::Unread => None,
            Seen::Absent => Some(BTreeMap::new()),
            Seen::Found(backup) => Some(BTreeMap::from([(name.clone(), backup)])),
        },
    }
}

fn named(object: &DatabaseCluster) -> Option<BTreeMap<String, DatabaseCluster>> {
    let name = object.meta().name.clone()?;
    Some(BTreeMap::from([(name, object.clone())]))
}
