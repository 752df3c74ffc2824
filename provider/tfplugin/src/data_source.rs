//! What a data source implements.

use async_trait::async_trait;

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::model;
use crate::provider::Model;
use crate::resource::{Typed, decode, encoded};
use crate::schema::{Object, Schema, SchemaError};
use crate::value::Value;

/// Looks something up.
#[async_trait]
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

    /// Answers `config`, which is wholly known and has its defaults. What the configuration gives
    /// stays as given, whatever is returned. None together with an error, or after
    /// [`Context::defer`].
    async fn read(
        &self,
        config: &Self::Model,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Option<Self::Model>;
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
    ) -> Option<Value>;
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
        if let Some(config) = decode(object, config, diags) {
            self.0.validate(&config, diags);
        }
    }

    async fn read(
        &self,
        object: &Object,
        config: &Value,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Option<Value> {
        let config = decode(object, config, diags)?;
        let found = self.0.read(&config, cx, diags).await?;
        encoded(model::encode(&found, object), diags)
    }
}
