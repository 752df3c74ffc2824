//! The rights of the [`TABLE`] that an identity lacks.
//!
//! A review of all rules of an identity (SelfSubjectRulesReview) answers for all of them at once, but
//! tells only of rules that its authorisers can list: if it is incomplete, a missing right has to be
//! confirmed ([`Missing::reviews`]).

use std::collections::BTreeMap;

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, ResourceRule, SubjectRulesReviewStatus,
};

use super::{Answer, Check};
use crate::rights::{Need, Place, TABLE};
use crate::text::Text;

/// The rules of an identity in one place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    rules: Vec<ResourceRule>,
    /// False if the identity may have rights that no rule tells of.
    pub is_complete: bool,
}

impl From<SubjectRulesReviewStatus> for Rules {
    fn from(status: SubjectRulesReviewStatus) -> Self {
        Self {
            rules: status.resource_rules,
            is_complete: !status.incomplete,
        }
    }
}

impl Rules {
    /// Returns true if a rule allows a verb on a resource, for the objects `names`; for no names,
    /// on all objects.
    fn allow(&self, verb: &str, group: &str, resource: &str, names: &[&str]) -> bool {
        let allows = |name: Option<&str>| {
            self.rules.iter().any(|rule| {
                let mut verbs = rule.verbs.iter();
                let named = rule.resource_names.iter().flatten();
                let mut named = named.map(String::as_str).peekable();
                verbs.any(|allowed| allowed == "*" || allowed == verb)
                    && lists(rule.api_groups.as_deref(), group)
                    && lists(rule.resources.as_deref(), resource)
                    && (named.peek().is_none()
                        || name.is_some_and(|name| named.any(|named| named == name)))
            })
        };
        match names {
            [] => allows(None),
            names => names.iter().all(|name| allows(Some(name))),
        }
    }
}

fn lists(listed: Option<&[String]>, wanted: &str) -> bool {
    let mut listed = listed.into_iter().flatten();
    listed.any(|listed| listed == "*" || listed == wanted)
}

/// The rules of an identity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Granted {
    /// The rules that hold in the whole cluster.
    pub everywhere: Rules,
    /// The rules that hold in a namespace, those of the whole cluster included.
    pub within: BTreeMap<String, Rules>,
}

/// The namespaces that rights are needed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places<'a> {
    /// Those for databases.
    pub namespaces: &'a [String],
    /// That of Everest itself.
    pub system: &'a str,
    /// That of the catalog.
    pub catalog: &'a str,
}

impl Places<'_> {
    /// The namespaces of a place; `None` is the whole cluster. Without a namespace for databases, the
    /// rights are needed in the whole cluster: that is what is known.
    fn of(&self, place: Place) -> Vec<Option<String>> {
        match place {
            Place::Namespaces if !self.namespaces.is_empty() => {
                self.namespaces.iter().cloned().map(Some).collect()
            }
            Place::Cluster | Place::Namespaces => vec![None],
            Place::System => vec![Some(self.system.to_owned())],
            Place::Catalog => vec![Some(self.catalog.to_owned())],
        }
    }
}

/// A verb on a resource that an identity lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    purpose: usize,
    need: usize,
    /// The verb.
    pub verb: &'static str,
    group: &'static str,
    resource: &'static str,
    /// The namespace; `None` for the whole cluster.
    pub namespace: Option<String>,
}

impl Missing {
    fn need(&self) -> &'static Need {
        &TABLE[self.purpose].needs[self.need]
    }

    /// The attributes of the SelfSubjectAccessReviews that are all allowed if the right is not
    /// missing: one, or one for each object that is meant.
    pub fn reviews(&self) -> Vec<ResourceAttributes> {
        let attributes = ResourceAttributes {
            group: Some(self.group.to_owned()),
            resource: Some(self.resource.to_owned()),
            verb: Some(self.verb.to_owned()),
            namespace: self.namespace.clone(),
            ..ResourceAttributes::default()
        };
        match self.need().names {
            [] => vec![attributes],
            names => names
                .iter()
                .map(|name| ResourceAttributes {
                    name: Some((*name).to_owned()),
                    ..attributes.clone()
                })
                .collect(),
        }
    }
}

