//! What a call knows beside its values.

use tokio_util::sync::CancellationToken;

/// What a call knows beside its values.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Cancelled once the user asked Terraform to stop. Whatever waits returns with what it has;
    /// calls that come later find it cancelled already.
    pub stop: CancellationToken,
    /// As the host said in ConfigureProvider, "" before; OpenTofu says its own version.
    pub terraform_version: String,
    /// Whether the host can keep write-only attributes out of plan and state. Known in validate
    /// and plan; true elsewhere, where only what passed them arrives.
    pub write_only_allowed: bool,
    /// Whether the host accepts that a change is put off to a later run.
    pub deferral_allowed: bool,
}
