//! The storage class that the volumes of a database have.
//!
//! Everest fills in no class: if a DatabaseCluster names none, its volumes get the default class
//! that the cluster has at that moment, and only their claims show which one. The class is never
//! written into an existing object without one. The engine operators would pass it on to
//! StatefulSets, whose volume claim templates are immutable, and would fail at every reconcile from
//! then on.

use std::borrow::Borrow;

use everest_schemas::everest::{DatabaseCluster, DatabaseClusterSpec, Storage};
use everest_schemas::models::DatabaseModel;
use everest_schemas::{Engine, Field};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use serde_json::Value;

/// Annotation on the storage class that volumes without one get.
pub const IS_DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

/// Label on the objects of a PostgreSQL cluster, with its name.
const PG_CLUSTER: &str = "postgres-operator.crunchydata.com/cluster";
/// Label on the volumes and pods that hold data, with the program that the data belongs to.
const PG_DATA: &str = "postgres-operator.crunchydata.com/data";
/// Label with the role of a volume.
const PG_ROLE: &str = "postgres-operator.crunchydata.com/role";

/// The part of a database that has volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Engine,
    Proxy,
}

impl Part {
    const ALL: [Self; 2] = [Self::Engine, Self::Proxy];

    fn storage(self, spec: &DatabaseClusterSpec) -> Option<&Storage> {
        match self {
            Self::Engine => spec.engine.known()?.storage.known(),
            Self::Proxy => spec.proxy.known()?.storage.known(),
        }
    }

    fn storage_mut(self, spec: &mut DatabaseClusterSpec) -> Option<&mut Storage> {
        match self {
            Self::Engine => spec.engine.known_mut()?.storage.known_mut(),
            Self::Proxy => spec.proxy.known_mut()?.storage.known_mut(),
        }
    }

    /// The place of its storage in the body of an object.
    fn pointer(self) -> &'static str {
        match self {
            Self::Engine => "/spec/engine/storage",
            Self::Proxy => "/spec/proxy/storage",
        }
    }
}

/// Returns true if a database has a volume whose class the model does not name.
pub fn is_open(model: &DatabaseModel) -> bool {
    let Some(spec) = model.spec.known() else {
        return false;
    };
    Part::ALL.iter().any(|part| names_none(*part, spec))
}

/// Copies the classes from the state into a database that was read: the volumes of one database
/// keep their class.
pub fn keep(found: &mut DatabaseModel, prior: &DatabaseModel) {
    if !prior.uid.is_known() || prior.uid != found.uid {
        return;
    }
    let (Some(spec), Some(before)) = (found.spec.known_mut(), prior.spec.known()) else {
        return;
    };
    for part in Part::ALL {
        if let (Some(storage), Some(before)) = (part.storage_mut(spec), part.storage(before))
            && storage.class.is_null()
            && before.class.is_known()
        {
            storage.class = before.class.clone();
        }
    }
}

/// Gives a database that was read the classes that the claims of its volumes name. `claims` are those
/// of its namespace. Where there are none, or they differ, the class stays open.
pub fn fill_in(found: &mut DatabaseModel, claims: &[impl Borrow<PersistentVolumeClaim>]) {
    let Some(name) = found.name.known().cloned() else {
        return;
    };
    let Some(spec) = found.spec.known_mut() else {
        return;
    };
    let engine = spec.engine.known().and_then(|engine| engine.type_.known());
    let Some(engine) = engine.copied() else {
        return;
    };
    for part in Part::ALL {
        if let Some(storage) = part.storage_mut(spec)
            && storage.class.is_null()
            && let Some(class) = class(part, engine, &name, claims)
        {
            storage.class = class.into();
        }
    }
}

/// Removes from the body of an update the classes that the object does not name.
pub fn leave(body: &mut Value, current: &DatabaseCluster) {
    for part in Part::ALL {
        if names_none(part, &current.spec)
            && let Some(Value::Object(storage)) = body.pointer_mut(part.pointer())
        {
            storage.remove("class");
        }
    }
}

