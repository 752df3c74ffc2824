//! How tests steer the simulator; the keys are told in the crate's
//! documentation.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::ResourceExt;
use kube::core::DynamicObject;

use crate::cluster::Cluster;
use crate::kinds;
use crate::object;

/// Prefix of the annotations that steer one object.
pub const PREFIX: &str = "simulator.everest.test/";
/// ConfigMap that steers all objects of a namespace.
pub const CONFIG_MAP: &str = "everest-simulator";

/// What tests ask for one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(BTreeMap<String, String>);

impl Faults {
    /// The faults of an object: its own annotations, then the ConfigMap's keys
    /// `NAME.KEY`, then the ConfigMap's keys `KEY`.
    pub fn of(cluster: &Cluster, namespace: &str, name: &str, on: Option<&DynamicObject>) -> Self {
        let map = cluster.get(&kinds::CONFIG_MAP, namespace, CONFIG_MAP);
        let data: BTreeMap<String, String> = map
            .and_then(|m| object::at(&m.data, "/data").as_object().cloned())
            .into_iter()
            .flatten()
            .filter_map(|(k, v)| Some((k, v.as_str()?.to_owned())))
            .collect();
        Self::gather(&data, name, on)
    }

    fn gather(data: &BTreeMap<String, String>, name: &str, on: Option<&DynamicObject>) -> Self {
        let mut faults: BTreeMap<String, String> = data
            .iter()
            .filter(|(key, _)| !key.contains('.'))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let scope = format!("{name}.");
        for (key, value) in data {
            if let Some(key) = key.strip_prefix(&scope) {
                faults.insert(key.to_owned(), value.clone());
            }
        }
        for (key, value) in on.into_iter().flat_map(|o| o.annotations()) {
            if let Some(key) = key.strip_prefix(PREFIX) {
                faults.insert(key.to_owned(), value.clone());
            }
        }
        Self(faults)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether the object is to stay in a state.
    pub fn holds(&self, state: &str) -> bool {
        self.get("hold").is_some_and(|held| held == state)
    }

    /// A duration such as `5s` or `300ms`; `default` when the key is absent or
    /// not a duration.
    pub fn duration(&self, key: &str, default: Duration) -> Duration {
        self.get(key)
            .and_then(|text| text.parse::<jiff::SignedDuration>().ok())
            .and_then(|d| Duration::try_from(d).ok())
            .unwrap_or(default)
    }

    /// How long one phase of an engine's object takes.
    pub fn phase(&self) -> Duration {
        self.duration("phase-delay", Duration::from_millis(250))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_annotation_beats_a_scoped_key_which_beats_a_plain_key() {
        let data = BTreeMap::from([
            ("error".to_owned(), "for all".to_owned()),
            ("hold".to_owned(), "initializing".to_owned()),
            ("orders.error".to_owned(), "for one".to_owned()),
            ("orders.ready-delay".to_owned(), "5s".to_owned()),
        ]);
        let mut orders = object::new(&kinds::DATABASE_CLUSTER, "n", "orders", json!({}));
        orders
            .annotations_mut()
            .insert(format!("{PREFIX}ready-delay"), "7s".to_owned());
        let faults = Faults::gather(&data, "orders", Some(&orders));
        assert_eq!(faults.get("error"), Some("for one"));
        assert!(faults.holds("initializing"));
        assert_eq!(
            faults.duration("ready-delay", Duration::ZERO),
            Duration::from_secs(7)
        );
        let other = Faults::gather(&data, "other", None);
        assert_eq!(other.get("error"), Some("for all"));
        assert_eq!(other.phase(), Duration::from_millis(250));
    }
}
