//! Approving upgrades of operators, under Everest's lock.

use std::collections::BTreeMap;

use everest_core::facts::UPGRADE_LOCK;
use everest_core::operator_upgrade::{self, Hop};
use everest_core::path::FieldPath;
use everest_core::text::Text;
use everest_schemas::Engine;
use everest_schemas::everest::{DatabaseCluster, DatabaseEngine};
use everest_schemas::olm::InstallPlan;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::olm::Olm;
use crate::Cluster;
use crate::error::{ClusterError, Object};
use crate::objects::Objects;

/// How often a lock is taken off again while Everest writes to its engine.
const TRIES: usize = 5;

/// What one apply does to upgrade the operators of a namespace.
pub(super) struct Upgrade<'a> {
    cluster: &'a Cluster,
    object: &'a Object,
    engines: Objects<DatabaseEngine>,
    databases: Objects<DatabaseCluster>,
    /// The locks that are ours, with what they say: this apply has set them, or an earlier one of
    /// this provider's that ended before its upgrade did.
    held: BTreeMap<Engine, String>,
    /// The plans that this apply has approved, with the version that each had before.
    approved: BTreeMap<String, Option<String>>,
}

/// What came of an approval.
pub(super) enum Approval {
    Given,
    /// Somebody else upgrades an operator of the namespace.
    Waits(String),
}

impl<'a> Upgrade<'a> {
    pub(super) fn new(cluster: &'a Cluster, namespace: &str, object: &'a Object) -> Self {
        Self {
            cluster,
            object,
            engines: cluster.objects(namespace),
            databases: cluster.objects(namespace),
            held: BTreeMap::new(),
            approved: BTreeMap::new(),
        }
    }

    /// Approves a plan in Everest's order, so that nothing changes a database meanwhile:
    /// 1. waits while somebody else's lock is there;
    /// 2. sets the lock on each engine that is upgraded;
    /// 3. looks whether all databases of those engines are ready for it;
    /// 4. approves. Everest takes the lock off once the new version is installed.
    ///
    /// # Errors
    /// `Blocked`, naming the databases that are not ready, and whatever keeps a step from being
    /// done; no lock of ours is left behind then.
    pub(super) async fn approve(
        &mut self,
        olm: &Olm,
        plan: &InstallPlan,
        hops: &[Hop],
    ) -> Result<Approval, ClusterError> {
        // A watch that lags shows it as it was. The locks are watched as well: each would be set
        // again for the one before.
        if self.approved.get(&plan.name_any()) == Some(&plan.resource_version()) {
            let name = plan.name_any();
            return Ok(Approval::Waits(format!(
                "install plan {name}, which is approved, to be seen as approved"
            )));
        }
        if hops.is_empty() {
            olm.approve(plan).await?;
        } else {
            if let Some(other) = self.locked_by_others().await? {
                return Ok(Approval::Waits(other));
            }
            let approved = self.approve_locked(olm, plan, hops).await;
            if approved.is_err() {
                self.release().await;
            }
            approved?;
        }
        self.approved
            .insert(plan.name_any(), plan.resource_version());
        Ok(Approval::Given)
    }

    async fn approve_locked(
        &mut self,
        olm: &Olm,
        plan: &InstallPlan,
        hops: &[Hop],
    ) -> Result<(), ClusterError> {
        for hop in hops {
            self.lock(hop.engine).await?;
        }
        self.databases_ready(hops).await?;
        olm.approve(plan).await
    }

    /// Takes the lock of an engine for ours if this provider has set it. A controller sets a lock
    /// at one look and goes on at the next, and a process may end between a lock and an approval;
    /// whose it is, is written beside it.
    pub(super) fn recognise(&mut self, engine: &DatabaseEngine) {
        let Some(value) = engine.annotations().get(UPGRADE_LOCK) else {
            return;
        };
        let set = self.cluster.owned_keys(&engine.metadata).annotations;
        if set.contains(UPGRADE_LOCK)
            && let Some(engine) = Engine::from_operator(&engine.name_any())
        {
            // A watch may still show the lock that was there before the one just set.
            self.held.entry(engine).or_insert_with(|| value.clone());
        }
    }

