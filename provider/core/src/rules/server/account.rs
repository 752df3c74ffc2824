//! Rules for `everest_account`.

use everest_schemas::models::AccountModel;
use everest_schemas::{Field, Sensitive};

use super::{Findings, ValidateSetting};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::rules::findings::gives_another;
use crate::rules::table::backup::CREDENTIALS_VERSION;
use crate::rules::table::server::{
    ACCOUNT_ADMIN, ACCOUNT_CAPABILITY, ACCOUNT_NAME, ACCOUNT_PASSWORD, ACCOUNT_PASSWORD_GIVEN,
    ACCOUNT_PASSWORD_ONCE, ACCOUNT_SESSIONS,
};
use crate::server::accounts::{ADMIN, CAPABILITIES, LOGIN};

/// The characters of a password beside letters and digits.
const SPECIAL: &str = "@*#$%^&+=!_-";

impl ValidateSetting for AccountModel {
    fn check_syntax(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.timeouts(&self.timeouts);
        if let Some(name) = self.name.known_str()
            && !is_name(name)
        {
            let summary = format!("{name:?} cannot be the name of an account");
            findings.error(&ACCOUNT_NAME, FieldPath::of("name"), summary);
        }
        for (path, password) in [
            ("password", &self.password),
            ("passwordWo", &self.password_wo),
        ] {
            if let Some(password) = password.known().map(Sensitive::expose)
                && !is_password(password)
            {
                let path = FieldPath::of(path);
                let summary = "Everest does not accept the password";
                findings.error(&ACCOUNT_PASSWORD, path, summary);
            }
        }
        if self.password_wo.is_known() {
            if self.password.is_known() {
                let both = "Both {passwordWo} and {password} are given";
                findings.error(&ACCOUNT_PASSWORD_ONCE, FieldPath::of("passwordWo"), both);
            }
            if self.password_wo_version.is_null() {
                findings.warning(
                    &CREDENTIALS_VERSION,
                    FieldPath::of("passwordWoVersion"),
                    "Changes of the write-only password will not be noticed",
                );
            }
        }
        let capabilities = self.capabilities.known().into_iter().flatten();
        let capabilities: Vec<_> = capabilities.filter_map(Field::known_str).collect();
        for (index, capability) in capabilities.iter().enumerate() {
            let path = || FieldPath::of("capabilities").index(index);
            if !CAPABILITIES.contains(capability) {
                let summary = format!("Everest has no capability {capability:?}");
                findings.error(&ACCOUNT_CAPABILITY, path(), summary);
            } else if capabilities[..index].contains(capability) {
                let summary = format!("The capability {capability:?} is given twice");
                findings.error(&ACCOUNT_CAPABILITY, path(), summary);
            }
        }
        findings.into_findings()
    }

    fn check(&self, prior: Option<&Self>, config: &Self) -> Vec<Finding> {
        let mut findings = Findings::default();
        if prior.is_none() && config.password.is_null() && config.password_wo.is_null() {
            findings.error(
                &ACCOUNT_PASSWORD_GIVEN,
                FieldPath::of("passwordWo"),
                "The new account has no password",
            );
        }
        if let Some(prior) = prior
            && may_log_in(prior) == Some(true)
            && may_log_in(self) == Some(false)
            && !gives_another(&self.password, &prior.password)
            && !gives_another(&self.password_wo_version, &prior.password_wo_version)
        {
            let attribute = match self.enabled.known() {
                Some(false) => "enabled",
                _ => "capabilities",
            };
            let name = self.name.known_str().unwrap_or_default();
            let summary = format!("Open sessions of the account {name:?} go on");
            findings.warning(&ACCOUNT_SESSIONS, FieldPath::of(attribute), summary);
        }
        findings.into_findings()
    }

    fn check_destruction(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        if self.name.known_str() == Some(ADMIN) {
            let summary = "The account \"admin\" of Everest's installation is removed";
            findings.warning(&ACCOUNT_ADMIN, FieldPath::root(), summary);
        }
        findings.into_findings()
    }
}

