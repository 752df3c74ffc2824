//! Roles as they are shipped, and the permissions that are asked for while stories are told.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use test_apiserver::Asks;

/// A permission: verb, group and plural.
pub type Right = (String, String, String);

/// Where a role is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// In the whole cluster.
    Everywhere,
    /// In single namespaces.
    InNamespaces,
}

/// A rule of a role.
#[derive(Clone, Debug)]
struct Rule {
    groups: Vec<String>,
    resources: Vec<String>,
    /// The only objects that it is about; all if there are none.
    names: Vec<String>,
    verbs: Vec<String>,
    bound: Bound,
    /// The only namespace that the role is for; that of a Role, none of a ClusterRole.
    namespace: Option<String>,
}

impl Rule {
    fn read(rule: &Value, role: &Value, bound: Bound) -> Self {
        Rule {
            groups: texts(&rule["apiGroups"]),
            resources: texts(&rule["resources"]),
            names: texts(&rule["resourceNames"]),
            verbs: texts(&rule["verbs"]),
            bound,
            namespace: role["metadata"]["namespace"].as_str().map(str::to_owned),
        }
    }

    fn allows(&self, asks: &Asks<'_>) -> bool {
        let has = |list: &[String], one: &str| list.iter().any(|each| each == one || each == "*");
        let is_here = match &self.namespace {
            Some(only) => only == asks.namespace,
            None => self.bound == Bound::Everywhere || !asks.namespace.is_empty(),
        };
        is_here
            && has(&self.groups, asks.group)
            && has(&self.resources, asks.resource)
            && has(&self.verbs, asks.verb)
            && (self.names.is_empty() || has(&self.names, asks.name))
    }
}

fn texts(value: &Value) -> Vec<String> {
    let values = value.as_array().into_iter().flatten();
    values
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// Roles that a user has.
#[derive(Clone, Debug, Default)]
pub struct Roles(Vec<Rule>);

impl Roles {
    /// The ClusterRoles and Roles in a file of the workspace, each bound as `bound` says of its
    /// name; `None`: not at all. Other objects in the file do not count.
    ///
    /// # Panics
    /// If the file is missing or malformed.
    #[must_use]
    pub fn of(file: &str, bound: impl Fn(&str) -> Option<Bound>) -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = std::fs::read_to_string(workspace.join(file)).unwrap();
        let mut all = Vec::new();
        for document in serde_yaml_ng::Deserializer::from_str(&text) {
            let role = Value::deserialize(document).unwrap();
            if !matches!(role["kind"].as_str(), Some("ClusterRole" | "Role")) {
                continue;
            }
            let Some(bound) = bound(role["metadata"]["name"].as_str().unwrap()) else {
                continue;
            };
            let rules = role["rules"].as_array().unwrap().iter();
            all.extend(rules.map(|rule| Rule::read(rule, &role, bound)));
        }
        Self(all)
    }

    /// Returns true if one of them allows what is asked for.
    #[must_use]
    pub fn allow(&self, asks: &Asks<'_>) -> bool {
        self.0.iter().any(|rule| rule.allows(asks))
    }

    /// All that they allow.
    #[must_use]
    pub fn rights(&self) -> BTreeSet<Right> {
        let mut all = BTreeSet::new();
        for rule in &self.0 {
            for group in &rule.groups {
                for resource in &rule.resources {
                    let rights = rule.verbs.iter();
                    all.extend(rights.map(|verb| (verb.clone(), group.clone(), resource.clone())));
                }
            }
        }
        all
    }
}

/// What somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Noted {
    /// Who asked.
    pub user: &'static str,
    /// What for.
    pub right: Right,
    /// In which namespace; empty if for the whole cluster.
    pub namespace: String,
    /// Whether it was allowed.
    pub is_allowed: bool,
}

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, group, resource) = &self.right;
        let place = match self.namespace.as_str() {
            "" => "the cluster",
            namespace => namespace,
        };
        write!(f, "{}: {verb} {resource}.{group} in {place}", self.user)
    }
}

thread_local! {
    /// What was asked for on this thread.
    static NOTED: RefCell<BTreeSet<Noted>> = const { RefCell::new(BTreeSet::new()) };
}

impl Roles {
    /// Notes what a user asks for; returns true if the roles allow it.
    #[must_use]
    pub fn ask(&self, user: &'static str, asks: &Asks<'_>) -> bool {
        let is_allowed = self.allow(asks);
        let noted = Noted {
            user,
            right: [asks.verb, asks.group, asks.resource]
                .map(str::to_owned)
                .into(),
            namespace: asks.namespace.to_owned(),
            is_allowed,
        };
        NOTED.with_borrow_mut(|all| all.insert(noted));
        is_allowed
    }
}

/// Forgets what was noted so far on this thread.
pub fn forget() {
    NOTED.take();
}

/// What is noted during `work` on this thread.
pub fn noted(work: impl FnOnce()) -> BTreeSet<Noted> {
    NOTED.take();
    work();
    NOTED.take()
}

/// What was asked for, by whoever and wherever.
#[must_use]
pub fn rights(noted: &BTreeSet<Noted>) -> BTreeSet<Right> {
    noted.iter().map(|noted| noted.right.clone()).collect()
}

/// The right of the engine that stories are told of, for one of another engine: the three are
/// treated alike.
#[must_use]
pub fn of_one_engine((verb, group, resource): Right) -> Right {
    if !["psmdb.percona.com", "pgv2.percona.com"].contains(&group.as_str()) {
        return (verb, group, resource);
    }
    let resource = match resource {
        backups if backups.ends_with("backups") => "perconaxtradbclusterbackups",
        restores if restores.ends_with("restores") => "perconaxtradbclusterrestores",
        _ => "perconaxtradbclusters",
    };
    (verb, "pxc.percona.com".to_owned(), resource.to_owned())
}
