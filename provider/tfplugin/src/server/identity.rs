//! GetResourceIdentitySchemas, and the identities in read, plan, apply and import.

use std::collections::HashMap;

use super::{Run, decode, encode};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::resource::{AnyResource, Identity};
use crate::value::Value;

type Response = wire::get_resource_identity_schemas::Response;

impl Identity {
    /// The identity of a request; None if it is omitted or null.
    pub(super) fn decode(
        &self,
        data: Option<&wire::ResourceIdentityData>,
    ) -> Result<Option<Value>, Diagnostic> {
        let data = data.and_then(|data| data.identity_data.as_ref());
        let value = decode(data, self.value_type())?;
        Ok(Some(value).filter(|value| !value.is_null()))
    }

    pub(super) fn encode(&self, value: &Value) -> Result<wire::ResourceIdentityData, Diagnostic> {
        let data = encode(value, self.value_type())?;
        Ok(wire::ResourceIdentityData {
            identity_data: Some(data),
        })
    }

    /// The identity of `state`, in the protocol's form.
    pub(super) fn tell(
        &self,
        state: &Value,
    ) -> Result<Option<wire::ResourceIdentityData>, Diagnostic> {
        self.of(state).map(|value| self.encode(&value)).transpose()
    }

    /// The identity of `state`. It must equal the prior identity, unless the resource allows
    /// changes or there was none. Attributes that `state` does not have keep their prior value.
    pub(super) fn keep(
        &self,
        resource: &dyn AnyResource,
        before: Option<&wire::ResourceIdentityData>,
        state: &Value,
    ) -> Result<Option<wire::ResourceIdentityData>, Diagnostic> {
        let Some(now) = self.of(state) else {
            return Ok(before.cloned());
        };
        match self.decode(before)? {
            Some(before) if before != now && !resource.identity_may_change() => {
                Err(Diagnostic::error(
                    "The identity of the object changed",
                    format!(
                        "{} is another object than before by its identity. Something else was put \
                         in its place, or this is a fault of the provider. Remove the resource from \
                         the state (terraform state rm) and import what is there now.",
                        resource.type_name()
                    ),
                ))
            }
            _ => self.encode(&now).map(Some),
        }
    }
}

impl<P: Provider> Run<P> {
    pub(super) async fn get_resource_identity_schemas(
        &self,
        _: wire::get_resource_identity_schemas::Request,
    ) -> Response {
        let mut diags = Diagnostics::new();
        let mut identity_schemas = HashMap::new();
        for (name, served) in self.resources.iter() {
            match served.shape() {
                Ok(shape) => identity_schemas.extend(
                    shape
                        .identity
                        .iter()
                        .map(|identity| (name.to_owned(), identity.to_wire())),
                ),
                Err(why) => diags.push(why),
            }
        }
        Response {
            identity_schemas,
            diagnostics: diags.into_wire(),
        }
    }
}
