//! `shelf_key`, the ephemeral resource: a file beside the shelf while Terraform runs.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    CloseRequest, Diagnostic, EphemeralResource, Field, LookupRequest, Opened, RenewRequest,
};

use crate::store::Store;

/// A key to a shelf.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Key {
    /// The name of the shelf.
    pub shelf: Field<String>,
    /// What opens it.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-sensitive" = true))]
    pub key: Field<String>,
}

/// How long a key opens.
const VALID: Duration = Duration::from_secs(60);

/// `shelf_key`.
pub struct KeyResource(pub Arc<Store>);

impl EphemeralResource for KeyResource {
    type Model = Key;

    fn type_name(&self) -> &'static str {
        "shelf_key"
    }

    async fn open(&self, request: LookupRequest<'_, Key>) -> Result<Opened<Key>, Diagnostic> {
        let config = request.config;
        if self.0.defer(request.cx) {
            return Ok(Opened::new(config));
        }
        let key = format!("{}.key", config.shelf.text());
        if self.0.get(config.shelf.text()).is_none()
            || std::fs::write(self.0.file(&key), "").is_err()
        {
            let error = Diagnostic::error("There is no such shelf", "Build it first.");
            return Err(error.at("shelf"));
        }
        let mut opened = Opened::new(Key {
            key: Field::Known(format!("turn {key}")),
            ..config
        });
        opened.renew_at = Some(SystemTime::now() + VALID);
        opened.private.set("file", &key)?;
        Ok(opened)
    }

    async fn renew(&self, request: RenewRequest<'_>) -> Result<Option<SystemTime>, Diagnostic> {
        let times = request.private.get::<u32>("renewals").unwrap_or(0);
        request.private.set("renewals", times + 1)?;
        Ok(Some(SystemTime::now() + VALID))
    }

    async fn close(&self, request: CloseRequest<'_>) -> Result<(), Diagnostic> {
        if request.cx.stop.is_cancelled() {
            return Ok(());
        }
        let key: String = request.private.get("file").unwrap_or_default();
        if std::fs::remove_file(self.0.file(&key)).is_err() {
            let (summary, detail) = ("The key is lost", "Somebody took it away.");
            request.diags.warning("shelf", summary, detail);
        }
        Ok(())
    }
}
