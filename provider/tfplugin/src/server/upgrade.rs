//! UpgradeResourceState: runs before every plan, even if the version is current.

use super::{Run, one};
use crate::diagnostics::Diagnostic;
use crate::planning;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::resource::{reason, unreadable};
use crate::value::json;

impl<P: Provider> Run<P> {
    pub(super) async fn upgrade_resource_state(
        &self,
        request: wire::upgrade_resource_state::Request,
    ) -> wire::upgrade_resource_state::Response {
        match self.upgraded(request) {
            Ok(state) => wire::upgrade_resource_state::Response {
                upgraded_state: Some(state),
                diagnostics: Vec::new(),
            },
            Err(why) => wire::upgrade_resource_state::Response {
                upgraded_state: None,
                diagnostics: one(why),
            },
        }
    }

    fn upgraded(
        &self,
        request: wire::upgrade_resource_state::Request,
    ) -> Result<wire::DynamicValue, Diagnostic> {
        let (resource, shape) = self.managed(&request.type_name)?;
        if request.version > shape.schema.version {
            return Err(Diagnostic::error(
                "The stored state is newer than the provider",
                format!(
                    "It was written with version {} of the schema of {}, and this provider knows \
                     version {}. Use the version of the provider that wrote it, or a later one.",
                    request.version, request.type_name, shape.schema.version
                ),
            ));
        }
        let raw = request.raw_state.unwrap_or_default();
        if raw.json.is_empty() {
            return Err(unreadable(
                "It is in the format of Terraform 0.11, which this provider never wrote",
            ));
        }
        let mut state = if request.version < shape.schema.version {
            resource.upgrade(shape.object(), request.version, &raw.json)?
        } else {
            json::decode(&raw.json, &shape.ty).map_err(|error| unreadable(&reason(&error)))?
        };
        // An attribute may have become write-only since.
        planning::hide(shape.object(), &mut state);
        shape.encode(&state)
    }
}
