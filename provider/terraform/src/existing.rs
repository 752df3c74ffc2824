//! The data sources of a kind: one existing object, and all that a filter finds.

use std::{borrow::Cow, marker::PhantomData, sync::Arc};

use everest_cluster::{Cluster, ClusterError, facts};
use everest_core::v1::ObjectMapping;
use everest_schemas::{
    Field, StringMap,
    extensions::{needs, release_of},
    models::{Collection, Existing},
};
use tfplugin::{Context, DataSource, Deferral, Diagnostic, LookupRequest};

use crate::{
    diagnostics,
    managed::{Kind, named, unless_stopped},
    session::Session,
};

/// Reads one object of a [`Kind`].
pub struct OneObject<K> {
    session: Arc<Session>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> OneObject<K> {
    /// The data source on `session`.
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            kind: PhantomData,
        }
    }
}

impl<K: Kind> DataSource for OneObject<K> {
    type Model = Existing<K::Model>;

    fn type_name(&self) -> &'static str {
        K::TYPE
    }

    fn description(&self) -> Cow<'static, str> {
        // Terraform asks for all kinds at once. What `schema::kind_since` reads and keeps is each
        // kind with all its places, which nothing else of that request needs.
        match release_of::<K::Model>() {
            Some(release) => format!("{} {}", K::EXISTING, needs(&release)).into(),
            None => K::EXISTING.into(),
        }
    }

    async fn read(
        &self,
        request: LookupRequest<'_, Self::Model>,
    ) -> Result<Self::Model, Diagnostic> {
        let asked = request.config.0;
        let what = named::<K>(&asked);
        let doing = format!("read {what}");
        let found = read(&self.session, &what, &doing, request.cx, async |cluster| {
            let Some(object) = cluster.object(&asked).await? else {
                return Ok(None);
            };
            K::observe(cluster, &object, &asked).await.map(Some)
        });
        let Some(found) = found.await? else {
            return Ok(Existing(asked));
        };
        found.map(Existing).ok_or_else(|| {
            let (_, kind) = K::OBJECT;
            let place = match asked.namespace().and_then(Field::known_str) {
                Some(namespace) => format!(" in namespace {namespace:?}"),
                None => String::new(),
            };
            Diagnostic::error(
                format!("Cannot {doing}: it does not exist"),
                format!(
                    "There is no {kind} {:?}{place}. If this configuration creates it, refer to \
                     the resource instead of its name, so that Terraform creates it first; the \
                     data source {} lists what exists.",
                    asked.key().1,
                    K::PLURAL,
                ),
            )
            .at(K::SCOPE.name())
        })
    }
}

/// Finds the objects of a [`Kind`] that pass a filter.
pub struct ManyObjects<K> {
    session: Arc<Session>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> ManyObjects<K> {
    /// The data source on `session`.
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            kind: PhantomData,
        }
    }
}

impl<K: Kind> DataSource for ManyObjects<K> {
    type Model = K::Collection;

    fn type_name(&self) -> &'static str {
        K::PLURAL
    }

    async fn read(
        &self,
        request: LookupRequest<'_, K::Collection>,
    ) -> Result<K::Collection, Diagnostic> {
        let filter = request.config;
        let doing = format!("list {}", K::PLURAL);
        let found = read(
            &self.session,
            K::PLURAL,
            &doing,
            request.cx,
            async |cluster| K::list(cluster, filter.namespace(), &selector(filter.labels())).await,
        );
        let Some(mut found) = found.await? else {
            return Ok(filter);
        };
        found.retain(|model| filter.accepts(model));
        found.sort_unstable_by(|a, b| a.key().cmp(&b.key()));
        Ok(filter.with(found))
    }
}

/// The cluster for a data source that is `doing` something; `None` if the read is put off until the
/// provider's settings are known.
///
/// # Errors
/// If there is no connection to a cluster.
pub async fn cluster(
    session: &Session,
    doing: &str,
    cx: &Context,
) -> Result<Option<Cluster>, Diagnostic> {
    if session.awaits_settings() && cx.defer(Deferral::ProviderConfigUnknown) {
        return Ok(None);
    }
    let cluster = session.cluster().await;
    let cluster = cluster.map_err(|error| error.diagnostic(doing))?;
    Ok(Some(cluster.fail_fast().with_every_key()))
}

/// What a data source reads of a cluster with Everest v1 while it is `doing` something for `what`;
/// `None` if the read is put off until the provider's settings are known.
///
/// # Errors
/// If there is no connection to a cluster, it runs Everest v2, the run was stopped, or the read
/// failed.
pub async fn read<T>(
    session: &Session,
    what: &str,
    doing: &str,
    cx: &Context,
    read: impl AsyncFnOnce(&Cluster) -> Result<T, ClusterError>,
) -> Result<Option<T>, Diagnostic> {
    read_any(session, what, doing, cx, async |cluster| {
        facts::require_v1(cluster).await?;
        read(cluster).await
    })
    .await
}

/// The same of any cluster.
///
/// # Errors
/// If there is no connection to a cluster, the run was stopped, or the read failed.
pub async fn read_any<T>(
    session: &Session,
    what: &str,
    doing: &str,
    cx: &Context,
    read: impl AsyncFnOnce(&Cluster) -> Result<T, ClusterError>,
) -> Result<Option<T>, Diagnostic> {
    let Some(cluster) = cluster(session, doing, cx).await? else {
        return Ok(None);
    };
    let found = unless_stopped(cx, read(&cluster)).await;
    let found = found.ok_or_else(|| diagnostics::stopped(doing))?;
    found
        .map(Some)
        .map_err(|error| session.data_source_error(&error, doing, what))
}

/// Labels as a label selector.
fn selector(labels: &StringMap) -> String {
    let labels = labels.known().into_iter().flatten();
    let equal =
        labels.map(|(key, value)| format!("{key}={}", value.known_str().unwrap_or_default()));
    equal.collect::<Vec<_>>().join(",")
}
