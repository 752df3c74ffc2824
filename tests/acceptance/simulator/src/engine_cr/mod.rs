//! From a DatabaseCluster to the engine operator's own object.
//!
//! The spec is built anew at each reconcile, so what someone edits in it by
//! hand is lost, as with the real operator.

use std::net::IpAddr;

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Map, Value, json};

use crate::engine::Engine;
use crate::object::{at, items, number, text, truth};
use crate::quantity;

mod pg;
mod psmdb;
mod pxc;

pub use pg::repo_of;

/// A bucket as the engine has to know it.
#[derive(Clone, Debug, PartialEq)]
pub struct Storage {
    /// Name of the BackupStorage.
    pub name: String,
    /// Its spec.
    pub spec: Value,
}

/// All that a mapping depends on.
pub struct Inputs<'a> {
    /// The database.
    pub database: &'a DynamicObject,
    /// `DatabaseEngine.status.availableVersions`.
    pub available: &'a Value,
    /// Version of the engine operator.
    pub operator: &'a str,
    /// The engine's object as it is now.
    pub current: Option<&'a DynamicObject>,
    /// Buckets that schedules, PITR, backups and restores need.
    pub storages: &'a [Storage],
    /// Size of the data volume, after the rules about resizing.
    pub volume_size: &'a str,
    /// Service annotations of the LoadBalancerConfig.
    pub service_annotations: &'a Value,
    /// `affinityConfig` of the PodSchedulingPolicy for this engine.
    pub affinity: &'a Value,
    /// Spec of the MonitoringConfig.
    pub monitoring: Option<&'a Value>,
}

/// Why no object can be made; the reconcile fails with this sentence.
pub type Unmappable = String;

/// The spec of the engine's object.
pub fn build(engine: Engine, inputs: &Inputs) -> Result<Value, Unmappable> {
    match engine {
        Engine::Pxc => pxc::build(inputs),
        Engine::Psmdb => psmdb::build(inputs),
        Engine::Postgresql => pg::build(inputs),
    }
}

impl Inputs<'_> {
    fn spec(&self) -> &Value {
        at(&self.database.data, "/spec")
    }

    fn name(&self) -> String {
        self.database.name_any()
    }

    fn image(&self) -> Result<&str, Unmappable> {
        let version = text(self.spec(), "/engine/version");
        self.available["engine"][version]["imagePath"]
            .as_str()
            .ok_or_else(|| format!("engine version {version} not available"))
    }

    fn replicas(&self) -> i64 {
        number(self.spec(), "/engine/replicas")
    }

    fn proxy_replicas(&self) -> i64 {
        match number(self.spec(), "/proxy/replicas") {
            0 => self.replicas(),
            replicas => replicas,
        }
    }

    /// Whether every safety check of the engine is off.
    fn allows_unsafe(&self) -> bool {
        truth(self.spec(), "/allowUnsafeConfiguration")
    }

    /// The safety checks of the engine that are off: those of sizes for small setups too.
    fn unsafe_flags(&self, sizes: &[&str], others: &[&str]) -> Value {
        let sizes = sizes
            .iter()
            .filter(|_| self.replicas() == 1 || self.allows_unsafe());
        let others = others.iter().filter(|_| self.allows_unsafe());
        let flags = sizes
            .chain(others)
            .map(|flag| ((*flag).to_owned(), true.into()));
        let flags: Map<String, Value> = flags.collect();
        match flags.is_empty() {
            true => Value::Null,
            false => flags.into(),
        }
    }

    /// The version of the engine's object that the user asked for, or the one
    /// it has.
    fn cr_version(&self) -> Option<&str> {
        let asked = text(self.spec(), "/engine/crVersion");
        let has = self
            .current
            .map_or("", |c| text(&c.data, "/spec/crVersion"));
        [asked, has].into_iter().find(|v| !v.is_empty())
    }

    fn engine_resources(&self) -> Value {
        resource_list(at(self.spec(), "/engine/resources"))
    }

    fn proxy_resources(&self, default: Value) -> Value {
        let asked = resource_list(at(self.spec(), "/proxy/resources"));
        let mut limits = default;
        for (name, quantity) in asked.as_object().into_iter().flatten() {
            limits[name] = quantity.clone();
        }
        limits
    }

    fn volume(&self) -> Value {
        let mut claim = json!({"resources": {"requests": {"storage": self.volume_size}}});
        let class = text(self.spec(), "/engine/storage/class");
        if !class.is_empty() {
            claim["storageClassName"] = class.into();
        }
        claim
    }

    /// The Service's part of exposure: type, source ranges, annotations.
    fn expose(&self) -> Map<String, Value> {
        let mut expose = Map::new();
        let service = service_type(text(self.spec(), "/proxy/expose/type"));
        expose.insert("type".to_owned(), service.into());
        let ranges = items(self.spec(), "/proxy/expose/ipSourceRanges");
        if service == "LoadBalancer" {
            if !ranges.is_empty() {
                let ranges: Vec<_> = ranges.iter().filter_map(Value::as_str).map(range).collect();
                expose.insert("loadBalancerSourceRanges".to_owned(), ranges.into());
            }
            if !self.service_annotations.is_null() {
                expose.insert("annotations".to_owned(), self.service_annotations.clone());
            }
        }
        expose
    }

    /// `<database>/<uid>`: where in a bucket the database's data live.
    fn prefix(&self) -> String {
        prefix(self.database)
    }

    fn enabled_schedules(&self) -> impl Iterator<Item = &Value> {
        items(self.spec(), "/backup/schedules")
            .iter()
            .filter(|schedule| truth(schedule, "/enabled"))
    }
}

