//! Waiting until a database is really ready.

use std::sync::Arc;
use std::time::Duration;

use everest_core::readiness::{self, DatabaseSighting, Readiness};
use everest_schemas::Engine;
use everest_schemas::everest::{DataImportJob, DatabaseCluster, DatabaseClusterRestore};
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::Value;
use tokio::time::Instant;

use crate::Cluster;
use crate::error::ClusterError;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::watching::{Awaited, Feed, Verdict};

/// What readiness is waited for after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The database was created: first data may have to come.
    Creation,
    /// The spec was changed: `ready` may still be the one from before.
    Change,
    /// A wait goes on that ended before the database was ready: after its creation or after a
    /// change, which the server does not tell.
    Resumed,
    /// The server saw no change of the spec: what it says holds.
    NoChange,
}

/// How long a status has had its value, since our write.
#[derive(Default)]
struct Steady(Option<(String, Instant)>);

impl Steady {
    fn stood(&mut self, status: &str) -> Duration {
        match &self.0 {
            Some((before, since)) if before == status => since.elapsed(),
            _ => {
                self.0 = Some((status.to_owned(), Instant::now()));
                Duration::ZERO
            }
        }
    }
}

/// Waits until the database is ready as everest-core judges it. `written` is the server's
/// answer to our write.
pub(super) async fn wait_until_ready(
    objects: &Objects<DatabaseCluster>,
    written: DatabaseCluster,
    after: After,
    clock: &Clock,
) -> Result<Arc<DatabaseCluster>, ClusterError> {
    let cluster = objects.cluster();
    let name = written.name_any();
    let namespace = written.namespace().unwrap_or_default();
    let generation = written.metadata.generation.unwrap_or_default();
    let uid = written.uid();
    let feed = cluster.hub.feed(objects);
    let engine = EngineView::of(cluster, &written, &namespace);
    let mut steady = Steady::default();
    let awaited = Awaited {
        objects,
        name: &name,
        seed: Some(Arc::new(written)),
        what: "did not become ready",
        clock,
        also: engine.iter().map(|engine| engine.feed.changes()).collect(),
    };
    awaited
        .until(&feed, async |found| {
            let Some(database) = found.filter(|found| found.uid() == uid) else {
                return Err(ClusterError::NotFound {
                    object: objects.named(&name),
                });
            };
            let engine_cr = match &engine {
                Some(engine) => engine.current(&name).await,
                None => None,
            };
            let restore = first_restore(cluster, &database, &namespace).await;
            let import_job = import_job(cluster, &database, &namespace).await;
            let stood = steady.stood(super::status(&database));
            let may_be_stale = matches!(after, After::Change | After::Resumed);
            let judge = |engine_cr: Option<&Value>| {
                readiness::database(&DatabaseSighting {
                    database: &database,
                    engine_cr,
                    restore: restore.as_ref(),
                    import_job: import_job.as_ref(),
                    written_generation: generation,
                    steady_for: Some(stood),
                    creating: matches!(after, After::Creation | After::Resumed),
                    may_be_stale,
                })
            };
            let mut readiness = judge(engine_cr.as_ref());
            // The two watches keep no order: what was seen of the engine may be from before
            // what was seen of the database. Everest writes the engine's object first.
            if readiness == Readiness::Ready
                && may_be_stale
                && let Some(engine) = &engine
            {
                readiness = judge(engine.afresh(&name).await.as_ref());
            }
            Ok(match readiness {
                Readiness::Ready => Verdict::Done(database),
                Readiness::Pending(missing) => Verdict::Wait(missing),
                Readiness::Failed(reason) => Verdict::Failed(reason),
            })
        })
        .await
}

/// The engine's own object, watched.
struct EngineView {
    objects: Objects<DynamicObject>,
    feed: Arc<Feed<DynamicObject>>,
}

impl EngineView {
    fn of(cluster: &Cluster, database: &DatabaseCluster, namespace: &str) -> Option<Self> {
        let engine: Engine = *database.spec.engine.known()?.type_.known()?;
        let objects = cluster.engine_databases(engine, namespace);
        let feed = cluster.hub.feed(&objects);
        Some(EngineView { objects, feed })
    }

    /// None where it does not exist yet, or may not be read: then only the time that has
    /// passed tells an old state from a new one.
    async fn current(&self, name: &str) -> Option<Value> {
        let found = self.feed.current(&self.objects, name).await.ok()??;
        serde_json::to_value(&*found).ok()
    }

    /// The same, read from the server.
    async fn afresh(&self, name: &str) -> Option<Value> {
        let found = self.objects.get(name).await.ok()??;
        serde_json::to_value(&found).ok()
    }
}

/// The restore that brings the first data: it has the database's name.
async fn first_restore(
    cluster: &Cluster,
    database: &DatabaseCluster,
    namespace: &str,
) -> Option<DatabaseClusterRestore> {
    database.spec.data_source.known()?;
    cluster
        .objects(namespace)
        .get(&database.name_any())
        .await
        .ok()?
}

/// The import that brings the first data.
async fn import_job(
    cluster: &Cluster,
    database: &DatabaseCluster,
    namespace: &str,
) -> Option<DataImportJob> {
    database.spec.data_source.known()?.data_import.known()?;
    let name = database.status.as_ref()?.data_import_job_name.clone()?;
    cluster.objects(namespace).get(&name).await.ok()?
}
