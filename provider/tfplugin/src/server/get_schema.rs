//! GetProviderSchema.

use std::collections::HashMap;

use super::Run;
use super::catalogue::{Catalogue, Described};
use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;

pub(super) fn capabilities() -> Option<wire::ServerCapabilities> {
    Some(wire::ServerCapabilities {
        // A destruction can be refused at plan.
        plan_destroy: true,
        // The host may use a schema that it got from an earlier process.
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    })
}

fn schemas<T: Described + ?Sized>(
    of: &Catalogue<T>,
    diags: &mut Diagnostics,
) -> HashMap<String, wire::Schema> {
    let mut schemas = HashMap::new();
    for (name, served) in of.iter() {
        match served.shape() {
            Ok(shape) => {
                schemas.insert(name.to_owned(), shape.schema.to_wire());
            }
            Err(why) => diags.push(why),
        }
    }
    schemas
}

impl<P: Provider> Run<P> {
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
        response.resource_schemas = schemas(&self.resources, &mut diags);
        response.data_source_schemas = schemas(&self.data_sources, &mut diags);
        response.ephemeral_resource_schemas = schemas(&self.ephemeral_resources, &mut diags);
        response.list_resource_schemas = schemas(&self.list_resources, &mut diags);
        response.action_schemas = schemas(&self.actions, &mut diags)
            .into_iter()
            .map(|(name, schema)| {
                let schema = Some(schema);
                (name, wire::ActionSchema { schema })
            })
            .collect();
        response.functions = self.functions.to_wire(&mut diags);
        response.diagnostics = diags.into_wire();
        response
    }
}
