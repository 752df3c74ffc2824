//! The schema of a resource or a provider.
//!
//! A [`Schema`] is derived from the JSON schema of a model ([`Schema::derive`]). A property becomes
//! an attribute named after its serde name in snake case ([`attribute_name`]); these extensions of
//! a property express what JSON schema cannot:
//!
//! | extension | meaning |
//! |---|---|
//! | `x-read-only` | only the provider sets it |
//! | `x-computed` | if omitted, the server's value applies |
//! | `x-force-new` | a change replaces the object |
//! | `x-sensitive`, `x-write-only` | hidden in output; never in plan or state |
//! | `x-semantic: KIND` | strings can have the same meaning although they are spelled differently |
//! | `x-map-key: MEMBER` | a list of objects becomes a map by that member |
//! | `x-inline` | the members of the object become attributes of the parent |
//! | `x-local` | the server never returns it: the state's value is kept |
//! | `x-default: VALUE` | default in Terraform only; a plain `default` works too |
//! | `x-skip` | not in Terraform |
//! | `x-dynamic` | free JSON |
//! | `x-since` | the first release of the API that has it, which only the provider reads |
//! | `x-note: TEXT` | sentences that follow the description of a value that users set |
//! | `x-facts` | the facts of the note, which only the provider's documentation reads |
//! | `x-unfilled` | with `x-computed`: the server sets no value if a creation omits it |
//! | `x-server-default: VALUE` | the server's value if omitted; omitted from generated HCL |
//! | `x-conflicts-with: [MEMBER]` | at most one of these members and this one may be set |
//! | `x-never-null` | never null once applied, so conditions on it are evaluated at plan |
//! | `x-deprecation-message` | the replacement for a `deprecated` property |
//! | `x-kubernetes-list-map-keys: [MEMBER]` | these members identify the elements of a list |
//!
//! Other extensions of Kubernetes are ignored.

use std::collections::BTreeMap;

use crate::path::{AttributePath, Step};
use crate::value::{Type, Value};

mod constraints;
mod default;
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

/// The attributes of one object.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Object {
    /// The attributes, in the order of the model.
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
    /// The inlined objects of the model that contain it, outermost first.
    pub within: Vec<String>,
    /// The values that it accepts.
    pub kind: Kind,
    /// The party that sets the value.
    pub mode: Mode,
    /// True if Terraform hides the value in its output.
    pub sensitive: bool,
    /// True if the value is only in the configuration.
    pub write_only: bool,
    /// True if a change replaces the object.
    pub force_new: bool,
    /// True if the server never returns the value.
    pub local: bool,
    /// The semantic kind: strings that can have the same meaning although they are spelled
    /// differently.
    pub semantic: Option<String>,
    /// True if the value stays null when a creation omits it.
    pub unfilled: bool,
    /// The value if the configuration omits the attribute.
    pub default: Option<Value>,
    /// The server's value if the configuration omits the attribute.
    pub server_default: Option<Value>,
    /// The Terraform names of the members that identify the elements of a list of objects. Without
    /// keys, elements are identified by their configured values.
    pub keys: Vec<String>,
    /// The Terraform names of the attributes of the same object that exclude this one.
    pub conflicts_with: Vec<String>,
    /// True if the value is never null after an apply, even in a pending state.
    pub never_null: bool,
    /// In markdown, without the note.
    pub description: String,
    /// The sentences that follow the description, in markdown.
    pub note: String,
    /// The facts of the note, in the provider's own form; null if there are none.
    pub facts: serde_json::Value,
    /// True if the attribute should no longer be used.
    pub deprecated: bool,
    /// The replacement for a deprecated attribute.
    pub deprecation_message: String,
    /// The constraints on values.
    pub constraints: Constraints,
}

/// The values that an attribute accepts.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A value whose parts are not attributes.
    Leaf(Type),
    /// One object, or several.
    Nested(Nesting, Object),
}

/// The collection of a nested attribute's objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One.
    Single,
    /// In order.
    List,
    /// By key. `member` is the member of the model's list elements that contains the key; None if
    /// the model has a map too.
    Map {
        /// The serde name of that member.
        member: Option<String>,
    },
}

/// The party that sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The user, always.
    Required,
    /// The user, if at all.
    Optional,
    /// The user or, if the user does not, a default or the server.
    OptionalComputed,
    /// Only the provider.
    Computed,
}

impl Mode {
    /// Returns true if the value can come from a source other than the configuration.
    pub fn is_computed(self) -> bool {
        matches!(self, Self::OptionalComputed | Self::Computed)
    }
}

impl Object {
    /// An object with these `attributes`.
    pub fn new(attributes: Vec<Attribute>) -> Self {
        Self { attributes }
    }

    /// The attribute `name`.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    /// Returns true if the value at `path`, or an object that contains it, is hidden.
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

    /// The value in which every attribute is null.
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
