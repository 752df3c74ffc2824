//! Waiting until a database is really ready.

use std::sync::Arc;
use std::time::Duration;

use everest_core::facts::Seen;
use everest_core::readiness::{self, DatabaseSighting, Readiness};
use everest_schemas::Engine;
use everest_schemas::everest::{DataImportJob, DatabaseCluster, DatabaseClusterRestore};
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::Value;
use tokio::time::Instant;

use crate::Cluster;
use crate::error::ClusterError;
use crate::looking::{Judge, Verdict};
use crate::objects::Objects;
use crate::wait::Clock;
use crate::watching::{Awaited, Feed};

/// What readiness is waited for after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The database was created: first data may have to come.
    Creation,
    /// The spec was changed: `ready` may still be the one from before.
    Change,
    /// The spec was changed in what restarts no pod: the engine has no work to be seen at.
    QuietChange,
    /// A wait goes on that ended before the database was ready: after its creation or after a
    /// change, which the server does not tell.
    Resumed,
    /// The server saw no change of the spec: what it says holds.
    NoChange,
}

/// How the database and its engine have stood since our write.
#[derive(Default)]
struct Course {
    footing: Option<(String, Instant)>,
    /// The generation of the engine's object that its operator was seen at work on.
    at_work: Option<i64>,
    /// Whether Everest has said that the database is not ready.
    left_ready: bool,
}

impl Course {
    /// How long they have stood as they do.
    fn stood(&mut self, database: &DatabaseCluster, engine_cr: &Seen<Value>) -> Duration {
        let engine_cr = found(engine_cr);
        self.at_work = engine_cr.and_then(readiness::at_work).or(self.at_work);
        let status = database.status.as_ref();
        self.left_ready |= status.and_then(|status| status.status.as_deref()) != Some("ready");
        let footing = readiness::footing(database, engine_cr);
        match &self.footing {
            Some((before, since)) if *before == footing => since.elapsed(),
            _ => {
                self.footing = Some((footing, Instant::now()));
                Duration::ZERO
            }
        }
    }

    /// Whether the engine was seen at work on what its object says now, and Everest has said so.
    /// An engine that is soon done leaves Everest behind: its `ready` is then the former one, and
    /// it says for a moment that the database is not ready when the engine is ready again.
    fn has_worked(&self, engine_cr: &Seen<Value>) -> bool {
        let generation =
            found(engine_cr).and_then(|found| found["metadata"]["generation"].as_i64());
        generation.is_some() && generation == self.at_work && self.left_ready
    }
}

fn found(engine_cr: &Seen<Value>) -> Option<&Value> {
    match engine_cr {
        Seen::Found(engine_cr) => Some(engine_cr),
        Seen::Absent | Seen::Unread => None,
    }
}

/// Waits until the database is ready as everest-core judges it. `written` is the server's
/// answer to our write; `from_backup`: whether a restore was to bring its first data.
pub(super) async fn wait_until_ready(
    objects: &Objects<DatabaseCluster>,
    written: DatabaseCluster,
    (after, from_backup): (After, bool),
    clock: &Clock,
) -> Result<Arc<DatabaseCluster>, ClusterError> {
    let cluster = objects.cluster();
    let name = written.name_any();
    let namespace = written.namespace().unwrap_or_default();
    let feed = cluster.hub.feed(objects);
    let engine = EngineView::of(cluster, &written, &namespace);
    let also = engine.iter().map(|engine| engine.feed.changes()).collect();
    let ready = UntilReady {
        objects,
        name: &name,
        namespace: &namespace,
        generation: written.metadata.generation.unwrap_or_default(),
        uid: written.uid(),
        engine,
        after,
        from_backup,
        course: Course::default(),
    };
    let awaited = Awaited {
        objects,
        name: &name,
        seed: Some(Arc::new(written)),
        what: "did not become ready",
        clock,
        also,
    };
    awaited.until(&feed, ready).await
}

/// What a database is judged by, from one look to the next.
struct UntilReady<'a> {
    objects: &'a Objects<DatabaseCluster>,
    name: &'a str,
    namespace: &'a str,
    /// The generation and the UID of what was written.
    generation: i64,
    uid: Option<String>,
    engine: Option<EngineView>,
    after: After,
    from_backup: bool,
    course: Course,
}

impl Judge<DatabaseCluster> for UntilReady<'_> {
    type Found = Arc<DatabaseCluster>;

    async fn judge(
        &mut self,
        found: Option<Arc<DatabaseCluster>>,
    ) -> Result<Verdict<Arc<DatabaseCluster>>, ClusterError> {
        let Some(database) = found.filter(|found| found.uid() == self.uid) else {
            return Err(ClusterError::NotFound {
                object: self.objects.named(self.name),
            });
        };
        let cluster = self.objects.cluster();
        let engine_cr = match &self.engine {
            Some(engine) => engine.current(self.name).await,
            None => Seen::Unread,
        };
        let creating = matches!(self.after, After::Creation | After::Resumed);
        let restore = if database.spec.data_source.is_known() || (creating && self.from_backup) {
            first_restore(cluster, &database, self.namespace).await
        } else {
            None
        };
        let import_job = import_job(cluster, &database, self.namespace).await;
        let after = self.after;
        let may_be_stale = !matches!(after, After::Creation | After::NoChange);
        let (course, generation) = (&mut self.course, self.generation);
        let mut judge = |engine_cr: &Seen<Value>| {
            let stood = course.stood(&database, engine_cr);
            readiness::database(&DatabaseSighting {
                database: &database,
                engine_cr: engine_cr.as_ref(),
                restore: restore.as_ref(),
                import_job: import_job.as_ref(),
                written_generation: generation,
                steady_for: Some(stood),
                has_worked: after == After::QuietChange || course.has_worked(engine_cr),
                creating,
                may_be_stale,
            })
        };
        let mut readiness = judge(&engine_cr);
        // The two watches keep no order: what was seen of the engine may be from before
        // what was seen of the database. Everest writes the engine's object first.
        if readiness == Readiness::Ready
            && may_be_stale
            && let Some(engine) = &self.engine
        {
            readiness = judge(&engine.afresh(self.name).await);
        }
        Ok(match readiness {
            Readiness::Ready => Verdict::Done(database),
            Readiness::Pending(missing) => Verdict::Wait(missing),
            Readiness::Failed(reason) => Verdict::Failed(reason),
        })
    }
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

    /// Unread where it may not be read: then only the time that has passed tells an old state
    /// from a new one.
    async fn current(&self, name: &str) -> Seen<Value> {
        let current = self.feed.current(&self.objects, name).await;
        seen(current.map(|found| found.map(|found| serde_json::to_value(&*found))))
    }

    /// The same, read from the server.
    async fn afresh(&self, name: &str) -> Seen<Value> {
        let current = self.objects.get(name).await;
        seen(current.map(|found| found.map(serde_json::to_value)))
    }
}

fn seen(read: Result<Option<serde_json::Result<Value>>, ClusterError>) -> Seen<Value> {
    match read {
        Ok(Some(Ok(found))) => Seen::Found(found),
        Ok(None) => Seen::Absent,
        Ok(Some(Err(_))) | Err(_) => Seen::Unread,
    }
}

/// The restore that brings the first data: it has the database's name.
async fn first_restore(
    cluster: &Cluster,
    database: &DatabaseCluster,
    namespace: &str,
) -> Option<DatabaseClusterRestore> {
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
