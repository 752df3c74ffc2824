//! The provider: its configuration and what it serves.

use std::sync::Arc;

use async_trait::async_trait;
use tfplugin::{
    AnyAction, AnyDataSource, AnyEphemeralResource, AnyFunction, AnyListResource, AnyResource,
    Context, Diagnostics, Provider, Typed,
};

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

#[async_trait]
impl Provider for Shelves {
    type Config = Config;

    fn resources(self: &Arc<Self>) -> Vec<Box<dyn AnyResource>> {
        vec![Box::new(Typed(ShelfResource(Arc::clone(&self.store))))]
    }

    fn data_sources(self: &Arc<Self>) -> Vec<Box<dyn AnyDataSource>> {
        vec![Box::new(Typed(InventorySource(Arc::clone(&self.store))))]
    }

    fn functions(self: &Arc<Self>) -> Vec<Box<dyn AnyFunction>> {
        vec![Box::new(Typed(Total))]
    }

    fn ephemeral_resources(self: &Arc<Self>) -> Vec<Box<dyn AnyEphemeralResource>> {
        vec![Box::new(Typed(KeyResource(Arc::clone(&self.store))))]
    }

    fn list_resources(self: &Arc<Self>) -> Vec<Box<dyn AnyListResource>> {
        vec![Box::new(Typed(ShelfList(Arc::clone(&self.store))))]
    }

    fn actions(self: &Arc<Self>) -> Vec<Box<dyn AnyAction>> {
        vec![Box::new(Typed(Dust(Arc::clone(&self.store))))]
    }

    async fn configure(&self, config: Config, _: &Context, _: &mut Diagnostics) {
        self.store.open(&config.directory);
    }
}
