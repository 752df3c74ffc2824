//! ApplyResourceChange: creation with its possible results, update, deletion.

use super::{Run, Shape, checked, stopped, unread};
use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::path::AttributePath;
use crate::planning;
use crate::private::Private;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::resource::{AnyResource, Creation, Update};
use crate::timeouts::{Operation, timeout};
use crate::value::Value;

type Request = wire::apply_resource_change::Request;
type Response = wire::apply_resource_change::Response;

/// The response with the unchanged state.
pub(super) fn unchanged(request: &Request) -> Response {
    let mut private = request.planned_private.clone();
    if super::is_null(request.planned_state.as_ref())
        && let Ok(planned) = super::private(&private)
    {
        private = planned.kept().to_bytes().into();
    }
    Response {
        new_state: request.prior_state.clone(),
        private,
        new_identity: request.planned_identity.clone(),
        ..Default::default()
    }
}

/// The input of an apply.
struct Change<'a> {
    resource: &'a dyn AnyResource,
    shape: &'a Shape,
    prior: Value,
    planned: Value,
    config: Value,
    private: Private,
}

impl<P: Provider> Run<P> {
    pub(super) async fn apply_resource_change(&self, request: Request) -> Response {
        let mut diags = Diagnostics::new();
        match self.applied(&request, &mut diags).await {
            Ok(response) => Response {
                diagnostics: diags.into_wire(),
                ..response
            },
            Err(why) => Response {
                diagnostics: stopped(diags, why),
                ..unchanged(&request)
            },
        }
    }

    async fn applied(
        &self,
        request: &Request,
        diags: &mut Diagnostics,
    ) -> Result<Response, Diagnostic> {
        let (resource, shape) = self.managed(&request.type_name)?;
        let mut cx = self.later_context(None);
        let change = Change {
            resource,
            shape,
            prior: shape.decode(request.prior_state.as_ref())?,
            planned: shape.decode(request.planned_state.as_ref())?,
            config: shape.decode(request.config.as_ref())?,
            private: super::private(&request.planned_private)?,
        };
        let defaults = resource.timeouts();
        let creates = change.prior.is_null();
        let planned = checked::keep(&change.planned);
        let (state, private) = if change.planned.is_null() {
            if change.private.is_unread() {
                return Err(unread::not_destroyed(&request.type_name));
            }
            cx.timeout = timeout(&change.prior, Operation::Delete, defaults);
            change.delete(&cx, diags).await
        } else if creates {
            cx.timeout = timeout(&change.planned, Operation::Create, defaults);
            change.create(&cx, diags).await
        } else {
            cx.timeout = timeout(&change.planned, Operation::Update, defaults);
            change.update(&cx, diags).await
        };
        if let Some(planned) = &planned {
            checked::applied(shape.object(), planned, &state, &request.type_name, diags);
        }
        let mut response = Response {
            new_state: Some(shape.encode(&state)?),
            ..Default::default()
        };
        if state.is_null() {
            return Ok(response);
        }
        response.private = private.to_bytes().into();
        if let Some(identity) = &shape.identity {
            let planned = request.planned_identity.as_ref();
            response.new_identity = if creates {
                identity.tell(&state)?
            } else {
                // What was written must not be lost for a fault in its identity.
                identity
                    .keep(resource, planned, &state)
                    .unwrap_or_else(|why| {
                        diags.push(why);
                        planned.cloned()
                    })
            };
        }
        Ok(response)
    }
}

impl Change<'_> {
    /// Terraform taints every object whose creation reports an error. So only [`Creation::Failed`]
    /// returns a state with an error; in all other cases the error becomes a warning.
    async fn create(mut self, cx: &Context, diags: &mut Diagnostics) -> (Value, Private) {
        let object = self.shape.object();
        let values = (&self.planned, &self.config);
        let private = &mut self.private;
        let end = self
            .resource
            .create(object, values, private, cx, diags)
            .await;
        match end {
            Ok(Creation::Created(state)) => {
                soften(diags);
                self.private.settle();
                checked::answer(&self.contradicts(&state), self.resource.type_name(), diags);
                self.filled(&state)
            }
            Ok(Creation::Pending { state, why }) => {
                soften(diags);
                self.private.settle();
                self.private.set_pending(&why.summary);
                diags.push(why.into_warning());
                self.contradicts(&state);
                self.filled(&state)
            }
            Err(error) => {
                diags.push(error.into_error());
                (Value::Null, self.private)
            }
            Ok(Creation::Failed { state, error }) => {
                diags.push(error.into_error());
                self.private.settle();
                self.contradicts(&state);
                self.filled(&state)
            }
        }
    }

    async fn update(mut self, cx: &Context, diags: &mut Diagnostics) -> (Value, Private) {
        let object = self.shape.object();
        let values = (&self.prior, &self.planned, &self.config);
        let private = &mut self.private;
        let end = self
            .resource
            .update(object, values, private, cx, diags)
            .await;
        match end {
            Ok(Update::Updated(state)) => {
                self.private.settle();
                checked::answer(&self.contradicts(&state), self.resource.type_name(), diags);
                self.filled(&state)
            }
            Ok(Update::Pending { state, why }) => {
                self.private.settle();
                self.private.set_pending(&why.summary);
                diags.push(why.into_warning());
                self.contradicts(&state);
                self.filled(&state)
            }
            Err(error) => {
                diags.push(error.into_error());
                self.private.refuse();
                (self.prior, self.private)
            }
        }
    }

    /// In a replacement, Terraform hands the private state of the creation to the destruction too:
    /// an object that stays keeps its own.
    async fn delete(self, cx: &Context, diags: &mut Diagnostics) -> (Value, Private) {
        let object = self.shape.object();
        let deleted = self
            .resource
            .delete(object, &self.prior, &self.private, cx, diags)
            .await;
        diags.extend(deleted.err().map(Diagnostic::into_error));
        if diags.has_errors() {
            (self.prior, self.private.kept())
        } else {
            (Value::Null, self.private)
        }
    }

    /// Reports the places where the result differs from the plan. Values may be secret, so only
    /// their places are logged.
    fn contradicts(&self, returned: &Value) -> Vec<AttributePath> {
        let same = |kind: &str, a: &str, b: &str| self.resource.semantically_equal(kind, a, b);
        let object = self.shape.object();
        let paths = planning::contradictions(object, &self.planned, returned, &same);
        if !paths.is_empty() {
            let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
            tracing::warn!(
                resource = self.resource.type_name(),
                paths = paths.join(", "),
                "the answer of an apply is not what was planned; the state says what was planned \
                 until the next read"
            );
        }
        paths
    }

    /// The plan, completed by the result.
    fn filled(self, returned: &Value) -> (Value, Private) {
        let state = planning::fill(self.shape.object(), &self.planned, returned);
        (state, self.private)
    }
}

fn soften(diags: &mut Diagnostics) {
    let all = std::mem::take(diags);
    diags.extend(all.into_iter().map(Diagnostic::into_warning));
}
