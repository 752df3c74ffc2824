//! The rules that Terraform holds every plan and every applied state against, as pure functions.
//!
//! Terraform refuses what breaks one of them with "Provider produced invalid plan", "inconsistent
//! final plan" or "inconsistent result after apply", at the user. So in builds with debug
//! assertions the server checks each of its own answers first, and says which attribute and rule.
//!
//! - [`plan`]: a plan against configuration and prior state;
//! - [`kept`]: a second plan against the first, or a state against its plan;
//! - [`state`]: what may be stored at all.
//!
//! The server's schemas have neither blocks nor nested sets, so their rules are not here.

use crate::path::{AttributePath, Step};
use crate::schema::{Kind, Object};
use crate::value::{Type, Value, msgpack};

mod compare;
mod plan;
mod result;
#[cfg(test)]
mod tests;

pub(crate) use compare::alike;
pub use plan::{Planned, plan};
pub use result::{kept, state};

use super::elements;

/// A rule that was broken, and where. Values are not quoted: they may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{rule}", .path.prefix())]
pub struct Violation {
    /// The attribute, or the root.
    pub path: AttributePath,
    /// What Terraform demands there.
    pub rule: Rule,
}

/// What Terraform demands of a plan and of a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// A value that does not have the type of the schema.
    #[error("the value has to be of the schema's type, but {0}")]
    Type(String),
    /// A plan without a value that the configuration gives.
    #[error("what is configured has to be planned, but the plan is null")]
    Missing,
    /// A plan with a value that the configuration does not give and nobody else may choose.
    #[error("what is not configured and not computed has to be planned as null")]
    Uninvited,
    /// A configured value that is planned as a third one.
    #[error("what is configured has to be planned as it is, or as it was in the prior state")]
    Altered,
    /// A nested object that is configured and planned as unknown, with all that it holds.
    #[error("a nested attribute that is configured cannot be planned as unknown")]
    UnknownNested,
    /// A write-only value in a plan or in a state.
    #[error("a write-only attribute has to be null")]
    WriteOnly,
    /// A list with another number of elements than asked for.
    #[error("there have to be {expected} elements, not {found}")]
    Length {
        /// As configured, or planned.
        expected: usize,
        /// As planned, or applied.
        found: usize,
    },
    /// A map with an element that was not asked for.
    #[error("this element was not asked for")]
    Surplus,
    /// A map without an element that was asked for.
    #[error("this element was asked for and is missing")]
    Lost,
    /// A path that is said to force replacement and leads nowhere, in prior state and plan.
    #[error("this path forces replacement, but it is neither in the prior state nor in the plan")]
    Nowhere,
    /// A value that was known in the plan and is another one now.
    #[error("what was known in the plan has to stay exactly as planned")]
    Changed,
    /// A value outside what the plan promised of it.
    #[error("the plan promised something of this value while it was unknown, and it is not kept")]
    Promise,
    /// A state that is not wholly known.
    #[error("nothing in a state may be unknown")]
    Unknown,
}

/// What was found, in the order of the schema.
#[derive(Debug, Default)]
struct Violations(Vec<Violation>);

impl Violations {
    fn push(&mut self, path: &AttributePath, rule: Rule) {
        let path = path.clone();
        self.0.push(Violation { path, rule });
    }

    fn types(&mut self, object: &Object, value: &Value) {
        // What can be encoded is of the type; one definition of it is enough.
        if let Err(error) = msgpack::encode(value, &object.value_type()) {
            self.push(&error.path, Rule::Type(error.reason.to_string()));
        }
    }

    fn write_only(&mut self, object: &Object, value: &Value, path: &AttributePath) {
        for attribute in &object.attributes {
            let Some(value) = value.get(&attribute.name).filter(|v| !v.is_null()) else {
                continue;
            };
            let path = path.attribute(&attribute.name);
            if attribute.write_only {
                self.push(&path, Rule::WriteOnly);
            } else if let Kind::Nested(nesting, object) = &attribute.kind {
                for (step, element) in elements(nesting, value) {
                    self.write_only(object, element, &below(&path, step));
                }
            }
        }
    }
}

fn below(path: &AttributePath, step: Option<Step>) -> AttributePath {
    match step {
        Some(step) => path.with(step),
        None => path.clone(),
    }
}

/// The type of a leaf; that of a nested attribute where it is compared as a whole.
fn type_of(kind: &Kind) -> Option<&Type> {
    match kind {
        Kind::Leaf(ty) => Some(ty),
        Kind::Nested(..) => None,
    }
}
