//! The address of an exposed database.

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseCluster;

use crate::semantic;

/// Says what is missing until the database has its address. Engines report ready before a load
/// balancer has assigned an address, and before the address of a former exposure is removed.
///
/// Source: the operators' status: percona-xtradb-cluster-operator `appHost`,
/// percona-postgresql-operator `getHost`, percona-server-mongodb-operator
/// `connectionEndpoint`.
pub(crate) fn missing(database: &DatabaseCluster) -> Option<String> {
    let status = database.status.as_ref();
    let hostname = status.and_then(|status| status.hostname.as_deref());
    let hostname = hostname.unwrap_or_default();
    let namespace = database.metadata.namespace.as_deref().unwrap_or_default();
    let tail = format!(
        "If that goes on, look at the Service and its events: kubectl get service -n {namespace}"
    );
    if !is_load_balanced(database) {
        let is_outside = hostname.contains('.') && !is_inside(database, hostname);
        return (is_outside && is_one_address(database)).then(|| {
            format!(
                "the database is ready, but its host name is still {hostname}, that of its former \
                 load balancer. {tail}"
            )
        });
    }
    if hostname.is_empty() {
        return Some(format!(
            "the database is ready, but its load balancer has no address yet. {tail}"
        ));
    }
    (is_one_address(database) && is_inside(database, hostname)).then(|| {
        format!(
            "the database is ready, but its load balancer has no address yet: the host name is \
             still {hostname}, inside the cluster. {tail}"
        )
    })
}

/// Returns true if the database is exposed by a load balancer. The default is an address inside the
/// cluster.
fn is_load_balanced(database: &DatabaseCluster) -> bool {
    let proxy = database.spec.proxy.known();
    let expose = proxy.and_then(|proxy| proxy.expose.known());
    let exposed = expose.and_then(|expose| expose.type_.known_str());
    exposed.is_some_and(|exposed| semantic::expose_type(exposed) == "LoadBalancer")
}

/// Returns true if the database has one Service. An exposed MongoDB replica set has one for each
/// member and lists them all.
fn is_one_address(database: &DatabaseCluster) -> bool {
    let spec = &database.spec;
    let engine = spec.engine.known();
    let sharding = spec.sharding.known();
    engine.is_some_and(|engine| engine.type_.known() != Some(&Engine::Psmdb))
        || sharding.is_some_and(|sharding| sharding.enabled.known() == Some(&true))
}

/// Returns true if a host name is that of a Service of the database: `NAME-….NAMESPACE`, with or
/// without `.svc` and the cluster domain.
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