/// Returns true if an account may log in; `None` while that is not known.
fn may_log_in(account: &AccountModel) -> Option<bool> {
    let (enabled, capabilities) = (account.enabled.known()?, account.capabilities.known()?);
    let logs_in = |each: &Field<String>| each.known_str() == Some(LOGIN);
    Some(*enabled && capabilities.iter().any(logs_in))
}

fn is_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    name.len() >= 3 && name.chars().all(fits)
}

fn is_password(password: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || SPECIAL.contains(letter);
    password.len() >= 6 && password.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn an_account_that_is_closed_without_a_new_password_keeps_its_sessions() {
        let model = |change: &Value| -> AccountModel {
            let mut model = json!({"name": "alice", "enabled": true, "capabilities": ["login"],
                "passwordWoVersion": 1});
            json_patch::merge(&mut model, change);
            serde_json::from_value(model).unwrap()
        };
        let (open, closed) = (model(&json!({})), model(&json!({"enabled": false})));
        for (before, change, path) in [
            (&open, json!({"enabled": false}), Some("enabled")),
            (&open, json!({"capabilities": []}), Some("capabilities")),
            (
                &open,
                json!({"enabled": false, "passwordWoVersion": 2}),
                None,
            ),
            (
                &open,
                json!({"enabled": false, "password": "another"}),
                None,
            ),
            (&open, json!({}), None),
            (&closed, json!({"enabled": false, "capabilities": []}), None),
        ] {
            let now = model(&change);
            let found = now.check(Some(before), &now);
            let places: Vec<_> = found.iter().map(|found| found.path.to_string()).collect();
            assert_eq!(places, Vec::from_iter(path.map(str::to_owned)), "{change}");
            assert!(found.iter().all(|found| found.rule == "account-sessions"));
        }
    }

    fn found(model: &Value) -> Vec<(&'static str, String)> {
        let model: AccountModel = serde_json::from_value(model.clone()).unwrap();
        let mut findings = model.check_syntax();
        findings.extend(model.check(None, &model));
        let said = findings.into_iter();
        said.map(|found| (found.rule, found.path.to_string()))
            .collect()
    }

    #[test]
    fn an_account_has_a_name_a_password_and_capabilities_that_everest_accepts() {
        let good = json!({"name": "alice_1", "password": "s3cret@*#$%^&+=!_-"});
        assert_eq!(found(&good), []);
        for (change, rule, path) in [
            (json!({"name": "al"}), "account-name", "name"),
            (json!({"name": "a.lice"}), "account-name", "name"),
            (json!({"password": "short"}), "account-password", "password"),
            (
                json!({"password": "with space"}),
                "account-password",
                "password",
            ),
            (
                json!({"password": "ümlaute"}),
                "account-password",
                "password",
            ),
            (
                json!({"password": null}),
                "account-password-given",
                "passwordWo",
            ),
            (
                json!({"passwordWo": "another", "passwordWoVersion": 1}),
                "account-password-once",
                "passwordWo",
            ),
            (
                json!({"password": null, "passwordWo": "another"}),
                "credentials-version",
                "passwordWoVersion",
            ),
            (
                json!({"capabilities": ["login", "root"]}),
                "account-capability",
                "capabilities[1]",
            ),
            (
                json!({"capabilities": ["login", "login"]}),
                "account-capability",
                "capabilities[1]",
            ),
        ] {
            let mut model = good.clone();
            json_patch::merge(&mut model, &change);
            assert_eq!(found(&model), [(rule, path.to_owned())], "{change}");
        }
    }

    #[test]
    fn a_password_is_in_no_finding() {
        let model: AccountModel =
            serde_json::from_value(json!({"name": "alice", "password": "no good one"})).unwrap();
        assert!(!format!("{:?}", model.check_syntax()).contains("no good one"));
    }

    #[test]
    fn the_account_of_the_installation_is_not_removed_in_silence() {
        let removed = |name: &str| AccountModel {
            name: name.into(),
            ..AccountModel::default()
        };
        assert_eq!(
            removed("admin").check_destruction()[0].rule,
            "account-admin"
        );
        assert!(removed("alice").check_destruction().is_empty());
    }
}
