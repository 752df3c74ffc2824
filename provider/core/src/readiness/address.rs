//! The address that exposing a database promises.

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseCluster;

use crate::semantic;

/// What of the address is missing while a load balancer has not given one: the
/// engines say that they are ready before. The name of the Service inside the
/// cluster is that of the former exposure.
///
/// Source: the operators' status: percona-xtradb-cluster-operator `appHost`,
/// percona-postgresql-operator `getHost`.
pub(crate) fn missing(database: &DatabaseCluster) -> Option<String> {
    let spec = &database.spec;
    let proxy = spec.proxy.known()?;
    let exposed = proxy.expose.known()?.type_.known_str()?;
    if semantic::expose_type(exposed) != "LoadBalancer" {
        return None;
    }
    let status = database.status.as_ref();
    let hostname = status.and_then(|status| status.hostname.as_deref());
    let hostname = hostname.unwrap_or_default();
    let tail = "look at the Service and its events: kubectl get service";
    let namespace = database.metadata.namespace.as_deref().unwrap_or_default();
    if hostname.is_empty() {
        return Some(format!(
            "the database is ready, but its load balancer has no address yet. If that goes on, \
             {tail} -n {namespace}"
        ));
    }
    (is_one_address(database) && is_inside(database, hostname)).then(|| {
        format!(
            "the database is ready, but its load balancer has no address yet: the host name is \
             still {hostname}, inside the cluster. If that goes on, {tail} -n {namespace}"
        )
    })
}

/// Whether the database has one Service: a MongoDB replica set has one for each
/// member, and lists them.
fn is_one_address(database: &DatabaseCluster) -> bool {
    let spec = &database.spec;
    let engine = spec.engine.known();
    let sharding = spec.sharding.known();
    engine.is_some_and(|engine| engine.type_.known() != Some(&Engine::Psmdb))
        || sharding.is_some_and(|sharding| sharding.enabled.known() == Some(&true))
}

/// Whether a host name is that of a Service of the database: `NAME-….NAMESPACE`
/// with `.svc` and what follows it, or without.
fn is_inside(database: &DatabaseCluster, hostname: &str) -> bool {
    let name = database.metadata.name.as_deref().unwrap_or_default();
    let namespace = database.metadata.namespace.as_deref().unwrap_or_default();
    let Some((service, domain)) = hostname.split_once('.') else {
        return false;
    };
    let of_database = service
        .strip_prefix(name)
        .is_some_and(|rest| rest.starts_with('-'));
    let rest = domain.strip_prefix(namespace);
    of_database && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(".svc"))
}
