//! Waiting until a database is really ready.

use std::sync::Arc;

use everest_schemas::Engine;
use everest_schemas::everest::{DataImportJob, DatabaseCluster, DatabaseClusterRestore};
use serde_json::Value;

use crate::facts::Seen;
use crate::lifecycle::{
    Action, EngineRole, Lifecycle, ObjectKind, ObjectRef, Observed, Query, Stopwatches,
};
use crate::readiness::{self, DatabaseObservation, Readiness};
use crate::v1;

/// The other objects by which the readiness of a database is judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Companions<'a> {
    /// The engine's own object of the same name.
    pub engine_cr: Seen<&'a Value>,
    /// The restore that brings the first data: it has the database's name.
    pub restore: Option<&'a DatabaseClusterRestore>,
    /// The import that brings the first data.
    pub import_job: Option<&'a DataImportJob>,
    /// An import that has not ended, looked for while Everest's reconciliation of the database is
    /// paused.
    pub running_import: Seen<&'a DataImportJob>,
}

impl<'a> Companions<'a> {
    /// Reads these objects. `with_restore`: the restore of the first data matters although the
    /// database does not name a source any more.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub fn of(
        observed: &'a Observed,
        database: &DatabaseCluster,
        with_restore: bool,
    ) -> Result<Self, Query> {
        let metadata = &database.metadata;
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        let name = metadata.name.as_deref().unwrap_or_default();
        let engine_cr = match engine_object(database) {
            Some((_, object)) => observed.engine_object(&object)?,
            None => Seen::Unread,
        };
        let source = database.spec.data_source.known();
        let restore = match source.is_some() || with_restore {
            true => found(observed.beside::<DatabaseClusterRestore>(namespace, name)?),
            false => None,
        };
        let imports = source.is_some_and(|source| source.data_import.is_known());
        let status = database.status.as_ref();
        let job = status.and_then(|status| status.data_import_job_name.as_deref());
        let import_job = match job.filter(|name| imports && !name.is_empty()) {
            Some(name) => found(observed.beside::<DataImportJob>(namespace, name)?),
            None => None,
        };
        let running_import = match readiness::reconciliation_is_paused(database) {
            true => running_import(observed, namespace, name)?,
            false => Seen::Unread,
        };
        Ok(Self {
            engine_cr,
            restore,
            import_job,
            running_import,
        })
    }
}

/// An import into a database that has not ended; unread if imports may not be listed.
///
/// # Errors
/// The query that has to be answered first.
fn running_import<'a>(
    observed: &'a Observed,
    namespace: &str,
    database: &str,
) -> Result<Seen<&'a DataImportJob>, Query> {
    let Some(jobs) = observed.all::<DataImportJob>(namespace)? else {
        return Ok(Seen::Unread);
    };
    let mut jobs = jobs.iter().map(Arc::as_ref);
    let running = jobs.find(|job| v1::data_import_job::is_under_way(job, database));
    Ok(running.map_or(Seen::Absent, Seen::Found))
}

/// The engine of a database and its own object of the same name; none where it is not known.
pub fn engine_object(database: &DatabaseCluster) -> Option<(Engine, ObjectRef)> {
    let engine = *database.spec.engine.known()?.type_.known()?;
    let name = |field: &Option<String>| field.clone().unwrap_or_default();
    let object = ObjectRef {
        kind: ObjectKind::Engine(engine, EngineRole::Database),
        namespace: name(&database.metadata.namespace),
        name: name(&database.metadata.name),
    };
    Some((engine, object))
}

fn found<K>(seen: Seen<&K>) -> Option<&K> {
    match seen {
        Seen::Found(found) => Some(found),
        Seen::Absent | Seen::Unread => None,
    }
}

/// The event after which readiness is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The database was created: first data may have to come.
    Creation,
    /// The spec was changed: `ready` may still be the one from before.
    Change,
    /// The spec was changed in a way that restarts no pod: the engine will not be seen at work.
    QuietChange,
    /// A wait is resumed that ended before the database was ready, after a creation or a change;
    /// the object does not show which.
    Resumed,
    /// The spec did not change: the reported status holds.
    NoChange,
}

