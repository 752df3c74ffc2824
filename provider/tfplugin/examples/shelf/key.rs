//! `shelf_key`, the ephemeral resource: a file beside the shelf while Terraform runs.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Context, Diagnostics, EphemeralResource, Opened, Private};

use crate::field::Field;
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

#[async_trait]
impl EphemeralResource for KeyResource {
    type Model = Key;

    fn type_name(&self) -> &'static str {
        "shelf_key"
    }

    async fn open(
        &self,
        config: &Key,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Option<Opened<Key>> {
        if self.0.defer(cx) {
            return None;
        }
        let shelf = config.shelf.known().map_or("", String::as_str);
        let key = format!("{shelf}.key");
        if self.0.get(shelf).is_none() || std::fs::write(self.0.file(&key), "").is_err() {
            diags.error("shelf", "There is no such shelf", "Build it first.");
            return None;
        }
        let mut private = Private::default();
        // Text is JSON and the key is not reserved.
        let _ = private.set("file", &key);
        Some(Opened {
            result: Key {
                key: Field::Known(format!("turn {key}")),
                ..config.clone()
            },
            renew_at: Some(SystemTime::now() + VALID),
            private,
        })
    }

    async fn renew(
        &self,
        private: &mut Private,
        _: &Context,
        _: &mut Diagnostics,
    ) -> Option<SystemTime> {
        let times = private.get::<u32>("renewals").unwrap_or(0);
        // A number is JSON and the key is not reserved.
        let _ = private.set("renewals", times + 1);
        Some(SystemTime::now() + VALID)
    }

    async fn close(&self, private: &Private, cx: &Context, diags: &mut Diagnostics) {
        if cx.stop.is_cancelled() {
            return;
        }
        let key: String = private.get("file").unwrap_or_default();
        if std::fs::remove_file(self.0.file(&key)).is_err() {
            diags.warning("shelf", "The key is lost", "Somebody took it away.");
        }
    }
}
