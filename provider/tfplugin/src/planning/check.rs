//! Terraform's rules for every plan and every applied state, as pure functions.
//!
//! If a response breaks a rule, Terraform shows the user "Provider produced invalid plan",
//! "inconsistent final plan" or "inconsistent result after apply". Therefore, in builds with debug
//! assertions, the server first checks each of its own responses and reports the attribute and the
//! rule.
//!
//! - [`plan`]: checks a plan against the configuration and the prior state;
//! - [`kept`]: checks a second plan against the first, or a state against its plan;
//! - [`state`]: checks whether a value may be stored as a state.
//!
//! The rules for blocks and nested sets are missing, because the server's schemas have neither.

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

/// A broken rule and its place. Values are not quoted, because they may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{rule}", .path.prefix())]
pub struct Violation {
    /// The attribute, or the root.
    pub path: AttributePath,
    /// The rule that is broken there.
    pub rule: Rule,
}

/// Terraform's rules for a plan and a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// A value does not have the type of the schema.
    #[error("the value has to be of the schema's type, but {0}")]
    Type(String),
    /// The plan lacks a value that the configuration sets.
    #[error("what is configured has to be planned, but the plan is null")]
    Missing,
    /// The plan sets a value that the configuration does not set and that is not computed.
    #[error("what is not configured and not computed has to be planned as null")]
    Uninvited,
    /// The plan has neither the configured value nor the prior one.
    #[error("what is configured has to be planned as it is, or as it was in the prior state")]
    Altered,
    /// A configured nested object is planned as unknown as a whole.
    #[error("a nested attribute that is configured cannot be planned as unknown")]
    UnknownNested,
    /// A plan or a state contains a write-only value.
    #[error("a write-only attribute has to be null")]
    WriteOnly,
    /// A list has another number of elements than expected.
    #[error("there have to be {expected} elements, not {found}")]
    Length {
        /// The number in the configuration or the plan.
        expected: usize,
        /// The number in the plan or the applied state.
        found: usize,
    },
    /// A map has an element that is not expected.
    #[error("this element was not asked for")]
    Surplus,
    /// A map lacks an expected element.
    #[error("this element was asked for and is missing")]
    Lost,
    /// A path that forces replacement exists neither in the prior state nor in the plan.
    #[error("this path forces replacement, but it is neither in the prior state nor in the plan")]
    Nowhere,
    /// A value that was known in the plan has changed.
    #[error("what was known in the plan has to stay exactly as planned")]
    Changed,
    /// A value breaks a promise of the plan.
    #[error("the plan promised something of this value while it was unknown, and it is not kept")]
    Promise,
    /// A state contains unknown values.
    #[error("nothing in a state may be unknown")]
    Unknown,
}

/// The violations, in the order of the schema.
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

/// The type of a leaf, or of a nested attribute that is compared as a whole.
fn type_of(kind: &Kind) -> Option<&Type> {
    match kind {
        Kind::Leaf(ty) => Some(ty),
        Kind::Nested(..) => None,
    }
}
