//! The effect of a change of a cluster-scoped object on the databases that use it.

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::{LoadBalancerConfigModel, PodSchedulingPolicyModel};

use super::{Class, Summary};
use crate::facts::{Facts, UsingDatabases};
use crate::lifecycle::{load_balancer_config, pod_scheduling_policy};

/// The warning for a change of the policy `what`, such as "everest_pod_scheduling_policy spread":
/// the pods of the databases that name it restart. `None` if the affinity stays, or if no database
/// names the policy.
pub fn of_policy(
    what: &str,
    prior: &PodSchedulingPolicyModel,
    planned: &PodSchedulingPolicyModel,
    facts: &Facts,
) -> Option<Summary> {
    let affinity = |model: &PodSchedulingPolicyModel| {
        let spec = model.spec.known();
        spec.map(|spec| spec.affinity_config.clone())
    };
    if affinity(prior) == affinity(planned) {
        return None;
    }
    let name = prior.name.known_str()?;
    let users = everywhere(facts, |database| {
        pod_scheduling_policy::names(database, name)
    });
    let users = Users::of(users, prior.in_use.known() == Some(&true))?;
    Some(Summary {
        headline: users.headline(Class::RollingRestart, what, "restarts pods"),
        detail: format!(
            "Everest copies the changed affinity into {users}, and their operators restart the pods \
             that it is for, one after the other: a database with one such pod cannot be reached \
             meanwhile. A pod for which no node meets the required rules stays pending. A paused \
             database takes the affinity when it starts."
        ),
    })
}

/// The warning for a change of the load balancer configuration `what`: the Services of the databases
/// that name it get the annotations. `None` if the annotations stay, or if no database names the
/// configuration.
pub fn of_load_balancer_config(
    what: &str,
    prior: &LoadBalancerConfigModel,
    planned: &LoadBalancerConfigModel,
    facts: &Facts,
) -> Option<Summary> {
    let annotations = |model: &LoadBalancerConfigModel| {
        let spec = model.spec.known();
        spec.map(|spec| spec.annotations.clone())
    };
    if annotations(prior) == annotations(planned) {
        return None;
    }
    let name = prior.name.known_str()?;
    let users = everywhere(facts, |database| {
        load_balancer_config::names(database, name)
    });
    let users = Users::of(users, prior.in_use.known() == Some(&true))?;
    Some(Summary {
        headline: users.headline(Class::NoRestart, what, "annotates the load balancers"),
        detail: format!(
            "The Services of {users} get the changed annotations. No pod restarts. The controller \
             of the load balancers decides what an annotation does: some changes make it replace \
             the load balancer, which then has another address."
        ),
    })
}

/// The databases of all namespaces that use an object; `None` if they could not be listed.
fn everywhere(facts: &Facts, uses: impl Fn(&DatabaseCluster) -> bool) -> Option<UsingDatabases> {
    let is_listed = facts.databases_everywhere.is_some();
    is_listed.then(|| facts.databases_that(uses))
}

/// The databases that a change reaches.
pub(super) struct Users {
    count: String,
    named: String,
}

impl Users {
    /// `None` if there are none. Where they could not be listed, Everest's own report counts.
    pub(super) fn of(users: Option<UsingDatabases>, in_use: bool) -> Option<Self> {
        let Some(users) = users else {
            return in_use.then(|| Self {
                count: "databases".to_owned(),
                named: "the databases that name it, which could not be listed".to_owned(),
            });
        };
        (!users.is_empty()).then(|| Self {
            count: match users.len() {
                1 => "1 database".to_owned(),
                count => format!("{count} databases"),
            },
            named: users.to_string(),
        })
    }

    pub(super) fn headline(&self, class: Class, what: &str, does: &str) -> String {
        let mut class = class.to_string();
        class[..1].make_ascii_uppercase();
        format!("{class}: the change of {what} {does} of {}", self.count)
    }
}

impl std::fmt::Display for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixtures;
    use serde_json::{Value, json};

    fn policy(affinity: &Value, in_use: bool) -> PodSchedulingPolicyModel {
        let spec = json!({"engineType": "pxc", "affinityConfig": {"pxc": {"engine": affinity}}});
        let model = json!({"name": "spread", "spec": spec, "inUse": in_use});
        serde_json::from_value(model).unwrap()
    }

    fn said(prior: &PodSchedulingPolicyModel, facts: &Facts) -> Option<String> {
        let planned = policy(&json!({"podAntiAffinity": {}}), true);
        let summary = of_policy(
            "everest_pod_scheduling_policy spread",
            prior,
            &planned,
            facts,
        )?;
        Some(format!("{}\n{}", summary.headline, summary.detail))
    }

    #[test]
    fn a_change_names_the_databases_whose_pods_restart() {
        let naming = json!({"podSchedulingPolicyName": "spread"});
        let facts = Facts {
            databases_everywhere: Some(fixtures::everywhere(&[
                ("prod/orders", naming.clone()),
                ("test/orders", naming),
                ("prod/other", json!({})),
            ])),
            ..Facts::default()
        };
        let text = said(&policy(&json!({}), true), &facts).unwrap();
        let headline = "Rolling restart: the change of everest_pod_scheduling_policy spread \
                        restarts pods of 2 databases\n";
        assert!(text.starts_with(headline), "{text}");
        assert!(
            text.contains("the databases prod/orders, test/orders"),
            "{text}"
        );
        let unchanged = policy(&json!({"podAntiAffinity": {}}), true);
        assert_eq!(said(&unchanged, &facts), None);
    }

    #[test]
    fn where_databases_cannot_be_listed_everests_report_counts() {
        let unread = Facts::default();
        assert_eq!(said(&policy(&json!({}), false), &unread), None);
        let text = said(&policy(&json!({}), true), &unread).unwrap();
        assert!(text.contains("which could not be listed"), "{text}");
    }
}
