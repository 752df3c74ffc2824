//! `shelf_dust`, the action.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Context, Deferral, Diagnostics, Progress};

use crate::field::Field;
use crate::store::Store;

/// Dusts a shelf off.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Dusting {
    /// The name of the shelf.
    #[schemars(length(min = 1))]
    pub shelf: Field<String>,
    /// What the duster is to do: nothing, `wait`, `panic`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub simulate: Field<String>,
}

/// `shelf_dust`.
pub struct Dust(pub Arc<Store>);

/// Lies beside the shelf while it is dusted.
struct Cloth(PathBuf);

impl Drop for Cloth {
    fn drop(&mut self) {
        // Whoever took it away has no use for it.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[async_trait]
impl Action for Dust {
    type Config = Dusting;

    fn type_name(&self) -> &'static str {
        "shelf_dust"
    }

    async fn plan(&self, config: &Dusting, cx: &Context, _: &mut Diagnostics) {
        if config.shelf == Field::Unknown {
            cx.defer(Deferral::ConfigUnknown);
        }
    }

    async fn invoke(
        &self,
        config: &Dusting,
        progress: &Progress,
        cx: &Context,
        diags: &mut Diagnostics,
    ) {
        let name = config.shelf.known().map_or("", String::as_str);
        let Some(shelf) = self.0.get(name) else {
            diags.error("shelf", "There is no such shelf", "Build it first.");
            return;
        };
        let cloth = Cloth(self.0.file("cloth"));
        if let Err(error) = std::fs::write(&cloth.0, name) {
            diags.error("shelf", "There is no cloth", error.to_string());
            return;
        }
        let boards = shelf.spec.known().and_then(|spec| spec.boards.known());
        for board in 1..=boards.copied().unwrap_or(0) {
            progress.report(format!("Board {board} is clean"));
            match config.simulate.known().map(String::as_str) {
                Some("panic") => panic!("asked to"),
                Some("wait") => cx.stop.cancelled().await,
                _ => {}
            }
            if cx.stop.is_cancelled() {
                diags.error("shelf", "Stopped", format!("Board {board} was the last."));
                return;
            }
        }
    }
}
