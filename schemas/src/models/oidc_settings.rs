//! `everest_oidc_settings`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::{Field, facts};

/// Single sign-on: the OpenID Connect provider with which users log in to Everest.
///
/// The settings are in the key `oidc.config` of the ConfigMap `everest-settings` in the namespace
/// `everest-system`. There is one of them, so configure this resource once. Existing settings have
/// to be imported, unless they are exactly as configured.
///
/// The API server of Everest reads the settings only when it starts. So the apply restarts the
/// Deployment `everest-server`, as `kubectl rollout restart` does, and waits until the new pods are
/// ready. A new pod does not start if it cannot read `ISSUER_URL/.well-known/openid-configuration`;
/// the pods from before then go on. The provider does not call the issuer itself.
///
/// It needs permission to `get` and `patch` the ConfigMap `everest-settings` and the Deployment
/// `everest-server`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OidcSettingsModel {
    /// URL of the issuer.
    #[schemars(transform = facts::allowed("a URL with `https` or `http`"))]
    pub issuer_url: Field<String>,

    /// ID of the client that Everest is for the issuer.
    pub client_id: Field<String>,

    /// Scopes that Everest asks for.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-default" = ["openid", "profile", "email"]))]
    #[schemars(transform = facts::allowed("a list with `openid`"))]
    pub scopes: Field<Vec<Field<String>>>,

    /// Timeouts of the restart.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("10m", "10m", "10m"))]
    pub timeouts: Field<Timeouts>,

    /// Name of the ConfigMap.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub config_map_name: Field<String>,

    /// `true` if all pods of the API server have started with these settings; `false` while they
    /// restart. Null if Everest has no Deployment of its API server, or if it may not be read.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub ready: Field<bool>,
}