/// Removes from a generated configuration the classes that the object does not name.
pub fn leave_out(config: &mut DatabaseClusterSpec, live: &DatabaseCluster) {
    for part in Part::ALL {
        if names_none(part, &live.spec)
            && let Some(storage) = part.storage_mut(config)
        {
            storage.class = Field::Null;
        }
    }
}

/// Returns true if a part has a volume and names no class for it.
fn names_none(part: Part, spec: &DatabaseClusterSpec) -> bool {
    part.storage(spec)
        .is_some_and(|storage| matches!(storage.class.known_str(), None | Some("")))
}

/// The class that all volumes of a part have.
fn class<'a>(
    part: Part,
    engine: Engine,
    database: &str,
    claims: &'a [impl Borrow<PersistentVolumeClaim>],
) -> Option<&'a str> {
    let mut classes = claims
        .iter()
        .map(Borrow::borrow)
        .filter(|claim| of(claim, engine, database) == Some(part))
        .map(|claim| claim.spec.as_ref()?.storage_class_name.as_deref());
    let class = classes.next()??;
    (!class.is_empty() && classes.all(|other| other == Some(class))).then_some(class)
}

/// The part of a database to which a claim belongs. Claims of StatefulSets are named after the
/// volume, the StatefulSet and a number; claims of PostgreSQL have labels.
fn of(claim: &PersistentVolumeClaim, engine: Engine, database: &str) -> Option<Part> {
    let name = claim.metadata.name.as_deref()?;
    let is_numbered = |prefix: &str| {
        let number = name.strip_prefix(prefix);
        number.is_some_and(is_number)
    };
    match engine {
        Engine::Pxc if is_numbered(&format!("datadir-{database}-pxc-")) => Some(Part::Engine),
        Engine::Pxc if is_numbered(&format!("proxydata-{database}-proxysql-")) => Some(Part::Proxy),
        Engine::Psmdb => {
            let shard = name.strip_prefix(&format!("mongod-data-{database}-rs"))?;
            let (shard, number) = shard.split_once('-')?;
            (is_number(shard) && is_number(number)).then_some(Part::Engine)
        }
        Engine::Postgresql => {
            let labels = claim.metadata.labels.as_ref()?;
            let is = |label: &str, value: &str| labels.get(label).is_some_and(|is| is == value);
            (is(PG_CLUSTER, database) && is(PG_DATA, "postgres") && is(PG_ROLE, "pgdata"))
                .then_some(Part::Engine)
        }
        Engine::Pxc => None,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn database(engine: &str, class: Option<&str>) -> DatabaseModel {
        let mut model = json!({"namespace": "prod", "name": "orders", "uid": "u",
            "spec": {"engine": {"type": engine, "storage": {"size": "1Gi"}}}});
        if let Some(class) = class {
            model["spec"]["engine"]["storage"]["class"] = json!(class);
        }
        serde_json::from_value(model).unwrap()
    }

    fn claim(name: &str, class: &str, labels: Value) -> PersistentVolumeClaim {
        serde_json::from_value(json!({"metadata": {"name": name, "labels": labels},
            "spec": {"storageClassName": class}}))
        .unwrap()
    }

    fn filled(engine: &str, claims: &[PersistentVolumeClaim]) -> Option<String> {
        let mut model = database(engine, None);
        fill_in(&mut model, claims);
        let storage = Part::Engine.storage(model.spec.known()?)?;
        storage.class.known().cloned()
    }

    #[test]
    fn the_claims_of_each_engine_tell_the_class_of_its_volumes() {
        let labels = json!({PG_CLUSTER: "orders", PG_DATA: "postgres", PG_ROLE: "pgdata"});
        let repository = json!({PG_CLUSTER: "orders", PG_DATA: "pgbackrest"});
        let claims = [
            claim("datadir-orders-pxc-0", "pxc", json!({})),
            claim("datadir-orders-pxc-1", "pxc", json!({})),
            claim("datadir-orders-pxc-pxc-0", "another database", json!({})),
            claim("mongod-data-orders-rs0-0", "psmdb", json!({})),
            claim("mongod-data-orders-rs1-2", "psmdb", json!({})),
            claim(
                "mongod-data-orders-rs0-rs0-0",
                "another database",
                json!({}),
            ),
            claim("orders-instance1-abcd-pgdata", "postgresql", labels),
            claim("orders-repo1", "a repository of backups", repository),
        ];
        for engine in ["pxc", "psmdb", "postgresql"] {
            assert_eq!(filled(engine, &claims).as_deref(), Some(engine));
        }
    }

    #[test]
    fn volumes_of_several_classes_or_of_none_tell_nothing() {
        assert_eq!(filled("pxc", &[]), None);
        let none = claim("datadir-orders-pxc-0", "", json!({}));
        assert_eq!(filled("pxc", &[none]), None);
        let two = ["a", "b"].map(|class| claim("datadir-orders-pxc-0", class, json!({})));
        assert_eq!(filled("pxc", &two), None);
    }

    #[test]
    fn the_volumes_of_a_proxy_have_a_class_of_their_own() {
        let mut model: DatabaseModel = serde_json::from_value(json!({
            "namespace": "prod", "name": "orders", "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi", "class": "fast"}},
                "proxy": {"type": "proxysql", "storage": {"size": "1Gi"}}}}))
        .unwrap();
        assert!(is_open(&model));
        fill_in(
            &mut model,
            &[claim("proxydata-orders-proxysql-0", "slow", json!({}))],
        );
        let spec = model.spec.known().unwrap();
        let class = |part: Part| part.storage(spec)?.class.known_str();
        assert_eq!(class(Part::Engine), Some("fast"));
        assert_eq!(class(Part::Proxy), Some("slow"));
        assert!(!is_open(&model));
    }

    #[test]
    fn what_the_state_knows_is_kept_of_the_same_database_alone() {
        let prior = database("pxc", Some("fast"));
        let mut found = database("pxc", None);
        keep(&mut found, &prior);
        assert_eq!(found, prior);
        let mut another = database("pxc", None);
        another.uid = "other".into();
        keep(&mut another, &prior);
        assert!(is_open(&another));
        // What the object names is what holds.
        let mut named = database("pxc", Some("slow"));
        keep(&mut named, &prior);
        assert_eq!(named, database("pxc", Some("slow")));
        let mut found = database("pxc", None);
        found.uid = Field::Null;
        keep(
            &mut found,
            &DatabaseModel {
                uid: Field::Null,
                ..prior
            },
        );
        assert!(is_open(&found));
    }

    #[test]
    fn a_class_is_never_written_into_an_object_that_names_none() {
        let body = |class: &str| {
            json!({"spec": {"engine": {"storage": {"size": "1Gi", "class": class}},
                "proxy": {"storage": {"size": "1Gi", "class": class}}}})
        };
        let current = |storage: Value| -> DatabaseCluster {
            let engine = json!({"type": "pxc", "storage": storage});
            serde_json::from_value(json!({"metadata": {}, "spec": {"engine": engine}})).unwrap()
        };
        let mut sent = body("fast");
        leave(&mut sent, &current(json!({"size": "1Gi"})));
        assert_eq!(sent.pointer("/spec/engine/storage/class"), None);
        let new = sent.pointer("/spec/proxy/storage/class");
        assert_eq!(new, Some(&json!("fast")), "the proxy has no volume yet");
        let mut sent = body("fast");
        leave(&mut sent, &current(json!({"size": "1Gi", "class": "fast"})));
        assert_eq!(sent, body("fast"));
    }
}
