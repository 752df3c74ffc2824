//! The engine operators' own objects, which say more than Everest's copy of their state.

use everest_core::v1::engine_kinds;
use everest_schemas::Engine;
use futures::future::try_join_all;
use kube::ResourceExt;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use serde::Serialize;

use crate::error::ClusterError;
use crate::objects::{Kind, Objects};
use crate::wait::Clock;
use crate::{Cluster, delete};

/// The kinds of an engine operator.
pub(crate) struct Kinds {
    /// What the operator turns into a database. It has the name and namespace of the
    /// DatabaseCluster.
    pub(crate) database: ApiResource,
    /// A backup, named like its DatabaseClusterBackup.
    pub(crate) backup: ApiResource,
    /// A restore, named like its DatabaseClusterRestore.
    pub(crate) restore: ApiResource,
}

/// What an engine's operator turns into a database.
pub fn database_kind(engine: Engine) -> ApiResource {
    kinds(engine).database
}

/// The kinds of an engine's operator.
pub(crate) fn kinds(engine: Engine) -> Kinds {
    let kinds = engine_kinds(engine);
    let kind = |kind: &str| {
        let plural = format!("{}s", kind.to_lowercase());
        let kind = GroupVersionKind::gvk(kinds.group, kinds.version, kind);
        ApiResource::from_gvk_with_plural(&kind, &plural)
    };
    Kinds {
        database: kind(kinds.database),
        backup: kind(kinds.backup),
        restore: kind(kinds.restore),
    }
}

/// Deletes an object of Everest's and waits until it and the engine's object that it owns, of
/// the same name, are gone.
///
/// The garbage collector deletes the engine's object first, once it knows its kind: it learns
/// of one up to half a minute after the definition. A new object of the same name would
/// otherwise take over the old one's end, and data that should go may still be there. Where
/// the engine's kinds may not be read, that is not waited for.
///
/// # Errors
/// As [`delete::delete`].
pub(crate) async fn delete_with_own<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    own: fn(Kinds) -> ApiResource,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let owner = delete::deleted(objects, name, clock).await?;
    let (Some(owner), Some(namespace)) = (owner, objects.namespace()) else {
        return Ok(());
    };
    let owner = owner.as_str();
    let owned = Engine::ALL.map(|engine| async move {
        let kind = own(kinds(engine));
        let objects = objects.cluster().of_kind(&kind, namespace);
        let found = match objects.get(name).await {
            Ok(found) => found,
            Err(error) if error.is_forbidden() || error.is_not_served() => None,
            Err(error) => return Err(error),
        };
        match found {
            Some(found) if found.owner_references().iter().any(|o| o.uid == owner) => {
                delete::gone(&objects, name, found.uid().as_deref(), clock).await
            }
            _ => Ok(()),
        }
    });
    try_join_all(owned).await?;
    Ok(())
}

/// What is still there of an object of Everest's called `name` that is gone: the engine's object
/// that it owned, which is only deleted after it. In words, with what holds it.
///
/// # Errors
/// Whatever keeps it from being looked for; kinds that may not be read are passed over.
pub(crate) async fn remains<K: Kind>(
    objects: &Objects<K>,
    name: &str,
    own: fn(Kinds) -> ApiResource,
) -> Result<Option<String>, ClusterError> {
    let Some(namespace) = objects.namespace() else {
        return Ok(None);
    };
    let owner = &objects.named(name).kind;
    for engine in Engine::ALL {
        let kind = own(kinds(engine));
        let found = match objects.cluster().of_kind(&kind, namespace).get(name).await {
            Ok(found) => found,
            Err(error) if error.is_forbidden() || error.is_not_served() => None,
            Err(error) => return Err(error),
        };
        let owned = |found: &DynamicObject| {
            let mut owners = found.owner_references().iter();
            owners.any(|o| o.kind == *owner && o.name == name)
        };
        if let Some(found) = found.filter(owned) {
            let holders = match found.finalizers() {
                [] => String::new(),
                held => format!(", held by the finalizers {}", held.join(", ")),
            };
            let kind = &kind.kind;
            return Ok(Some(format!(
                "{kind} {namespace}/{name} of the engine goes too{holders}"
            )));
        }
    }
    Ok(None)
}

impl Cluster {
    /// The engine's own databases in `namespace`.
    pub(crate) fn engine_databases(
        &self,
        engine: Engine,
        namespace: &str,
    ) -> Objects<DynamicObject> {
        self.of_kind(&kinds(engine).database, namespace)
    }

    /// The objects of a kind of an engine operator in `namespace`.
    pub(crate) fn of_kind(&self, kind: &ApiResource, namespace: &str) -> Objects<DynamicObject> {
        let api = Api::namespaced_with(self.client().clone(), namespace, kind);
        Objects::new(self, api, kind, Some(namespace))
    }
}
