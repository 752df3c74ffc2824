//! ReadResource: merges the observed object into the state.

use super::{Run, stopped, unread};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::planning;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::resource::ReadResult;
use crate::timeouts::{Operation, timeout};
use crate::value::Value;

type Response = wire::read_resource::Response;

/// The response with the unchanged state.
pub(super) fn unchanged(request: &wire::read_resource::Request) -> Response {
    Response {
        new_state: request.current_state.clone(),
        private: request.private.clone(),
        new_identity: request.current_identity.clone(),
        ..Default::default()
    }
}

impl<P: Provider> Run<P> {
    pub(super) async fn read_resource(&self, request: wire::read_resource::Request) -> Response {
        let mut diags = Diagnostics::new();
        match self.observed(&request, &mut diags).await {
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

    async fn observed(
        &self,
        request: &wire::read_resource::Request,
        diags: &mut Diagnostics,
    ) -> Result<Response, Diagnostic> {
        let (resource, shape) = self.managed(&request.type_name)?;
        let mut cx = self.later_context(request.client_capabilities.as_ref());
        let prior = shape.decode(request.current_state.as_ref())?;
        cx.timeout = timeout(&prior, Operation::Read, resource.timeouts());
        let mut private = super::private(&request.private)?;
        if prior.is_null() {
            return Ok(Response {
                new_state: Some(shape.encode(&prior)?),
                ..Default::default()
            });
        }
        let object = shape.object();
        let read = resource.read(object, &prior, &mut private, &cx, diags);
        let read = read.await.unwrap_or_else(|error| {
            diags.push(error.into_error());
            ReadResult::Keep
        });
        let state = match read {
            ReadResult::Gone => Value::Null,
            ReadResult::Keep => {
                if private.is_unread() && !diags.has_errors() {
                    diags.extend(unread::not_read(&request.type_name, &cx));
                }
                prior
            }
            ReadResult::Found(found) => {
                private.set_unread(false);
                let same = |kind: &str, a: &str, b: &str| resource.semantically_equal(kind, a, b);
                planning::refresh(object, &prior, &found, &same)
            }
        };
        let before = request.current_identity.as_ref();
        let new_identity = match &shape.identity {
            Some(identity) if !state.is_null() => identity.keep(resource, before, &state)?,
            _ => None,
        };
        Ok(Response {
            new_state: Some(shape.encode(&state)?),
            private: private.to_bytes().into(),
            deferred: cx.deferred_wire(),
            new_identity,
            ..Default::default()
        })
    }
}
