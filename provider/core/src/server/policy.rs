//! The access control of Everest's users: the ConfigMap [`CONFIG_MAP`] with a switch and a policy.
//!
//! Everest's API server reads the policy whenever the ConfigMap changes, and panics if it is not
//! valid. [`faults`] finds what it would panic at, and what would make it fail at every request.
//!
//! Source: everest `pkg/rbac/validate.go`, `pkg/rbac/rbac.go`, `pkg/rbac/configmap-adapter`,
//! `data/rbac/model.conf`; casbin `persist/adapter.go`, `model/model.go`; the defaults: Everest's
//! chart, `values.yaml`.

use std::collections::BTreeSet;
use std::fmt;

use everest_schemas::Field;
use everest_schemas::models::RbacPolicyModel;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};

use super::{Exists, Next};
use crate::version::Version;

mod glob;
mod line;

pub(super) use line::{Entry, Line, lines as lines_of};

/// The ConfigMap.
pub const CONFIG_MAP: &str = "everest-rbac";

/// Its key with the switch.
const ENABLED: &str = "enabled";

/// Its key with the policy.
const POLICY: &str = "policy.csv";

/// The policy that Everest's chart installs, with the switch off.
const DEFAULT_POLICY: &str = "g, admin, role:admin\n";

/// The beginning of a role's name.
pub const ROLE_PREFIX: &str = "role:";

/// The role that Everest gives every permission.
pub const ADMIN_ROLE: &str = "role:admin";

/// The actions.
pub const ACTIONS: [&str; 5] = ["create", "read", "update", "delete", ANY];

/// All resources, or all actions.
pub const ANY: &str = "*";

/// A resource: a kind of objects that permissions are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Resource {
    /// Its name in a policy.
    name: &'static str,
    /// True if its objects are in namespaces.
    is_namespaced: bool,
    /// The first release of Everest whose API server knows it; `None` if all know it.
    since: Option<(u64, u64)>,
}

/// The resources. Source: `pkg/rbac/rbac.go` of each release.
const RESOURCES: [Resource; 13] = [
    namespaced("backup-storages", None),
    namespaced("data-import-jobs", Some((1, 8))),
    global("data-importers", Some((1, 8))),
    namespaced("database-cluster-backups", None),
    namespaced("database-cluster-credentials", None),
    namespaced("database-cluster-restores", None),
    namespaced("database-clusters", None),
    namespaced("database-engines", None),
    namespaced("enginefeatures/split-horizon-dns-configs", Some((1, 10))),
    global("load-balancer-configs", Some((1, 9))),
    namespaced("monitoring-instances", None),
    global("namespaces", None),
    global("pod-scheduling-policies", Some((1, 7))),
];

const fn namespaced(name: &'static str, since: Option<(u64, u64)>) -> Resource {
    Resource {
        name,
        is_namespaced: true,
        since,
    }
}

const fn global(name: &'static str, since: Option<(u64, u64)>) -> Resource {
    Resource {
        name,
        is_namespaced: false,
        since,
    }
}

/// The resource of a name.
fn known(name: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.name == name)
}

/// The reason why the access control is not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// What is to be created exists.
    #[error(transparent)]
    Exists(#[from] Exists),
    /// The policy would stop Everest's API server.
    #[error(
        "its policy would not be valid, and Everest's API server stops at an invalid policy: {}",
        said(.0)
    )]
    Invalid(Vec<Fault>),
}

/// A line of a policy that Everest does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The reason.
    pub reason: Reason,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.reason)
    }
}

/// The reason why Everest does not accept a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It is not CSV.
    #[error("a quotation mark is not closed, or stands inside a field without quotes")]
    Quotes,
    /// It is blank, but not empty.
    #[error("it has only white space; an empty line has none")]
    Blank,
    /// It begins with something else than `p` or `g`.
    #[error("it begins with {0:?}; a line begins with p (a permission) or g (a member of a role)")]
    Kind(String),
    /// A permission has another number of fields.
    #[error("a permission has 4 fields after p (subject, resource, action, object), not {0}")]
    PermissionFields(usize),
    /// A membership has too few fields.
    #[error("a membership has 2 fields after g (user, role), not {0}")]
    MembershipFields(usize),
    /// A field of a permission has a character that Everest does not accept.
    #[error("{0:?} is empty, or has a character that is not allowed in a permission")]
    Term(String),
    /// A pattern of a permission cannot be evaluated, so that Everest answers no request.
    #[error("the pattern {0:?} cannot be evaluated, and Everest then refuses every request")]
    Glob(String),
    /// A role with permissions has no members.
    #[error("{0:?} has permissions, but no g line gives anybody this role")]
    Role(String),
    /// A resource does not exist.
    #[error("Everest has no resource {:?}; the resources are {}", .0, resources())]
    Resource(String),
    /// A resource exists only in later releases than that of the API server.
    #[error("Everest has the resource {resource:?} since {since}, and is {server} here")]
    Later {
        /// The resource.
        resource: String,
        /// The first release that knows it.
        since: String,
        /// The release of the API server.
        server: Version,
    },
}

