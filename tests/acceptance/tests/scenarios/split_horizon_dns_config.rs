//! `everest_split_horizon_dns_config`.

use serde_json::json;

use crate::{
    objects::{self, SECRET},
    stack::Stack,
};

const SPLIT_HORIZON: objects::Kind = (
    "enginefeatures.everest.percona.com/v1alpha1",
    "SplitHorizonDNSConfig",
);
const NAME: &str = "everest_split_horizon_dns_config.dns";
const KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\\nMA==\\n-----END RSA PRIVATE KEY-----\\n";

fn config(suffix: &str, certificate: &str, key: &str) -> String {
    format!(
        "resource \"everest_split_horizon_dns_config\" \"dns\" {{
  namespace               = \"NS\"
  name                    = \"dns\"
  base_domain_name_suffix = {suffix:?}
  ca_certificate          = \"-----BEGIN CERTIFICATE-----\\n{certificate}\\n-----END CERTIFICATE-----\\n\"
  ca_key                  = \"{key}\"
}}
"
    )
}

fn database() -> String {
    "resource \"everest_database\" \"db\" {
  namespace = \"NS\"
  name      = \"orders\"
  engine = { type = \"psmdb\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"1G\" } }
  engine_features = { psmdb = { split_horizon_dns_config_name = \"dns\" } }
  deletion_protection = false
}
"
    .to_owned()
}

#[test]
fn a_dns_config_lives_with_its_secret_and_is_kept_as_it_is_while_it_is_used() {
    let stack = Stack::with_engine("psmdb");
    let namespace = &stack.namespace;
    let secret = || objects::get(SECRET, namespace, "dns");

    for (suffix, key, fault) in [
        ("db.example.com", "a key", "is not an unencrypted RSA key"),
        ("Example.com", KEY, "is not a suffix of host names"),
    ] {
        stack.write(&config(suffix, "MA==", key));
        stack.apply().failed().says(fault);
    }

    stack.write(&config("db.example.com", "MA==", KEY));
    stack.apply().succeeded();
    stack.plan_is_empty();
    assert_eq!(stack.state(NAME)["secret_name"], "dns");
    assert_eq!(secret()["type"], "Opaque");
    let before = secret()["data"]["ca.crt"].clone();

    stack.write(&config("example.org", "MQ==", KEY));
    stack.apply().succeeded();
    assert_ne!(secret()["data"]["ca.crt"], before);
    let held = objects::get(SPLIT_HORIZON, namespace, "dns");
    assert_eq!(
        held["spec"],
        json!({"baseDomainNameSuffix": "example.org", "tls": {"secretName": "dns"}})
    );
    stack.reimport(NAME, &format!("{namespace}/dns"));
    stack.apply().succeeded();
    stack.plan_is_empty();

    // Used by a database that stays.
    stack.write(&(config("example.org", "MQ==", KEY) + &database()));
    stack.apply().succeeded();
    stack.write(&(config("example.com", "MQ==", KEY) + &database()));
    stack.apply().failed().says("in use");
    stack.write(&database());
    stack.apply().failed().says("database orders");
    stack.write(&config("example.org", "MQ==", KEY));
    stack.apply().succeeded();

    objects::delete(SPLIT_HORIZON, namespace, "dns");
    let planned = stack.planned_actions();
    assert!(
        planned.contains(&(NAME.to_owned(), vec!["create".to_owned()])),
        "{planned:?}"
    );
    stack.apply().succeeded();
    stack.destroy().succeeded();
    objects::eventually("the Secret goes too", || secret()["data"].is_null());
}
