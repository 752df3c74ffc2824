//! The object of another type or provider that a `moved` block hands over.

use serde_json::Value as Json;

/// The object of another type or provider that a `moved` block hands over.
#[derive(Clone, Debug)]
pub struct MoveSource {
    /// The full address of the provider that kept it: `registry.terraform.io/NAMESPACE/NAME`.
    pub provider: String,
    /// The resource type there.
    pub type_name: String,
    /// The version of the schema that its state has.
    pub schema_version: i64,
    /// Its state.
    pub state: Json,
    /// Its identity; None where it had none.
    pub identity: Option<Json>,
    /// The version of the schema that its identity has.
    pub identity_version: i64,
    /// What its provider kept beside the state, in that provider's own form.
    pub private: Vec<u8>,
}
