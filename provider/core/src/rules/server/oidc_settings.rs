//! Rules for `everest_oidc_settings`.

use everest_schemas::Field;
use everest_schemas::models::OidcSettingsModel;

use super::{Findings, ValidateSetting};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::rules::table::server::{OIDC_CLIENT, OIDC_ISSUER, OIDC_SCOPES};
use crate::server::oidc::OPENID;
use crate::url;

impl ValidateSetting for OidcSettingsModel {
    fn check_syntax(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.timeouts(&self.timeouts);
        if let Some(issuer) = self.issuer_url.known_str()
            && !url::is_http(issuer)
        {
            let summary = format!("{issuer:?} is not a URL of an issuer");
            findings.error(&OIDC_ISSUER, FieldPath::of("issuerUrl"), summary);
        }
        if self.client_id.known_str().is_some_and(str::is_empty) {
            let summary = "The client has no ID";
            findings.error(&OIDC_CLIENT, FieldPath::of("clientId"), summary);
        }
        if let Some(scopes) = self.scopes.known()
            && !scopes.iter().any(Field::is_unknown)
            && !scopes.iter().any(|scope| scope.known_str() == Some(OPENID))
        {
            let summary = "The scopes lack \"openid\"";
            findings.error(&OIDC_SCOPES, FieldPath::of("scopes"), summary);
        }
        findings.into_findings()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn found(model: &Value) -> Vec<(&'static str, String)> {
        let model: OidcSettingsModel = serde_json::from_value(model.clone()).unwrap();
        let said = model.check_syntax().into_iter();
        said.map(|found| (found.rule, found.path.to_string()))
            .collect()
    }

    #[test]
    fn an_issuer_a_client_and_the_scope_openid_are_given() {
        let good = json!({"issuerUrl": "https://sso.test/realms/e", "clientId": "everest"});
        assert_eq!(found(&good), []);
        for (change, rule, path) in [
            (json!({"issuerUrl": "sso.test"}), "oidc-issuer", "issuerUrl"),
            (json!({"clientId": ""}), "oidc-client", "clientId"),
            (json!({"scopes": ["email"]}), "oidc-scopes", "scopes"),
        ] {
            let mut model = good.clone();
            json_patch::merge(&mut model, &change);
            assert_eq!(found(&model), [(rule, path.to_owned())], "{change}");
        }
    }
}
