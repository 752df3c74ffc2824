//! `shelf_inventory`, the data source.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{DataSource, Diagnostic, Field, LookupRequest};

use crate::model::Wood;
use crate::store::Store;

/// The shelves that stand.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Inventory {
    /// Only those of this wood.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub wood: Field<Wood>,
    /// How many to tell.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-default" = 100), range(min = 1))]
    pub limit: Field<u32>,
    /// Their names.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub names: Field<Vec<String>>,
}

/// `shelf_inventory`.
pub struct InventorySource(pub Arc<Store>);

impl DataSource for InventorySource {
    type Model = Inventory;

    fn type_name(&self) -> &'static str {
        "shelf_inventory"
    }

    async fn read(&self, request: LookupRequest<'_, Inventory>) -> Result<Inventory, Diagnostic> {
        let config = request.config;
        if self.0.defer(request.cx) {
            return Ok(config);
        }
        let limit = config.limit.known().copied().unwrap_or(0);
        let names = self.0.all().into_iter().filter_map(|shelf| {
            let wood = shelf.spec.known().and_then(|spec| spec.wood.known());
            let wanted = config.wood.known().is_none_or(|w| Some(w) == wood);
            shelf.name.known().filter(|_| wanted).cloned()
        });
        let names = names.take(usize::try_from(limit).unwrap_or(0)).collect();
        Ok(Inventory {
            names: Field::Known(names),
            ..config
        })
    }
}
