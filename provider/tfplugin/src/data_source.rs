//! The trait that a data source implements.

use std::borrow::Cow;
use std::future::Future;

use async_trait::async_trait;

use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::provider::Model;
use crate::resource::{Typed, decode, encoded};
use crate::schema::{Object, Schema, SchemaError};
use crate::value::Value;

/// A lookup of existing data.
pub trait DataSource: Send + Sync + 'static {
    /// The arguments and, with `x-read-only`, the results.
    type Model: Model;

    /// The name that users write, with the provider's prefix.
    fn type_name(&self) -> &'static str;

    /// The description in markdown. If it is empty, the model's doc comment is used.
    fn description(&self) -> Cow<'static, str> {
        Cow::Borrowed("")
    }

    /// Checks a configuration, in which values may be unknown. Terraform calls this several times
    /// during a command.
    fn validate(&self, config: &Self::Model, diags: &mut Diagnostics) {
        let _ = (config, diags);
    }

    /// Returns the result of the lookup. Values from the configuration are kept, whatever is
    /// returned. After [`Context::defer`] the result is ignored.
    fn read(
        &self,
        request: LookupRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<Self::Model, Diagnostic>> + Send;
}

/// The request of [`DataSource::read`] and
/// [`EphemeralResource::open`](crate::EphemeralResource::open).
#[derive(Debug)]
#[non_exhaustive]
pub struct LookupRequest<'a, M> {
    /// The configuration, fully known and with its defaults.
    pub config: M,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
}

/// A data source that works on values instead of models. [`Typed`] implements it for any
/// [`DataSource`].
#[async_trait]
#[allow(
    missing_docs,
    reason = "each method is the one of DataSource, in values"
)]
pub trait AnyDataSource: Send + Sync + 'static {
    fn type_name(&self) -> &'static str;

    /// # Errors
    /// [`SchemaError`] when the model has no Terraform form.
    fn schema(&self) -> Result<Schema, SchemaError>;

    fn validate(&self, object: &Object, config: &Value, diags: &mut Diagnostics);

    async fn read(
        &self,
        object: &Object,
        config: &Value,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<Value, Diagnostic>;
}

#[async_trait]
impl<D: DataSource> AnyDataSource for Typed<D> {
    fn type_name(&self) -> &'static str {
        self.0.type_name()
    }

    fn schema(&self) -> Result<Schema, SchemaError> {
        Schema::derive::<D::Model>(0, &self.0.description())
    }

    fn validate(&self, object: &Object, config: &Value, diags: &mut Diagnostics) {
        match decode(object, config) {
            Ok(config) => self.0.validate(&config, diags),
            Err(error) => diags.push(error),
        }
    }

    async fn read(
        &self,
        object: &Object,
        config: &Value,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<Value, Diagnostic> {
        let config = decode(object, config)?;
        let found = self.0.read(LookupRequest { config, cx, diags }).await?;
        encoded(object, &found)
    }
}
