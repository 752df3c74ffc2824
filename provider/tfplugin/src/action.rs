//! What an action implements.

use std::future::Future;

use async_trait::async_trait;
use tokio::sync::mpsc::UnboundedSender;

use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::provider::Model;
use crate::resource::{Typed, decode};
use crate::schema::{Object, Schema, SchemaError};
use crate::value::Value;

/// Does something that leaves nothing in the state: a restart, a backup now.
pub trait Action: Send + Sync + 'static {
    /// What it is told.
    type Config: Model;

    /// As users write it, with the provider's prefix.
    fn type_name(&self) -> &'static str;

    /// In markdown; "" takes the model's doc comment.
    fn description(&self) -> &'static str {
        ""
    }

    /// Checks a configuration; values may be unknown. Called several times a command.
    fn validate(&self, config: &Self::Config, diags: &mut Diagnostics) {
        let _ = (config, diags);
    }

    /// Objects to the action, or puts it off, at plan.
    fn plan(
        &self,
        request: PlanActionRequest<'_, Self::Config>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send {
        let _ = request;
        async { Ok(()) }
    }

    /// Does it. An error means that it failed. When [`Context::stop`] is cancelled it returns soon
    /// and says what is left undone.
    fn invoke(
        &self,
        request: InvokeRequest<'_, Self::Config>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send;
}

/// What [`Action::plan`] gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct PlanActionRequest<'a, M> {
    /// What the user wrote; values may be unknown.
    pub config: M,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
}

/// What [`Action::invoke`] gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct InvokeRequest<'a, M> {
    /// What the user wrote; wholly known.
    pub config: M,
    /// Tells the user how it gets on.
    pub progress: &'a Progress,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
}

/// Tells the user how an action gets on, while it runs.
#[derive(Clone, Debug)]
pub struct Progress(UnboundedSender<String>);

impl Progress {
    pub(crate) fn new(to: UnboundedSender<String>) -> Self {
        Self(to)
    }

    /// Shows one line. Nothing happens when nobody listens any more.
    pub fn report(&self, message: impl Into<String>) {
        let _ = self.0.send(message.into());
    }
}

/// An action in terms of values; [`Typed`] makes one of any [`Action`].
#[async_trait]
#[allow(missing_docs, reason = "each method is the one of Action, in values")]
pub trait AnyAction: Send + Sync + 'static {
    fn type_name(&self) -> &'static str;

    /// # Errors
    /// [`SchemaError`] when the model has no Terraform form.
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
        Schema::derive::<A::Config>(0, self.0.description())
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
