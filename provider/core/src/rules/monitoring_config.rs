//! Rules for `everest_monitoring_config`.

use everest_schemas::models::MonitoringConfigModel;

use super::findings::{Findings, differ, gives_another};
use super::online::{reach_later, served_namespace};
use super::table::backup::{CREDENTIALS_ONCE, CREDENTIALS_VERSION, ENDPOINT_URL, MONITORING_HOST};
use super::table::general::NAME;
use super::table::online::MONITORING_UNUSED;
use super::{Stage, Validate};
use crate::facts::{Facts, Kind, Planned, Wanted};
use crate::finding::Finding;
use crate::lifecycle::monitoring_config::reports_to;
use crate::path::FieldPath;
use crate::{impact, name, url};

impl Validate for MonitoringConfigModel {
    fn check_syntax(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.timeouts(&self.timeouts);
        if self.spec.known().is_some_and(|spec| spec.pmm.is_null()) {
            findings.error(&ENDPOINT_URL, FieldPath::of("pmm"), "No server is given");
        }
        if self.api_key_wo.is_known() {
            if self.api_key.is_known() {
                let both = "Both {apiKeyWo} and {apiKey} are given";
                findings.error(&CREDENTIALS_ONCE, FieldPath::of("apiKeyWo"), both);
            }
            if self.api_key_wo_version.is_null() {
                findings.warning(
                    &CREDENTIALS_VERSION,
                    FieldPath::of("apiKeyWoVersion"),
                    "Changes of the write-only key will not be noticed",
                );
            }
        }
        findings.into_findings()
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        let url = |model: &Self| model.spec.known()?.pmm.known()?.url.known().cloned();
        let mut findings = Findings::default();
        let prior = prior.filter(|prior| {
            !differ(&self.name, &prior.name) && !differ(&self.namespace, &prior.namespace)
        });
        if prior.is_none()
            && let Some(text) = self.name.known_str()
            && let Err(error) = name::check(text)
        {
            let summary = format!("{text:?} cannot be a name: {error}");
            findings.error(&NAME, FieldPath::of("name"), summary);
        }
        if let Some(text) = url(self)
            && prior.and_then(url).as_ref() != Some(&text)
        {
            let (path, beside) = (FieldPath::of("pmm.url"), url::port_and_path(&text));
            if !url::is_http(&text) {
                let summary = format!("{text:?} is not a URL of a server");
                findings.error(&ENDPOINT_URL, path, summary);
            } else if !beside.is_empty() {
                let summary = format!("Databases do not use {beside:?} of the URL {text:?}");
                findings.warning(&MONITORING_HOST, path, summary);
            }
        }
        findings.into_findings()
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        let reaches_databases = prior.is_some_and(|prior| {
            changed_key(self, prior).is_some() || impact::restarts_pods(prior, self)
        });
        let mut wanted = Wanted::of(&self.namespace, &[]);
        wanted.note(reaches_databases, Kind::Databases);
        wanted
    }

    fn note(&self, planned: &mut Planned) {
        planned.note(&self.namespace, Kind::MonitoringConfigs, &self.name);
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
            if let Some(path) = changed_key(self, prior) {
                reach_later(reporting(self, facts), path, &mut findings);
            }
        }
        findings.since(&before.into_findings(), prior != Some(self))
    }

    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        let mut findings = Findings::default();
        let users: Vec<_> = reporting(self, facts)
            .map(|user| format!("database {user}"))
            .collect();
        if !users.is_empty() {
            let name = self.name.known_str().unwrap_or_default();
            let users = users.join(", ");
            let summary = format!("The monitoring configuration {name:?} is in use by {users}");
            findings.warning(&MONITORING_UNUSED, FieldPath::root(), summary);
        }
        findings.into_findings()
    }
}

/// The attribute with which a change writes another key.
fn changed_key(now: &MonitoringConfigModel, before: &MonitoringConfigModel) -> Option<FieldPath> {
    if gives_another(&now.api_key, &before.api_key) {
        Some(FieldPath::of("apiKey"))
    } else if gives_another(&now.api_key_wo_version, &before.api_key_wo_version) {
        Some(FieldPath::of("apiKeyWoVersion"))
    } else {
        None
    }
}

