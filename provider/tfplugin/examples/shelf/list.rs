//! The list resource of `shelf_shelf`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Diagnostic, Field, ListRequest, ListResource, Listed};

use crate::model::{Shelf, Wood};
use crate::store::Store;

/// Which shelves to find.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Filter {
    /// Only those of this wood.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub wood: Field<Wood>,
    /// What the search is to do: nothing, `panic`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub simulate: Field<String>,
}

/// Finds `shelf_shelf`s.
pub struct ShelfList(pub Arc<Store>);

impl ListResource for ShelfList {
    type Config = Filter;
    type Model = Shelf;

    fn type_name(&self) -> &'static str {
        "shelf_shelf"
    }

    async fn list(&self, request: ListRequest<'_, Filter, Shelf>) -> Result<(), Diagnostic> {
        let ListRequest {
            config,
            found,
            diags,
            ..
        } = request;
        for shelf in self.0.all() {
            let wood = shelf.spec.known().and_then(|spec| spec.wood.known());
            if config.wood.known().is_some_and(|w| Some(w) != wood) {
                continue;
            }
            let name = shelf.name.known().cloned().unwrap_or_default();
            if !found
                .push(Listed::new(format!("Shelf {name}"), shelf))
                .await
            {
                return Ok(());
            }
        }
        if config.simulate.known().is_some_and(|s| s == "panic") {
            panic!("asked to");
        }
        if config.wood.is_null() {
            diags.warning(
                "wood",
                "Every wood was searched",
                "Narrow the search by it.",
            );
        }
        Ok(())
    }
}
