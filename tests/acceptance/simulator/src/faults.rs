//! How tests steer the simulator; the keys are told in the crate's
//! documentation.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::ResourceExt;
use kube::core::DynamicObject;

use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::kinds;
use crate::object;
use crate::pace::Pace;

/// Prefix of the annotations that steer one object.
pub const PREFIX: &str = "simulator.everest.test/";
/// ConfigMap that steers all objects of a namespace.
pub const CONFIG_MAP: &str = "everest-simulator";

/// What tests ask for one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    asked: BTreeMap<String, String>,
    pace: Pace,
}

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
        Self {
            asked: gather(&data, name, on),
            pace: cluster.pace(),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.asked.get(key).map(String::as_str)
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

    fn is_given(&self, key: &str) -> bool {
        self.asked.contains_key(key)
    }

    /// How long one phase of an engine's object takes.
    pub fn phase(&self) -> Duration {
        self.duration("phase-delay", self.pace.phase)
    }

    /// A duration that has a key of its own and else follows `phase-delay`.
    fn phase_of_its_own(&self, key: &str, usual: Duration) -> Duration {
        match self.is_given("phase-delay") {
            true => self.duration(key, self.phase()),
            false => self.duration(key, usual),
        }
    }

    /// How long an engine initializes.
    pub fn initializing(&self) -> Duration {
        self.phase_of_its_own("ready-delay", self.pace.initializing)
    }

    /// How long a backup runs.
    pub fn backup(&self) -> Duration {
        self.phase_of_its_own("backup-delay", self.pace.backup)
    }

    /// How long a restore runs.
    pub fn restore(&self) -> Duration {
        self.phase_of_its_own("restore-delay", self.pace.restore)
    }

    /// How long an import runs.
    pub fn import(&self) -> Duration {
        self.phase_of_its_own("import-delay", self.pace.import)
    }

    /// How long an engine overlooks a changed spec.
    pub fn unseen(&self) -> Duration {
        self.duration("react-delay", self.pace.unseen)
    }

    /// How long an engine then says that it has nothing to do.
    pub fn idle(&self, engine: Engine) -> Duration {
        self.duration("begin-delay", self.pace.idle_of(engine))
    }

    /// The most members of a PostgreSQL database that can be made.
    pub fn members(&self) -> Option<i64> {
        self.get("members").and_then(|most| most.parse().ok())
    }

    /// How long a load balancer has no address.
    pub fn address(&self) -> Duration {
        self.duration("address-delay", self.pace.address)
    }

    /// How long MongoDB must have been ready before a restore.
    pub fn grace(&self) -> Duration {
        self.duration("restore-grace", self.pace.grace)
    }
}

fn gather(
    data: &BTreeMap<String, String>,
    name: &str,
    on: Option<&DynamicObject>,
) -> BTreeMap<String, String> {
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
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(asked: &[(&str, &str)]) -> Faults {
        let asked = asked.iter();
        Faults {
            asked: asked
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            pace: Pace::real(),
        }
    }

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
        let asked = gather(&data, "orders", Some(&orders));
        assert_eq!(asked["error"], "for one");
        assert_eq!(asked["hold"], "initializing");
        assert_eq!(asked["ready-delay"], "7s");
        let other = gather(&data, "other", None);
        assert_eq!(other["error"], "for all");
        assert!(!other.contains_key("ready-delay"));
    }

    #[test]
    fn times_are_those_of_the_pace_unless_a_key_says_otherwise() {
        let usual = faults(&[]);
        assert_eq!(usual.initializing(), Duration::from_secs(180));
        assert_eq!(usual.restore(), Duration::from_secs(300));
        let phased = faults(&[("phase-delay", "3s"), ("restore-delay", "7s")]);
        assert_eq!(phased.initializing(), Duration::from_secs(3));
        assert_eq!(phased.restore(), Duration::from_secs(7));
    }

    #[test]
    fn all_but_mongodb_are_idle_before_they_begin() {
        for engine in [Engine::Pxc, Engine::Postgresql] {
            assert_eq!(faults(&[]).idle(engine), Duration::from_secs(8));
        }
        assert_eq!(faults(&[]).idle(Engine::Psmdb), Duration::ZERO);
    }
}
