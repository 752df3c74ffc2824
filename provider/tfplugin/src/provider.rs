//! The trait that a provider implements.

use std::future::Future;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::registry::Registry;

/// A type that describes a configuration: serde reads and writes its values, schemars derives its
/// schema.
///
/// The Terraform schema is derived from the JSON schema and its `x-` extensions (see
/// [`crate::schema`]); a leaf that may be unknown is a [`Field`](crate::Field), or another newtype
/// that follows the convention of [`crate::model`].
pub trait Model: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static> Model for T {}

/// The provider block of a provider without settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoConfig {}

/// A provider: its configuration and the types that it serves.
pub trait Provider: Send + Sync + 'static {
    /// The provider block.
    type Config: Model;

    /// Registers the types that the provider serves. Called once, at the start. The registered
    /// types may keep a reference to the provider.
    fn register(self: &Arc<Self>, registry: &mut Registry);

    /// Checks a provider block, in which values may be unknown.
    fn validate(&self, config: &Self::Config, diags: &mut Diagnostics) {
        let _ = (config, diags);
    }

    /// Stores the configuration. Called at plan even if no resource needs it, with values that may
    /// still be unknown. Therefore connections to other systems belong in the resources.
    fn configure(
        &self,
        request: ConfigureRequest<'_, Self::Config>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send {
        let _ = request;
        async { Ok(()) }
    }

    /// The last call, after the host has all responses and asks the process to end. Remaining work
    /// must finish within 3 s. The call does not happen if the host or the process is killed, so
    /// nothing may depend on it.
    fn shutdown(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// The request of [`Provider::configure`].
#[derive(Debug)]
#[non_exhaustive]
pub struct ConfigureRequest<'a, C> {
    /// The provider block, in which values may be unknown.
    pub config: C,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
}
