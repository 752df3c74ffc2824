//! The way in which an external object is not as wanted.

use everest_core::v1::convergence::{self, Change, Comparison, Removal};
use everest_schemas::Engine;

/// An external object compared with what is wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// The difference; `None` if the object is as wanted.
    pub difference: Option<Difference>,
    /// Members that are no longer set and stay.
    pub kept: Vec<convergence::Difference>,
    /// Engines of a namespace whose operators are to be removed.
    pub removing: Vec<Engine>,
}

/// A difference between an external object and what is wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// Members of the object differ.
    Members(Change),
    /// Only the Secret that the object reads differs.
    Secret {
        /// The version of the Secret that gives the credentials.
        version: Option<String>,
    },
    /// The operators of a namespace are not the wanted ones, or not ready.
    Operators,
    /// A restart was requested, or a CR version is due: no member shows it.
    Step,
}

impl Difference {
    /// The values that its removal takes out of the spec.
    pub fn removed(&self) -> &[Removal] {
        match self {
            Difference::Members(change) => &change.removed,
            Difference::Secret { .. } | Difference::Operators | Difference::Step => &[],
        }
    }

    /// The difference for users, of an external object of `kind`.
    pub fn told(&self, kind: &str) -> String {
        match self {
            Difference::Members(change) => convergence::told(&change.differences, kind),
            Difference::Secret { .. } => {
                "the Secret that the object reads does not have the credentials of the Secret that \
                 spec.forProvider refers to"
                    .to_owned()
            }
            Difference::Operators => "the operators of spec.forProvider.engines are not installed \
                                      as they are set here"
                .to_owned(),
            Difference::Step => "a restart or another CR version is due".to_owned(),
        }
    }
}

impl From<Comparison> for Compared {
    fn from(comparison: Comparison) -> Self {
        Self {
            difference: comparison.change.map(Difference::Members),
            kept: comparison.kept,
            removing: Vec::new(),
        }
    }
}
