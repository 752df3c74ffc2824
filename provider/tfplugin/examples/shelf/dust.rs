//! `shelf_dust`, the action.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Deferral, Diagnostic, Field, InvokeRequest, PlanActionRequest};

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

impl Action for Dust {
    type Config = Dusting;

    fn type_name(&self) -> &'static str {
        "shelf_dust"
    }

    async fn plan(&self, request: PlanActionRequest<'_, Dusting>) -> Result<(), Diagnostic> {
        if request.config.shelf.is_unknown() {
            request.cx.defer(Deferral::ConfigUnknown);
        }
        Ok(())
    }

    async fn invoke(&self, request: InvokeRequest<'_, Dusting>) -> Result<(), Diagnostic> {
        let InvokeRequest {
            config,
            progress,
            cx,
            ..
        } = request;
        let error =
            |summary: &str, detail: &str| Err(Diagnostic::error(summary, detail).at("shelf"));
        let name = config.shelf.text();
        let Some(shelf) = self.0.get(name) else {
            return error("There is no such shelf", "Build it first.");
        };
        let cloth = Cloth(self.0.file("cloth"));
        std::fs::write(&cloth.0, name)?;
        let boards = shelf.spec.known().and_then(|spec| spec.boards.known());
        for board in 1..=boards.copied().unwrap_or(0) {
            progress.report(format!("Board {board} is clean"));
            match config.simulate.known().map(String::as_str) {
                Some("panic") => panic!("asked to"),
                Some("wait") => cx.stop.cancelled().await,
                _ => {}
            }
            if cx.stop.is_cancelled() {
                return error("Stopped", &format!("Board {board} was the last."));
            }
        }
        Ok(())
    }
}
