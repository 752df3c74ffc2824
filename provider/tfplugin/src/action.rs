//! The trait that an action implements.

use std::borrow::Cow;
use std::future::Future;

use async_trait::async_trait;
use tokio::sync::mpsc::UnboundedSender;

use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::provider::Model;
use crate::resource::{Typed, decode};
use crate::schema::{Object, Schema, SchemaError};
use crate::value::Value;

/// An operation that leaves nothing in the state, such as a restart or a backup.
pub trait Action: Send + Sync + 'static {
    /// The configuration of the action.
    type Config: Model;

    /// The name that users write, with the provider's prefix.
    fn type_name(&self) -> &'static str;

    /// The description in markdown. If it is empty, the model's doc comment is used.
    fn description(&self) -> Cow<'static, str> {
        Cow::Borrowed("")
    }

    /// Checks a configuration, in which values may be unknown. Terraform calls this several times
    /// during a command.
    fn validate(&self, config: &Self::Config, diags: &mut Diagnostics) {
        let _ = (config, diags);
    }

    /// Refuses or defers the action at plan.
    fn plan(
        &self,
        request: PlanActionRequest<'_, Self::Config>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send {
        let _ = request;
        async { Ok(()) }
    }

    /// Runs the action. An error means that the action failed. After [`Context::stop`] is
    /// cancelled, the method must return soon and report what was not done.
    fn invoke(
        &self,
        request: InvokeRequest<'_, Self::Config>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send;
}

/// The request of [`Action::plan`].
#[derive(Debug)]
#[non_exhaustive]
pub struct PlanActionRequest<'a, M> {
    /// The configuration, in which values may be unknown.
    pub config: M,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
}

/// The request of [`Action::invoke`].
#[derive(Debug)]
#[non_exhaustive]
pub struct InvokeRequest<'a, M> {
    /// The configuration, fully known.
    pub config: M,
    /// Reports the progress to the user.
    pub progress: &'a Progress,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
}

/// Reports the progress of a running action to the user.
#[derive(Clone, Debug)]
pub struct Progress(UnboundedSender<String>);

impl Progress {
    pub(crate) fn new(to: UnboundedSender<String>) -> Self {
        Self(to)
    }

    /// Shows one line. Does nothing if the host no longer listens.
    pub fn report(&self, message: impl Into<String>) {
        let _ = self.0.send(message.into());
    }
}

/// An action that works on values instead of models. [`Typed`] implements it for any [`Action`].
#[async_trait]
#[allow(missing_docs, reason = "each method is the one of Action, in values")]
pub trait AnyAction: Send + Sync + 'static {
    fn type_name(&self) -> &'static str;

    /// # Errors
    /// Returns a [`SchemaError`] if the model has no Terraform schema.
    fn schema(&self) -> Result<Schema, SchemaError>;

    fn validate(&self, object: &Object, config: &Value, diags: &mut Diagnostics);

    async fn plan(
        &self,
        object: &Object,
        config: &Value,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic>;

    async fn invoke(
        &self,
        object: &Object,
        config: &Value,
        progress: &Progress,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic>;
}

#[async_trait]
impl<A: Action> AnyAction for Typed<A> {
    fn type_name(&self) -> &'static str {
        self.0.type_name()
    }

    fn schema(&self) -> Result<Schema, SchemaError> {
        Schema::derive::<A::Config>(0, &self.0.description())
    }

    fn validate(&self, object: &Object, config: &Value, diags: &mut Diagnostics) {
        match decode(object, config) {
            Ok(config) => self.0.validate(&config, diags),
            Err(error) => diags.push(error),
        }
    }

    async fn plan(
        &self,
        object: &Object,
        config: &Value,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        let config = decode(object, config)?;
        self.0.plan(PlanActionRequest { config, cx, diags }).await
    }

    async fn invoke(
        &self,
        object: &Object,
        config: &Value,
        progress: &Progress,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        let request = InvokeRequest {
            config: decode(object, config)?,
            progress,
            cx,
            diags,
        };
        self.0.invoke(request).await
    }
}
