//! The trait that an ephemeral resource implements.

use std::borrow::Cow;
use std::future::Future;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::context::Context;
use crate::data_source::LookupRequest;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::private::Private;
use crate::provider::Model;
use crate::resource::{Typed, decode, encoded};
use crate::schema::{Object, Schema, SchemaError};
use crate::value::Value;

/// A value that exists only while Terraform runs and is never in a plan or in the state, such as a
/// credential or a connection. Terraform opens it in plan and again in apply.
pub trait EphemeralResource: Send + Sync + 'static {
    /// The arguments and, with `x-read-only`, the results.
    type Model: Model;

    /// The name that users write, with the provider's prefix.
    fn type_name(&self) -> &'static str;

    /// The description in markdown. If it is empty, the model's doc comment is used.
    fn description(&self) -> Cow<'static, str> {
        Cow::Borrowed("")
    }

    /// Checks a configuration; values may be unknown. Called several times a command.
    fn validate(&self, config: &Self::Model, diags: &mut Diagnostics) {
        let _ = (config, diags);
    }

    /// Opens the resource. Values from the configuration are kept, whatever is returned. After
    /// [`Context::defer`] the result is ignored.
    fn open(
        &self,
        request: LookupRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<Opened<Self::Model>, Diagnostic>> + Send;

    /// Keeps the resource open. Terraform calls this at the time that open or the last renewal
    /// returned. Returns the time of the next renewal; None if there is none.
    fn renew(
        &self,
        request: RenewRequest<'_>,
    ) -> impl Future<Output = Result<Option<SystemTime>, Diagnostic>> + Send {
        let _ = request;
        async { Ok(None) }
    }

    /// Closes the resource. Terraform does not call this if it is killed, so anything that must end
    /// has to expire by itself.
    fn close(
        &self,
        request: CloseRequest<'_>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send {
        let _ = request;
        async { Ok(()) }
    }
}

/// The request of [`EphemeralResource::renew`].
#[derive(Debug)]
#[non_exhaustive]
pub struct RenewRequest<'a> {
    /// The private data from open or the last renewal.
    pub private: &'a mut Private,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
}

/// The request of [`EphemeralResource::close`].
#[derive(Debug)]
#[non_exhaustive]
pub struct CloseRequest<'a> {
    /// The private data from open or the last renewal.
    pub private: &'a Private,
    /// The context of the call. It is stopped only when the process ends.
    pub cx: &'a Context,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
}

/// An ephemeral resource that was opened.
#[derive(Clone, Debug)]
pub struct Opened<M> {
    /// Its values.
    pub result: M,
    /// True if nothing could be opened yet, because the run that is planned makes what is to be
    /// opened: all outputs are unknown then. Terraform opens it again at apply.
    pub is_to_come: bool,
    /// The time of the next renewal; None if no renewal is needed.
    pub renew_at: Option<SystemTime>,
    /// Private data for renew and close, kept only in memory.
    pub private: Private,
}

impl<M> Opened<M> {
    /// An open resource that needs neither renewal nor closing.
    pub fn new(result: M) -> Self {
        Self {
            result,
            is_to_come: false,
            renew_at: None,
            private: Private::default(),
        }
    }

    /// Nothing to open yet, while a plan is made: all outputs are unknown until apply. `result` has
    /// the configuration.
    pub fn to_come(result: M) -> Self {
        Self {
            is_to_come: true,
            ..Self::new(result)
        }
    }
}

/// An ephemeral resource that works on values instead of models. [`Typed`] implements it for any
/// [`EphemeralResource`].
#[async_trait]
#[allow(
    missing_docs,
    reason = "each method is the one of EphemeralResource, in values"
)]
pub trait AnyEphemeralResource: Send + Sync + 'static {
    fn type_name(&self) -> &'static str;

    /// # Errors
    /// [`SchemaError`] when the model has no Terraform form.
    fn schema(&self) -> Result<Schema, SchemaError>;

    fn validate(&self, object: &Object, config: &Value, diags: &mut Diagnostics);

    async fn open(
        &self,
        object: &Object,
        config: &Value,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<Opened<Value>, Diagnostic>;

    async fn renew(
        &self,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<Option<SystemTime>, Diagnostic>;

    async fn close(
        &self,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic>;
}

#[async_trait]
impl<E: EphemeralResource> AnyEphemeralResource for Typed<E> {
    fn type_name(&self) -> &'static str {
        self.0.type_name()
    }

    fn schema(&self) -> Result<Schema, SchemaError> {
        Schema::derive::<E::Model>(0, &self.0.description())
    }

    fn validate(&self, object: &Object, config: &Value, diags: &mut Diagnostics) {
        match decode(object, config) {
            Ok(config) => self.0.validate(&config, diags),
            Err(error) => diags.push(error),
        }
    }

    async fn open(
        &self,
        object: &Object,
        config: &Value,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<Opened<Value>, Diagnostic> {
        let config = decode(object, config)?;
        let opened = self.0.open(LookupRequest { config, cx, diags }).await?;
        Ok(Opened {
            result: encoded(object, &opened.result)?,
            is_to_come: opened.is_to_come,
            renew_at: opened.renew_at,
            private: opened.private,
        })
    }

    async fn renew(
        &self,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<Option<SystemTime>, Diagnostic> {
        self.0.renew(RenewRequest { private, cx, diags }).await
    }

    async fn close(
        &self,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        self.0.close(CloseRequest { private, cx, diags }).await
    }
}
