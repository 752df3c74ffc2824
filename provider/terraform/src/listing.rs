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
        let namespace = request.config.namespace().map(str::to_owned);
        search(&self.session, K::TYPE, request, K::id, async |cluster| {
            facts::require_v1(cluster).await?;
            K::list(cluster, namespace.as_deref(), "").await
        })
        .await
    }
}

/// Sends what `find` finds of a type, each with its import id, until the client has enough.
///
/// # Errors
/// If there is no connection to a cluster, the run was stopped, or the search failed.
pub async fn search<C, M>(
    session: &Session,
    type_name: &str,
    request: ListRequest<'_, C, M>,
    id: fn(&M) -> String,
    find: impl AsyncFnOnce(&Cluster) -> Result<Vec<M>, ClusterError>,
) -> Result<(), Diagnostic>
where
    M: Model,
{
    let doing = format!("list {type_name}");
    let cluster = session.cluster().await;
    let cluster = cluster
        .map_err(|error| error.diagnostic(&doing))?
        .fail_fast();
    let found = unless_stopped(request.cx, find(&cluster))
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
