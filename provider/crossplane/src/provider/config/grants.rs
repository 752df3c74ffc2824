//! What managed resources may use through a config.
//!
//! A config has rights in its whole cluster. Whoever may create managed resources in one namespace
//! would have them too if the config did not say which namespaces they may use.

use std::collections::BTreeMap;
use std::fmt;

use everest_schemas::managed::{ClusterKind, EVERY, Grant};
use kube::core::{Selector, SelectorExt};

/// The labels of a namespace.
pub type Labels = BTreeMap<String, String>;

/// What a managed resource uses in the cluster of its config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Objects in this namespace.
    Objects(String),
    /// This namespace itself.
    Namespace(String),
    /// A cluster-scoped object of this kind, which is for all namespaces.
    ClusterScoped(ClusterKind),
}

/// A phrase for what is used.
impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Usage::Objects(name) => write!(f, "the namespace {name}"),
            Usage::Namespace(name) => write!(f, "{name} as a DatabaseNamespace"),
            Usage::ClusterScoped(kind) => write!(f, "any {}", kind.as_str()),
        }
    }
}

/// The answer to whether something may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Granted,
    /// It may not.
    Refused,
    /// It may if the namespace of the managed resource has certain labels, which were not given.
    DependsOnLabels,
}

/// The grants of a config.
#[derive(Debug, Default, PartialEq)]
pub struct Grants {
    grants: Vec<Granted>,
}

/// One grant.
#[derive(Debug, PartialEq)]
struct Granted {
    from: Vec<String>,
    selector: Option<Selector>,
    to: Vec<String>,
    namespaces: bool,
    cluster_kinds: Vec<ClusterKind>,
}

impl Granted {
    /// Returns true if it is about something, whoever uses that.
    fn covers(&self, usage: &Usage) -> bool {
        match usage {
            Usage::Objects(name) => names(&self.to, name),
            Usage::Namespace(name) => self.namespaces && names(&self.to, name),
            Usage::ClusterScoped(kind) => self.cluster_kinds.contains(kind),
        }
    }
}

/// Returns true if a list names a namespace.
fn names(list: &[String], name: &str) -> bool {
    list.iter().any(|it| it == EVERY || it == name)
}

impl Grants {
    /// The grants of a config; `own` is the namespace of a ProviderConfig, which is all that its
    /// grants are for.
    ///
    /// # Errors
    /// A phrase for a selector that Kubernetes would not accept.
    pub fn new(grants: &[Grant], own: Option<&str>) -> Result<Self, String> {
        let granted = |(index, grant): (usize, &Grant)| {
            let source = grant.from.clone().unwrap_or_default();
            let (from, selector) = match own {
                Some(own) => (vec![own.to_owned()], None),
                None => (source.namespaces, source.selector),
            };
            let selector = selector.map(Selector::try_from).transpose();
            Ok(Granted {
                from,
                selector: selector.map_err(|error| {
                    format!("spec.grants[{index}].from.selector is not a label selector: {error}")
                })?,
                to: grant.to.clone(),
                namespaces: grant.database_namespaces,
                cluster_kinds: grant.cluster_kinds.clone(),
            })
        };
        let grants = grants.iter().enumerate().map(granted);
        Ok(Grants {
            grants: grants.collect::<Result<_, String>>()?,
        })
    }