/// The rights of the table that `granted` does not have. A right in a namespace whose own rules are
/// not among them is judged by those of the whole cluster.
pub fn missing(granted: &Granted, places: &Places<'_>) -> Vec<Missing> {
    let mut missing = Vec::new();
    for (purpose, of) in TABLE.iter().enumerate() {
        for (need, wanted) in of.needs.iter().enumerate() {
            for namespace in places.of(wanted.place) {
                let rules = namespace.as_ref().and_then(|name| granted.within.get(name));
                let rules = rules.unwrap_or(&granted.everywhere);
                for (group, resource) in wanted.resources.iter().copied() {
                    let verbs = wanted.verbs.iter().copied();
                    let lacks =
                        verbs.filter(|verb| !rules.allow(verb, group, resource, wanted.names));
                    missing.extend(lacks.map(|verb| Missing {
                        purpose,
                        need,
                        verb,
                        group,
                        resource,
                        namespace: namespace.clone(),
                    }));
                }
            }
        }
    }
    missing
}

/// The checks: one for each purpose whose rights are complete, and one for each need with missing
/// rights.
pub(super) fn check(missing: &Answer<Vec<Missing>>) -> Vec<Check> {
    let id = "rights";
    if let Some(unread) = missing.unread(id, &Text::from("rights"), "the rights of this identity") {
        return vec![unread];
    }
    let missing = missing.found().map(Vec::as_slice).unwrap_or_default();
    let mut checks = Vec::new();
    for (purpose, of) in TABLE.iter().enumerate() {
        let subject = || Text::from("rights for ").and(of.title());
        let of_purpose = || {
            missing
                .iter()
                .filter(move |missing| missing.purpose == purpose)
        };
        if of_purpose().next().is_none() {
            checks.push(Check::ok(id, subject(), "complete"));
        }
        for (need, wanted) in of.needs.iter().enumerate() {
            let of_need: Vec<_> = of_purpose()
                .filter(|missing| missing.need == need)
                .collect();
            if of_need.is_empty() {
                continue;
            }
            let found = Text::from(format!("missing: {}. Without it, ", listed(&of_need)))
                .and(wanted.without())
                .and(".");
            let file = of.roles.file();
            let next = match wanted.is_needed {
                true => format!("Grant it: a role in examples/terraform/rbac/{file} has it."),
                false => {
                    format!("If you need it: a role in examples/terraform/rbac/{file} has it.")
                }
            };
            checks.push(match wanted.is_needed {
                true => Check::failed(id, subject(), found, next),
                false => Check::warning(id, subject(), found, next),
            });
        }
    }
    checks
}

/// Missing rights in words: `get, list databaseclusters.everest.percona.com in namespaces a, b`.
fn listed(missing: &[&Missing]) -> String {
    // The verbs and namespaces of each resource, in the order of the table.
    let mut resources: Vec<(String, Vec<&str>, Vec<&str>)> = Vec::new();
    for missing in missing {
        let name = match missing.group {
            "" => missing.resource.to_owned(),
            group => format!("{}.{group}", missing.resource),
        };
        let at = match resources.iter().position(|(known, ..)| *known == name) {
            Some(at) => at,
            None => {
                resources.push((name, Vec::new(), Vec::new()));
                resources.len() - 1
            }
        };
        let (_, verbs, namespaces) = &mut resources[at];
        if !verbs.contains(&missing.verb) {
            verbs.push(missing.verb);
        }
        if let Some(namespace) = missing.namespace.as_deref()
            && !namespaces.contains(&namespace)
        {
            namespaces.push(namespace);
        }
    }
    // Resources that lack the same in the same namespaces are told together.
    let mut parts: Vec<(Vec<String>, Vec<&str>, Vec<&str>)> = Vec::new();
    for (name, verbs, namespaces) in resources {
        let mut alike = parts.iter_mut();
        match alike.find(|(_, known, within)| *known == verbs && *within == namespaces) {
            Some((names, ..)) => names.push(name),
            None => parts.push((vec![name], verbs, namespaces)),
        }
    }
    let parts = parts.into_iter().map(|(names, verbs, namespaces)| {
        let place = match namespaces.as_slice() {
            [] => String::new(),
            [one] => format!(" in namespace {one}"),
            some => format!(" in namespaces {}", some.join(", ")),
        };
        format!("{} {}{place}", verbs.join(", "), names.join(", "))
    });
    parts.collect::<Vec<_>>().join("; ")
}
