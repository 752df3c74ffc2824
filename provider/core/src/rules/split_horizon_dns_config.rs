//! Rules for `everest_split_horizon_dns_config`.

use everest_schemas::models::SplitHorizonDnsConfigModel;
use everest_schemas::{Field, Sensitive};

use super::findings::{Findings, differ};
use super::online::served_namespace;
use super::table::backup::{CREDENTIALS_ONCE, CREDENTIALS_VERSION};
use super::table::engine_features::{
    AUTHORITY_PAIR, AUTHORITY_PEM, DNS_SUFFIX, SPLIT_HORIZON_IN_USE, SPLIT_HORIZON_UNUSED,
};
use super::{Stage, Validate};
use crate::facts::{Facts, Kind, Planned, Wanted};
use crate::finding::Finding;
use crate::lifecycle::split_horizon_dns_config::is_named_by;
use crate::path::FieldPath;

/// The kind of PEM block that a certificate is, and the one of an RSA key in PKCS #1 form.
const CERTIFICATE: &str = "CERTIFICATE";
const RSA_KEY: &str = "RSA PRIVATE KEY";

impl Validate for SplitHorizonDnsConfigModel {
    fn check_syntax(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.timeouts(&self.timeouts);
        authority(self, &mut findings);
        findings.into_findings()
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        let mut findings = Findings::default();
        let prior = prior.filter(|prior| {
            !differ(&self.name, &prior.name) && !differ(&self.namespace, &prior.namespace)
        });
        if prior.is_none() {
            findings.object_name(FieldPath::of("name"), &self.name);
        }
        let is_new = prior.is_none_or(|prior| suffix_differs(self, prior));
        if let Some(text) = self.base_domain_name_suffix.known_str()
            && is_new
            && !is_suffix(text)
        {
            let summary = format!("{text:?} is not a suffix of host names");
            findings.error(&DNS_SUFFIX, FieldPath::of("baseDomainNameSuffix"), summary);
        }
        if let Some(prior) = prior
            && prior.in_use.known() == Some(&true)
            && suffix_differs(self, prior)
        {
            changes_in_use(self, "", &mut findings);
        }
        findings.into_findings()
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        let changes = prior.is_some_and(|prior| suffix_differs(self, prior));
        let mut wanted = Wanted::of(&self.namespace, &[]);
        wanted.note(changes, Kind::Databases);
        wanted
    }

    fn note(&self, planned: &mut Planned) {
        planned.note(&self.namespace, Kind::SplitHorizons, &self.name);
    }

    fn wanted_at_destruction(&self) -> Wanted {
        Wanted::of(&self.namespace, &[Kind::Databases])
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        let mut findings = Findings::default();
        served_namespace(&self.namespace, facts, stage, &mut findings);
        let mut before = Findings::default();
        if let Some(prior) = prior {
            served_namespace(&prior.namespace, facts, Stage::Apply, &mut before);
            // What the prior model knows of is found without the cluster.
            let users = users(prior, facts, false);
            if prior.in_use.known() != Some(&true)
                && suffix_differs(self, prior)
                && !users.is_empty()
            {
                changes_in_use(self, &users.join(", "), &mut findings);
            }
        }
        findings.since(&before.into_findings(), prior != Some(self))
    }

    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        let mut findings = Findings::default();
        let users = users(self, facts, true);
        if !users.is_empty() {
            let (name, users) = (self.name.known_str().unwrap_or_default(), users.join(", "));
            let summary =
                format!("The split-horizon DNS configuration {name:?} is in use by {users}");
            findings.warning(&SPLIT_HORIZON_UNUSED, FieldPath::root(), summary);
        }
        findings.into_findings()
    }
}

fn suffix_differs(one: &SplitHorizonDnsConfigModel, other: &SplitHorizonDnsConfigModel) -> bool {
    differ(&one.base_domain_name_suffix, &other.base_domain_name_suffix)
}

/// The databases that use a configuration; only those that are `left` after the planned run, or all.
fn users(model: &SplitHorizonDnsConfigModel, facts: &Facts, left: bool) -> Vec<String> {
    let name = model.name.known_str().unwrap_or_default();
    let databases = facts.databases.iter().flatten();
    databases
        .filter(|(user, _)| !left || !facts.planned.destroys(Kind::Databases, user))
        .filter(|(_, database)| is_named_by(database, name))
        .map(|(user, _)| format!("database {user}"))
        .collect()
}

