//! What a data source implements.

use std::future::Future;

use async_trait::async_trait;

use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::provider::Model;
use crate::resource::{Typed, decode, encoded};
use crate::schema::{Object, Schema, SchemaError};
use crate::value::Value;

/// Looks something up.
pub trait DataSource: Send + Sync + 'static {
    /// What is asked, and (`x-read-only`) what is answered.
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

    /// Answers what is asked. What the configuration gives stays as given, whatever is returned;
    /// after [`Context::defer`] the answer does not count.
    fn read(
        &self,
        request: LookupRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<Self::Model, Diagnostic>> + Send;
}

/// What [`DataSource::read`] and
/// [`EphemeralResource::open`](crate::EphemeralResource::open) get.
#[derive(Debug)]
#[non_exhaustive]
pub struct LookupRequest<'a, M> {
    /// What the user wrote; wholly known, with its defaults.
    pub config: M,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
}

/// A data source in terms of values; [`Typed`] makes one of any [`DataSource`].
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
        Schema::derive::<D::Model>(0, self.0.description())
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
