//! The rights that the provider needs in a cluster.
//!
//! [`TABLE`] has them by [`Purpose`]. Everything else about rights comes from it: the roles in
//! `examples/terraform/rbac/` and the guide to them, the checks of [`doctor`](crate::doctor), and
//! the consequence that a plan reports with a missing right.

mod table;

use std::fmt;

use crate::dialect::Dialect;
use crate::text::Text;
pub use table::TABLE;

/// A verb on a resource in a place, as RBAC grants it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Right {
    /// The verb, such as `list`.
    pub verb: String,
    /// The plural with its group, such as `databaseclusters.everest.percona.com`.
    pub resource: String,
    /// The namespace; `None` for the whole cluster.
    pub namespace: Option<String>,
}

impl Right {
    /// Returns true if a request with this right only reads.
    pub fn is_read(&self) -> bool {
        READS.contains(&self.verb.as_str())
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => Ok(()),
        }
    }
}

/// The verbs of requests that only read and end at once.
const READS: [&str; 2] = ["get", "list"];

/// What a part of the rights is for: a resource of the front end.
#[derive(Debug, PartialEq, Eq)]
pub struct Purpose {
    /// The resource, as a template of [`Text`].
    pub(crate) title: &'static str,
    /// The group of roles that has the rights.
    pub roles: Roles,
    /// The rights.
    pub needs: &'static [Need],
}

impl Purpose {
    /// The resource, in the words for users.
    pub fn title(&self) -> Text {
        self.title.into()
    }

    /// The purpose of a resource that a front end names so.
    pub fn of(resource: &str, dialect: Dialect) -> Option<&'static Self> {
        let mut all = TABLE.iter();
        all.find(|purpose| purpose.title().render(dialect) == resource)
    }

    /// The need that a right falls under.
    pub fn need(&self, right: &Right) -> Option<&'static Need> {
        self.needs.iter().find(|need| {
            // A Namespace is refused without a namespace, although a Role inside it may grant it.
            let is_here = (need.place == Place::Cluster) == right.namespace.is_none();
            (is_here || right.resource == "namespaces")
                && need.verbs.contains(&right.verb.as_str())
                && need.names().any(|name| name == right.resource)
        })
    }
}

/// Verbs on resources, and the consequence of their absence.
#[derive(Debug, PartialEq, Eq)]
pub struct Need {
    /// Groups and plurals.
    pub resources: &'static [(&'static str, &'static str)],
    /// The verbs, as RBAC has them.
    pub verbs: &'static [&'static str],
    /// Where they are needed.
    pub place: Place,
    /// The only objects that are meant; empty: all.
    pub names: &'static [&'static str],
    /// True if the resources of the purpose do not work without it. False for rights that an
    /// identity is often denied on purpose, and for those that only checks need.
    pub is_needed: bool,
    /// False if only applies need it.
    pub(crate) is_of_plans: bool,
    /// What does not work without them, as a template of [`Text`].
    pub(crate) without: &'static str,
}

impl Need {
    /// What does not work without them, as the rest of a sentence.
    pub fn without(&self) -> Text {
        self.without.into()
    }

    /// The resources as messages name them: the plural, with the group if there is one.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let resources = self.resources.iter();
        resources.map(|(group, plural)| match *group {
            "" => (*plural).to_owned(),
            group => format!("{plural}.{group}"),
        })
    }

    /// The verbs that the role for plans has. It does not read Secrets of namespaces for databases:
    /// a plan needs only their metadata, which RBAC does not tell apart from their content.
    pub fn verbs_of_plans(&self) -> impl Iterator<Item = &'static str> {
        let is_secret = self.resources.contains(&table::SECRET) && self.names.is_empty();
        let has_any = self.is_of_plans && !is_secret;
        let verbs = self.verbs.iter().copied();
        verbs.filter(move |verb| has_any && READS.contains(verb))
    }
}

/// The place of the objects that a right is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The whole cluster: objects without a namespace, and lists of all namespaces.
    Cluster,
    /// Each namespace for databases.
    Namespaces,
    /// The namespace of Everest itself.
    System,
    /// The namespace of the catalog.
    Catalog,
}

/// Roles that are bound together, for one sort of user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Roles {
    /// Databases and what belongs to them, in namespaces.
    Databases,
    /// Namespaces and the operators of engines in them.
    Namespaces,
    /// Objects without a namespace, for the databases of all namespaces.
    ClusterScoped,
    /// Settings of Everest's own server.
    Settings,
}

impl Roles {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Databases,
        Self::Namespaces,
        Self::ClusterScoped,
        Self::Settings,
    ];

    /// The file in `examples/terraform/rbac/` that has them.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Databases => "apply.yaml",
            Self::Namespaces | Self::ClusterScoped => "namespaces-and-operators.yaml",
            Self::Settings => "settings.yaml",
        }
    }
}

/// The file in `examples/terraform/rbac/` with the rights of plans.
pub const PLAN_ONLY: &str = "plan-only.yaml";

#[cfg(test)]
mod tests;