/// Waits until a database is ready: see [`readiness::database`].
#[derive(Clone, Debug)]
pub struct AwaitReady {
    object: ObjectRef,
    after: After,
    from_backup: bool,
    /// The generation that was written.
    generation: i64,
    /// The generation of the engine's object on which its operator was seen at work.
    at_work: Option<i64>,
    /// True once Everest has reported that the database is not ready.
    left_ready: bool,
}

/// The stopwatch for the state of a database and its engine.
const FOOTING: &str = "footing";

impl AwaitReady {
    /// Waits for a database that was just written. `from_backup`: a restore was to bring its first
    /// data.
    pub fn of(written: &DatabaseCluster, after: After, from_backup: bool) -> Self {
        let metadata = &written.metadata;
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        let name = metadata.name.as_deref().unwrap_or_default();
        Self {
            generation: metadata.generation.unwrap_or_default(),
            ..Self::at(
                ObjectRef::of::<DatabaseCluster>(namespace, name),
                after,
                from_backup,
            )
        }
    }

    pub(super) fn at(object: ObjectRef, after: After, from_backup: bool) -> Self {
        Self {
            object,
            after,
            from_backup,
            generation: 0,
            at_work: None,
            left_ready: false,
        }
    }

    /// Judges the database with the engine's object as it was seen.
    fn judge(
        &mut self,
        database: &DatabaseCluster,
        companions: &Companions<'_>,
        times: &mut Stopwatches,
    ) -> Readiness {
        let engine_cr = found(companions.engine_cr);
        self.at_work = engine_cr.and_then(readiness::at_work).or(self.at_work);
        let status = database.status.as_ref();
        self.left_ready |= status.and_then(|status| status.status.as_deref()) != Some("ready");
        let stood = times.stood(FOOTING, readiness::footing(database, engine_cr));
        readiness::database(&DatabaseObservation {
            database,
            engine_cr: companions.engine_cr,
            restore: companions.restore,
            import_job: companions.import_job,
            running_import: companions.running_import,
            written_generation: self.generation,
            steady_for: Some(stood),
            has_worked: self.after == After::QuietChange || self.has_worked(engine_cr),
            creating: self.is_creating(),
            may_be_stale: self.may_be_stale(),
        })
    }

    /// Returns true if the engine was seen at work on the present spec of its object, and Everest
    /// has reported that. Everest lags behind an engine that finishes quickly: Everest's `ready` is
    /// from before the change then, and Everest reports the database as not ready when the engine
    /// is ready again.
    fn has_worked(&self, engine_cr: Option<&Value>) -> bool {
        let generation = engine_cr.and_then(|found| found["metadata"]["generation"].as_i64());
        generation.is_some() && generation == self.at_work && self.left_ready
    }

    fn is_creating(&self) -> bool {
        matches!(self.after, After::Creation | After::Resumed)
    }

    fn may_be_stale(&self) -> bool {
        !matches!(self.after, After::Creation | After::NoChange)
    }
}

impl Lifecycle for AwaitReady {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "did not become ready"
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let Some(database) = observed.object::<DatabaseCluster>(namespace, name)? else {
            return Ok(Action::Failed("the database is gone".to_owned()));
        };
        let brings_data = self.is_creating() && self.from_backup;
        let mut companions = Companions::of(observed, database, brings_data)?;
        let mut readiness = self.judge(database, &companions, times);
        // The two watches keep no order: what was seen of the engine may be from before what was
        // seen of the database. Everest writes the engine's object first.
        if readiness == Readiness::Ready
            && self.may_be_stale()
            && let Some((_, object)) = engine_object(database)
        {
            companions.engine_cr = observed.engine_object_now(&object)?;
            readiness = self.judge(database, &companions, times);
        }
        Ok(match readiness {
            Readiness::Ready => Action::Done(()),
            Readiness::Pending(missing) => Action::Await(missing.into()),
            Readiness::Failed(reason) => Action::Failed(reason),
        })
    }
}
