//! What Everest says of the public host names of a MongoDB's pods.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Error};
use crate::kinds;
use crate::object::{self, at, number, text};

/// Finalizer that takes the Secret along which the webhook made.
pub const CLEANUP_SECRETS: &str = "everest.percona.com/cleanup-secrets";

/// The config that a database takes its host names from.
pub fn config(database: &DynamicObject) -> Option<&str> {
    let name = text(
        &database.data,
        "/spec/engineFeatures/psmdb/splitHorizonDnsConfigName",
    );
    (!name.is_empty()).then_some(name)
}

/// Deletes the Secret that the webhook made for a config that goes. Returns whether a finalizer is
/// off that was there.
pub async fn clean_up(config: &mut DynamicObject, cluster: &Cluster) -> Result<bool, Error> {
    if !object::has_finalizer(config, CLEANUP_SECRETS) {
        return Ok(false);
    }
    let namespace = config.namespace().unwrap_or_default();
    let secret = text(&config.data, "/spec/tls/secretName");
    cluster.delete(&kinds::SECRET, &namespace, secret).await?;
    Ok(object::remove_finalizers(config, &[CLEANUP_SECRETS]))
}

/// One domain for each pod that is up, below the suffix of the config. The address of a load
/// balancer is looked for by the former name of that exposure alone.
pub fn status(database: &DynamicObject, config: &DynamicObject, engine_status: &Value) -> Value {
    let name = database.name_any();
    let namespace = database.namespace().unwrap_or_default();
    let suffix = text(&config.data, "/spec/baseDomainNameSuffix");
    let external = text(&database.data, "/spec/proxy/expose/type") == "external";
    let pods = number(at(&database.data, "/spec/engine"), "/replicas");
    let up = number(engine_status, "/ready");
    let mut hosts = text(engine_status, "/host").split(',');
    let mut domains = Vec::new();
    for pod in 0..pods.min(up) {
        let address = hosts.next().and_then(|host| host.rsplit_once(':'));
        let mut domain = json!({
            "domain": format!("{name}-rs0-{pod}-{namespace}.{suffix}"),
            "privateIP": format!("10.96.0.{}", 20 + pod),
        });
        if external {
            domain["publicIP"] = address.map_or("pending", |(address, _)| address).into();
        }
        domains.push(domain);
    }
    let named = domains
        .iter()
        .map(|domain| format!("{}:27017", text(domain, "/domain")));
    let host = named.collect::<Vec<_>>().join(",");
    json!({"psmdb": {"splitHorizon": {"host": host, "domains": domains}}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pod_that_is_up_has_a_domain_and_by_the_former_name_an_address() {
        let of = |exposed: &str, ready: i64| {
            let database = object::new(
                &kinds::DATABASE_CLUSTER,
                "n",
                "db",
                json!({"spec": {"engine": {"replicas": 2}, "proxy": {"expose": {"type": exposed}}}}),
            );
            let config = json!({"spec": {"baseDomainNameSuffix": "example.org"}});
            let config = object::new(&kinds::SPLIT_HORIZON, "n", "eu", config);
            let engine = json!({"host": "203.0.113.20:27017", "ready": ready});
            status(&database, &config, &engine)["psmdb"]["splitHorizon"].clone()
        };
        let domains = &of("external", 2)["domains"];
        assert_eq!(domains[0]["domain"], "db-rs0-0-n.example.org");
        assert_eq!(domains[0]["publicIP"], "203.0.113.20");
        assert_eq!(domains[1]["publicIP"], "pending");
        assert!(of("LoadBalancer", 2)["domains"][0]["publicIP"].is_null());
        assert_eq!(of("external", 1)["host"], "db-rs0-0-n.example.org:27017");
    }
}
