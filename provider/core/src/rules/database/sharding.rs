//! Rules for sharding and other features of MongoDB.

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseClusterSpec;

use super::{engine_replicas, engine_type, split_horizon};
use crate::path::FieldPath;
use crate::rules::findings::{Findings, is_missing};
use crate::rules::table::database::{
    ENGINE_FEATURES_PSMDB, SHARDING_CONFIG_SERVERS, SHARDING_PSMDB, SHARDING_SHARDS,
    SPLIT_HORIZON_UNSHARDED, TLS_DISABLED,
};

const LEAST_CONFIG_SERVERS: i32 = 3;

pub(super) fn check(spec: &DatabaseClusterSpec, findings: &mut Findings) {
    let engine = engine_type(spec);
    let horizon = split_horizon(spec);
    let horizon_given = !is_missing(&horizon) && !horizon.is_unknown();
    // Everest's webhook looks only whether they are given, not what they hold.
    let features = spec.engine_features.known();
    let has_features = features.is_some_and(|features| features.psmdb.is_known());
    if has_features && engine.is_some_and(|engine| engine != Engine::Psmdb) {
        findings.error(
            &ENGINE_FEATURES_PSMDB,
            FieldPath::of("engineFeatures.psmdb"),
            "Engine features of MongoDB are given for another engine",
        );
    }
    let is_unsafe = spec.allow_unsafe_configuration.known() == Some(&true);
    if is_unsafe && engine == Some(Engine::Psmdb) {
        findings.warning(
            &TLS_DISABLED,
            FieldPath::of("allowUnsafeConfiguration"),
            "The database does not encrypt its connections",
        );
    }
    let Some(sharding) = spec.sharding.known() else {
        return;
    };
    if sharding.enabled.known() != Some(&true) {
        return;
    }
    let path = FieldPath::of("sharding");
    if let Some(engine) = engine
        && engine != Engine::Psmdb
    {
        findings.error(
            &SHARDING_PSMDB,
            path.field("enabled"),
            format!("{engine} cannot be sharded"),
        );
        return;
    }
    if horizon_given {
        findings.error(
            &SPLIT_HORIZON_UNSHARDED,
            FieldPath::of("engineFeatures.psmdb.splitHorizonDnsConfigName"),
            "Split-horizon DNS is given for a sharded database",
        );
    }
    if let Some(shards) = sharding.shards.known()
        && *shards < 1
    {
        findings.error(
            &SHARDING_SHARDS,
            path.field("shards"),
            format!("{shards} is not a number of shards"),
        );
    }
    let servers = sharding
        .config_server
        .known()
        .and_then(|servers| servers.replicas.known());
    if let (Some(servers), Some(replicas)) = (servers, engine_replicas(spec)) {
        let least = if replicas > 1 {
            LEAST_CONFIG_SERVERS
        } else {
            1
        };
        if servers % 2 == 0 || *servers < least {
            findings.error(
                &SHARDING_CONFIG_SERVERS,
                path.field("configServer").field("replicas"),
                format!("{servers} config servers for {replicas} replicas of the engine"),
            );
        }
    }
}