    /// The lock on an engine of the namespace that is not ours, in words.
    async fn locked_by_others(&mut self) -> Result<Option<String>, ClusterError> {
        let engines = self.engines.list("").await?;
        for engine in &engines {
            self.recognise(engine);
        }
        Ok(engines.iter().find_map(|engine| {
            let value = engine.annotations().get(UPGRADE_LOCK)?;
            let ours = Engine::from_operator(&engine.name_any())
                .is_some_and(|engine| self.held.get(&engine) == Some(value));
            if ours {
                return None;
            }
            let name = engine.name_any();
            Some(if value.parse::<jiff::Timestamp>().is_ok() {
                format!(
                    "the upgrade of {name} that somebody else began at {value} to end (annotation \
                     {UPGRADE_LOCK}; Everest removes it when the upgrade is over, or after 10 \
                     minutes)"
                )
            } else {
                format!(
                    "the annotation {UPGRADE_LOCK} of DatabaseEngine {name} to be removed: its \
                     value {value:?} is not a time, so Everest never does that, and does nothing \
                     else with the engine either"
                )
            })
        }))
    }

    /// Sets the lock unless the engine was changed since it was read.
    async fn lock(&mut self, engine: Engine) -> Result<(), ClusterError> {
        let name = engine.operator();
        let Some(found) = self.engines.get(name).await? else {
            return Err(ClusterError::NotFound {
                object: self.engines.named(name),
            });
        };
        let now = self.cluster.now().to_string();
        // Noted first: an answer that is lost may still have been a lock.
        self.held.insert(engine, now.clone());
        self.annotate(&found, json!(now)).await
    }

    async fn annotate(&self, found: &DatabaseEngine, value: Value) -> Result<(), ClusterError> {
        let body = json!({"metadata": {
            "resourceVersion": found.metadata.resource_version,
            "annotations": {UPGRADE_LOCK: value},
        }});
        let name = found.name_any();
        self.engines.patch_merge_once(&name, &body).await?;
        Ok(())
    }

    async fn databases_ready(&self, hops: &[Hop]) -> Result<(), ClusterError> {
        let databases = self.databases.list("").await?;
        // Where other namespaces may not be looked into, what their operators offer stays open.
        let everywhere = self.cluster.global::<DatabaseEngine>().list("").await;
        let everywhere = everywhere.unwrap_or_default();
        for hop in hops {
            let offered = operator_upgrade::offered(&everywhere, hop);
            let waiting = operator_upgrade::objections(&databases, hop, offered);
            if waiting.is_empty() {
                continue;
            }
            return Err(ClusterError::Blocked {
                object: Box::new(self.object.clone()),
                message: Text::from(format!(
                    "{} was not upgraded from {} to {}, because these databases are not ready for \
                     it: {}. ",
                    hop.engine.operator(),
                    hop.from,
                    hop.to,
                    waiting.join(", ")
                ))
                .and(
                    "Set their {engine.crVersion} to \"recommended\" where they have to take a \
                     version over, wait until they are ready, and try again",
                )
                .render(self.cluster.dialect()),
                attribute: Some(
                    FieldPath::of("engines")
                        .field(hop.engine.as_str())
                        .field("version"),
                ),
            });
        }
        Ok(())
    }

    /// Takes off the locks that are ours and nobody else has replaced. Everest leaves a
    /// lock for ten minutes where a further upgrade is pending.
    pub(super) async fn release(&mut self) {
        for (engine, value) in std::mem::take(&mut self.held) {
            if let Err(error) = self.unlock(engine, &value).await {
                tracing::warn!(%error, %engine, "the upgrade lock stays until Everest removes it");
            }
        }
    }

    async fn unlock(&self, engine: Engine, value: &str) -> Result<(), ClusterError> {
        let mut tries_left = TRIES;
        loop {
            tries_left -= 1;
            let Some(found) = self.engines.get(engine.operator()).await? else {
                return Ok(());
            };
            if found.annotations().get(UPGRADE_LOCK).map(String::as_str) != Some(value) {
                return Ok(());
            }
            match self.annotate(&found, Value::Null).await {
                Err(ClusterError::Api { code: 409, .. }) if tries_left > 0 => {}
                done => return done,
            }
        }
    }
}

#[cfg(test)]
mod tests;
