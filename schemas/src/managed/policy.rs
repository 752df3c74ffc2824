//! What a provider may do with an external object.

use serde::{Deserialize, Serialize};

/// One of the actions that `spec.managementPolicies` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ManagementPolicy {
    /// Look at it.
    Observe,
    /// Make it where it does not exist.
    Create,
    /// Bring it to what is wanted.
    Update,
    /// Delete it with the managed resource.
    Delete,
    /// Write what the server decided into `spec.forProvider`.
    LateInitialize,
    /// All of them.
    #[serde(rename = "*")]
    All,
}

impl ManagementPolicy {
    /// Every policy, as the definition lists them.
    pub const EVERY: [Self; 6] = [
        Self::Observe,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::LateInitialize,
        Self::All,
    ];

    /// The word for it.
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
