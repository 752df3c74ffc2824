//! The rules before a write.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crossplane_managed::external::Planned;
use everest_cluster::{ClusterError, facts};
use everest_core::finding::{Finding, Severity};
use everest_core::rules::{Validate, awaited};

use crate::provider::error::{ReconcileError, sentence};
use crate::provider::kind::{self, Difference, Kind, Scene};

/// A reconcile does not wait for a cluster that does not answer: the next one asks again.
const AT_ONCE: Duration = Duration::ZERO;

/// Checks the rules for the planned change.
///
/// # Errors
/// `Refused` if one is broken, `Held` if only something is missing that may still come.
pub(super) async fn validate<K: Kind>(
    scene: &Scene<'_, K>,
    planned: Planned<'_, Arc<K::External>, Difference>,
) -> Result<(), ReconcileError> {
    let (prior, planned) = match planned {
        Planned::Creation => (None, scene.config.clone()),
        Planned::Update(external, difference) => {
            let prior = K::seen(scene, external).await?;
            let planned = kind::planned::<K>(scene.config, &prior, difference)?;
            (Some(prior), planned)
        }
    };
    let planned = K::with_secrets(scene, planned).await?;
    let findings = findings(scene, &planned, prior.as_ref()).await?;
    let awaited: Option<BTreeSet<_>> = findings.iter().map(awaited).collect();
    let waits = awaited.clone().unwrap_or_default();
    let prerequisites = &scene.views.prerequisites;
    prerequisites.waits(scene.key, scene.namespace, &waits);
    if findings.is_empty() {
        return Ok(());
    }
    if awaited.is_some() {
        let missing: Vec<_> = findings.iter().map(sentence).collect();
        return Err(ReconcileError::Held(format!(
            "waiting: {}",
            missing.join("; ")
        )));
    }
    Err(ReconcileError::Refused(findings))
}

/// Refuses to take over an external object that differs in members that cannot be changed: it is
/// another one than the spec describes.
///
/// # Errors
/// `Refused` if it is.
pub(super) async fn refuse_another<K: Kind>(
    scene: &Scene<'_, K>,
    external: &K::External,
    difference: &Difference,
) -> Result<(), ReconcileError> {
    let seen = K::seen(scene, external).await?;
    let planned = kind::planned::<K>(scene.config, &seen, difference)?;
    match planned.check_immutable(&seen) {
        findings if findings.is_empty() => Ok(()),
        findings => Err(ReconcileError::Refused(findings)),
    }
}

/// Returns the findings against `planned`: first those without the cluster, then those with it.
///
/// # Errors
/// If the cluster does not answer; nothing is written then.
async fn findings<K: Kind>(
    scene: &Scene<'_, K>,
    planned: &K::Model,
    prior: Option<&K::Model>,
) -> Result<Vec<Finding>, ClusterError> {
    let views = scene.views;
    let mut found = planned.check_in_place(scene.config, prior);
    found.extend(planned.check_time(prior, views.cluster.now()));
    found.retain(|finding| finding.severity == Severity::Error);
    if !found.is_empty() {
        return Ok(found);
    }
    facts::against_write(&views.recent(), planned, prior, AT_ONCE).await
}
