//! The actions that a provider may take on an external object.

use serde::{Deserialize, Serialize};

/// One of the actions that `spec.managementPolicies` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ManagementPolicy {
    /// Read it.
    Observe,
    /// Create it if it does not exist.
    Create,
    /// Update it to the desired state.
    Update,
    /// Delete it with the managed resource.
    Delete,
    /// Write the server's values into `spec.forProvider`.
    LateInitialize,
    /// All of them.
    #[serde(rename = "*")]
    All,
}

impl ManagementPolicy {
    /// Every policy, in the order of the definition.
    pub const EVERY: [Self; 6] = [
        Self::Observe,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::LateInitialize,
        Self::All,
    ];

    /// The name of the policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "Observe",
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
            Self::LateInitialize => "LateInitialize",
            Self::All => "*",
        }
    }
}
