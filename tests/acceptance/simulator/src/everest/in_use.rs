//! Objects that only need to know whether a database uses them:
//! MonitoringConfig, PodSchedulingPolicy, LoadBalancerConfig and
//! SplitHorizonDNSConfig.

use std::sync::Arc;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::backup::mark_in_use;
use super::split_horizon;
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::kinds::{self, Kind};
use crate::object::{self, at, text};

/// Where a database names an object of a kind.
fn reference(kind: &str) -> Option<(&'static Kind, &'static str)> {
    Some(match kind {
        "MonitoringConfig" => (
            &kinds::MONITORING_CONFIG,
            "/spec/monitoring/monitoringConfigName",
        ),
        "PodSchedulingPolicy" => (
            &kinds::POD_SCHEDULING_POLICY,
            "/spec/podSchedulingPolicyName",
        ),
        "LoadBalancerConfig" => (
            &kinds::LOAD_BALANCER_CONFIG,
            "/spec/proxy/expose/loadBalancerConfigName",
        ),
        "SplitHorizonDNSConfig" => (
            &kinds::SPLIT_HORIZON,
            "/spec/engineFeatures/psmdb/splitHorizonDnsConfigName",
        ),
        _ => return None,
    })
}

/// Keeps finalizer and status in step with the use; a MonitoringConfig also
/// becomes the controller of its Secret.
pub async fn reconcile(used: Arc<DynamicObject>, cluster: Arc<Cluster>) -> Result<Action, Error> {
    let kind = used.types.as_ref().map_or("", |t| t.kind.as_str());
    let Some((kind, pointer)) = reference(kind) else {
        return Ok(Action::await_change());
    };
    let namespace = used.namespace().unwrap_or_default();
    if kind.namespaced && !cluster.manages(&namespace) {
        return Ok(Action::await_change());
    }
    let name = used.name_any();
    let in_use = cluster
        .list(&kinds::DATABASE_CLUSTER, &namespace)
        .iter()
        .any(|d| text(&d.data, pointer) == name);
    let mut marked = (*used).clone();
    let deleting = object::deleting(&used);
    // Everest lets go of no DNS configuration that is being deleted.
    let lets_go = !deleting || !in_use && kind != &kinds::SPLIT_HORIZON;
    let mut change = lets_go && mark_in_use(&mut marked, in_use);
    if kind == &kinds::SPLIT_HORIZON && deleting {
        change |= split_horizon::clean_up(&mut marked, &cluster).await?;
    }
    if kind == &kinds::MONITORING_CONFIG {
        change |= mark_copied(&mut marked, !deleting);
    }
    if change {
        cluster.update(kind, EVEREST_OPERATOR, &marked).await?;
        return Ok(Action::await_change());
    }
    if deleting {
        return Ok(Action::await_change());
    }
    if kind == &kinds::MONITORING_CONFIG {
        let secret = text(&used.data, "/spec/credentialsSecretName");
        let secret = cluster.read(&kinds::SECRET, &namespace, secret).await?;
        if let Some(mut secret) = secret
            && object::adopt(&mut secret, kind, &used)
        {
            cluster
                .update(&kinds::SECRET, EVEREST_OPERATOR, &secret)
                .await?;
        }
    }
    let mut status: Value = at(&used.data, "/status").clone();
    if !status.is_object() {
        status = json!({});
    }
    status["inUse"] = in_use.into();
    status["lastObservedGeneration"] = object::generation(&used).into();
    cluster
        .update_status(kind, EVEREST_OPERATOR, &used, status)
        .await?;
    Ok(Action::await_change())
}

/// Sets the finalizers of a MonitoringConfig whose key Everest's agent has a copy of. Returns whether
/// they were otherwise.
fn mark_copied(config: &mut DynamicObject, copied: bool) -> bool {
    const FINALIZERS: [&str; 2] = [
        "everest.percona.com/cleanup-secrets",
        "everest.percona.com/vmagent",
    ];
    let finalizers = config.finalizers_mut();
    let is_marked = finalizers.iter().any(|one| one == FINALIZERS[0]);
    finalizers.retain(|one| !FINALIZERS.contains(&one.as_str()));
    if copied {
        finalizers.extend(FINALIZERS.map(str::to_owned));
    }
    is_marked != copied
}
