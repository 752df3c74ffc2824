//! `everest_split_horizon_dns_config`, SplitHorizonDNSConfig and its Secret.
//!
//! The Secret is written before the object and named in it. The inline certificate that the object
//! may have as well is never sent: a webhook of Everest would move it into that Secret.

use std::collections::BTreeMap;

use everest_schemas::Field;
use everest_schemas::everest::{SplitHorizonDnsConfig, SplitHorizonDnsConfigSpec, SplitHorizonTls};
use everest_schemas::models::SplitHorizonDnsConfigModel;
use serde_json::Value;

use super::credentials::{SecretMapping, Values, secret_name};
use super::object_mapping::{ObjectMapping, in_a_namespace};
use super::{Identity, OwnedKeys, body, filled, known_json, named};
use crate::Operation;
use crate::api::ENGINE_FEATURES_API_VERSION;

impl ObjectMapping for SplitHorizonDnsConfigModel {
    type Object = SplitHorizonDnsConfig;

    const RENAMED: &'static [(&'static str, &'static str)] =
        &[("spec.tls.secretName", "spec.secretName")];

    in_a_namespace!();

    fn force_conflicts(&self) -> &Field<bool> {
        &self.force_conflicts
    }

    fn desired(&self, _: Operation) -> Value {
        let tls = SplitHorizonTls {
            secret_name: secret_name(self).into(),
            certificate: Field::Null,
        };
        let spec = SplitHorizonDnsConfigSpec {
            base_domain_name_suffix: self.base_domain_name_suffix.clone(),
            tls: Field::Known(tls),
        };
        let identity = Identity {
            kind: "SplitHorizonDNSConfig",
            namespace: &self.namespace,
            name: &self.name,
        };
        let none = BTreeMap::new;
        let mut body = body(&identity, none(), none(), known_json(&spec));
        body["apiVersion"] = ENGINE_FEATURES_API_VERSION.into();
        body
    }

    fn observed(object: &SplitHorizonDnsConfig, _: &OwnedKeys) -> Self {
        let (namespace, name) = named(&object.metadata);
        let tls = object.spec.tls.known();
        let status = object.status.as_ref();
        Self {
            namespace,
            name,
            base_domain_name_suffix: object.spec.base_domain_name_suffix.clone(),
            in_use: Field::Known(status.and_then(|status| status.in_use) == Some(true)),
            secret_name: filled(tls.and_then(|tls| tls.secret_name.known())),
            ..Self::default()
        }
    }
}

/// The key comes first: it says how the authority is given.
impl SecretMapping for SplitHorizonDnsConfigModel {
    fn plain(&self) -> Values<'_> {
        vec![&self.ca_key, &self.ca_certificate]
    }

    fn write_only(&self) -> Values<'_> {
        vec![&self.ca_key_wo, &self.ca_certificate]
    }

    fn write_only_version(&self) -> &Field<i64> {
        &self.ca_key_wo_version
    }

    fn secret(&self) -> &Field<String> {
        &self.secret_name
    }

    fn secret_mut(&mut self) -> &mut Field<String> {
        &mut self.secret_name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::credentials::Credentials;
    use serde_json::json;

    fn model(more: &Value) -> SplitHorizonDnsConfigModel {
        let mut model = json!({"namespace": "prod", "name": "dns",
            "baseDomainNameSuffix": "db.example.com", "caCertificate": "crt"});
        json_patch::merge(&mut model, more);
        serde_json::from_value(model).unwrap()
    }

    #[test]
    fn what_was_sent_is_observed_again_with_its_secret() {
        let model = model(&json!({"caKey": "key"}));
        let mut object = model.desired(Operation::Create);
        assert_eq!(
            object["apiVersion"],
            "enginefeatures.everest.percona.com/v1alpha1"
        );
        assert_eq!(
            object["spec"],
            json!({"baseDomainNameSuffix": "db.example.com", "tls": {"secretName": "dns"}})
        );
        object["status"] = json!({"inUse": true});
        let object = serde_json::from_value(object).unwrap();
        let seen = SplitHorizonDnsConfigModel::observed(&object, &OwnedKeys::default());
        assert_eq!(seen.in_use, true.into());
        assert_eq!(seen.secret_name, "dns".into());
        assert_eq!(seen.base_domain_name_suffix, "db.example.com".into());
        let secret = Credentials::given(&model, &model).unwrap().secret(&model);
        let data = json!({"ca.key": "a2V5", "ca.crt": "Y3J0"});
        assert_eq!(secret.expose()["data"], data);
        assert_eq!(secret.expose()["type"], "Opaque");
    }

    #[test]
    fn another_certificate_is_sent_with_a_write_only_key_of_the_same_version() {
        let given = json!({"caKeyWo": "key", "caKeyWoVersion": 1});
        let (one, mut other) = (model(&given), model(&given));
        assert_eq!(Credentials::changed(&one, &one, &one), None);
        other.ca_certificate = Field::Known("another".to_owned().into());
        assert!(Credentials::changed(&one, &other, &other).is_some());
        // What ignore_changes leaves out of the plan.
        let planned = model(&json!({"caKeyWoVersion": 2}));
        let sent = Credentials::changed(&one, &planned, &other);
        assert_eq!(sent, Credentials::given(&one, &one));
        let none = model(&json!({}));
        assert_eq!(Credentials::given(&none, &none), None);
    }
}
