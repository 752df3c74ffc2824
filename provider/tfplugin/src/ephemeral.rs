//! What an ephemeral resource implements.

use std::time::SystemTime;

use async_trait::async_trait;

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::model;
use crate::private::Private;
use crate::provider::Model;
use crate::resource::{Typed, decode, encoded};
use crate::schema::{Object, Schema, SchemaError};
use crate::value::Value;

/// Something that exists while Terraform runs and is in no plan and no state: a credential, a
/// connection. Opened in plan and again in apply.
#[async_trait]
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

    /// Opens it. `config` is wholly known and has its defaults; what it gives stays as given,
    /// whatever is returned. None together with an error, or after [`Context::defer`].
    async fn open(
        &self,
        config: &Self::Model,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Option<Opened<Self::Model>>;

    /// Keeps it open; called at the time that open or the last renewal gave. Returns when to do so
    /// again; None: never.
    async fn renew(
        &self,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Option<SystemTime> {
        let _ = (private, cx, diags);
        None
    }

    /// Gives it up. Not called when Terraform is killed: what must end has to end by itself.
    async fn close(&self, private: &Private, cx: &Context, diags: &mut Diagnostics) {
        let _ = (private, cx, diags);
    }
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
    ) -> Option<Opened<Value>>;

    async fn renew(
        &self,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Option<SystemTime>;

    async fn close(&self, private: &Private, cx: &Context, diags: &mut Diagnostics);
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
        if let Some(config) = decode(object, config, diags) {
            self.0.validate(&config, diags);
        }
    }

    async fn open(
        &self,
        object: &Object,
        config: &Value,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Option<Opened<Value>> {
        let config = decode(object, config, diags)?;
        let opened = self.0.open(&config, cx, diags).await?;
        Some(Opened {
            result: encoded(model::encode(&opened.result, object), diags)?,
            renew_at: opened.renew_at,
            private: opened.private,
        })
    }

    async fn renew(
        &self,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Option<SystemTime> {
        self.0.renew(private, cx, diags).await
    }

    async fn close(&self, private: &Private, cx: &Context, diags: &mut Diagnostics) {
        self.0.close(private, cx, diags).await;
    }
}
