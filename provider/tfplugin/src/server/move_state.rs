//! MoveResourceState: takes over an object of another type or provider for a `moved` block.

use super::{Run, stopped};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::planning;
use crate::private::Private;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::resource::MoveRequest;

type Request = wire::move_resource_state::Request;
type Response = wire::move_resource_state::Response;

impl<P: Provider> Run<P> {
    pub(super) async fn move_resource_state(&self, request: Request) -> Response {
        let mut diags = Diagnostics::new();
        match self.moved(request, &mut diags).await {
            Ok(response) => Response {
                diagnostics: diags.into_wire(),
                ..response
            },
            Err(why) => Response {
                diagnostics: stopped(diags, why),
                ..Default::default()
            },
        }
    }

    async fn moved(
        &self,
        request: Request,
        diags: &mut Diagnostics,
    ) -> Result<Response, Diagnostic> {
        let (resource, shape) = self.managed(&request.target_type_name)?;
        let object = shape.object();
        let (from, target) = (&request.source_type_name, &request.target_type_name);
        let unusable = |reason: String| {
            Diagnostic::error(
                "The moved object cannot be taken over",
                format!(
                    "{reason}. Remove the moved block, forget {from} with a removed block, and \
                     import the object as {target}."
                ),
            )
        };
        let json = |raw: &wire::RawState| {
            serde_json::from_slice(&raw.json)
                .map_err(|error| unusable(format!("What is stored of it is not JSON: {error}")))
        };
        let mut private = Private::default();
        let source = MoveRequest {
            provider: request.source_provider_address.clone(),
            type_name: from.clone(),
            schema_version: request.source_schema_version,
            state: json(&request.source_state.unwrap_or_default())?,
            identity: match &request.source_identity {
                Some(raw) if !raw.json.is_empty() => Some(json(raw)?),
                _ => None,
            },
            identity_version: request.source_identity_schema_version,
            source_private: request.source_private.to_vec(),
            private: &mut private,
            diags,
        };
        let stub = resource.move_from(object, source).await?;
        if diags.has_errors() {
            return Ok(Response::default());
        }
        let stub = stub.ok_or_else(|| {
            unusable(format!(
                "{target} does not take over a {from} of {}",
                request.source_provider_address
            ))
        })?;
        let state = planning::refresh(object, &stub, &stub, &|_, a, b| a == b);
        private.set_unread(true);
        let target_identity = match &shape.identity {
            Some(identity) => identity.tell(&state)?,
            None => None,
        };
        Ok(Response {
            target_state: Some(shape.encode(&state)?),
            target_private: private.to_bytes().into(),
            target_identity,
            ..Default::default()
        })
    }
}
