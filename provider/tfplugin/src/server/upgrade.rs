//! UpgradeResourceState: runs before every plan, also when the version is today's.

use super::{Run, stopped};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::planning;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::value::{ValueErrorKind, json};

impl<P: Provider> Run<P> {
    pub(super) async fn upgrade_resource_state(
        &self,
        request: wire::upgrade_resource_state::Request,
    ) -> wire::upgrade_resource_state::Response {
        let mut diags = Diagnostics::new();
        match self.upgraded(request, &mut diags) {
            Ok(state) => wire::upgrade_resource_state::Response {
                upgraded_state: Some(state),
                diagnostics: diags.into_wire(),
            },
            Err(why) => wire::upgrade_resource_state::Response {
                upgraded_state: None,
                diagnostics: stopped(diags, why),
            },
        }
    }

    fn upgraded(
        &self,
        request: wire::upgrade_resource_state::Request,
        diags: &mut Diagnostics,
    ) -> Result<wire::DynamicValue, Diagnostic> {
        let unreadable = |reason: String| {
            Diagnostic::error(
                "The stored state cannot be read",
                format!(
                    "{reason}. Remove this resource from the state (terraform state rm) and import it \
                     again."
                ),
            )
        };
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
                "It is in the format of Terraform 0.11, which this provider never wrote".to_owned(),
            ));
        }
        let of_today = if request.version < shape.schema.version {
            let state = serde_json::from_slice(&raw.json)
                .map_err(|error| unreadable(format!("It is not JSON: {error}")))?;
            json::from_json(&resource.upgrade(request.version, state, diags), &shape.ty)
        } else {
            json::decode(&raw.json, &shape.ty)
        };
        let mut state = of_today.map_err(|error| {
            unreadable(match &error.reason {
                ValueErrorKind::Malformed(reason) => format!("It is not JSON: {reason}"),
                _ => format!("It does not fit the schema: {error}"),
            })
        })?;
        // An attribute may have become write-only since.
        planning::hide(shape.object(), &mut state);
        shape.encode(&state)
    }
}
