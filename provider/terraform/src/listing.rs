//! The search for existing objects, for `terraform query`.

use std::{marker::PhantomData, sync::Arc};

use everest_cluster::{Cluster, ClusterError, facts};
use everest_schemas::models::{EveryObject, NamespacedFilter};
use tfplugin::{Diagnostic, ListRequest, ListResource, Listed, Model};

use crate::{
    diagnostics,
    managed::{Kind, unless_stopped},
    session::Session,
};

/// The filter of a search.
pub trait Filter: Model {
    /// The only namespace to search; `None`: all.
    fn namespace(&self) -> Option<&str>;
}

impl Filter for NamespacedFilter {
    fn namespace(&self) -> Option<&str> {
        self.namespace.known_str()
    }
}

impl Filter for EveryObject {
    fn namespace(&self) -> Option<&str> {
        None
    }
}

/// Finds the objects of a [`Kind`].
pub struct Listing<K> {
    session: Arc<Session>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Listing<K> {
    /// The search on `session`.
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            kind: PhantomData,
        }
    }
}

impl<K: Kind> ListResource for Listing<K> {
    type Config = K::Filter;
    type Model = K::Model;

    fn type_name(&self) -> &'static str {
        K::TYPE
    }

    async fn list(&self, request: ListRequest<'_, K::Filter, K::Model>) -> Result<(), Diagnostic> {
        let cluster = searched(&self.session, K::TYPE).await?;
        let namespace = request.config.namespace().map(str::to_owned);
        let found = async {
            facts::require_v1(&cluster).await?;
            K::list(&cluster, namespace.as_deref(), "").await
        };
        send(request, K::TYPE, K::id, found).await
    }
}

/// The cluster to search for objects of a type.
///
/// # Errors
/// If there is no connection to it.
pub async fn searched(session: &Session, type_name: &str) -> Result<Cluster, Diagnostic> {
    let cluster = session.cluster().await;
    let cluster = cluster.map_err(|error| error.diagnostic(&doing(type_name)))?;
    Ok(cluster.fail_fast())
}

/// Sends what was found of a type, each with its import id, until the client has enough.
///
/// # Errors
/// If the run was stopped, or the search failed.
pub async fn send<C, M: Model>(
    request: ListRequest<'_, C, M>,
    type_name: &str,
    id: fn(&M) -> String,
    found: impl Future<Output = Result<Vec<M>, ClusterError>>,
) -> Result<(), Diagnostic> {
    let doing = doing(type_name);
    let found = unless_stopped(request.cx, found)
        .await
        .ok_or_else(|| diagnostics::stopped(&doing))?
        .map_err(|error| diagnostics::cluster_error(&error, &doing))?;
    for object in found {
        if !request.found.push(Listed::new(id(&object), object)).await {
            break;
        }
    }
    Ok(())
}

fn doing(type_name: &str) -> String {
    format!("list {type_name}")
}
