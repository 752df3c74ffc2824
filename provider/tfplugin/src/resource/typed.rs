//! Adapts resources with models to resources with values.

use async_trait::async_trait;
use serde_json::Value as Json;

use super::any::{AnyResource, PlanRequest, PlanResult};
use super::convert::{decode, encoded, unencodable};
use super::upgrade::unreadable;
use super::{
    CreateRequest, Creation, DeleteRequest, IdentityAttribute, ImportRequest, MoveRequest, Plan,
    PlanDestroyRequest, ReadRequest, ReadResult, Resource, Update, UpdateRequest,
};
use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::model;
use crate::planning;
use crate::private::Private;
use crate::provider::Model;
use crate::schema::{Object, Schema, SchemaError};
use crate::timeouts::Timeouts;
use crate::value::Value;

/// Adapts a type that works on models to the server, which works on values: a [`Resource`] to an
/// [`AnyResource`]; a data source, function, ephemeral resource, list resource or action to the
/// `Any` trait of its kind.
#[derive(Clone, Debug)]
pub struct Typed<R>(pub R);

#[async_trait]
impl<R: Resource> AnyResource for Typed<R> {
    fn type_name(&self) -> &'static str {
        self.0.type_name()
    }

    fn schema(&self) -> Result<Schema, SchemaError> {
        Schema::derive::<R::Model>(self.0.version(), &self.0.description())
    }

    fn pending_outputs(&self) -> &[&'static str] {
        self.0.pending_outputs()
    }

    fn identity(&self) -> Vec<IdentityAttribute> {
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
        match decode(object, config) {
            Ok(config) => self.0.validate(&config, diags),
            Err(error) => diags.push(error),
        }
    }

    async fn plan(
        &self,
        object: &Object,
        request: PlanRequest<'_>,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<PlanResult, Diagnostic> {
        let config: R::Model = decode(object, request.config)?;
        let planned: R::Model = decode(object, &request.planned)?;
        // Most plans change little or nothing: what is the same value is the same model.
        let same_or = |value: &Value| match *value == request.planned {
            true => Ok(planned.clone()),
            false => decode(object, value),
        };
        let (prior, intended) = match request.prior {
            Some(prior) => {
                let intended = planning::intend(object, request.config, &request.planned);
                (Some(same_or(prior)?), same_or(&intended)?)
            }
            None => (None, config.clone()),
        };
        // The resource sees what the schema forces, so that it can object to a replacement.
        let forced = request
            .prior
            .map(|prior| planning::replacements(object, prior, &request.planned))
            .unwrap_or_default();
        let mut plan = Plan {
            config,
            prior,
            planned,
            intended,
            private: request.private,
            cx,
            diags,
            replace: forced,
            changed: request.changed,
            resumes: request.resumes,
            configured: request.config,
            promises: Vec::new(),
        };
        self.0.plan(&mut plan).await?;
        let after = encoded(object, &plan.planned)?;
        Ok(PlanResult {
            planned: adopted::<R::Model>(object, request.planned, after)?,
            private: plan.private,
            replace: plan.replace,
            promises: plan.promises,
        })
    }

    async fn plan_destroy(
        &self,
        object: &Object,
        prior: &Value,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        let request = PlanDestroyRequest {
            prior: decode(object, prior)?,
            private,
            cx,
            diags,
        };
        self.0.plan_destroy(request).await
    }

    async fn read(
        &self,
        object: &Object,
        prior: &Value,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<ReadResult<Value>, Diagnostic> {
        let request = ReadRequest {
            prior: decode(object, prior)?,
            private,
            cx,
            diags,
        };
        Ok(match self.0.read(request).await? {
            ReadResult::Gone => ReadResult::Gone,
            ReadResult::Keep => ReadResult::Keep,
            ReadResult::Found(found) => ReadResult::Found(encoded(object, &found)?),
        })
    }

    async fn create(
        &self,
        object: &Object,
        (planned, config): (&Value, &Value),
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<Creation<Value>, Diagnostic> {
        let mut made = None;
        let request = CreateRequest {
            planned: decode(object, planned)?,
            config: decode(object, config)?,
            private,
            cx,
            diags,
            made: &mut made,
        };
        let end = match (self.0.create(request).await, made) {
            (Ok(end), _) => end,
            (Err(why), Some(state)) => Creation::Pending { state, why },
            (Err(why), None) => return Err(why),
        };
        // What exists must not be lost for a fault in describing it.
        Ok(end
            .try_map(|state| model::encode(&state, object))
            .unwrap_or_else(|error| Creation::Pending {
                state: planned.clone(),
                why: unencodable(&error),
            }))
    }

    async fn update(
        &self,
        object: &Object,
        (prior, planned, config): (&Value, &Value, &Value),
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<Update<Value>, Diagnostic> {
        let request = UpdateRequest {
            prior: decode(object, prior)?,
            planned: decode(object, planned)?,
            config: decode(object, config)?,
            private,
            cx,
            diags,
        };
        let end = self.0.update(request).await?;
        Ok(end
            .try_map(|state| model::encode(&state, object))
            .unwrap_or_else(|error| Update::Pending {
                state: planned.clone(),
                why: unencodable(&error),
            }))
    }

    async fn delete(
        &self,
        object: &Object,
        prior: &Value,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        let request = DeleteRequest {
            prior: decode(object, prior)?,
            private,
            cx,
            diags,
        };
        self.0.delete(request).await
    }

    async fn import(
        &self,
        object: &Object,
        id: &str,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<Value, Diagnostic> {
        let request = ImportRequest {
            id,
            cx,
            diags,
            object,
        };
        encoded(object, &self.0.import(request).await?)
    }

    fn before_import(&self, cx: &Context) {
        self.0.before_import(cx);
    }

    async fn move_from(
        &self,
        object: &Object,
        request: MoveRequest<'_>,
    ) -> Result<Option<Value>, Diagnostic> {
        match self.0.move_from(request).await? {
            Some(model) => encoded(object, &model).map(Some),
            None => Ok(None),
        }
    }

    async fn generate_config(&self, object: &Object, config: Value) -> Result<Value, Diagnostic> {
        let mut model: R::Model = decode(object, &config)?;
        self.0.generate_config(&mut model).await;
        let after = encoded(object, &model)?;
        adopted::<R::Model>(object, config, after)
    }

    fn upgrade(&self, object: &Object, version: i64, state: &[u8]) -> Result<Value, Diagnostic> {
        let upgrades = self.0.upgrades();
        let upgrade = upgrades
            .iter()
            .find(|upgrade| upgrade.version() == version)
            .ok_or_else(|| {
                unreadable(&format!(
                    "It was written with version {version} of the schema of {}, which this provider \
                     does not read any more",
                    self.0.type_name()
                ))
            })?;
        encoded(object, &upgrade.run(state)?)
    }

    fn upgrade_identity(&self, version: i64, identity: Json) -> Result<Json, Diagnostic> {
        self.0.upgrade_identity(version, identity)
    }
}

/// The value of `after`, a model that was read from `original` and possibly changed. Anything that
/// a model cannot represent, such as an unknown in a plain type, stays as it was.
fn adopted<M: Model>(object: &Object, original: Value, after: Value) -> Result<Value, Diagnostic> {
    if after == original {
        return Ok(after);
    }
    let before = encoded(object, &decode::<M>(object, &original)?)?;
    Ok(model::adopt(original, &before, after))
}
