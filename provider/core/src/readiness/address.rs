//! The addresses that a database promises: of its exposure, and of split-horizon DNS.

use std::net::IpAddr;

use everest_schemas::Engine;
use everest_schemas::everest::{DatabaseCluster, SplitHorizonDomain};
use serde_json::Value;

use crate::facts::Seen;
use crate::{semantic, v1};

/// What of the addresses is missing: the engines say that they are ready before a load balancer
/// has given one, and before the one of a former exposure is taken back; and Everest looks for the
/// domains of split-horizon DNS after that.
///
/// Source: the operators' status: percona-xtradb-cluster-operator `appHost`,
/// percona-postgresql-operator `getHost`, percona-server-mongodb-operator
/// `connectionEndpoint`; everest-operator `getSplitHorizonStatus`.
pub(crate) fn missing(database: &DatabaseCluster) -> Option<String> {
    of_exposure(database).or_else(|| of_split_horizon(database))
}

/// What is missing where the engine says another host name than Everest, which copies it.
pub(super) fn former(database: &DatabaseCluster, engine_cr: Seen<&Value>) -> Option<String> {
    let Seen::Found(engine_cr) = engine_cr else {
        return None;
    };
    let host = engine_cr.pointer("/status/host").and_then(Value::as_str);
    let host = host.filter(|host| !host.is_empty())?;
    let hostname = hostname(database);
    (host != hostname).then(|| {
        format!(
            "the database is ready, but Everest still reports the host name {hostname:?}, while \
             the engine reports {host:?}"
        )
    })
}

fn of_exposure(database: &DatabaseCluster) -> Option<String> {
    let hostname = hostname(database);
    let tail = format!(
        "If this continues, check the Service and its events: kubectl get service -n {}",
        namespace(database)
    );
    let endpoints = v1::endpoint::named(hostname);
    if !is_load_balanced(database) {
        let is_outside = |host: &str| {
            // Members of a replica set were also listed by their addresses in the cluster.
            let is_member = is_replica_set(database) && host.parse::<IpAddr>().is_ok();
            host.contains('.') && !is_member && !is_inside(database, host)
        };
        let is_former = endpoints.iter().any(|endpoint| is_outside(&endpoint.host));
        return is_former.then(|| {
            format!(
                "the database is ready, but its host name is still that of its previous load \
                 balancer ({hostname}). {tail}"
            )
        });
    }
    if endpoints.is_empty() {
        return Some(format!(
            "the database is ready, but its load balancer has no address yet. {tail}"
        ));
    }
    let mut hosts = endpoints.iter().map(|endpoint| &*endpoint.host);
    if hosts.any(|host| is_inside(database, host)) {
        return Some(format!(
            "the database is ready, but its load balancer has no address yet; the host name is \
             still the one inside the cluster ({hostname}). {tail}"
        ));
    }
    let members = replicas(database).filter(|_| is_replica_set(database))?;
    (endpoints.len() < members).then(|| {
        format!(
            "the database is ready, but only {} of its {members} load balancers have an address, \
             one for each member of the replica set. {tail}",
            endpoints.len()
        )
    })
}

/// What split-horizon DNS lacks: Everest makes one domain for each pod.
fn of_split_horizon(database: &DatabaseCluster) -> Option<String> {
    let features = database.spec.engine_features.known()?.psmdb.known()?;
    let config = features.split_horizon_dns_config_name.known_str()?;
    if config.is_empty() || !is_replica_set(database) {
        return None;
    }
    let tail = format!(
        "If this continues, check the Services of its pods (kubectl get service -n {}) and the \
         SplitHorizonDNSConfig {config}",
        namespace(database)
    );
    let status = database.status.as_ref();
    let features = status.and_then(|status| status.engine_features.as_ref()?.psmdb.as_ref());
    let split = features.and_then(|features| features.split_horizon.as_ref());
    let domains = split.and_then(|split| split.domains.as_deref());
    let domains = domains.unwrap_or_default();
    let pods = replicas(database).unwrap_or(1);
    if domains.len() < pods {
        return Some(format!(
            "the database is ready, but only {} of its {pods} split-horizon domains are known. \
             {tail}",
            domains.len()
        ));
    }
    // By the present name of the exposure Everest looks for no address.
    if expose_type(database) != Some("external") {
        return None;
    }
    let unaddressed = domains.iter().find(|domain| !is_addressed(domain))?;
    let domain = unaddressed.domain.as_deref().unwrap_or_default();
    Some(format!(
        "the database is ready, but its split-horizon domain {domain} has no public address yet. \
         {tail}"
    ))
}

/// Whether the load balancer of a domain has its address; until then Everest says `pending`.
fn is_addressed(domain: &SplitHorizonDomain) -> bool {
    let address = domain.public_ip.as_deref();
    address.is_some_and(|address| !address.is_empty() && address != "pending")
}

fn hostname(database: &DatabaseCluster) -> &str {
    let status = database.status.as_ref();
    let hostname = status.and_then(|status| status.hostname.as_deref());
    hostname.unwrap_or_default()
}

fn namespace(database: &DatabaseCluster) -> &str {
    database.metadata.namespace.as_deref().unwrap_or_default()
}

fn replicas(database: &DatabaseCluster) -> Option<usize> {
    let replicas = *database.spec.engine.known()?.replicas.known()?;
    usize::try_from(replicas).ok()
}

fn expose_type(database: &DatabaseCluster) -> Option<&str> {
    let expose = database.spec.proxy.known()?.expose.known()?;
    expose.type_.known_str()
}

/// Whether the database is to be reached through a load balancer. One that does
/// not say is reached inside the cluster.
fn is_load_balanced(database: &DatabaseCluster) -> bool {
    expose_type(database).is_some_and(|exposed| semantic::expose_type(exposed) == "LoadBalancer")
}

/// Whether the database is a MongoDB replica set, which has one Service for each member, and lists
/// them.
fn is_replica_set(database: &DatabaseCluster) -> bool {
    let spec = &database.spec;
    let engine = spec.engine.known();
    let sharding = spec.sharding.known();
    engine.is_some_and(|engine| engine.type_.known() == Some(&Engine::Psmdb))
        && sharding.is_none_or(|sharding| sharding.enabled.known() != Some(&true))
}

/// Whether a host name is that of a Service of the database: `NAME-….NAMESPACE`
/// with `.svc` and what follows it, or without; or of a pod behind it:
/// `POD.NAME-….NAMESPACE`.
fn is_inside(database: &DatabaseCluster, hostname: &str) -> bool {
    let name = database.metadata.name.as_deref().unwrap_or_default();
    let of_database = |label: &str| {
        let rest = label.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with('-'))
    };
    let Some((service, domain)) = hostname.split_once('.') else {
        return false;
    };
    let domain = match domain.split_once('.') {
        Some((behind, domain)) if of_database(behind) => domain,
        _ => domain,
    };
    let rest = domain.strip_prefix(namespace(database));
    of_database(service) && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(".svc"))
}