impl Reason {
    /// Returns true if Everest's API server stops at it.
    fn stops_the_server(&self) -> bool {
        !matches!(self, Self::Glob(_))
    }
}

/// A line of a policy that Everest accepts, but that gives nobody anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The action does not exist.
    #[error("line {line}: Everest has no action {action:?}")]
    Action {
        /// The line, from 1.
        line: usize,
        /// The action.
        action: String,
    },
    /// The object is written as one of the other scope.
    #[error(
        "line {line}: {object:?} matches no object of {resource}: {}",
        if is_global(resource) { "they are written as NAME" } else {
            "they are written as NAMESPACE/NAME"
        }
    )]
    Object {
        /// The line, from 1.
        line: usize,
        /// The resource.
        resource: String,
        /// The object.
        object: String,
    },
}

/// The resources, for messages.
fn resources() -> String {
    RESOURCES.map(|resource| resource.name).join(", ")
}

fn said(faults: &[Fault]) -> String {
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    faults.join("; ")
}

/// The lines that Everest does not accept, in their order.
pub fn faults(policy: &str) -> Vec<Fault> {
    let lines = line::lines(policy);
    let mut faults = Vec::new();
    let roles: BTreeSet<&str> = line::entries(&lines)
        .filter_map(|(_, entry)| match entry {
            Entry::Membership { role, .. } => Some(role.as_str()),
            Entry::Permission { .. } => None,
        })
        .collect();
    for line in &lines {
        let number = line.number;
        let mut add = |reason| {
            faults.push(Fault {
                line: number,
                reason,
            });
        };
        match &line.entry {
            Err(reason) => add(reason.clone()),
            Ok(Some(Entry::Permission {
                subject,
                resource,
                action,
                object,
            })) => {
                for term in [subject, resource, action, object] {
                    if !line::is_term(term) {
                        add(Reason::Term(term.clone()));
                    }
                }
                for pattern in [resource, action, object] {
                    if !glob::is_valid(pattern) {
                        add(Reason::Glob(pattern.clone()));
                    }
                }
                let is_role = subject.starts_with(ROLE_PREFIX) && subject != ADMIN_ROLE;
                if is_role && !roles.contains(subject.as_str()) {
                    add(Reason::Role(subject.clone()));
                }
                if !is_resource(resource) {
                    add(Reason::Resource(resource.clone()));
                }
            }
            Ok(_) => {}
        }
    }
    faults
}

/// The lines that have no effect, in their order.
pub fn doubts(policy: &str) -> Vec<Doubt> {
    let lines = line::lines(policy);
    let mut doubts = Vec::new();
    for (line, entry) in line::entries(&lines) {
        let Entry::Permission {
            resource,
            action,
            object,
            ..
        } = entry
        else {
            continue;
        };
        if !ACTIONS.contains(&action.as_str()) && !action.contains(['*', '?', '[']) {
            doubts.push(Doubt::Action {
                line,
                action: action.clone(),
            });
        }
        if !object_fits(resource, object) {
            doubts.push(Doubt::Object {
                line,
                resource: resource.clone(),
                object: object.clone(),
            });
        }
    }
    doubts
}

/// Returns true if a resource exists, or stands for all.
pub fn is_resource(resource: &str) -> bool {
    resource == ANY || known(resource).is_some()
}

/// Returns true if a resource exists, and its objects are in no namespace.
fn is_global(resource: &str) -> bool {
    known(resource).is_some_and(|known| !known.is_namespaced)
}

/// Returns true if only some releases of Everest know a resource.
pub fn needs_release(resource: &str) -> bool {
    known(resource).is_some_and(|known| known.since.is_some())
}

/// The reason why an API server of this version stops at a resource that later releases know.
pub fn unknown_to(resource: &str, server: &Version) -> Option<Reason> {
    let (major, minor) = known(resource)?.since?;
    server.is_before(major, minor).then(|| Reason::Later {
        resource: resource.to_owned(),
        since: format!("{major}.{minor}"),
        server: server.clone(),
    })
}

/// The resources that the permissions of a policy name, with their lines.
fn resources_in<'a>(lines: &'a [Line<'a>]) -> impl Iterator<Item = (usize, &'a str)> {
    line::entries(lines).filter_map(|(line, entry)| match entry {
        Entry::Permission { resource, .. } => Some((line, resource.as_str())),
        Entry::Membership { .. } => None,
    })
}

/// Returns true if a policy names a resource that only some releases of Everest know.
pub fn depends_on_release(policy: &str) -> bool {
    resources_in(&line::lines(policy)).any(|(_, resource)| needs_release(resource))
}

/// The lines with a resource that later releases than that of the API server know.
pub fn later_resources(policy: &str, server: &Version) -> Vec<Fault> {
    resources_in(&line::lines(policy))
        .filter_map(|(line, resource)| {
            let reason = unknown_to(resource, server)?;
            Some(Fault { line, reason })
        })
        .collect()
}