fn changes_in_use(model: &SplitHorizonDnsConfigModel, users: &str, findings: &mut Findings) {
    let name = model.name.known_str().unwrap_or_default();
    let by = match users {
        "" => String::new(),
        users => format!(" by {users}"),
    };
    let summary = format!("The split-horizon DNS configuration {name:?} is in use{by}");
    let path = FieldPath::of("baseDomainNameSuffix");
    findings.error(&SPLIT_HORIZON_IN_USE, path, summary);
}

/// Returns true if a text is what the definition and the webhook accept, at once: a subdomain as in
/// RFC 1123 whose last label has letters only.
fn is_suffix(text: &str) -> bool {
    let is_label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(allowed)
    };
    let Some((above, last)) = text.rsplit_once('.') else {
        return false;
    };
    let is_top = last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_lowercase());
    text.len() <= 253 && is_top && above.split('.').all(is_label)
}

fn authority(config: &SplitHorizonDnsConfigModel, findings: &mut Findings) {
    let (plain, write_only) = (&config.ca_key, &config.ca_key_wo);
    if plain.is_known() && write_only.is_known() {
        let both = "Both {caKeyWo} and {caKey} are given";
        findings.error(&CREDENTIALS_ONCE, FieldPath::of("caKeyWo"), both);
    }
    if write_only.is_known() && config.ca_key_wo_version.is_null() {
        findings.warning(
            &CREDENTIALS_VERSION,
            FieldPath::of("caKeyWoVersion"),
            "Changes of the write-only key will not be noticed",
        );
    }
    let (has_certificate, has_key) = (
        config.ca_certificate.is_known(),
        plain.is_known() || write_only.is_known(),
    );
    if has_certificate && plain.is_null() && write_only.is_null() {
        findings.without(&AUTHORITY_PAIR, "caCertificate", FieldPath::of("caKey"));
    } else if has_key && config.ca_certificate.is_null() {
        let given = if plain.is_known() { "caKey" } else { "caKeyWo" };
        findings.without(&AUTHORITY_PAIR, given, FieldPath::of("caCertificate"));
    }
    for (name, value, block) in [
        ("caCertificate", &config.ca_certificate, CERTIFICATE),
        ("caKey", plain, RSA_KEY),
        ("caKeyWo", write_only, RSA_KEY),
    ] {
        pem(name, value, block, findings);
    }
}

