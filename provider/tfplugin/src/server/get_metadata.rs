//! GetMetadata: the names of all served types.

use super::Run;
use super::get_schema::capabilities;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;

impl<P: Provider> Run<P> {
    pub(super) async fn get_metadata(
        &self,
        _: wire::get_metadata::Request,
    ) -> wire::get_metadata::Response {
        use wire::get_metadata::{
            ActionMetadata, DataSourceMetadata, EphemeralMetadata, FunctionMetadata,
            ListResourceMetadata, ResourceMetadata,
        };
        let resources = self.resources.names();
        let data_sources = self.data_sources.names();
        let ephemeral = self.ephemeral_resources.names();
        let lists = self.list_resources.names();
        let actions = self.actions.names();
        wire::get_metadata::Response {
            server_capabilities: capabilities(),
            resources: resources
                .map(|type_name| ResourceMetadata { type_name })
                .collect(),
            data_sources: data_sources
                .map(|type_name| DataSourceMetadata { type_name })
                .collect(),
            ephemeral_resources: ephemeral
                .map(|type_name| EphemeralMetadata { type_name })
                .collect(),
            list_resources: lists
                .map(|type_name| ListResourceMetadata { type_name })
                .collect(),
            actions: actions
                .map(|type_name| ActionMetadata { type_name })
                .collect(),
            functions: self
                .functions
                .names()
                .map(|name| FunctionMetadata { name })
                .collect(),
            ..Default::default()
        }
    }
}