/// Returns true if an object is written as those of a resource are: `*` matches no slash.
pub fn object_fits(resource: &str, object: &str) -> bool {
    let parts = object.split('/').count();
    match known(resource) {
        Some(known) if known.is_namespaced => parts == 2,
        Some(_) => parts == 1,
        None => parts <= 2,
    }
}

/// Returns true if a policy makes somebody an administrator: a member of `role:admin`, directly or
/// through other roles, or of a role with all actions on all resources.
pub fn has_administrator(policy: &str) -> bool {
    let lines = line::lines(policy);
    let mut reached: BTreeSet<&str> = BTreeSet::from([ADMIN_ROLE]);
    for (_, entry) in line::entries(&lines) {
        if let Entry::Permission {
            subject,
            resource,
            action,
            ..
        } = entry
            && resource == ANY
            && action == ANY
        {
            reached.insert(subject);
        }
    }
    loop {
        let before = reached.len();
        for (_, entry) in line::entries(&lines) {
            if let Entry::Membership { member, role } = entry
                && reached.contains(role.as_str())
            {
                reached.insert(member);
            }
        }
        if reached.len() == before {
            break;
        }
    }
    reached.iter().any(|each| !each.starts_with(ROLE_PREFIX))
}

/// Makes sure that a changed policy does not stop Everest's API server, as far as its version is
/// known.
///
/// # Errors
/// If it would.
pub(super) fn check(policy: &str, server: Option<&Version>) -> Result<(), PolicyError> {
    let mut faults = faults(policy);
    faults.retain(|fault| fault.reason.stops_the_server());
    faults.extend(
        server
            .into_iter()
            .flat_map(|server| later_resources(policy, server)),
    );
    match faults.is_empty() {
        true => Ok(()),
        false => Err(PolicyError::Invalid(faults)),
    }
}

/// The access control in the ConfigMap.
pub fn settings(config_map: &ConfigMap) -> RbacPolicyModel {
    RbacPolicyModel {
        enabled: is_enabled(config_map).into(),
        policy: text(config_map).into(),
        config_map_name: CONFIG_MAP.into(),
        ..RbacPolicyModel::default()
    }
}

/// Returns true if Everest enforces the policy of a ConfigMap.
pub fn is_enabled(config_map: &ConfigMap) -> bool {
    let data = config_map.data.as_ref();
    data.and_then(|data| data.get(ENABLED))
        .is_some_and(|value| value == "true")
}

/// The policy of a ConfigMap.
pub fn text(config_map: &ConfigMap) -> &str {
    let data = config_map.data.as_ref();
    data.and_then(|data| data.get(POLICY))
        .map_or("", String::as_str)
}

/// The merge patch after which the ConfigMap has the access control of a model, for an API server of
/// the version `server`, if that is known. With `creates`, it must have the policy of the chart, or
/// that of the model already.
///
/// # Errors
/// If it has another one, or if the policy would stop Everest's API server.
pub fn write(
    config_map: &ConfigMap,
    model: &RbacPolicyModel,
    creates: bool,
    server: Option<&Version>,
) -> Result<Next<Value>, PolicyError> {
    let held = text(config_map);
    let wanted = model.policy.known_str().unwrap_or(held);
    let enabled = model.enabled.known() == Some(&true);
    check(wanted, server)?;
    let has_policy = config_map
        .data
        .as_ref()
        .is_some_and(|data| data.contains_key(POLICY));
    if held == wanted && has_policy && is_enabled(config_map) == enabled {
        return Ok(Next::Same);
    }
    if creates && held != wanted && !is_default(held) {
        return Err(Exists.into());
    }
    Ok(Next::Write(body(enabled, wanted)))
}

/// The merge patch after which the ConfigMap is as Everest's chart installs it.
pub fn remove() -> Value {
    body(false, DEFAULT_POLICY)
}

/// The merge patch after which the ConfigMap has another policy, and the switch as it is.
pub(super) fn with_policy(policy: &str) -> Value {
    json!({"data": { POLICY: policy }})
}

fn body(enabled: bool, policy: &str) -> Value {
    json!({"data": { ENABLED: enabled.to_string(), POLICY: policy }})
}

/// Returns true if a policy gives nothing, or what the chart's policy gives.
fn is_default(policy: &str) -> bool {
    let entries = |policy: &str| {
        let lines = line::lines(policy);
        lines
            .into_iter()
            .filter_map(|line| line.entry.transpose())
            .collect::<Vec<_>>()
    };
    let held = entries(policy);
    held.is_empty() || held == entries(DEFAULT_POLICY)
}

/// Returns true if a change switches access control on, or changes the policy while it is on.
pub fn enables(model: &RbacPolicyModel, prior: Option<&RbacPolicyModel>) -> bool {
    let is_on = |model: &RbacPolicyModel| model.enabled.known() == Some(&true);
    let same = |prior: &RbacPolicyModel| is_on(prior) && prior.policy == model.policy;
    is_on(model) && !prior.is_some_and(same) && !matches!(model.policy, Field::Unknown)
}

#[cfg(test)]
mod tests;
