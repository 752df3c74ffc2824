//! What a provider implements.

use std::future::Future;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::registry::Registry;

/// A type that describes a configuration: serde gives its values, schemars its schema.
///
/// The Terraform schema is derived from the JSON schema and its `x-` extensions (see
/// [`crate::schema`]); a leaf that may be unknown is a [`Field`](crate::Field), or another newtype of
/// the convention told in [`crate::model`].
pub trait Model: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static> Model for T {}

/// The provider block of a provider that has nothing to configure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoConfig {}

/// A provider: its configuration, and what it serves.
pub trait Provider: Send + Sync + 'static {
    /// The provider block.
    type Config: Model;

    /// Says what it serves. Asked once, at the start; what is served may hold on to the provider.
    fn register(self: &Arc<Self>, registry: &mut Registry);

    /// Checks a provider block; values may be unknown.
    fn validate(&self, config: &Self::Config, diags: &mut Diagnostics) {
        let _ = (config, diags);
    }

    /// Takes the configuration. Called at plan even when nothing needs it, with values that may
    /// still be unknown: what talks to the outside belongs in the resources.
    fn configure(
        &self,
        request: ConfigureRequest<'_, Self::Config>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send {
        let _ = request;
        async { Ok(()) }
    }

    /// The last call, once the host has all answers and asks the process to end: what is left to do
    /// is done now, within 3 s. It does not come when the host or the process is killed, so nothing
    /// may rest on it.
    fn shutdown(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// What [`Provider::configure`] gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct ConfigureRequest<'a, C> {
    /// The provider block; values may be unknown.
    pub config: C,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
}
