//! Objects that databases refer to: they stay until nothing uses them.
//!
//! Crossplane deletes what is no longer composed in the foreground. Of an object in use, the Secret
//! with its credentials is then gone at once, while Everest holds the object itself: databases fail
//! without the Secret, and a backup storage is never let go of.

use std::any::Any;
use std::sync::Arc;

use everest_core::facts::Seen;
use everest_core::lifecycle::{Answer, Observable, Observed, Query, Used};
use everest_core::storage_users;
use everest_schemas::everest::{
    BackupStorage, DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore,
    MonitoringConfig, SplitHorizonDnsConfig,
};
use jiff::Timestamp;
use kube::Resource;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::place::{Lists, lay_over};
use super::step::Step;

/// Keeps the objects that are no longer composed and still used.
///
/// 1. A composition whose own databases, backups or restores use the object is refused: the use would
///    never end.
/// 2. What Everest reports as used stays composed until Everest reports otherwise: the databases of
///    the composition are just being changed or deleted, or others use the object.
pub(super) fn keep(step: &mut Step<'_>) {
    keep_kind::<BackupStorage>(step);
    keep_kind::<MonitoringConfig>(step);
    keep_kind::<SplitHorizonDnsConfig>(step);
}

fn keep_kind<K>(step: &mut Step<'_>)
where
    K: Used + Resource<DynamicType = ()> + DeserializeOwned,
{
    for resource in step.dropped() {
        let Some(object) = step.observed_object(&resource) else {
            continue;
        };
        if object["apiVersion"] != *K::api_version(&()) || object["kind"] != *K::kind(&()) {
            continue;
        }
        let Ok(Some(used)) = step.observed::<K>(&resource) else {
            continue;
        };
        let metadata = used.metadata();
        if metadata.deletion_timestamp.is_some() {
            continue;
        }
        let name = metadata.name.clone().unwrap_or_default();
        let namespace = metadata.namespace.clone().unwrap_or_default();
        let subject = format!("{} {resource:?} ({name})", K::CALLED);
        let users = users::<K>(step, &namespace, &name);
        if !users.is_empty() {
            step.report.refuse(format!(
                "{subject} is no longer composed, but is still used by {}: it would stay in \
                 deletion, without its credentials. Remove it from them first, or compose it again, \
                 in this step or an earlier one",
                users.join(", ")
            ));
        } else if used.in_use() || storage_users::is_held(&used) {
            step.report.wait(format!(
                "{subject}: it is no longer composed, and is deleted once Everest reports that no \
                 {} use it",
                K::UNSEEN
            ));
            step.put(&resource, as_it_is(&object), true);
        }
    }
}

/// The users of an object among the desired objects.
fn users<K: Used>(step: &Step<'_>, namespace: &str, name: &str) -> Vec<String> {
    let mut desired = Observed::at(Timestamp::UNIX_EPOCH);
    note::<DatabaseCluster>(step, &mut desired, namespace);
    note::<DatabaseClusterBackup>(step, &mut desired, namespace);
    note::<DatabaseClusterRestore>(step, &mut desired, namespace);
    match K::users(&desired, namespace, name) {
        Ok(users) => users.names(),
        // What is asked for beyond the composition is Everest's to report.
        Err(_) => Vec::new(),
    }
}

/// Notes the desired objects of a kind in a namespace. What cannot be read is left to Everest's
/// report.
fn note<K>(step: &Step<'_>, desired: &mut Observed, namespace: &str)
where
    K: Observable + Resource<DynamicType = ()> + DeserializeOwned,
{
    let all: Vec<Arc<K>> = step
        .desired_of(&K::kind(&()))
        .iter()
        .filter_map(|resource| {
            let object = whole(step, resource)?;
            let own = object["metadata"]["namespace"].as_str();
            if own.is_some_and(|own| own != namespace) {
                return None;
            }
            serde_json::from_value(object).ok().map(Arc::new)
        })
        .collect();
    let all: Arc<dyn Any + Send + Sync> = Arc::new(all);
    let query = Query::All(K::KIND, namespace.to_owned());
    desired.note(query, Answer::All(Seen::Found(all)));
}

/// A desired object, with the parts of the engine that the type requires and the composition may
/// leave to the object in the cluster.
fn whole(step: &Step<'_>, resource: &str) -> Option<Value> {
    let mut object = step.desired(resource)?.clone();
    let observed = step.observed_object(resource).unwrap_or_default();
    let mut engine = observed["spec"]["engine"].clone();
    if engine.is_object() && object["spec"]["engine"].is_object() {
        lay_over(
            &mut engine,
            object["spec"]["engine"].take(),
            Lists::Replaced,
        );
        object["spec"]["engine"] = engine;
    }
    Some(object)
}

/// An observed object, without what Crossplane and Everest write.
fn as_it_is(object: &Value) -> Value {
    let metadata = &object["metadata"];
    json!({
        "apiVersion": object["apiVersion"],
        "kind": object["kind"],
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "spec": object["spec"],
    })
}
