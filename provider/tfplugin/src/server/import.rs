//! ImportResourceState: a stub of the key attributes, which Terraform then reads.

use super::{Server, stopped};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::planning;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;

type Request = wire::import_resource_state::Request;
type Response = wire::import_resource_state::Response;

impl<P: Provider> Server<P> {
    pub(super) async fn import_resource_state(&self, request: Request) -> Response {
        let mut diags = Diagnostics::new();
        match self.stub(&request, &mut diags) {
            Ok(state) => Response {
                imported_resources: state.into_iter().collect(),
                diagnostics: diags.into_wire(),
                deferred: None,
            },
            Err(why) => Response {
                diagnostics: stopped(diags, why),
                ..Default::default()
            },
        }
    }

    fn stub(
        &self,
        request: &Request,
        diags: &mut Diagnostics,
    ) -> Result<Option<wire::import_resource_state::ImportedResource>, Diagnostic> {
        let (resource, shape) = self.managed(&request.type_name)?;
        let object = shape.object();
        let stub = resource.import_id(object, &request.id, diags);
        let Some(stub) = stub.filter(|_| !diags.has_errors()) else {
            if diags.has_errors() {
                return Ok(None);
            }
            return Err(Diagnostic::error(
                "Invalid import id",
                format!("{:?} does not name a {}.", request.id, request.type_name),
            ));
        };
        // Gives local attributes, which no read will tell, their defaults.
        let state = planning::refresh(object, &stub, &stub, &|_, a, b| a == b);
        Ok(Some(wire::import_resource_state::ImportedResource {
            type_name: request.type_name.clone(),
            state: Some(shape.encode(&state)?),
            ..Default::default()
        }))
    }
}
