//! Rules for the objects that a database names.

use everest_schemas::Engine;
use everest_schemas::everest::{DatabaseClusterSpec, PodSchedulingPolicy};

use super::super::split_horizon as split_horizon_name;
use super::engine_type;
use crate::facts::{Facts, Kind};
use crate::path::FieldPath;
use crate::rules::Stage;
use crate::rules::findings::Findings;
use crate::rules::online::{Reference, is_to_come, named};
use crate::rules::table::online::{
    LOAD_BALANCER_CONFIG_EXISTS, MONITORING_EXISTS, POLICY_APPLIES, POLICY_EXISTS,
    SPLIT_HORIZON_EXISTS,
};

pub(super) fn check(
    spec: &DatabaseClusterSpec,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    if let Some(monitoring) = spec.monitoring.known()
        && !is_to_come(
            Kind::MonitoringConfigs,
            &monitoring.monitoring_config_name,
            &facts.monitoring_configs,
            facts,
            stage,
        )
    {
        let reference = Reference {
            rule: &MONITORING_EXISTS,
            path: FieldPath::of("monitoring.monitoringConfigName"),
            kind: "MonitoringConfig of the namespace",
            name: &monitoring.monitoring_config_name,
        };
        named(reference, &facts.monitoring_configs, stage, findings);
    }
    let expose = spec.proxy.known().and_then(|proxy| proxy.expose.known());
    if let Some(expose) = expose
        && !config_is_to_come(spec, facts, stage)
    {
        let reference = Reference {
            rule: &LOAD_BALANCER_CONFIG_EXISTS,
            path: FieldPath::of("proxy.expose.loadBalancerConfigName"),
            kind: "LoadBalancerConfig",
            name: &expose.load_balancer_config_name,
        };
        named(reference, &facts.load_balancer_configs, stage, findings);
    }
    policy(spec, facts, stage, findings);
}

/// Returns true if the planned run makes the load balancer configuration.
pub(super) fn config_is_to_come(spec: &DatabaseClusterSpec, facts: &Facts, stage: Stage) -> bool {
    let expose = spec.proxy.known().and_then(|proxy| proxy.expose.known());
    expose.is_some_and(|expose| {
        let (kind, name) = (Kind::LoadBalancerConfigs, &expose.load_balancer_config_name);
        is_to_come(kind, name, &facts.load_balancer_configs, facts, stage)
    })
}

/// Checks the policy, which has to be for the database's engine.
fn policy(spec: &DatabaseClusterSpec, facts: &Facts, stage: Stage, findings: &mut Findings) {
    let name = &spec.pod_scheduling_policy_name;
    if is_to_come(Kind::Policies, name, &facts.policies, facts, stage) {
        return;
    }
    let path = FieldPath::of("podSchedulingPolicyName");
    let reference = Reference {
        rule: &POLICY_EXISTS,
        path: path.clone(),
        kind: "PodSchedulingPolicy",
        name,
    };
    let policy = named(reference, &facts.policies, stage, findings);
    if let (Some(policy), Some(type_)) = (policy, engine_type(spec)) {
        let name = name.known_str().unwrap_or_default();
        match policy.spec.engine_type.known() {
            Some(of) if *of != type_ => findings.error(
                &POLICY_APPLIES,
                path,
                format!("The policy {name:?} is for {of}, not for {type_}"),
            ),
            _ if !has_affinity(policy, type_) => findings.error(
                &POLICY_APPLIES,
                path,
                format!("The policy {name:?} has no affinity for {type_}"),
            ),
            _ => {}
        }
    }
}

/// Checks the DNS configuration, which only a new database can get.
pub(super) fn split_horizon(
    spec: &DatabaseClusterSpec,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    let name = split_horizon_name(spec);
    if is_to_come(
        Kind::SplitHorizons,
        &name,
        &facts.split_horizons,
        facts,
        stage,
    ) {
        return;
    }
    let reference = Reference {
        rule: &SPLIT_HORIZON_EXISTS,
        path: FieldPath::of("engineFeatures.psmdb.splitHorizonDnsConfigName"),
        kind: "SplitHorizonDNSConfig of the namespace",
        name: &name,
    };
    named(reference, &facts.split_horizons, stage, findings);
}

fn has_affinity(policy: &PodSchedulingPolicy, engine: Engine) -> bool {
    let Some(config) = policy.spec.affinity_config.known() else {
        return false;
    };
    let replicated = match engine {
        Engine::Psmdb => {
            return config.psmdb.known().is_some_and(|affinity| {
                affinity.engine.is_known()
                    || affinity.proxy.is_known()
                    || affinity.config_server.is_known()
            });
        }
        Engine::Pxc => &config.pxc,
        Engine::Postgresql => &config.postgresql,
    };
    replicated
        .known()
        .is_some_and(|affinity| affinity.engine.is_known() || affinity.proxy.is_known())
}