/// `<database>/<uid>`: where in a bucket a database's data live.
pub fn prefix(database: &DynamicObject) -> String {
    format!(
        "{}/{}",
        database.name_any(),
        database.uid().unwrap_or_default()
    )
}

/// The Kubernetes Service type behind an expose type of Everest.
pub fn service_type(expose: &str) -> &'static str {
    match expose {
        "external" | "LoadBalancer" => "LoadBalancer",
        "NodePort" => "NodePort",
        _ => "ClusterIP",
    }
}

/// A source range of a load balancer: an address alone gets the length of all its bits.
fn range(text: &str) -> String {
    match text.parse() {
        Ok(IpAddr::V4(_)) => format!("{text}/32"),
        Ok(IpAddr::V6(_)) => format!("{text}/128"),
        Err(_) => text.to_owned(),
    }
}

/// Limits that are given at all replace the older pair of values, both of them.
fn resource_list(resources: &Value) -> Value {
    let limits = match at(resources, "/limits") {
        Value::Null => resources,
        limits => limits,
    };
    let mut list = Map::new();
    for name in ["cpu", "memory"] {
        let asked = text(limits, &format!("/{name}"));
        if !quantity::is_zero(asked) {
            list.insert(name.to_owned(), asked.into());
        }
    }
    list.into()
}

/// Sets a member unless the value is null.
fn set(value: &mut Value, key: &str, to: &Value) {
    if !to.is_null() {
        value[key] = to.clone();
    }
}

/// Names of the storages that the spec alone asks for. Only MySQL has one for its log.
pub fn storages_of_spec(spec: &Value) -> Vec<String> {
    let scheduled = items(spec, "/backup/schedules")
        .iter()
        .filter(|schedule| truth(schedule, "/enabled"))
        .map(|schedule| text(schedule, "/backupStorageName"));
    let has_log = text(spec, "/engine/type") == "pxc" && truth(spec, "/backup/pitr/enabled");
    let pitr = has_log.then(|| text(spec, "/backup/pitr/backupStorageName"));
    let mut names: Vec<String> = Vec::new();
    for name in scheduled.chain(pitr) {
        if !name.is_empty() && !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Where the engine's object keeps the size of its data volume.
pub fn volume_pointer(engine: Engine) -> &'static str {
    match engine {
        Engine::Pxc => "/spec/pxc/volumeSpec/persistentVolumeClaim/resources/requests/storage",
        Engine::Psmdb => {
            "/spec/replsets/0/volumeSpec/persistentVolumeClaim/resources/requests/storage"
        }
        Engine::Postgresql => "/spec/instances/0/dataVolumeClaimSpec/resources/requests/storage",
    }
}

/// The host of the PMM server: the engines get neither scheme nor port nor path of its URL.
fn server_host(monitoring: &Value) -> &str {
    let url = text(monitoring, "/pmm/url");
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_get_the_host_of_a_pmm_server_alone() {
        for (url, host) in [
            ("https://pmm.test", "pmm.test"),
            ("https://pmm.test:8443/pmm", "pmm.test"),
            ("http://[::1]:8080", "::1"),
        ] {
            assert_eq!(server_host(&json!({"pmm": {"url": url}})), host, "{url}");
        }
    }

    #[test]
    fn limits_replace_both_values_of_the_older_pair() {
        let older = json!({"cpu": "4", "memory": "8G"});
        assert_eq!(resource_list(&older), older);
        let mut both = older;
        both["limits"] = json!({"cpu": "2"});
        assert_eq!(resource_list(&both), json!({"cpu": "2"}));
    }

    #[test]
    fn an_address_alone_becomes_a_range() {
        for (text, becomes) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("2001:db8::7", "2001:db8::7/128"),
            ("192.0.2.0/24", "192.0.2.0/24"),
        ] {
            assert_eq!(range(text), becomes);
        }
    }
}
