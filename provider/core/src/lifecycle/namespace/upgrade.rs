//! The approval of install plans that upgrade operators, under Everest's lock.

use std::collections::BTreeMap;

use everest_schemas::Engine;
use everest_schemas::everest::{DatabaseCluster, DatabaseEngine};
use everest_schemas::olm::InstallPlan;
use serde_json::{Value, json};

use super::hindrance::path;
use crate::facts::UPGRADE_LOCK;
use crate::lifecycle::{Action, Merge, ObjectRef, Observed, Query};
use crate::operator_upgrade::{self, Hop};
use crate::text::Text;
use crate::v1::managed_fields::owned_keys;

/// The locks of the upgrades in one namespace.
#[derive(Clone, Debug)]
pub(super) struct Upgrade {
    namespace: String,
    /// The field manager that sets the locks.
    manager: String,
    /// Our locks with their values. This run has set them, or an earlier run of this provider that
    /// ended before its upgrade did.
    held: BTreeMap<Engine, String>,
    /// The plan that the locks were set for.
    locked_for: Option<String>,
}

impl Upgrade {
    pub(super) fn new(namespace: &str, manager: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            manager: manager.to_owned(),
            held: BTreeMap::new(),
            locked_for: None,
        }
    }

    /// Approves a plan in Everest's order, so that nothing changes a database meanwhile:
    /// 1. waits while a foreign lock is set;
    /// 2. sets the lock on each engine that is upgraded;
    /// 3. checks that all databases of those engines are ready for it;
    /// 4. approves the plan. Everest takes the lock off once the new version is installed.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub(super) fn approve(
        &mut self,
        observed: &Observed,
        plan: &InstallPlan,
        hops: &[Hop],
    ) -> Result<Action, Query> {
        let name = plan.metadata.name.as_deref().unwrap_or_default();
        if !hops.is_empty() {
            let engines = self.engines(observed, Engine::ALL)?;
            if let Some(other) = self.locked_by_others(&engines) {
                return Ok(Action::Await(other.into()));
            }
            if !self.is_locked_for(name, &engines, hops) {
                return Ok(self.lock(observed, name, &engines, hops));
            }
            if let Some(refusal) = self.databases_against(observed, hops)? {
                return Ok(refusal);
            }
        }
        let plan = ObjectRef::of::<InstallPlan>(&self.namespace, name);
        Ok(Action::merge(&plan, json!({"spec": {"approved": true}})))
    }

    /// The engines as Everest sees them. A lock that this provider has set counts as ours, as its
    /// field manager shows: a controller sets the lock in one reconcile and goes on in the next,
    /// and a process may end between lock and approval.
    fn engines<'a>(
        &mut self,
        observed: &'a Observed,
        engines: impl IntoIterator<Item = Engine>,
    ) -> Result<BTreeMap<Engine, &'a DatabaseEngine>, Query> {
        let mut found = BTreeMap::new();
        for engine in engines {
            let name = engine.operator();
            if let Some(live) = observed.object::<DatabaseEngine>(&self.namespace, name)? {
                found.insert(engine, live);
            }
        }
        for (engine, live) in &found {
            let set = owned_keys(&live.metadata, &self.manager).annotations;
            if set.contains(UPGRADE_LOCK)
                && let Some(value) = lock_of(live)
            {
                let held = self.held.entry(*engine);
                held.or_insert_with(|| value.to_owned());
            }
        }
        Ok(found)
    }

    /// Describes a foreign lock on an engine of the namespace, if there is one.
    fn locked_by_others(&self, engines: &BTreeMap<Engine, &DatabaseEngine>) -> Option<String> {
        engines.iter().find_map(|(engine, live)| {
            let value = lock_of(live)?;
            if self.holds(*engine, value) {
                return None;
            }
            let name = engine.operator();
            Some(if value.parse::<jiff::Timestamp>().is_ok() {
                format!(
                    "the upgrade of the operator {name}, which someone else started at {value}, to \
                     end (annotation {UPGRADE_LOCK}; Everest removes it after the upgrade, at the \
                     latest after 10 minutes)"
                )
            } else {
                format!(
                    "the annotation {UPGRADE_LOCK} of DatabaseEngine {name} to be removed: its \
                     value {value:?} is not a time, so Everest never removes it and does not \
                     handle the engine. Remove it by hand"
                )
            })
        })
    }

    /// Returns true if a lock may be ours.
    pub(super) fn has_locks(&self) -> bool {
        !self.held.is_empty()
    }

    fn holds(&self, engine: Engine, value: &str) -> bool {
        self.held.get(&engine).is_some_and(|held| held == value)
    }

    fn is_locked_for(
        &self,
        plan: &str,
        engines: &BTreeMap<Engine, &DatabaseEngine>,
        hops: &[Hop],
    ) -> bool {
        self.locked_for.as_deref() == Some(plan)
            && hops.iter().all(|hop| {
                let lock = engines.get(&hop.engine).and_then(|live| lock_of(live));
                lock.is_some_and(|lock| self.holds(hop.engine, lock))
            })
    }

    /// Sets the locks; each is refused if its engine was changed since it was observed.
    fn lock(
        &mut self,
        observed: &Observed,
        plan: &str,
        engines: &BTreeMap<Engine, &DatabaseEngine>,
        hops: &[Hop],
    ) -> Action {
        let now = observed.now().to_string();
        let mut locks = Vec::new();
        for hop in hops {
            let Some(live) = engines.get(&hop.engine) else {
                let name = hop.engine.operator();
                return Action::Await(format!("Everest to handle the engine of {name}").into());
            };
            self.held.insert(hop.engine, now.clone());
            locks.push(self.annotate(live, json!(now)));
        }
        self.locked_for = Some(plan.to_owned());
        Action::Merge(locks)
    }

    fn annotate(&self, live: &DatabaseEngine, value: Value) -> Merge {
        let name = live.metadata.name.as_deref().unwrap_or_default();
        Merge {
            object: ObjectRef::of::<DatabaseEngine>(&self.namespace, name),
            body: json!({"metadata": {
                "resourceVersion": live.metadata.resource_version,
                "annotations": {UPGRADE_LOCK: value},
            }})
            .into(),
        }
    }

    /// The refusal of the upgrade because of databases that are not ready for it, if there are any.
    fn databases_against(
        &self,
        observed: &Observed,
        hops: &[Hop],
    ) -> Result<Option<Action>, Query> {
        let databases = observed.listed::<DatabaseCluster>(&self.namespace)?;
        // Where other namespaces may not be looked into, what their operators offer stays open.
        let everywhere = observed.all::<DatabaseEngine>("")?.unwrap_or_default();
        for hop in hops {
            let offered =
                operator_upgrade::offered(everywhere.iter().map(std::ops::Deref::deref), hop);
            let databases = databases.iter().map(|database| &**database);
            let waiting = operator_upgrade::objections(databases, hop, offered);
            if waiting.is_empty() {
                continue;
            }
            let message = Text::from(format!(
                "{} was not upgraded from {} to {}, because these databases are not ready for it: \
                 {}. ",
                hop.engine.operator(),
                hop.from,
                hop.to,
                waiting.join(", ")
            ))
            .and(
                "Set their {engine.crVersion} to \"recommended\" if their CR version is out of \
                 date, wait until they are ready, and try again",
            );
            return Ok(Some(Action::Refuse {
                message,
                attribute: Some(path(hop.engine).field("version")),
            }));
        }
        Ok(None)
    }

    /// Removes our locks, unless someone has replaced them; `None` once there are none. Everest
    /// itself leaves a lock for ten minutes if a further upgrade is pending.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub(super) fn release(
        &mut self,
        observed: &Observed,
        engines: impl IntoIterator<Item = Engine>,
    ) -> Result<Option<Action>, Query> {
        let engines = self.engines(observed, engines)?;
        let locks: Vec<_> = engines
            .iter()
            .filter(|(engine, live)| lock_of(live).is_some_and(|lock| self.holds(**engine, lock)))
            .map(|(_, live)| self.annotate(live, Value::Null))
            .collect();
        self.locked_for = None;
        Ok((!locks.is_empty()).then_some(Action::Merge(locks)))
    }
}

fn lock_of(engine: &DatabaseEngine) -> Option<&str> {
    let annotations = engine.metadata.annotations.as_ref()?;
    annotations.get(UPGRADE_LOCK).map(String::as_str)
}
