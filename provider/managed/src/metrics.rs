//! Metrics: those of every Crossplane provider under their usual names, and our own.

mod resources;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use resources::Resources;

/// The format of the scraped text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Buckets for the duration of creations and deletions, in seconds: a database takes minutes.
const LIFE: [f64; 17] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0,
    3600.0, 7200.0,
];

/// Buckets for the duration of reconciles, in seconds.
const RECONCILE: [f64; 13] = [
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
];

/// The managed resource of a measurement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceKey {
    /// Group, version and kind as Crossplane's label has them: `GROUP/VERSION, Kind=KIND`.
    pub gvk: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Gvk {
    gvk: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Controller {
    controller: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    controller: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Write {
    gvk: String,
    verb: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

fn histogram_of_lives() -> Histogram {
    Histogram::new(LIFE)
}

fn histogram_of_reconciles() -> Histogram {
    Histogram::new(RECONCILE)
}

/// The end of a reconcile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing more to do until something changes.
    Success,
    /// It continues at once.
    Requeue,
    /// It continues after a while.
    RequeueAfter,
    /// It failed and is tried again.
    Error,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Requeue => "requeue",
            Outcome::RequeueAfter => "requeue_after",
            Outcome::Error => "error",
        }
    }
}

/// The kind of a write to the cluster of external objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Made.
    Create,
    /// Changed.
    Update,
    /// Deleted.
    Delete,
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Delete => "delete",
        }
    }
}

/// All measurements. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    resources: Arc<Mutex<Resources>>,
    first_reconciled: Histograms<Gvk>,
    first_ready: Histograms<Gvk>,
    deletion: Histograms<Gvk>,
    drift: Histograms<Gvk>,
    exists: Family<Gvk, Gauge>,
    ready: Family<Gvk, Gauge>,
    synced: Family<Gvk, Gauge>,
    reconciles: Family<Ended, Counter>,
    reconcile_time: Histograms<Controller>,
    workers: Family<Controller, Gauge>,
    writes: Family<Write, Counter>,
}

impl Metrics {
    /// Nothing measured yet. The names of a provider's own metrics begin with `prefix`.
    pub fn new(prefix: &str) -> Self {
        let lives = || Family::new_with_constructor(histogram_of_lives as fn() -> Histogram);
        let mut metrics = Metrics {
            registry: Arc::default(),
            resources: Arc::default(),
            first_reconciled: lives(),
            first_ready: lives(),
            deletion: lives(),
            drift: lives(),
            exists: Family::default(),
            ready: Family::default(),
            synced: Family::default(),
            reconciles: Family::default(),
            reconcile_time: Family::new_with_constructor(
                histogram_of_reconciles as fn() -> Histogram,
            ),
            workers: Family::default(),
            writes: Family::default(),
        };
        metrics.registry = Arc::new(metrics.registry(prefix));
        metrics
    }

    /// The names under which the measurements are scraped.
    fn registry(&self, prefix: &str) -> Registry {
        let mut registry = Registry::default();
        registry.register(
            "crossplane_managed_resource_first_time_to_reconcile_seconds",
            "The time from the creation of a managed resource to its first reconcile",
            self.first_reconciled.clone(),
        );
        registry.register(
            "crossplane_managed_resource_first_time_to_readiness_seconds",
            "The time from the creation of a managed resource to its first readiness",
            self.first_ready.clone(),
        );
        registry.register(
            "crossplane_managed_resource_deletion_seconds",
            "The time from the deletion request of a managed resource to its removal",
            self.deletion.clone(),
        );
        registry.register(
            "crossplane_managed_resource_drift_seconds",
            "The time from the last observed desired state of an external resource to the detection of drift",
            self.drift.clone(),
        );
        registry.register(
            "crossplane_managed_resource_exists",
            "The number of managed resources",
            self.exists.clone(),
        );
        registry.register(
            "crossplane_managed_resource_ready",
            "The number of managed resources that are ready",
            self.ready.clone(),
        );
        registry.register(
            "crossplane_managed_resource_synced",
            "The number of managed resources that are synced",
            self.synced.clone(),
        );
        registry.register(
            "controller_runtime_reconcile",
            "The number of reconciles by controller and result",
            self.reconciles.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_time_seconds",
            "The duration of a reconcile",
            self.reconcile_time.clone(),
        );
        registry.register(
            "controller_runtime_active_workers",
            "The number of reconciles in progress",
            self.workers.clone(),
        );
        registry.register(
            format!("{prefix}_external_resource_writes"),
            "The number of writes to the clusters of the external resources",
            self.writes.clone(),
        );
        registry
    }

