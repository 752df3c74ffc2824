//! `everest_monitoring_config`, MonitoringConfig and its Secret.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use everest_schemas::Field;
use everest_schemas::everest::MonitoringConfig;
use everest_schemas::models::MonitoringConfigModel;
use serde_json::{Value, json};

use super::credentials::{SecretMapping, Values, secret_name};
use super::object_mapping::{ObjectMapping, in_a_namespace};
use super::{Identity, OwnedKeys, body, filled, known_json, named};
use crate::Operation;

/// The member that a refusal is about whose words name none: Everest's webhook asks the server for
/// its version, with the key.
pub fn blamed(refusal: &str) -> &'static str {
    let of_the_key = [
        "authorization failed",
        "missing ",
        "failed to get secret",
        "secrets ",
    ];
    match of_the_key.iter().any(|words| refusal.starts_with(words)) {
        true => "spec.apiKey",
        false => "spec.pmm.url",
    }
}

impl ObjectMapping for MonitoringConfigModel {
    type Object = MonitoringConfig;

    in_a_namespace!();

    fn force_conflicts(&self) -> &Field<bool> {
        &self.force_conflicts
    }

    fn desired(&self, _: Operation) -> Value {
        let mut spec = self.spec.known().cloned().unwrap_or_default();
        spec.credentials_secret_name = secret_name(self).into();
        if let Some(pmm) = spec.pmm.known_mut() {
            // Required, and empty where Everest picks one.
            pmm.image = std::mem::take(&mut pmm.image).or(Field::from(""));
        }
        let identity = Identity {
            kind: "MonitoringConfig",
            namespace: &self.namespace,
            name: &self.name,
        };
        let none = BTreeMap::new;
        body(&identity, none(), none(), known_json(&spec))
    }

    fn observed(object: &MonitoringConfig, _: &OwnedKeys) -> Self {
        let (namespace, name) = named(&object.metadata);
        let mut spec = object.spec.clone();
        let secret_name = filled(spec.credentials_secret_name.known());
        spec.credentials_secret_name = Field::Null;
        spec.allowed_namespaces = Field::Null;
        spec.verify_tls = spec.verify_tls.or(Field::Known(true));
        let status = object.status.as_ref();
        let version = status.and_then(|status| status.pmm_server_version.as_ref());
        Self {
            namespace,
            name,
            spec: Field::Known(spec),
            in_use: Field::Known(status.and_then(|status| status.in_use) == Some(true)),
            secret_name,
            server_version: filled(version),
            ..Self::default()
        }
    }
}

impl SecretMapping for MonitoringConfigModel {
    fn plain(&self) -> Values<'_> {
        vec![&self.api_key]
    }

    fn write_only(&self) -> Values<'_> {
        vec![&self.api_key_wo]
    }

    fn write_only_version(&self) -> &Field<i64> {
        &self.api_key_wo_version
    }

    fn secret(&self) -> &Field<String> {
        &self.secret_name
    }

    fn secret_mut(&mut self) -> &mut Field<String> {
        &mut self.secret_name
    }

    /// Everest's agent signs in as this user, with the key as its password.
    fn add_to(&self, data: &mut Value) {
        data["username"] = json!(STANDARD.encode("api_key"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::credentials::Credentials;

    #[test]
    fn what_was_sent_is_observed_again_with_its_secret() {
        let model: MonitoringConfigModel = serde_json::from_value(json!({"namespace": "prod",
            "name": "pmm", "apiKey": "hush", "spec": {"type": "pmm",
            "pmm": {"url": "https://pmm.example.com"}}}))
        .unwrap();
        let mut object = model.desired(Operation::Create);
        assert_eq!(
            object["spec"],
            json!({"type": "pmm", "credentialsSecretName": "pmm",
                "pmm": {"url": "https://pmm.example.com", "image": ""}})
        );
        object["status"] = json!({"inUse": true, "pmmServerVersion": "3.1.0"});
        let object = serde_json::from_value(object).unwrap();
        let seen = MonitoringConfigModel::observed(&object, &OwnedKeys::default());
        assert_eq!(seen.in_use, true.into());
        assert_eq!(seen.server_version, "3.1.0".into());
        assert_eq!(seen.secret_name, "pmm".into());
        let secret = Credentials::given(&model, &model).unwrap().secret(&model);
        let data = json!({"apiKey": "aHVzaA==", "username": "YXBpX2tleQ=="});
        assert_eq!(secret.expose()["data"], data);
        assert!(!format!("{secret:?}").contains("aHVz"));
    }

    #[test]
    fn a_refusal_is_about_the_key_or_the_url() {
        for (said, member) in [
            (
                "authorization failed, please provide the correct credentials",
                "spec.apiKey",
            ),
            ("missing api key in the secret pmm", "spec.apiKey"),
            (
                "Get \"https://pmm/v1/version\": connection refused",
                "spec.pmm.url",
            ),
            (
                "PMM returned an unknown error. HTTP status code 502",
                "spec.pmm.url",
            ),
        ] {
            assert_eq!(blamed(said), member, "{said}");
        }
    }
}
