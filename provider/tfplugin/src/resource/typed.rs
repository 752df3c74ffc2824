//! From resources with models to resources with values, so that the server holds all of them alike.

use async_trait::async_trait;
use serde_json::Value as Json;

use super::convert::{decode, encoded, unencodable};
use super::{Creation, IdentityAttribute, MoveSource, Plan, ReadResult, Resource, Update};
use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::model;
use crate::path::AttributePath;
use crate::planning;
use crate::private::Private;
use crate::schema::{Object, Schema, SchemaError};
use crate::timeouts::Timeouts;
use crate::value::{Refinements, Value};

/// A resource in terms of values; [`Typed`] makes one of any [`Resource`].
#[async_trait]
#[allow(missing_docs, reason = "each method is the one of Resource, in values")]
pub trait AnyResource: Send + Sync + 'static {
    fn type_name(&self) -> &'static str;

    /// # Errors
    /// [`SchemaError`] when the model has no Terraform form.
    fn schema(&self) -> Result<Schema, SchemaError>;

    fn pending_outputs(&self) -> &'static [&'static str];

    fn identity(&self) -> &'static [IdentityAttribute];

    fn identity_version(&self) -> i64;

    fn identity_may_change(&self) -> bool;

    fn timeouts(&self) -> Option<Timeouts>;

    fn semantically_equal(&self, kind: &str, a: &str, b: &str) -> bool;

    fn validate(&self, object: &Object, config: &Value, diags: &mut Diagnostics);

    async fn plan(
        &self,
        object: &Object,
        request: PlanRequest,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Option<PlanResult>;

    async fn plan_destroy(
        &self,
        object: &Object,
        prior: &Value,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    );

    async fn read(
        &self,
        object: &Object,
        prior: &Value,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> ReadResult<Value>;

    async fn create(
        &self,
        object: &Object,
        (planned, config): (&Value, &Value),
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Creation<Value>;

    async fn update(
        &self,
        object: &Object,
        (prior, planned, config): (&Value, &Value, &Value),
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Update<Value>;

    async fn delete(
        &self,
        object: &Object,
        prior: &Value,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    );

    fn import_id(&self, object: &Object, id: &str, diags: &mut Diagnostics) -> Option<Value>;

    fn before_import(&self, cx: &Context);

    fn move_from(
        &self,
        object: &Object,
        source: &MoveSource,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) -> Option<Value>;

    async fn generate_config(
        &self,
        object: &Object,
        config: Value,
        diags: &mut Diagnostics,
    ) -> Value;

    fn upgrade(&self, version: i64, state: Json, diags: &mut Diagnostics) -> Json;

    fn upgrade_identity(&self, version: i64, identity: Json, diags: &mut Diagnostics) -> Json;
}

/// What a plan starts from.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// What the user wrote.
    pub config: Value,
    /// The state; None on creation.
    pub prior: Option<Value>,
    /// What the rules make of the two.
    pub planned: Value,
    /// Private state.
    pub private: Private,
    /// Whether the configuration changes anything.
    pub changed: bool,
    /// Whether it goes on with a wait.
    pub resumes: bool,
}

/// What a resource made of its plan.
#[derive(Clone, Debug)]
pub struct PlanResult {
    /// What the state will be.
    pub planned: Value,
    /// Travels to apply.
    pub private: Private,
    /// Changes that replace the object.
    pub replace: Vec<AttributePath>,
    /// What is promised of values that stay unknown.
    pub promises: Vec<(AttributePath, Refinements)>,
}

/// Something with models as the server takes it, in values: a [`Resource`] as an [`AnyResource`], a
/// data source, function, ephemeral resource, list resource or action as the `Any` of its kind.
#[derive(Clone, Debug)]
pub struct Typed<R>(pub R);

#[async_trait]
impl<R: Resource> AnyResource for Typed<R> {
    fn type_name(&self) -> &'static str {
        self.0.type_name()
    }

    fn schema(&self) -> Result<Schema, SchemaError> {
        let schema = Schema::derive::<R::Model>(self.0.version(), self.0.description())?;
        let outputs = self.0.pending_outputs().iter();
        match outputs
            .copied()
            .find(|output| schema.root.get(output).is_none())
        {
            None => Ok(schema),
            Some(output) => Err(SchemaError::Contradiction {
                path: output.to_owned(),
                reason: "it is a pending output and no attribute of the model".to_owned(),
            }),
        }
    }

    fn pending_outputs(&self) -> &'static [&'static str] {
        self.0.pending_outputs()
    }

    fn identity(&self) -> &'static [IdentityAttribute] {
        self.0.identity()
    }

    fn identity_version(&self) -> i64 {
        self.0.identity_version()
    }

    fn identity_may_change(&self) -> bool {
        self.0.identity_may_change()
    }

    fn timeouts(&self) -> Option<Timeouts> {
        self.0.timeouts()
    }

    fn semantically_equal(&self, kind: &str, a: &str, b: &str) -> bool {
        self.0.semantically_equal(kind, a, b)
    }

    fn validate(&self, object: &Object, config: &Value, diags: &mut Diagnostics) {
        if let Some(config) = decode(object, config, diags) {
            self.0.validate(&config, diags);
        }
    }

    async fn plan(
        &self,
        object: &Object,
        request: PlanRequest,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Option<PlanResult> {
        let config: R::Model = decode(object, &request.config, diags)?;
        let prior = match &request.prior {
            Some(prior) => Some(decode(object, prior, diags)?),
            None => None,
        };
        let planned = decode(object, &request.planned, diags)?;
        let intended = if request.prior.is_some() {
            planning::intend(object, &request.config, &request.planned)
        } else {
            request.config.clone()
        };
        let intended = decode(object, &intended, diags)?;
        // The resource sees what the schema forces, so that it can object to a replacement.
        let forced = request
            .prior
            .as_ref()
            .map(|prior| planning::replacements(object, prior, &request.planned))
            .unwrap_or_default();
        let before = model::encode(&planned, object);
        let mut plan = Plan {
            config,
            prior,
            planned,
            intended,
            private: request.private,
            replace: forced,
            changed: request.changed,
            resumes: request.resumes,
            configured: request.config,
            promises: Vec::new(),
        };
        self.0.plan(&mut plan, cx, diags).await;
        match before.and_then(|before| Ok((before, model::encode(&plan.planned, object)?))) {
            Ok((before, after)) => Some(PlanResult {
                planned: model::adopt(request.planned, &before, after),
                private: plan.private,
                replace: plan.replace,
                promises: plan.promises,
            }),
            Err(error) => {
                diags.push(unencodable(&error));
                None
            }
        }
    }

    async fn plan_destroy(
        &self,
        object: &Object,
        prior: &Value,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) {
        if let Some(prior) = decode(object, prior, diags) {
            self.0.plan_destroy(&prior, private, cx, diags).await;
        }
    }

    async fn read(
        &self,
        object: &Object,
        prior: &Value,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> ReadResult<Value> {
        let Some(prior) = decode(object, prior, diags) else {
            return ReadResult::Keep;
        };
        match self.0.read(&prior, private, cx, diags).await {
            ReadResult::Gone => ReadResult::Gone,
            ReadResult::Keep => ReadResult::Keep,
            ReadResult::Found(found) => match model::encode(&found, object) {
                Ok(found) => ReadResult::Found(found),
                Err(error) => {
                    diags.push(unencodable(&error));
                    ReadResult::Keep
                }
            },
        }
    }

    async fn create(
        &self,
        object: &Object,
        (planned, config): (&Value, &Value),
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Creation<Value> {
        let models = decode(object, planned, diags).zip(decode(object, config, diags));
        let Some((model, config)) = models else {
            return Creation::NotCreated(nothing_done());
        };
        let end = self.0.create(&model, &config, private, cx, diags).await;
        // What exists must not be lost for a fault in describing it.
        end.try_map(|state| model::encode(&state, object))
            .unwrap_or_else(|error| Creation::Pending {
                state: planned.clone(),
                why: unencodable(&error),
            })
    }

    async fn update(
        &self,
        object: &Object,
        (prior, planned, config): (&Value, &Value, &Value),
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Update<Value> {
        let models = decode(object, prior, diags)
            .zip(decode(object, planned, diags))
            .zip(decode(object, config, diags));
        let Some(((prior, model), config)) = models else {
            return Update::Refused(nothing_done());
        };
        let end = self
            .0
            .update(&prior, &model, &config, private, cx, diags)
            .await;
        end.try_map(|state| model::encode(&state, object))
            .unwrap_or_else(|error| Update::Pending {
                state: planned.clone(),
                why: unencodable(&error),
            })
    }

    async fn delete(
        &self,
        object: &Object,
        prior: &Value,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) {
        if let Some(prior) = decode(object, prior, diags) {
            self.0.delete(&prior, private, cx, diags).await;
        }
    }

    fn import_id(&self, object: &Object, id: &str, diags: &mut Diagnostics) -> Option<Value> {
        let model = self.0.import_id(id, diags)?;
        encoded(model::encode(&model, object), diags)
    }

    fn before_import(&self, cx: &Context) {
        self.0.before_import(cx);
    }

    fn move_from(
        &self,
        object: &Object,
        source: &MoveSource,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) -> Option<Value> {
        let model = self.0.move_from(source, private, diags)?;
        encoded(model::encode(&model, object), diags)
    }

    async fn generate_config(
        &self,
        object: &Object,
        config: Value,
        diags: &mut Diagnostics,
    ) -> Value {
        let Some(mut model) = decode::<R::Model>(object, &config, diags) else {
            return config;
        };
        let before = encoded(model::encode(&model, object), diags);
        self.0.generate_config(&mut model).await;
        let after = encoded(model::encode(&model, object), diags);
        match before.zip(after) {
            Some((before, after)) => model::adopt(config, &before, after),
            None => config,
        }
    }

    fn upgrade(&self, version: i64, state: Json, diags: &mut Diagnostics) -> Json {
        self.0.upgrade(version, state, diags)
    }

    fn upgrade_identity(&self, version: i64, identity: Json, diags: &mut Diagnostics) -> Json {
        self.0.upgrade_identity(version, identity, diags)
    }
}

fn nothing_done() -> Diagnostic {
    Diagnostic::error(
        "Nothing was changed",
        "The plan cannot be understood, for the reason given above.",
    )
}