    /// The metrics in the format [`CONTENT_TYPE`].
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a String does not fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }

    /// Measures the first reconcile of a managed resource, at `now`, since its creation. Later
    /// calls are ignored.
    pub fn first_reconciled(&self, key: &ResourceKey, created: Timestamp, now: Timestamp) {
        if self.resources().first_reconciled(key) {
            let seconds = between(created, now);
            self.first_reconciled
                .get_or_create(&gvk(key))
                .observe(seconds);
        }
    }

    /// Measures the first readiness of a managed resource, at `now`, since its creation. Later
    /// calls are ignored, and so are resources whose first reconcile was in another process,
    /// because they may have been ready before.
    pub fn first_ready(&self, key: &ResourceKey, created: Timestamp, now: Timestamp) {
        if self.resources().first_ready(key) {
            let seconds = between(created, now);
            self.first_ready.get_or_create(&gvk(key)).observe(seconds);
        }
    }

    /// Measures the deletion of a managed resource that is gone at `now`, and forgets the resource.
    pub fn deleted(&self, key: &ResourceKey, asked: Timestamp, now: Timestamp) {
        let seconds = between(asked, now);
        self.deletion.get_or_create(&gvk(key)).observe(seconds);
        self.forget(key);
    }

    /// Forgets a managed resource that is gone in another way.
    pub fn forget(&self, key: &ResourceKey) {
        let known = self.resources().forget(key);
        self.counted(key, known, resources::State::default());
    }

    /// Notes that the external resource is as desired.
    pub fn unchanged(&self, key: &ResourceKey) {
        self.resources().unchanged(key, Instant::now());
    }

    /// Notes that the external resource differs from what is desired.
    pub fn drifted(&self, key: &ResourceKey) {
        if let Some(since) = self.resources().drifted(key, Instant::now()) {
            self.drift
                .get_or_create(&gvk(key))
                .observe(since.as_secs_f64());
        }
    }

    /// Notes that a managed resource exists, and whether it is ready and synced.
    pub fn state(&self, key: &ResourceKey, ready: bool, synced: bool) {
        let state = resources::State {
            exists: true,
            ready,
            synced,
        };
        let before = self.resources().state(key, state);
        self.counted(key, before, state);
    }

    /// Counts a write to an external resource.
    pub fn written(&self, key: &ResourceKey, verb: Verb) {
        let write = Write {
            gvk: key.gvk.clone(),
            verb: verb.word(),
        };
        self.writes.get_or_create(&write).inc();
    }

    /// Begins to measure a reconcile; dropping the value ends it.
    pub fn reconcile(&self, controller: &str) -> Reconcile {
        let label = Controller {
            controller: controller.to_owned(),
        };
        self.workers.get_or_create(&label).inc();
        Reconcile {
            metrics: self.clone(),
            label,
            begun: Instant::now(),
            outcome: Outcome::Error,
        }
    }

    fn counted(&self, key: &ResourceKey, before: resources::State, now: resources::State) {
        let label = gvk(key);
        for (gauge, before, now) in [
            (&self.exists, before.exists, now.exists),
            (&self.ready, before.ready, now.ready),
            (&self.synced, before.synced, now.synced),
        ] {
            let change = i64::from(now) - i64::from(before);
            gauge.get_or_create(&label).inc_by(change);
        }
    }

    fn resources(&self) -> std::sync::MutexGuard<'_, Resources> {
        self.resources
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running reconcile. If it is dropped without [`Reconcile::ended`], it counts as failed.
pub struct Reconcile {
    metrics: Metrics,
    label: Controller,
    begun: Instant,
    outcome: Outcome,
}

impl Reconcile {
    /// It ended so.
    pub fn ended(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Reconcile {
    fn drop(&mut self) {
        let metrics = &self.metrics;
        metrics.workers.get_or_create(&self.label).dec();
        metrics
            .reconcile_time
            .get_or_create(&self.label)
            .observe(self.begun.elapsed().as_secs_f64());
        let ended = Ended {
            controller: self.label.controller.clone(),
            result: self.outcome.word(),
        };
        metrics.reconciles.get_or_create(&ended).inc();
    }
}

fn gvk(key: &ResourceKey) -> Gvk {
    Gvk {
        gvk: key.gvk.clone(),
    }
}

/// The seconds between two times; zero if the clocks disagree.
fn between(from: Timestamp, to: Timestamp) -> f64 {
    Duration::try_from(to.duration_since(from))
        .unwrap_or_default()
        .as_secs_f64()
}
