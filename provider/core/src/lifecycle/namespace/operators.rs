//! The removal of engine operators from a namespace.

use std::collections::BTreeSet;

use everest_schemas::Engine;
use everest_schemas::olm::{ClusterServiceVersion, InstallPlan, Subscription};
use serde_json::Value;

use crate::lifecycle::removals::Removals;
use crate::lifecycle::{Action, EngineRole, Observed, Query};
use crate::olm;
use crate::v1;

/// Removes operators: the Subscription first, or OLM would install the operator again, then the
/// plans that would install a version of it, then the CSV, which takes the Deployment along. Engine
/// CRDs stay, as OLM leaves them.
///
/// A plan goes by itself only with the last of the Subscriptions in the namespace when it was made.
/// Until then OLM makes no other one for those that are left, and the approval of the old one would
/// bring the operator back. Source: operator-lifecycle-manager
/// `pkg/controller/operators/catalog/operator.go`, `subscription/state.go`.
#[derive(Clone, Debug)]
pub(super) struct RemoveOperators {
    namespace: String,
    engines: Vec<Engine>,
    scope: Scope,
    /// True once the objects that the operators have to take down are gone.
    is_free: bool,
    /// The CSVs that the Subscriptions named.
    csvs: BTreeSet<String>,
    removals: Removals,
}

/// The CSVs that go with the Subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// Every CSV of the operators, once the engines' objects that Everest made are gone.
    Operators,
    /// Only the CSVs that the Subscriptions installed: a CSV that was there before stays.
    Subscriptions,
}

impl RemoveOperators {
    /// Removes the operators of engines.
    pub(super) fn of(namespace: &str, engines: Vec<Engine>) -> Self {
        Self {
            namespace: namespace.to_owned(),
            engines,
            scope: Scope::Operators,
            is_free: false,
            csvs: BTreeSet::new(),
            removals: Removals::default(),
        }
    }

    /// Removes the Subscriptions of engines and what they installed.
    pub(super) fn unsubscribed(namespace: &str, engines: Vec<Engine>) -> Self {
        Self {
            scope: Scope::Subscriptions,
            is_free: true,
            ..Self::of(namespace, engines)
        }
    }

    /// The next action; `None` once they are gone.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub(super) fn step(&mut self, observed: &Observed) -> Result<Option<Action>, Query> {
        if self.engines.is_empty() {
            return Ok(None);
        }
        let subscriptions = observed.listed::<Subscription>(&self.namespace)?;
        let subscribed = |engine: &Engine| {
            subscriptions
                .iter()
                .find(|found| found.metadata.name.as_deref() == Some(engine.operator()))
        };
        if !self.is_free {
            let engines = self.engines.iter().copied();
            let engines = engines.filter(|engine| subscribed(engine).is_some());
            if let Some(left) = engine_objects(observed, &self.namespace, engines)? {
                return Ok(Some(left));
            }
            self.is_free = true;
        }
        let found: Vec<_> = self.engines.iter().filter_map(subscribed).collect();
        for found in &found {
            let facts = olm::subscription(found);
            self.csvs.extend(facts.installed_csv);
            self.csvs.extend(facts.pending_csv);
        }
        let found = found.iter().map(|found| &found.metadata);
        if let Some(action) = self.removals.step::<Subscription>(&self.namespace, found) {
            return Ok(Some(action));
        }
        if !subscriptions.is_empty() {
            let engines = &self.engines;
            let plans = observed.listed::<InstallPlan>(&self.namespace)?;
            let plans = plans.iter().filter(|plan| awaits_approval(plan, engines));
            let plans = plans.map(|plan| &plan.metadata);
            if let Some(action) = self.removals.step::<InstallPlan>(&self.namespace, plans) {
                return Ok(Some(action));
            }
        }
        let versions = observed.listed::<ClusterServiceVersion>(&self.namespace)?;
        let versions = versions.iter().filter(|csv| {
            let name = csv.metadata.name.as_deref().unwrap_or_default();
            // A CSV that is being installed or replaced is not the installed one yet.
            let of_engine = self.scope == Scope::Operators
                && self.engines.iter().any(|engine| is_of(name, *engine));
            of_engine || self.csvs.contains(name)
        });
        let versions = versions.map(|csv| &csv.metadata);
        Ok(self
            .removals
            .step::<ClusterServiceVersion>(&self.namespace, versions))
    }
}

/// Returns true if a CSV belongs to an engine's operator.
fn is_of(csv: &str, engine: Engine) -> bool {
    olm::parse_csv(csv).is_some_and(|(package, _)| package == engine.operator())
}

/// Returns true if a plan that nobody has approved would install the operator of one of the engines.
fn awaits_approval(plan: &InstallPlan, engines: &[Engine]) -> bool {
    let mut versions = plan.spec.cluster_service_version_names.iter();
    !plan.spec.approved && versions.any(|csv| engines.iter().any(|engine| is_of(csv, *engine)))
}

/// The engines' objects that Everest made and that still exist.
///
/// An engine's backup can outlive the Everest object that owns it: the garbage collector learns of
/// a kind only half a minute after its definition. Without its operator nobody would take its
/// finalizer off, and the namespace could never go. Objects that someone made by hand are not
/// waited for, nor are kinds that may not be listed.
fn engine_objects(
    observed: &Observed,
    namespace: &str,
    engines: impl Iterator<Item = Engine>,
) -> Result<Option<Action>, Query> {
    let mut left = Vec::new();
    for engine in engines {
        for role in [
            EngineRole::Restore,
            EngineRole::Backup,
            EngineRole::Database,
        ] {
            let found = observed.engine_objects(engine, role, namespace)?;
            let going = found.into_iter().flatten().filter(|found| is_going(found));
            left.extend(going.map(|found| {
                let name = found["metadata"]["name"].as_str().unwrap_or_default();
                format!("{} {name}", role.kind(engine))
            }));
        }
    }
    Ok((!left.is_empty()).then(|| Action::Await(format!("{} to go", left.join(", ")).into())))
}

/// Returns true if an engine's object is being deleted or will be: its owner, an Everest object, is
/// gone by now.
fn is_going(object: &Value) -> bool {
    let group = v1::API_VERSION.split('/').next();
    let metadata = &object["metadata"];
    let owners = metadata["ownerReferences"].as_array().into_iter().flatten();
    let mut groups = owners.map(|owner| owner["apiVersion"].as_str()?.split('/').next());
    metadata["deletionTimestamp"].is_string() || groups.any(|of| of.is_some() && of == group)
}
