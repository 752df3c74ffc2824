//! An engine operator's work on its databases.

use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::steady::{self, Progress};
use super::{backup, buckets, secrets};
use crate::cluster::{Cluster, Error};
use crate::engine::Engine;
use crate::engine_cr::volume_pointer;
use crate::everest::database_engine;
use crate::everest::status::RESIZING;
use crate::faults::Faults;
use crate::kinds;
use crate::object::{self, at, items, text, truth};
use crate::quantity;

/// One step on the way of an engine's database:
///
/// 1. new → crVersion → user Secret → `initializing` → `ready` or `paused`;
/// 2. a changed spec is noticed after a moment; if pods change, the state goes
///    back to `initializing` (`stopping` for a pause);
/// 3. on deletion its finalizers go.
pub async fn reconcile(cr: Arc<DynamicObject>, cluster: Arc<Cluster>) -> Result<Action, Error> {
    let namespace = cr.namespace().unwrap_or_default();
    let name = cr.name_any();
    let kind = cr.types.as_ref().map_or("", |t| t.kind.as_str());
    let Some(engine) = Engine::ALL
        .into_iter()
        .find(|e| e.cluster_kind().name == kind)
    else {
        return Ok(Action::await_change());
    };
    let Some(version) = database_engine::running(&cluster, &namespace, engine) else {
        return Ok(Action::await_change());
    };
    let database = cluster.get(&kinds::DATABASE_CLUSTER, &namespace, &name);
    let work = Work {
        cluster: &cluster,
        cr: &cr,
        engine,
        version: &version,
        uid: cr.uid().unwrap_or_default(),
        faults: Faults::of(&cluster, &namespace, &name, database.as_deref()),
    };
    if object::deleting(&cr) {
        return work.delete().await;
    }
    let state = text(&cr.data, "/status/state");
    if let Some(message) = work.faults.get("error") {
        return work.fail(message).await;
    }
    if work.changes_a_claim_template() {
        let refused = "failed to create or update sts: update error: StatefulSet is invalid: \
                       spec: Forbidden: updates to volumeClaimTemplates";
        return work.fail(refused).await;
    }
    match state {
        "" => work.begin().await,
        "error" => work.enter(Progress::Initializing).await,
        "initializing" | "stopping" => work.proceed(state).await,
        _ => work.settle().await,
    }
}

/// Members of a status that say what an engine runs.
const CHANGING: [&str; 6] = [
    "/state",
    "/size",
    "/pxc",
    "/mongoVersion",
    "/postgres",
    "/pgbouncer",
];

/// The size of the volumes of ProxySQL.
const OF_PROXYSQL: &str =
    "/spec/proxysql/volumeSpec/persistentVolumeClaim/resources/requests/storage";

struct Work<'a> {
    cluster: &'a Cluster,
    cr: &'a DynamicObject,
    engine: Engine,
    version: &'a str,
    uid: String,
    faults: Faults,
}

