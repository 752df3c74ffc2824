//! What exists already, for `terraform query`.

use std::{marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use everest_schemas::models::{EveryObject, NamespacedFilter};
use tfplugin::{Context, Diagnostics, Found, ListResource, Listed, Model, Query};

use crate::{
    diagnostics,
    managed::{Kind, unless_stopped},
    session::Session,
};

/// What narrows a search.
pub trait Filter: Model {
    /// The only namespace to look in; None: all.
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

#[async_trait]
impl<K: Kind> ListResource for Listing<K> {
    type Config = K::Filter;
    type Model = K::Model;

    fn type_name(&self) -> &'static str {
        K::TYPE
    }

    async fn list(
        &self,
        config: &K::Filter,
        _: &Query,
        found: &Found<K::Model>,
        cx: &Context,
        diags: &mut Diagnostics,
    ) {
        let doing = format!("list {}", K::TYPE);
        let cluster = match self.session.cluster().await {
            Ok(cluster) => cluster,
            Err(error) => return diags.push(error.diagnostic(&doing)),
        };
        let listed = unless_stopped(cx, K::list(&cluster.hasty(), config.namespace())).await;
        match listed {
            None => diags.push(diagnostics::stopped(&doing)),
            Some(Ok(objects)) => {
                for object in objects {
                    if !found.push(Listed::new(K::id(&object), object)).await {
                        return;
                    }
                }
            }
            Some(Err(error)) => diags.push(diagnostics::cluster_error(&error, &doing)),
        }
    }
}
