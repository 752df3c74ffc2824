//! The search for existing objects, for `terraform query`.

use std::{marker::PhantomData, sync::Arc};

use everest_cluster::facts;
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
        let doing = format!("list {}", K::TYPE);
        let cluster = self.session.cluster().await;
        let cluster = cluster
            .map_err(|error| error.diagnostic(&doing))?
            .fail_fast();
        let listed = async {
            facts::require_v1(&cluster).await?;
            K::list(&cluster, request.config.namespace(), "").await
        };
        let objects = unless_stopped(request.cx, listed)
            .await
            .ok_or_else(|| diagnostics::stopped(&doing))?
            .map_err(|error| diagnostics::cluster_error(&error, &doing))?;
        for object in objects {
            if !request
                .found
                .push(Listed::new(K::id(&object), object))
                .await
            {
                break;
            }
        }
        Ok(())
    }
}