/// The databases that report to the server, without those that the run destroys.
fn reporting<'a>(
    model: &'a MonitoringConfigModel,
    facts: &'a Facts,
) -> impl Iterator<Item = &'a str> {
    let name = model.name.known_str().unwrap_or_default();
    let databases = facts.left(Kind::Databases, &facts.databases);
    databases
        .filter(move |(_, database)| reports_to(database, name))
        .map(|(user, _)| user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixtures;
    use serde_json::{Value, json};

    fn found(more: &Value) -> Vec<(&'static str, String)> {
        let mut model = json!({"namespace": "prod", "name": "pmm", "spec": {"type": "pmm",
            "pmm": {"url": "https://pmm.example.com"}}});
        json_patch::merge(&mut model, more);
        let model: MonitoringConfigModel = serde_json::from_value(model).unwrap();
        let mut findings = model.check_syntax();
        findings.extend(model.check(None));
        let said = findings.into_iter();
        said.map(|found| (found.rule, found.path.to_string()))
            .collect()
    }

    #[test]
    fn a_key_is_given_once_and_a_server_has_a_url() {
        for (more, rule, path) in [
            (json!({"name": "Pmm"}), "name", "name"),
            (json!({"spec": {"pmm": null}}), "endpoint-url", "pmm"),
            (
                json!({"spec": {"pmm": {"url": "pmm"}}}),
                "endpoint-url",
                "pmm.url",
            ),
            (
                json!({"spec": {"pmm": {"url": "https://pmm.example.com:8443"}}}),
                "monitoring-host",
                "pmm.url",
            ),
            (
                json!({"apiKey": "a", "apiKeyWo": "b", "apiKeyWoVersion": 1}),
                "credentials-once",
                "apiKeyWo",
            ),
            (
                json!({"apiKeyWo": "b"}),
                "credentials-version",
                "apiKeyWoVersion",
            ),
        ] {
            assert_eq!(found(&more), [(rule, path.to_owned())], "{more}");
        }
        assert!(found(&json!({"apiKey": "a"})).is_empty());
    }

    /// A database that reports to `pmm`, by its name, and the facts with it.
    fn reporting_database() -> (String, Facts) {
        let mut facts = fixtures::facts();
        let databases = facts.databases.as_mut().unwrap();
        let name = databases.keys().next().unwrap().clone();
        let monitoring = json!({"monitoringConfigName": "pmm"});
        databases.get_mut(&name).unwrap().spec.monitoring =
            serde_json::from_value(monitoring).unwrap();
        (name, facts)
    }

    #[test]
    fn a_new_key_names_the_databases_that_do_not_get_it_at_once() {
        let (name, facts) = reporting_database();
        let model = |key: &Value| -> MonitoringConfigModel {
            let mut model = json!({"namespace": "prod", "name": "pmm", "spec": null});
            json_patch::merge(&mut model, key);
            serde_json::from_value(model).unwrap()
        };
        let [old, new] = ["old", "new"].map(|key| json!({"apiKey": key}));
        let [one, two] = [1, 2].map(|version| json!({"apiKeyWoVersion": version}));
        for (before, now, path) in [
            (&old, &new, Some("apiKey")),
            (&one, &two, Some("apiKeyWoVersion")),
            (&old, &old, None),
            (&old, &json!({}), None),
        ] {
            let (before, now) = (model(before), model(now));
            let asks = now.wanted(Some(&before)) != now.wanted(None);
            assert_eq!(asks, path.is_some(), "{path:?}");
            let found = now.check_online(Some(&before), &facts, Stage::Plan);
            let places: Vec<_> = found.iter().map(|found| found.path.to_string()).collect();
            assert_eq!(places, Vec::from_iter(path.map(str::to_owned)));
            for found in found {
                assert_eq!(found.rule, "credentials-reach");
                let said = found.summary.render(crate::dialect::Dialect::Terraform);
                assert!(said.ends_with(&format!(": {name}")), "{said}");
            }
        }
    }

    #[test]
    fn a_destruction_names_the_databases_that_report_to_it() {
        let (name, facts) = reporting_database();
        let model: MonitoringConfigModel =
            serde_json::from_value(json!({"namespace": "prod", "name": "pmm", "spec": null}))
                .unwrap();
        let told = model.check_destruction_online(&facts);
        let told = told[0].summary.render(crate::dialect::Dialect::Terraform);
        assert!(
            told.ends_with(&format!("in use by database {name}")),
            "{told}"
        );
    }
}
