//! The provider: its configuration and what it serves.

use std::sync::Arc;

use tfplugin::{ConfigureRequest, Diagnostic, Provider, Registry};

use crate::dust::Dust;
use crate::inventory::InventorySource;
use crate::key::KeyResource;
use crate::list::ShelfList;
use crate::model::Config;
use crate::shelf::ShelfResource;
use crate::store::Store;
use crate::total::Total;

/// Keeps shelves in a directory.
#[derive(Default)]
pub struct Shelves {
    store: Arc<Store>,
}

impl Provider for Shelves {
    type Config = Config;

    fn register(self: &Arc<Self>, registry: &mut Registry) {
        let store = || Arc::clone(&self.store);
        registry
            .resource(ShelfResource(store()))
            .data_source(InventorySource(store()))
            .function(Total)
            .ephemeral_resource(KeyResource(store()))
            .list_resource(ShelfList(store()))
            .action(Dust(store()));
    }

    async fn configure(&self, request: ConfigureRequest<'_, Config>) -> Result<(), Diagnostic> {
        self.store.open(&request.config.directory);
        Ok(())
    }
}
