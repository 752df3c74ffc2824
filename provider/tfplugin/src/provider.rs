//! What a provider implements.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::action::AnyAction;
use crate::context::Context;
use crate::data_source::AnyDataSource;
use crate::diagnostics::Diagnostics;
use crate::ephemeral::AnyEphemeralResource;
use crate::function::AnyFunction;
use crate::list::AnyListResource;
use crate::resource::AnyResource;

/// A type that describes a configuration: serde gives its values, schemars its schema.
///
/// The Terraform schema is derived from the JSON schema and its `x-` extensions (see
/// [`crate::schema`]); a leaf that may be unknown is a newtype of the convention told in
/// [`crate::model`].
pub trait Model: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static> Model for T {}

/// A provider: its configuration, and what it serves. Each list is asked for once, at the start.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// The provider block.
    type Config: Model;

    /// Every resource, once.
    fn resources(self: &Arc<Self>) -> Vec<Box<dyn AnyResource>>;

    /// Every data source, once.
    fn data_sources(self: &Arc<Self>) -> Vec<Box<dyn AnyDataSource>> {
        Vec::new()
    }

    /// Every function, once.
    fn functions(self: &Arc<Self>) -> Vec<Box<dyn AnyFunction>> {
        Vec::new()
    }

    /// Every ephemeral resource, once.
    fn ephemeral_resources(self: &Arc<Self>) -> Vec<Box<dyn AnyEphemeralResource>> {
        Vec::new()
    }

    /// The list resource of every resource that can be searched for, once.
    fn list_resources(self: &Arc<Self>) -> Vec<Box<dyn AnyListResource>> {
        Vec::new()
    }

    /// Every action, once.
    fn actions(self: &Arc<Self>) -> Vec<Box<dyn AnyAction>> {
        Vec::new()
    }

    /// Checks a provider block; values may be unknown.
    fn validate(&self, config: &Self::Config, diags: &mut Diagnostics) {
        let _ = (config, diags);
    }

    /// Takes the configuration. Called at plan even when nothing needs it, with values that may
    /// still be unknown: what talks to the outside belongs in the resources.
    async fn configure(&self, config: Self::Config, cx: &Context, diags: &mut Diagnostics);

    /// The last call, once the host has all answers and asks the process to end: what is left to do
    /// is done now, within 3 s. It does not come when the host or the process is killed, so nothing
    /// may rest on it.
    async fn shutdown(&self) {}
}
