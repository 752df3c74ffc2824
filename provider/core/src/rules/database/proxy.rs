//! Rules for the proxy and its exposure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseClusterSpec;

use super::{engine, engine_replicas, engine_type};
use crate::path::FieldPath;
use crate::rules::findings::Findings;
use crate::rules::table::database::{
    IP_RANGE_SYNTAX, IP_RANGES_DISTINCT, PROXY_REPLICAS, PROXY_TYPE,
};

const LEAST_PROXIES: i32 = 2;

/// The proxy that not every supported release of Everest can run.
const PROXYSQL: &str = "proxysql";

/// Returns true if the proxy is ProxySQL.
pub(super) fn is_proxysql(spec: &DatabaseClusterSpec) -> bool {
    let proxy = spec.proxy.known();
    proxy.and_then(|proxy| proxy.type_.known_str()) == Some(PROXYSQL)
}

pub(super) fn check(spec: &DatabaseClusterSpec, findings: &mut Findings) {
    let Some(proxy) = spec.proxy.known() else {
        return;
    };
    let path = FieldPath::of("proxy");
    if let (Some(engine), Some(type_)) = (engine_type(spec), proxy.type_.known_str()) {
        let own: &[&str] = match engine {
            Engine::Pxc => &["haproxy", PROXYSQL],
            Engine::Psmdb => &["mongos"],
            Engine::Postgresql => &["pgbouncer"],
        };
        if !type_.is_empty() && !own.contains(&type_) {
            findings.error(
                &PROXY_TYPE,
                path.field("type"),
                format!("{type_:?} is not a proxy of {engine}: {}", own.join(" or ")),
            );
        }
    }
    if engine_type(spec) == Some(Engine::Pxc)
        && engine_replicas(spec).is_some_and(|replicas| replicas > 1)
        && let Some(replicas) = proxy.replicas.known()
        && *replicas < LEAST_PROXIES
    {
        findings.error(
            &PROXY_REPLICAS,
            path.field("replicas"),
            format!("{replicas} proxy replica for several engine replicas"),
        );
    }
    if let Some(resources) = proxy.resources.known() {
        engine::ignored(&path.field("resources"), resources, findings);
    }
    let ranges = proxy
        .expose
        .known()
        .and_then(|expose| expose.ip_source_ranges.known());
    let path = path.field("expose").field("ipSourceRanges");
    let mut seen = BTreeSet::new();
    for (index, range) in ranges.into_iter().flatten().enumerate() {
        let Some(range) = range.known_str() else {
            continue;
        };
        if !seen.insert(range) {
            findings.error(
                &IP_RANGES_DISTINCT,
                path.index(index),
                format!("The range {range:?} is listed twice"),
            );
        }
        if !is_range(range) {
            findings.error(
                &IP_RANGE_SYNTAX,
                path.index(index),
                format!("{range:?} is not a range of addresses"),
            );
        }
    }
}

/// Returns true if Everest makes a source range of a text that Kubernetes accepts for a load
/// balancer. To an address alone, Everest appends the length of all its bits. In a range, surrounding
/// spaces and bits after the prefix are allowed.
fn is_range(text: &str) -> bool {
    let Some((address, prefix)) = text.trim().split_once('/') else {
        return text.parse::<IpAddr>().is_ok();
    };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
    digits && prefix.parse::<u8>().is_ok_and(|prefix| prefix <= most)
}
