//! ApplyResourceChange: creation with its four ends, update, deletion.

use super::{Server, Shape, checked, stopped};
use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::planning;
use crate::private::Private;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::resource::{AnyResource, Creation, Update};
use crate::value::Value;

type Request = wire::apply_resource_change::Request;
type Response = wire::apply_resource_change::Response;

/// The state as it was.
pub(super) fn unchanged(request: &Request) -> Response {
    Response {
        new_state: request.prior_state.clone(),
        private: request.planned_private.clone(),
        ..Default::default()
    }
}

/// What an apply works on.
struct Change<'a> {
    resource: &'a dyn AnyResource,
    shape: &'a Shape,
    prior: Value,
    planned: Value,
    config: Value,
    private: Private,
}

impl<P: Provider> Server<P> {
    pub(super) async fn apply_resource_change(&self, request: Request) -> Response {
        let mut diags = Diagnostics::new();
        let mut response = unchanged(&request);
        match self.applied(&request, &mut diags).await {
            Ok((state, private)) => {
                response.new_state = Some(state);
                response.private = private;
                response.diagnostics = diags.into_wire();
            }
            Err(why) => response.diagnostics = stopped(diags, why),
        }
        response
    }

    async fn applied(
        &self,
        request: &Request,
        diags: &mut Diagnostics,
    ) -> Result<(wire::DynamicValue, Vec<u8>), Diagnostic> {
        let (resource, shape) = self.managed(&request.type_name)?;
        let mut cx = self.context(None);
        cx.write_only_allowed = true;
        let change = Change {
            resource,
            shape,
            prior: shape.decode(request.prior_state.as_ref())?,
            planned: shape.decode(request.planned_state.as_ref())?,
            config: shape.decode(request.config.as_ref())?,
            private: super::private(&request.planned_private)?,
        };
        let planned = checked::keep(&change.planned);
        let (state, private) = if change.planned.is_null() {
            change.delete(&cx, diags).await
        } else if change.prior.is_null() {
            change.create(&cx, diags).await
        } else {
            change.update(&cx, diags).await
        };
        if let Some(planned) = &planned {
            checked::applied(shape.object(), planned, &state, &request.type_name, diags);
        }
        let private = match state {
            Value::Null => Vec::new(),
            _ => private.to_bytes(),
        };
        Ok((shape.encode(&state)?, private))
    }
}

impl Change<'_> {
    /// Terraform taints whatever is created together with an error. So an error accompanies a
    /// state in one case alone, [`Creation::Failed`]; elsewhere it is reported as a warning.
    async fn create(mut self, cx: &Context, diags: &mut Diagnostics) -> (Value, Private) {
        let object = self.shape.object();
        let values = (&self.planned, &self.config);
        let private = &mut self.private;
        let end = self
            .resource
            .create(object, values, private, cx, diags)
            .await;
        let fill = |state: &Value| planning::fill(object, &self.planned, state);
        match end {
            Creation::Created(state) => {
                soften(diags);
                self.private.settle();
                (fill(&state), self.private)
            }
            Creation::Pending { state, why } => {
                soften(diags);
                self.private.settle();
                self.private.set_pending(&why.summary);
                diags.push(why.into_warning());
                (fill(&state), self.private)
            }
            Creation::NotCreated(error) => {
                diags.push(error.into_error());
                (Value::Null, self.private)
            }
            Creation::Failed { state, error } => {
                diags.push(error.into_error());
                self.private.settle();
                (fill(&state), self.private)
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
        let fill = |state: &Value| planning::fill(object, &self.planned, state);
        match end {
            Update::Updated(state) => {
                self.private.settle();
                (fill(&state), self.private)
            }
            Update::Pending { state, why } => {
                self.private.settle();
                self.private.set_pending(&why.summary);
                diags.push(why.into_warning());
                (fill(&state), self.private)
            }
            Update::Refused(error) => {
                diags.push(error.into_error());
                self.private.refuse();
                (self.prior, self.private)
            }
        }
    }

    async fn delete(self, cx: &Context, diags: &mut Diagnostics) -> (Value, Private) {
        let object = self.shape.object();
        self.resource
            .delete(object, &self.prior, &self.private, cx, diags)
            .await;
        if diags.has_errors() {
            (self.prior, self.private)
        } else {
            (Value::Null, self.private)
        }
    }
}

fn soften(diags: &mut Diagnostics) {
    let all = std::mem::take(diags);
    diags.extend(all.into_iter().map(Diagnostic::into_warning));
}
