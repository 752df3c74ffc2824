//! Which objects have to be looked at again when one changes.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::faults;
use crate::kinds::{self, Kind};
use crate::object::{Key, items, text};

/// A kind with a controller, and one of its objects.
pub type Target = (&'static Kind, Key);

/// The objects that a change of `object` concerns, itself among them. `before` is what was known
/// of it.
pub fn concerned(
    cluster: &Cluster,
    kind: &'static Kind,
    object: &DynamicObject,
    before: Option<&DynamicObject>,
) -> Vec<Target> {
    let key = Key::of(object);
    let ns = key.namespace.as_str();
    let mut targets = vec![(kind, key.clone())];
    if kind == &kinds::DATABASE_CLUSTER {
        for other in [&kinds::BACKUP, &kinds::RESTORE] {
            targets.extend(of_database(cluster, other, ns, &key.name));
        }
        let names = [Some(object), before].into_iter().flatten();
        let names = names.flat_map(|database| named_storages(&database.data));
        targets.extend(storages(
            ns,
            names.filter(|_| new_generation(object, before)),
        ));
        targets.extend(all(cluster, &kinds::MONITORING_CONFIG, ns));
        targets.extend(all(cluster, &kinds::SPLIT_HORIZON, ns));
        targets.extend(renamed(object, before).into_iter().flatten());
        if let Some(engine) = Engine::of_type(text(&object.data, "/spec/engine/type")) {
            targets.push((engine.cluster_kind(), key));
        }
    } else if kind == &kinds::BACKUP || kind == &kinds::RESTORE {
        targets.push(database(ns, text(&object.data, "/spec/dbClusterName")));
        let (named, touched) = match kind.name {
            "DatabaseClusterBackup" => (
                text(&object.data, "/spec/backupStorageName"),
                new_generation(object, before),
            ),
            _ => (
                text(
                    &object.data,
                    "/spec/dataSource/backupSource/backupStorageName",
                ),
                before.is_none_or(|before| state(before) != state(object)),
            ),
        };
        targets.extend(storages(ns, touched.then(|| named.to_owned())));
        targets.extend(all(cluster, &kinds::BACKUP, ns).filter(|_| kind == &kinds::RESTORE));
    } else if kind == &kinds::DATA_IMPORT_JOB {
        targets.push(database(ns, text(&object.data, "/spec/targetClusterName")));
    } else if kind == &kinds::BACKUP_STORAGE || kind == &kinds::MONITORING_CONFIG {
        targets.extend(all(cluster, &kinds::DATABASE_CLUSTER, ns));
    } else if kind == &kinds::POD_SCHEDULING_POLICY || kind == &kinds::LOAD_BALANCER_CONFIG {
        // everest-operator looks at changes of the spec alone. Of an object that was made after a
        // database named it, it learns with that database.
        if before.is_none() || !new_generation(object, before) {
            return Vec::new();
        }
        targets.extend(all(cluster, &kinds::DATABASE_CLUSTER, ""));
    } else if kind == &kinds::DATABASE_ENGINE {
        let engine = Engine::of_operator(&key.name).map_or("", Engine::type_name);
        targets.extend(
            cluster
                .list(&kinds::DATABASE_CLUSTER, ns)
                .iter()
                .filter(|d| text(&d.data, "/spec/engine/type") == engine)
                .map(|d| (&kinds::DATABASE_CLUSTER, Key::of(d))),
        );
    } else if kind == &kinds::DEPLOYMENT {
        if let Some(engine) = Engine::of_operator(&key.name) {
            targets.push((&kinds::DATABASE_ENGINE, key.clone()));
            for kind in [
                engine.cluster_kind(),
                engine.backup_kind(),
                engine.restore_kind(),
            ] {
                targets.extend(all(cluster, kind, ns));
            }
        }
    } else if kind == &kinds::INSTALL_PLAN || kind == &kinds::CLUSTER_SERVICE_VERSION {
        targets.extend(
            Engine::ALL
                .into_iter()
                .map(|e| (&kinds::DATABASE_ENGINE, Key::new(ns, e.operator()))),
        );
    } else if kind == &kinds::CONFIG_MAP {
        if key.name == faults::CONFIG_MAP {
            targets.extend(steered(cluster, ns));
        }
    } else if let Some(engine) = Engine::of_kind(kind) {
        targets.extend(of_engine(cluster, engine, kind, &key, object));
    }
    targets
}

fn state(object: &DynamicObject) -> &str {
    text(&object.data, "/status/state")
}

/// Whether the spec changed, or the deletion was asked for.
fn new_generation(object: &DynamicObject, before: Option<&DynamicObject>) -> bool {
    before.is_none_or(|before| before.metadata.generation != object.metadata.generation)
}

/// Where databases name cluster-scoped objects.
const CLUSTER_SCOPED: [(&Kind, &str); 2] = [
    (
        &kinds::POD_SCHEDULING_POLICY,
        "/spec/podSchedulingPolicyName",
    ),
    (
        &kinds::LOAD_BALANCER_CONFIG,
        "/spec/proxy/expose/loadBalancerConfigName",
    ),
];

/// The cluster-scoped objects that a database has begun or ceased to name.
fn renamed(
    object: &DynamicObject,
    before: Option<&DynamicObject>,
) -> impl IntoIterator<Item = Vec<Target>> {
    CLUSTER_SCOPED.map(|(kind, pointer)| {
        let now = text(&object.data, pointer);
        let was = before.map(|before| text(&before.data, pointer));
        if was == Some(now) {
            return Vec::new();
        }
        let names = [Some(now), was].into_iter().flatten();
        let names = names.filter(|name| !name.is_empty());
        names.map(|name| (kind, Key::new("", name))).collect()
    })
}

/// Names of the storages that a database's spec has, in use or not.
fn named_storages(database: &Value) -> Vec<String> {
    let schedules = items(database, "/spec/backup/schedules");
    let scheduled = schedules.iter().map(|s| text(s, "/backupStorageName"));
    let others = [
        "/spec/backup/pitr/backupStorageName",
        "/spec/dataSource/backupSource/backupStorageName",
    ];
    let others = others.into_iter().map(|pointer| text(database, pointer));
    scheduled.chain(others).map(str::to_owned).collect()
}

/// Only the storages that are named are looked at again: one whose Secret is back stays as it
/// is until something that names it changes.
fn storages(namespace: &str, names: impl IntoIterator<Item = String>) -> Vec<Target> {
    let names = names.into_iter().filter(|name| !name.is_empty());
    names
        .map(|name| (&kinds::BACKUP_STORAGE, Key::new(namespace, &name)))
        .collect()
}

fn of_engine(
    cluster: &Cluster,
    engine: Engine,
    kind: &'static Kind,
    key: &Key,
    object: &DynamicObject,
) -> Vec<Target> {
    let ns = key.namespace.as_str();
    if kind == engine.backup_kind() {
        let field = format!("/spec/{}", engine.cluster_field());
        return vec![
            (kind, key.clone()),
            (&kinds::BACKUP, key.clone()),
            database(ns, text(&object.data, &field)),
        ];
    }
    if kind == engine.restore_kind() {
        return vec![(kind, key.clone()), (&kinds::RESTORE, key.clone())];
    }
    let mut targets = vec![database(ns, &key.name)];
    targets.extend(of_database(cluster, &kinds::BACKUP, ns, &key.name));
    targets.extend(of_database(cluster, &kinds::RESTORE, ns, &key.name));
    for kind in [engine.backup_kind(), engine.restore_kind()] {
        let field = format!("/spec/{}", engine.cluster_field());
        targets.extend(
            cluster
                .list(kind, ns)
                .iter()
                .filter(|o| text(&o.data, &field) == object.name_any())
                .map(|o| (kind, Key::of(o))),
        );
    }
    targets
}

fn steered(cluster: &Cluster, ns: &str) -> Vec<Target> {
    let mut targets: Vec<Target> = [
        &kinds::DATABASE_CLUSTER,
        &kinds::BACKUP,
        &kinds::RESTORE,
        &kinds::DATABASE_ENGINE,
        &kinds::DATA_IMPORT_JOB,
    ]
    .into_iter()
    .flat_map(|kind| all(cluster, kind, ns).collect::<Vec<_>>())
    .collect();
    for kind in kinds::LATER {
        targets.extend(all(cluster, kind, ns));
    }
    targets
}

fn database(namespace: &str, name: &str) -> Target {
    (&kinds::DATABASE_CLUSTER, Key::new(namespace, name))
}

fn all(
    cluster: &Cluster,
    kind: &'static Kind,
    namespace: &str,
) -> impl Iterator<Item = Target> + use<> {
    cluster
        .list(kind, namespace)
        .into_iter()
        .map(move |o| (kind, Key::of(&o)))
}

fn of_database(cluster: &Cluster, kind: &'static Kind, namespace: &str, name: &str) -> Vec<Target> {
    cluster
        .list(kind, namespace)
        .iter()
        .filter(|o| text(&o.data, "/spec/dbClusterName") == name)
        .map(|o| (kind, Key::of(o)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;
    use serde_json::json;

    #[test]
    fn a_database_names_the_storages_of_schedules_pitr_and_source() {
        let database = json!({"spec": {
            "backup": {"schedules": [{"backupStorageName": "a"}, {"backupStorageName": "b"}],
                "pitr": {"backupStorageName": "c"}},
            "dataSource": {"backupSource": {"backupStorageName": "d"}},
        }});
        assert_eq!(named_storages(&database), ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_database_concerns_the_policies_that_it_names_or_ceases_to_name() {
        let database = |policy: &str| {
            let spec = json!({"spec": {"podSchedulingPolicyName": policy}});
            object::new(&kinds::DATABASE_CLUSTER, "n", "d", spec)
        };
        let names = |now: &DynamicObject, before: Option<&DynamicObject>| -> Vec<String> {
            let targets = renamed(now, before).into_iter().flatten();
            targets.map(|(_, key)| key.name).collect()
        };
        let (one, other) = (database("one"), database("other"));
        assert_eq!(names(&one, None), ["one"]);
        assert_eq!(names(&one, Some(&one)), [""; 0]);
        assert_eq!(names(&other, Some(&one)), ["other", "one"]);
        assert_eq!(names(&database(""), Some(&one)), ["one"]);
    }

    #[test]
    fn a_status_alone_is_no_new_generation() {
        let mut before = object::new(&kinds::DATABASE_CLUSTER, "n", "d", json!({}));
        before.metadata.generation = Some(3);
        let mut after = before.clone();
        after.data["status"] = json!({"status": "ready"});
        assert!(!new_generation(&after, Some(&before)));
        after.metadata.generation = Some(4);
        assert!(new_generation(&after, Some(&before)));
        assert!(new_generation(&after, None));
    }
}
