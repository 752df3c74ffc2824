//! ImportResourceState: returns only the identifying attributes, from an ID or an identity;
//! Terraform then reads the object.

use super::{Run, Shape, stopped};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::planning;
use crate::private::Private;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::resource::Identity;
use crate::value::Value;

type Request = wire::import_resource_state::Request;
type Response = wire::import_resource_state::Response;

impl<P: Provider> Run<P> {
    pub(super) async fn import_resource_state(&self, request: Request) -> Response {
        let mut diags = Diagnostics::new();
        match self.imported(&request, &mut diags).await {
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

    async fn imported(
        &self,
        request: &Request,
        diags: &mut Diagnostics,
    ) -> Result<Response, Diagnostic> {
        let (resource, shape) = self.managed(&request.type_name)?;
        let object = shape.object();
        let cx = self.later_context(request.client_capabilities.as_ref());
        let identity = shape.identity.as_ref();
        let given = match identity {
            Some(identity) => identity.decode(request.identity.as_ref())?,
            None => None,
        };
        let stub = match identity.zip(given) {
            Some((identity, given)) => by_identity(identity, &given, shape)?,
            None => resource.import(object, &request.id, &cx, diags).await?,
        };
        if diags.has_errors() {
            return Ok(Response::default());
        }
        resource.before_import(&cx);
        // Gives local attributes, which no read will tell, their defaults.
        let state = planning::refresh(object, &stub, &stub, &|_, a, b| a == b);
        let identity = match identity {
            Some(identity) => identity.tell(&state)?,
            None => None,
        };
        let mut private = Private::default();
        private.set_unread(true);
        Ok(Response {
            imported_resources: vec![wire::import_resource_state::ImportedResource {
                type_name: request.type_name.clone(),
                state: Some(shape.encode(&state)?),
                private: private.to_bytes().into(),
                identity,
            }],
            deferred: cx.deferred_wire(),
            ..Default::default()
        })
    }
}

fn by_identity(identity: &Identity, given: &Value, shape: &Shape) -> Result<Value, Diagnostic> {
    match identity.missing(given) {
        None => Ok(identity.stub(given, shape.object())),
        Some(name) => Err(Diagnostic::error(
            "Incomplete identity",
            format!("The identity has to give {name}. Add it to the import block."),
        )),
    }
}
