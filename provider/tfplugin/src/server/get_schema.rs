//! GetProviderSchema and GetMetadata.

use super::Server;
use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;

fn capabilities() -> Option<wire::ServerCapabilities> {
    Some(wire::ServerCapabilities {
        // A destruction can be refused at plan.
        plan_destroy: true,
        // The host may use a schema that it got from an earlier process.
        get_provider_schema_optional: true,
        ..Default::default()
    })
}

impl<P: Provider> Server<P> {
    pub(super) async fn get_metadata(
        &self,
        _: wire::get_metadata::Request,
    ) -> wire::get_metadata::Response {
        let resources = self.resources.keys().map(|name| {
            let type_name = (*name).to_owned();
            wire::get_metadata::ResourceMetadata { type_name }
        });
        wire::get_metadata::Response {
            server_capabilities: capabilities(),
            resources: resources.collect(),
            ..Default::default()
        }
    }

    pub(super) async fn get_provider_schema(
        &self,
        _: wire::get_provider_schema::Request,
    ) -> wire::get_provider_schema::Response {
        let mut diags = Diagnostics::new();
        let mut response = wire::get_provider_schema::Response {
            server_capabilities: capabilities(),
            ..Default::default()
        };
        match self.config() {
            Ok(shape) => response.provider = Some(shape.schema.to_wire()),
            Err(why) => diags.push(why),
        }
        for name in self.resources.keys() {
            match self.managed(name) {
                Ok((_, shape)) => {
                    let schema = shape.schema.to_wire();
                    response.resource_schemas.insert((*name).to_owned(), schema);
                }
                Err(why) => diags.push(why),
            }
        }
        response.diagnostics = diags.into_wire();
        response
    }
}