impl Work<'_> {
    /// Time still to spend in a phase, if any.
    fn left(&self, phase: &str, takes: Duration) -> Option<Action> {
        let stood = self.cluster.dwell(&self.uid, phase);
        (stood < takes).then(|| Action::requeue(takes - stood))
    }

    async fn begin(&self) -> Result<Action, Error> {
        if text(&self.cr.data, "/spec/crVersion").is_empty() {
            if let Some(wait) = self.left("new", self.faults.phase() / 4) {
                return Ok(wait);
            }
            let mut changed = self.cr.clone();
            changed.data["spec"]["crVersion"] = self.version.into();
            self.cluster
                .update(self.engine.cluster_kind(), self.engine.operator(), &changed)
                .await?;
            return Ok(Action::await_change());
        }
        if self.faults.holds("creating") {
            return Ok(Action::await_change());
        }
        if let Some(wait) = self.left("new", self.faults.phase()) {
            return Ok(wait);
        }
        secrets::ensure(self.cluster, self.engine, self.cr).await?;
        self.enter(Progress::Initializing).await
    }

    /// The part of the spec that pods depend on, and the volume's size.
    fn footprint(&self) -> String {
        let mut spec = at(&self.cr.data, "/spec").clone();
        if let Some(spec) = spec.as_object_mut() {
            spec.remove("backup");
            spec.remove("backups");
            // Only what the operator refuses depends on these.
            spec.remove("unsafeFlags");
        }
        json!({"generation": object::generation(self.cr), "spec": spec,
            "volume": text(&self.cr.data, volume_pointer(self.engine))})
        .to_string()
    }

    /// The operator of PXC resizes the volumes of the engine's pods that run. What asks for other
    /// larger ones is a StatefulSet alone, which Kubernetes refuses from then on: a size that came
    /// while there were no pods, and one of ProxySQL.
    fn changes_a_claim_template(&self) -> bool {
        let known = self.cluster.recall(&self.uid);
        let known = known.and_then(|known| serde_json::from_str::<Value>(&known).ok());
        let grows =
            |now: &str, had: &str| quantity::compare(now, had) == Some(std::cmp::Ordering::Greater);
        self.engine == Engine::Pxc
            && known.is_some_and(|known| {
                let size = text(&self.cr.data, volume_pointer(self.engine));
                let has_no_pods = truth(&known, "/spec/pause");
                let of_proxy = text(&self.cr.data, OF_PROXYSQL);
                (has_no_pods && grows(size, text(&known, "/volume")))
                    || grows(of_proxy, text(&known, OF_PROXYSQL))
            })
    }

    async fn enter(&self, progress: Progress) -> Result<Action, Error> {
        self.cluster.remember(&self.uid, self.footprint());
        self.report(progress).await
    }

    async fn report(&self, progress: Progress) -> Result<Action, Error> {
        let before = at(&self.cr.data, "/status");
        let now = self.cluster.clock().stamp();
        let due = self.address_is_due();
        // Without an address PXC and MongoDB go on initializing; PostgreSQL is ready.
        let progress = match (due.is_some(), self.engine) {
            (true, Engine::Pxc | Engine::Psmdb) => Progress::Initializing,
            _ => progress,
        };
        let mut status = steady::status(self.engine, self.cr, progress, before, &now);
        if due.is_some() {
            status["host"] = "".into();
        }
        if let Some(most) = self.faults.members()
            && self.engine == Engine::Postgresql
        {
            for count in ["size", "ready"] {
                let members = &mut status["postgres"][count];
                *members = members.as_i64().map(|members| members.min(most)).into();
            }
        }
        self.write(status).await?;
        Ok(due.unwrap_or_else(Action::await_change))
    }

    /// Time that the load balancer still takes to give an address, if any.
    fn address_is_due(&self) -> Option<Action> {
        let topic = format!("{} address", self.uid);
        if !steady::has_load_balancer(self.engine, self.cr) {
            self.cluster.forget(&topic);
            return None;
        }
        let takes = self.faults.address();
        let stood = self.cluster.dwell(&topic, "without");
        (stood < takes).then(|| Action::requeue(takes - stood))
    }

    /// What is left of the time in which a changed spec is overlooked; in its last part the
    /// operator says that it has seen the spec and has nothing to do, as those of PXC and
    /// PostgreSQL do until their StatefulSets have begun.
    async fn overlooks(&self) -> Result<Option<Action>, Error> {
        let unseen = self.faults.unseen();
        let idle = self.faults.idle(self.engine);
        let generation = object::generation(self.cr);
        let stood = self
            .cluster
            .dwell(&self.uid, &format!("noticing {generation}"));
        if stood < unseen {
            return Ok(Some(Action::requeue(unseen - stood)));
        }
        if stood >= unseen + idle {
            return Ok(None);
        }
        let mut status = at(&self.cr.data, "/status").clone();
        if status["observedGeneration"].as_i64() < Some(generation) {
            status["observedGeneration"] = generation.into();
            self.write(status).await?;
        }
        Ok(Some(Action::requeue(unseen + idle - stood)))
    }

    async fn write(&self, status: Value) -> Result<Action, Error> {
        self.cluster
            .update_status(
                self.engine.cluster_kind(),
                self.engine.operator(),
                self.cr,
                status,
            )
            .await?;
        Ok(Action::await_change())
    }

    async fn fail(&self, message: &str) -> Result<Action, Error> {
        let mut status = at(&self.cr.data, "/status").clone();
        if !status.is_object() {
            status = json!({});
        }
        status["state"] = "error".into();
        match self.engine {
            Engine::Pxc => status["messages"] = json!([message]),
            _ => status["message"] = message.into(),
        }
        self.write(status).await
    }

    async fn proceed(&self, state: &str) -> Result<Action, Error> {
        if self.faults.holds(state) {
            return Ok(Action::await_change());
        }
        let takes = match state {
            "initializing" => self.faults.initializing(),
            _ => self.faults.phase(),
        };
        let phase = format!("{state} {}", object::generation(self.cr));
        if let Some(wait) = self.left(&phase, takes) {
            return Ok(wait);
        }
        if state == "initializing" && !self.finds_its_data().await? {
            return Ok(Action::await_change());
        }
        if self.cr.annotations().contains_key(RESIZING) && self.faults.get("resize-fails").is_none()
        {
            let mut changed = self.cr.clone();
            changed.annotations_mut().remove(RESIZING);
            self.cluster
                .update(self.engine.cluster_kind(), self.engine.operator(), &changed)
                .await?;
            return Ok(Action::await_change());
        }
        self.enter(Progress::Done).await
    }

    /// Whether the backup that a PostgreSQL database starts from is where the database looks for
    /// it; without it, the database never starts.
    async fn finds_its_data(&self) -> Result<bool, Error> {
        let source = at(&self.cr.data, "/spec/dataSource/pgbackrest");
        if source.is_null() {
            return Ok(true);
        }
        let namespace = self.cr.namespace().unwrap_or_default();
        let set = buckets::set_of(items(source, "/options"));
        let repository = text(source, "/global/repo1-path");
        buckets::has_set(self.cluster, &namespace, repository, set).await
    }

    /// Looks whether the spec moved on since the engine was done.
    async fn settle(&self) -> Result<Action, Error> {
        let due = self.faults.get("scheduled-backup");
        if let Some(name) = due.filter(|_| text(&self.cr.data, "/status/state") == "ready") {
            backup::make_scheduled(self.cluster, self.engine, self.cr, name).await?;
        }
        let footprint = self.footprint();
        let Some(known) = self.cluster.recall(&self.uid) else {
            return self.recover(footprint).await;
        };
        if known == footprint {
            let stuck = self.cr.annotations().contains_key(RESIZING);
            if stuck && self.faults.get("resize-fails").is_none() {
                return self.enter(Progress::Initializing).await;
            }
            if steady::has_load_balancer(self.engine, self.cr)
                && text(&self.cr.data, "/status/host").is_empty()
            {
                return match self.address_is_due() {
                    Some(wait) => Ok(wait),
                    None => self.report(Progress::Done).await,
                };
            }
            return Ok(Action::await_change());
        }
        if let Some(wait) = self.overlooks().await? {
            return Ok(wait);
        }
        let known: Value = serde_json::from_str(&known).unwrap_or_default();
        let now: Value = serde_json::from_str(&footprint).unwrap_or_default();
        let grown = quantity::compare(text(&now, "/volume"), text(&known, "/volume"))
            == Some(std::cmp::Ordering::Greater);
        if grown && !self.cr.annotations().contains_key(RESIZING) {
            let mut changed = self.cr.clone();
            changed
                .annotations_mut()
                .insert(RESIZING.to_owned(), self.cluster.clock().stamp());
            self.cluster
                .update(self.engine.cluster_kind(), self.engine.operator(), &changed)
                .await?;
            return Ok(Action::await_change());
        }
        let pods_change = known["spec"] != now["spec"];
        if !pods_change {
            return self.enter(Progress::Done).await;
        }
        let pausing = truth(&now, "/spec/pause") && !truth(&known, "/spec/pause");
        self.enter(if pausing {
            Progress::Stopping
        } else {
            Progress::Initializing
        })
        .await
    }

    /// After a restart the operator knows what runs by the status alone: what the spec asks for
    /// beyond that is carried out now.
    async fn recover(&self, footprint: String) -> Result<Action, Error> {
        let seen = at(&self.cr.data, "/status/observedGeneration").as_i64();
        let missed = seen.is_some_and(|seen| seen < object::generation(self.cr));
        let has = at(&self.cr.data, "/status");
        let wants = steady::status(self.engine, self.cr, Progress::Done, has, "");
        let differs = |pointer| at(has, pointer) != at(&wants, pointer);
        if missed || CHANGING.into_iter().any(differs) {
            return match self.overlooks().await? {
                Some(wait) => Ok(wait),
                None => self.enter(Progress::Initializing).await,
            };
        }
        self.cluster.remember(&self.uid, footprint);
        Ok(Action::await_change())
    }

    async fn delete(&self) -> Result<Action, Error> {
        if self.faults.holds("deleting") {
            return Ok(Action::await_change());
        }
        if let Some(wait) = self.left("deleting", self.faults.phase()) {
            return Ok(wait);
        }
        let mut stripped = self.cr.clone();
        if object::remove_finalizers(&mut stripped, self.engine.finalizers()) {
            let namespace = self.cr.namespace().unwrap_or_default();
            let secret = secrets::name_in(self.engine, self.cr);
            self.cluster
                .delete(&kinds::SECRET, &namespace, secret)
                .await?;
            self.cluster
                .update(
                    self.engine.cluster_kind(),
                    self.engine.operator(),
                    &stripped,
                )
                .await?;
        }
        Ok(Action::await_change())
    }
}
