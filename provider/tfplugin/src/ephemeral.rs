//! What an ephemeral resource implements.

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

/// Something that exists while Terraform runs and is in no plan and no state: a credential, a
/// connection. Opened in plan and again in apply.
pub trait EphemeralResource: Send + Sync + 'static {
    /// What is asked, and (`x-read-only`) what is had.
    type Model: Model;

    /// As users write it, with the provider's prefix.
    fn type_name(&self) -> &'static str;

    /// In markdown; "" takes the model's doc comment.
    fn description(&self) -> &'static str {
        ""
    }

    /// Checks a configuration; values may be unknown. Called several times a command.
    fn validate(&self, config: &Self::Model, diags: &mut Diagnostics) {
        let _ = (config, diags);
    }

    /// Opens it. What the configuration gives stays as given, whatever is returned; after
    /// [`Context::defer`] the answer does not count.
    fn open(
        &self,
        request: LookupRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<Opened<Self::Model>, Diagnostic>> + Send;

    /// Keeps it open; called at the time that open or the last renewal gave. Returns when to do so
    /// again; None: never.
    fn renew(
        &self,
        request: RenewRequest<'_>,
    ) -> impl Future<Output = Result<Option<SystemTime>, Diagnostic>> + Send {
        let _ = request;
        async { Ok(None) }
    }

    /// Gives it up. Not called when Terraform is killed: what must end has to end by itself.
    fn close(
        &self,
        request: CloseRequest<'_>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send {
        let _ = request;
        async { Ok(()) }
    }
}

/// What [`EphemeralResource::renew`] gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct RenewRequest<'a> {
    /// What open or the last renewal kept.
    pub private: &'a mut Private,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
}

/// What [`EphemeralResource::close`] gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct CloseRequest<'a> {
    /// What open or the last renewal kept.
    pub private: &'a Private,
    /// What the call knows beside its values. It is stopped only when the process ends.
    pub cx: &'a Context,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
}

/// An ephemeral resource that was opened.
#[derive(Clone, Debug)]
pub struct Opened<M> {
    /// Its values.
    pub result: M,
    /// When it has to be renewed; None: never.
    pub renew_at: Option<SystemTime>,
    /// Travels to renew and close, in memory alone.
    pub private: Private,
}

impl<M> Opened<M> {
    /// One that needs no renewal and has nothing to close.
    pub fn new(result: M) -> Self {
        Self {
            result,
            renew_at: None,
            private: Private::default(),
        }
    }
}

/// An ephemeral resource in terms of values; [`Typed`] makes one of any [`EphemeralResource`].
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
        Schema::derive::<E::Model>(0, self.0.description())
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
