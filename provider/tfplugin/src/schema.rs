//! What attributes a resource or a provider has.
//!
//! A [`Schema`] is derived from the JSON schema of a model ([`Schema::derive`]). A property becomes an
//! attribute named after its serde name in snake case ([`attribute_name`]); these extensions of a
//! property say what JSON schema cannot:
//!
//! | extension | meaning |
//! |---|---|
//! | `x-read-only` | only the provider sets it |
//! | `x-computed` | omitted means what the server has |
//! | `x-force-new` | a change replaces the object |
//! | `x-sensitive`, `x-write-only` | hidden; never in plan or state |
//! | `x-semantic: KIND` | strings that may be spelled differently and mean the same |
//! | `x-map-key: MEMBER` | a list of objects becomes a map by that member |
//! | `x-inline` | the members of the object become attributes of the parent |
//! | `x-local` | the server never says it: what is in the state stays |
//! | `x-default: VALUE` | default in Terraform only; a plain `default` counts as well |
//! | `x-skip` | not in Terraform |
//! | `x-dynamic` | free JSON |
//! | `x-unfilled` | with `x-computed`: the server fills in nothing where a creation omits it |
//! | `x-server-default: VALUE` | what the server has where it is omitted: left out of generated HCL |
//! | `x-conflicts-with: [MEMBER]` | at most one of these neighbours and this is set |
//! | `x-never-null` | never null once applied, so conditions on it are decided at plan |
//! | `x-deprecation-message` | what to use in place of a `deprecated` property |
//! | `x-kubernetes-list-map-keys: [MEMBER]` | these members tell the elements of a list of objects apart |
//!
//! Of Kubernetes' own extensions only that one has a meaning here; the others are passed over.

use std::collections::BTreeMap;

use crate::path::{AttributePath, Step};
use crate::value::{Type, Value};

mod constraints;
mod derive;
mod name;
mod wire;

pub use constraints::{Constraints, Pattern};
pub use derive::SchemaError;
pub use name::attribute_name;

/// The attributes of a resource or a provider.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Schema {
    /// The version of stored state.
    pub version: i64,
    /// In markdown.
    pub description: String,
    /// The root.
    pub root: Object,
}

/// Attributes that stand side by side.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Object {
    /// In the order of the model.
    pub attributes: Vec<Attribute>,
}

/// One attribute.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Attribute {
    /// Its name in Terraform.
    pub name: String,
    /// Its name in the model's serde form.
    pub member: String,
    /// The inlined objects of the model that it lives in, from the outside.
    pub within: Vec<String>,
    /// What values it takes.
    pub kind: Kind,
    /// Who sets it.
    pub mode: Mode,
    /// Hidden in what Terraform prints.
    pub sensitive: bool,
    /// In configuration only.
    pub write_only: bool,
    /// A change replaces the object.
    pub force_new: bool,
    /// The server never says it.
    pub local: bool,
    /// The kind of strings that may mean the same though spelled differently.
    pub semantic: Option<String>,
    /// Omitted at creation it stays null.
    pub unfilled: bool,
    /// What it is when the configuration omits it.
    pub default: Option<Value>,
    /// What the server has when the configuration omits it.
    pub server_default: Option<Value>,
    /// The Terraform names of the members that tell the elements of a list of objects apart. Where
    /// there are none, an element is the one of which the same is configured.
    pub keys: Vec<String>,
    /// The Terraform names of the neighbours that exclude it.
    pub conflicts_with: Vec<String>,
    /// It is not null once applied, not even in a state that is pending.
    pub never_null: bool,
    /// In markdown.
    pub description: String,
    /// Still there, to be avoided.
    pub deprecated: bool,
    /// What to use in its place.
    pub deprecation_message: String,
    /// What values are allowed.
    pub constraints: Constraints,
}

/// What values an attribute takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A value whose parts are not attributes.
    Leaf(Type),
    /// One object, or several.
    Nested(Nesting, Object),
}

/// How the objects of a nested attribute are held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One.
    Single,
    /// In order.
    List,
    /// By key; `member` is the member of the model's list elements that holds the key, None when
    /// the model has a map as well.
    Map {
        /// The serde name of that member.
        member: Option<String>,
    },
}

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The user, always.
    Required,
    /// The user, or nobody.
    Optional,
    /// The user; where the user does not, a default or the server.
    OptionalComputed,
    /// The provider alone.
    Computed,
}

impl Mode {
    /// Returns true if the value may come from elsewhere than the configuration.
    pub fn is_computed(self) -> bool {
        matches!(self, Self::OptionalComputed | Self::Computed)
    }
}

impl Object {
    /// The object that has `attributes`.
    pub fn new(attributes: Vec<Attribute>) -> Self {
        Self { attributes }
    }

    /// The attribute `name`.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    /// Returns true if what is at `path` is hidden, or lies in something that is.
    pub(crate) fn hides(&self, path: &AttributePath) -> bool {
        let mut object = Some(self);
        for step in path.steps() {
            let Step::Attribute(name) = step else {
                continue;
            };
            let Some(attribute) = object.and_then(|object| object.get(name)) else {
                return false;
            };
            if attribute.sensitive || attribute.write_only {
                return true;
            }
            object = match &attribute.kind {
                Kind::Nested(_, object) => Some(object),
                Kind::Leaf(_) => None,
            };
        }
        false
    }

    /// The type of its values.
    pub fn value_type(&self) -> Type {
        Type::Object(
            self.attributes
                .iter()
                .map(|a| (a.name.clone(), a.value_type()))
                .collect::<BTreeMap<_, _>>(),
        )
    }

    /// The value in which nothing is set.
    pub fn null_members(&self) -> Value {
        Value::map(
            self.attributes
                .iter()
                .map(|a| (a.name.clone(), Value::Null)),
        )
    }
}

impl Attribute {
    /// The type of its values.
    pub fn value_type(&self) -> Type {
        match &self.kind {
            Kind::Leaf(ty) => ty.clone(),
            Kind::Nested(nesting, object) => {
                let of = object.value_type();
                match nesting {
                    Nesting::Single => of,
                    Nesting::List => Type::List(Box::new(of)),
                    Nesting::Map { .. } => Type::Map(Box::new(of)),
                }
            }
        }
    }
}
