//! Rules for proxies that not every supported release of Everest can run.

use everest_schemas::Engine;
use everest_schemas::models::DatabaseModel;

use super::super::proxy::is_proxysql;
use super::engine_type;
use crate::facts::Facts;
use crate::path::FieldPath;
use crate::rules::findings::Findings;
use crate::rules::table::database::PROXYSQL_RELEASE;

/// The kind whose definition shows the release, and the member that came with it.
const DATABASES: &str = "DatabaseCluster";
const VOLUME: [&str; 2] = ["proxy", "storage"];

/// Everest can run ProxySQL since it gives the proxy a volume, and the definition has that volume.
pub(super) fn check(model: &DatabaseModel, facts: &Facts, findings: &mut Findings) {
    let (Some(spec), Some(served)) = (model.spec.known(), &facts.served) else {
        return;
    };
    if engine_type(spec) != Some(Engine::Pxc) || !is_proxysql(spec) {
        return;
    }
    let volume = VOLUME.map(str::to_owned);
    if served.has(DATABASES, &[]) && !served.has(DATABASES, &volume) {
        findings.error(
            &PROXYSQL_RELEASE,
            FieldPath::of("proxy.type"),
            "Everest in this cluster cannot run ProxySQL",
        );
    }
}
