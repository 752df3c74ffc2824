//! A resource that works on values instead of models, so that the server can hold all resources in
//! one form.

use async_trait::async_trait;
use serde_json::Value as Json;

use super::{Creation, IdentityAttribute, MoveRequest, ReadResult, Update};
use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::path::AttributePath;
use crate::private::Private;
use crate::schema::{Object, Schema, SchemaError};
use crate::timeouts::Timeouts;
use crate::value::{Refinements, Value};

/// A resource that works on values instead of models. [`Typed`](super::Typed) implements it for any
/// [`Resource`](crate::Resource). Values have the attributes of `object`, which are the attributes
/// of the schema.
#[async_trait]
#[allow(missing_docs, reason = "each method is the one of Resource, in values")]
pub trait AnyResource: Send + Sync + 'static {
    fn type_name(&self) -> &'static str;

    /// # Errors
    /// [`SchemaError`] when the model has no Terraform form.
    fn schema(&self) -> Result<Schema, SchemaError>;

    fn pending_outputs(&self) -> &[&'static str];

    fn identity(&self) -> Vec<IdentityAttribute>;

    fn identity_version(&self) -> i64;

    fn identity_may_change(&self) -> bool;

    fn timeouts(&self) -> Option<Timeouts>;

    fn semantically_equal(&self, kind: &str, a: &str, b: &str) -> bool;

    fn validate(&self, object: &Object, config: &Value, diags: &mut Diagnostics);

    async fn plan(
        &self,
        object: &Object,
        request: PlanRequest<'_>,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<PlanResult, Diagnostic>;

    async fn plan_destroy(
        &self,
        object: &Object,
        prior: &Value,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic>;

    async fn read(
        &self,
        object: &Object,
        prior: &Value,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<ReadResult<Value>, Diagnostic>;

    async fn create(
        &self,
        object: &Object,
        (planned, config): (&Value, &Value),
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<Creation<Value>, Diagnostic>;

    async fn update(
        &self,
        object: &Object,
        (prior, planned, config): (&Value, &Value, &Value),
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<Update<Value>, Diagnostic>;

    async fn delete(
        &self,
        object: &Object,
        prior: &Value,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic>;

    async fn import(
        &self,
        object: &Object,
        id: &str,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<Value, Diagnostic>;

    fn before_import(&self, cx: &Context);

    async fn move_from(
        &self,
        object: &Object,
        request: MoveRequest<'_>,
    ) -> Result<Option<Value>, Diagnostic>;

    async fn generate_config(&self, object: &Object, config: Value) -> Result<Value, Diagnostic>;

    /// Converts `state`, JSON of schema version `version`, to a value of the current version.
    fn upgrade(&self, object: &Object, version: i64, state: &[u8]) -> Result<Value, Diagnostic>;

    fn upgrade_identity(&self, version: i64, identity: Json) -> Result<Json, Diagnostic>;
}

/// The input of a plan.
#[derive(Clone, Debug)]
pub struct PlanRequest<'a> {
    /// The configuration.
    pub config: &'a Value,
    /// The state; None on creation.
    pub prior: Option<&'a Value>,
    /// The plan that the crate's rules make of the two.
    pub planned: Value,
    /// Private state.
    pub private: Private,
    /// True if the configuration changes anything.
    pub changed: bool,
    /// True if the plan resumes a wait.
    pub resumes: bool,
}

/// The plan, adjusted by the resource.
#[derive(Clone, Debug)]
pub struct PlanResult {
    /// The planned state.
    pub planned: Value,
    /// Private state for the apply.
    pub private: Private,
    /// Changes that replace the object.
    pub replace: Vec<AttributePath>,
    /// Promises about values that stay unknown.
    pub promises: Vec<(AttributePath, Refinements)>,
}