/// Checks that a value is a PEM block of a kind.
fn pem(name: &str, value: &Field<Sensitive<String>>, block: &str, findings: &mut Findings) {
    let is_block = |text: &str| {
        let (begin, end) = (
            format!("-----BEGIN {block}-----"),
            format!("-----END {block}-----"),
        );
        let inside = text.split_once(&begin).map(|(_, inside)| inside);
        let inside = inside.and_then(|inside| inside.split_once(&end));
        inside.is_some_and(|(inside, _)| !inside.contains("ENCRYPTED"))
    };
    let text = value.known().map(Sensitive::expose);
    if text.is_some_and(|text| !is_block(text)) {
        let path = FieldPath::of(name);
        let summary = crate::text::Text::from(&path).and(match block {
            CERTIFICATE => " is not a certificate as PEM text",
            _ => " is not an unencrypted RSA key in PKCS #1 form as PEM text",
        });
        findings.error(&AUTHORITY_PEM, path, summary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::facts::fixtures;
    use serde_json::{Value, json};

    const CERT: &str = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\nMA==\n-----END RSA PRIVATE KEY-----\n";

    fn model(more: &Value) -> SplitHorizonDnsConfigModel {
        let mut model = json!({"namespace": "prod", "name": "dns",
            "baseDomainNameSuffix": "db.example.com"});
        json_patch::merge(&mut model, more);
        serde_json::from_value(model).unwrap()
    }

    fn found(more: &Value) -> Vec<(&'static str, String)> {
        let model = model(more);
        let mut findings = model.check_syntax();
        findings.extend(model.check(None));
        let said = findings.into_iter();
        said.map(|found| (found.rule, found.path.to_string()))
            .collect()
    }

    #[test]
    fn a_suffix_is_a_domain_and_an_authority_a_certificate_with_an_rsa_key() {
        let of_pkcs8 = KEY.replace("RSA ", "");
        let encrypted = KEY.replace("MA==", "Proc-Type: 4,ENCRYPTED");
        for (more, rule, path) in [
            (json!({"name": "Dns"}), "object-name", "name"),
            (
                json!({"baseDomainNameSuffix": "example"}),
                "dns-suffix",
                "baseDomainNameSuffix",
            ),
            (json!({"caCertificate": CERT}), "authority-pair", "caKey"),
            (json!({"caKey": KEY}), "authority-pair", "caCertificate"),
            (
                json!({"caCertificate": "MA==", "caKey": KEY}),
                "authority-pem",
                "caCertificate",
            ),
            (
                json!({"caCertificate": CERT, "caKey": of_pkcs8}),
                "authority-pem",
                "caKey",
            ),
            (
                json!({"caCertificate": CERT, "caKey": encrypted}),
                "authority-pem",
                "caKey",
            ),
            (
                json!({"caCertificate": CERT, "caKey": KEY, "caKeyWo": KEY, "caKeyWoVersion": 1}),
                "credentials-once",
                "caKeyWo",
            ),
            (
                json!({"caCertificate": CERT, "caKeyWo": KEY}),
                "credentials-version",
                "caKeyWoVersion",
            ),
        ] {
            assert_eq!(found(&more), [(rule, path.to_owned())], "{more}");
        }
        assert!(found(&json!({"caCertificate": CERT, "caKey": KEY})).is_empty());
        assert!(found(&json!({})).is_empty());
    }

    #[test]
    fn a_suffix_is_one_for_the_definition_and_for_the_webhook() {
        for suffix in ["example.com", "a.b-c.example.com", "1.ab"] {
            assert!(is_suffix(suffix), "{suffix}");
        }
        for suffix in [
            "",
            "com",
            ".example.com",
            "example.com.",
            "Example.com",
            "a..com",
            "-a.com",
            "a-.com",
            "example.c",
            "example.c0m",
            "a_b.com",
        ] {
            assert!(!is_suffix(suffix), "{suffix}");
        }
    }

    fn facts() -> Facts {
        let mut facts = fixtures::facts();
        let databases = facts.databases.as_mut().unwrap();
        let features = json!({"psmdb": {"splitHorizonDnsConfigName": "dns"}});
        databases.get_mut("documents").unwrap().spec.engine_features =
            serde_json::from_value(features).unwrap();
        facts
    }

    fn said(findings: &[Finding]) -> Vec<String> {
        let said = findings.iter();
        said.map(|found| found.summary.render(Dialect::Terraform))
            .collect()
    }

    #[test]
    fn the_suffix_of_one_in_use_stays() {
        let (prior, other) = (
            model(&json!({"inUse": false})),
            model(&json!({"baseDomainNameSuffix": "other.example.com"})),
        );
        let told = said(&other.check_online(Some(&prior), &facts(), Stage::Plan));
        assert!(
            told[0].ends_with("in use by database documents"),
            "{told:?}"
        );
        assert!(
            prior
                .check_online(Some(&prior), &facts(), Stage::Plan)
                .is_empty()
        );
        let used = model(&json!({"inUse": true}));
        let told = other.check(Some(&used));
        assert_eq!(told[0].rule, "split-horizon-in-use");
        assert!(
            other
                .check_online(Some(&used), &facts(), Stage::Plan)
                .is_empty(),
            "said once"
        );
    }

    #[test]
    fn a_destruction_names_the_databases_that_use_it() {
        let told = said(&model(&json!({})).check_destruction_online(&facts()));
        assert!(
            told[0].ends_with("in use by database documents"),
            "{told:?}"
        );
        let mut facts = facts();
        let mut planned = Planned::default();
        planned.note_destroyed(&"prod".into(), Kind::Databases, &"documents".into());
        facts.planned = planned.within("prod");
        assert!(
            model(&json!({}))
                .check_destruction_online(&facts)
                .is_empty()
        );
    }
}
