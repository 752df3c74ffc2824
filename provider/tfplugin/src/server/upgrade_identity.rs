//! UpgradeResourceIdentity.

use super::{Run, one};
use crate::diagnostics::Diagnostic;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::value::json;

type Request = wire::upgrade_resource_identity::Request;
type Response = wire::upgrade_resource_identity::Response;

impl<P: Provider> Run<P> {
    pub(super) async fn upgrade_resource_identity(&self, request: Request) -> Response {
        match self.identity_upgraded(request) {
            Ok(identity) => Response {
                upgraded_identity: Some(identity),
                diagnostics: Vec::new(),
            },
            Err(why) => Response {
                upgraded_identity: None,
                diagnostics: one(why),
            },
        }
    }

    fn identity_upgraded(
        &self,
        request: Request,
    ) -> Result<wire::ResourceIdentityData, Diagnostic> {
        let unreadable = |reason: String| {
            Diagnostic::error(
                "The stored identity cannot be read",
                format!(
                    "{reason}. Remove this resource from the state (terraform state rm) and import \
                     it again."
                ),
            )
        };
        let (resource, shape) = self.managed(&request.type_name)?;
        let identity = shape
            .identity
            .as_ref()
            .ok_or_else(|| unreadable(format!("{} has no identity any more", request.type_name)))?;
        let raw = request.raw_identity.unwrap_or_default();
        let mut stored = serde_json::from_slice(&raw.json)
            .map_err(|error| unreadable(format!("It is not JSON: {error}")))?;
        if request.version < identity.version() {
            stored = resource.upgrade_identity(request.version, stored)?;
        }
        let value = json::from_json(&stored, identity.value_type())
            .map_err(|error| unreadable(format!("It does not fit its schema: {error}")))?;
        identity.encode(&value)
    }
}