    /// Whether managed resources of the namespace `from` may use something. Objects in a namespace
    /// of the same name need no grant.
    pub fn permits(&self, from: &str, labels: Option<&Labels>, usage: &Usage) -> Verdict {
        if matches!(usage, Usage::Objects(name) if name == from) {
            return Verdict::Granted;
        }
        let mut verdict = Verdict::Refused;
        for grant in self.grants.iter().filter(|grant| grant.covers(usage)) {
            if names(&grant.from, from) {
                return Verdict::Granted;
            }
            match (&grant.selector, labels) {
                (Some(selector), Some(labels)) if selector.matches(labels) => {
                    return Verdict::Granted;
                }
                (Some(_), None) => verdict = Verdict::DependsOnLabels,
                _ => {}
            }
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn grants(grants: &Value, own: Option<&str>) -> Grants {
        let grants: Vec<Grant> = serde_json::from_value(grants.clone()).unwrap();
        Grants::new(&grants, own).unwrap()
    }

    fn objects(name: &str) -> Usage {
        Usage::Objects(name.to_owned())
    }

    fn itself(name: &str) -> Usage {
        Usage::Namespace(name.to_owned())
    }

    #[test]
    fn without_a_grant_only_the_namespace_of_the_same_name_may_be_used() {
        for own in [None, Some("shop")] {
            let none = grants(&json!([]), own);
            let rows = [
                (objects("shop"), Verdict::Granted),
                (objects("finance"), Verdict::Refused),
                (itself("shop"), Verdict::Refused),
                (itself("finance"), Verdict::Refused),
            ];
            for (usage, expected) in rows {
                assert_eq!(none.permits("shop", None, &usage), expected, "{usage}");
            }
        }
    }

    #[test]
    fn a_grant_is_for_whom_and_what_it_names() {
        let given = grants(
            &json!([{"from": {"namespaces": ["shop"]}, "to": ["prod"]},
                {"from": {"namespaces": ["platform"]}, "to": ["*"], "databaseNamespaces": true}]),
            None,
        );
        let rows = [
            ("shop", objects("prod"), Verdict::Granted),
            ("shop", objects("finance"), Verdict::Refused),
            ("shop", itself("prod"), Verdict::Refused),
            ("finance", objects("prod"), Verdict::Refused),
            ("platform", objects("finance"), Verdict::Granted),
            ("platform", itself("finance"), Verdict::Granted),
            ("*", objects("prod"), Verdict::Refused),
        ];
        for (from, usage, expected) in rows {
            assert_eq!(
                given.permits(from, None, &usage),
                expected,
                "{from}: {usage}"
            );
        }
    }

    #[test]
    fn cluster_scoped_objects_are_granted_by_their_kind_alone() {
        let policies = || Usage::ClusterScoped(ClusterKind::PodSchedulingPolicy);
        let given = grants(
            &json!([{"from": {"namespaces": ["shop"]}, "to": ["*"], "databaseNamespaces": true},
                {"from": {"namespaces": ["platform"]}, "clusterKinds": ["PodSchedulingPolicy"]}]),
            None,
        );
        let rows = [
            ("shop", policies(), Verdict::Refused),
            ("platform", policies(), Verdict::Granted),
            ("platform", objects("prod"), Verdict::Refused),
            ("", policies(), Verdict::Refused),
        ];
        for (from, usage, expected) in rows {
            assert_eq!(
                given.permits(from, None, &usage),
                expected,
                "{from}: {usage}"
            );
        }
    }

    #[test]
    fn labels_are_asked_for_only_where_they_decide() {
        let given = grants(
            &json!([{"from": {"selector": {"matchLabels": {"team": "shop"}}}, "to": ["prod"]},
                {"from": {"selector": {}}, "to": ["sandbox"]}]),
            None,
        );
        let shop = Labels::from([("team".to_owned(), "shop".to_owned())]);
        let other = Labels::from([("team".to_owned(), "finance".to_owned())]);
        let rows = [
            (None, "prod", Verdict::DependsOnLabels),
            (Some(&shop), "prod", Verdict::Granted),
            (Some(&other), "prod", Verdict::Refused),
            (Some(&other), "sandbox", Verdict::Granted),
            (None, "finance", Verdict::Refused),
        ];
        for (labels, to, expected) in rows {
            assert_eq!(given.permits("a", labels, &objects(to)), expected, "{to}");
        }
    }

    #[test]
    fn the_grants_of_a_provider_config_are_for_its_own_namespace() {
        let given = grants(&json!([{"to": ["prod"]}]), Some("shop"));
        assert_eq!(
            given.permits("shop", None, &objects("prod")),
            Verdict::Granted
        );
        assert_eq!(
            given.permits("finance", None, &objects("prod")),
            Verdict::Refused
        );
        let smuggled = json!([{"from": {"namespaces": ["*"]}, "to": ["prod"]}]);
        let given = grants(&smuggled, Some("shop"));
        assert_eq!(
            given.permits("finance", None, &objects("prod")),
            Verdict::Refused
        );
    }

    #[test]
    fn a_selector_that_kubernetes_refuses_is_named() {
        let wrong = json!([{"to": ["prod"], "from": {"selector": {
            "matchExpressions": [{"key": "team", "operator": "Like", "values": ["s"]}]}}}]);
        let wrong: Vec<Grant> = serde_json::from_value(wrong).unwrap();
        let error = Grants::new(&wrong, None).unwrap_err();
        assert!(
            error.starts_with("spec.grants[0].from.selector is not a label selector"),
            "{error}"
        );
    }
}
