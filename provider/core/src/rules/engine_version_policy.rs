//! Rules for `everest_engine_version_policy`.

use std::collections::BTreeSet;

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseEngine;
use everest_schemas::models::EngineVersionPolicyModel;

use super::findings::Findings;
use super::online::served_namespace;
use super::table::versions::{
    ALLOWED_VERSIONS, VERSION_POLICY_DATABASES, VERSION_POLICY_DEFAULT, VERSION_POLICY_ENGINE,
    VERSION_POLICY_OFFERED,
};
use super::{Stage, Validate};
use crate::facts::{Facts, Kind, Planned, Wanted};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::v1::ObjectMapping;
use crate::v1::database_engine;

impl Validate for EngineVersionPolicyModel {
    fn check_syntax(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.timeouts(&self.timeouts);
        let path = FieldPath::of("allowedVersions");
        let Some(versions) = self.allowed_versions.known() else {
            return findings.into_findings();
        };
        if versions.is_empty() {
            findings.error(&ALLOWED_VERSIONS, path, "The list of versions is empty");
            return findings.into_findings();
        }
        let mut seen = BTreeSet::new();
        for version in versions.iter().filter_map(|version| version.known_str()) {
            if version.is_empty() {
                findings.error(&ALLOWED_VERSIONS, path.clone(), "A version is empty");
            } else if !seen.insert(version) {
                let summary = format!("{version} is listed twice");
                findings.error(&ALLOWED_VERSIONS, path.clone(), summary);
            }
        }
        findings.into_findings()
    }

    fn check(&self, _: Option<&Self>) -> Vec<Finding> {
        Vec::new()
    }

    fn wanted(&self, _: Option<&Self>) -> Wanted {
        Wanted::of(&self.namespace, &[Kind::Engines, Kind::Databases])
    }

    /// Notes each version: a database that the same run gives one of them is allowed to have it.
    fn note(&self, planned: &mut Planned) {
        let (_, operator) = self.key();
        let versions = self.allowed_versions.known().into_iter().flatten();
        for version in versions.filter_map(|version| version.known_str()) {
            let name = allowed_version(operator, version);
            planned.note(&self.namespace, Kind::AllowedVersions, &name.into());
        }
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        let mut findings = Findings::default();
        let served = served_namespace(&self.namespace, facts, stage, &mut findings);
        if facts.namespace_is_absent() || (prior.is_none() && !served) {
            return findings.into_findings();
        }
        state(self, facts, stage, &mut findings);
        let mut before = Findings::default();
        if let Some(prior) = prior {
            served_namespace(&prior.namespace, facts, Stage::Apply, &mut before);
            state(prior, facts, stage, &mut before);
        }
        findings.since(&before.into_findings(), prior != Some(self))
    }

    fn wanted_at_destruction(&self) -> Wanted {
        Wanted::default()
    }
}

/// The name under which a version is noted that a planned policy allows.
pub(in crate::rules) fn allowed_version(operator: &str, version: &str) -> String {
    format!("{operator}/{version}")
}

fn state(model: &EngineVersionPolicyModel, facts: &Facts, stage: Stage, findings: &mut Findings) {
    let engine = model.engine.known_str().map(str::parse::<Engine>);
    let (Some(Ok(type_)), Some(engines)) = (engine, &facts.engines) else {
        return;
    };
    let operator = type_.operator();
    let Some(engine) = engines.get(operator) else {
        let is_to_come = facts.planned.has(Kind::Engines, operator);
        // The write waits for it.
        if stage == Stage::Plan && !is_to_come {
            let summary = format!("The namespace has no engine {type_}");
            findings.missing(
                &VERSION_POLICY_ENGINE,
                FieldPath::of("engine"),
                summary,
                stage,
            );
        }
        return;
    };
    let Some(versions) = model.allowed_versions.known() else {
        return;
    };
    if versions.iter().any(|version| version.is_unknown()) {
        return;
    }
    let versions: Vec<_> = versions
        .iter()
        .filter_map(|version| version.known_str())
        .collect();
    offered(&versions, engine, type_, findings);
    databases(&versions, type_, facts, findings);
}

/// Warns of versions that the operator does not offer, and of a recommended one that is not allowed.
fn offered(versions: &[&str], engine: &DatabaseEngine, type_: Engine, findings: &mut Findings) {
    let offered = database_engine::observed(engine);
    if offered.versions.is_empty() {
        return;
    }
    let path = FieldPath::of("allowedVersions");
    let unknown: Vec<_> = versions
        .iter()
        .copied()
        .filter(|version| !offered.versions.contains_key(*version))
        .collect();
    if !unknown.is_empty() {
        let known: Vec<_> = offered.versions.keys().map(String::as_str).collect();
        let summary = format!(
            "{} is not offered for {type_}; offered: {}",
            unknown.join(", "),
            known.join(", ")
        );
        findings.warning(&VERSION_POLICY_OFFERED, path.clone(), summary);
    }
    if let Some(recommended) = &offered.recommended_version
        && !versions.contains(&recommended.as_str())
    {
        let summary =
            format!("The recommended version {recommended} of {type_} is not an allowed one");
        findings.warning(&VERSION_POLICY_DEFAULT, path, summary);
    }
}

/// Warns of the databases that have a version which is not allowed.
fn databases(versions: &[&str], type_: Engine, facts: &Facts, findings: &mut Findings) {
    let databases = facts.left(Kind::Databases, &facts.databases);
    let outside: Vec<_> = databases
        .filter_map(|(name, database)| {
            let engine = database.spec.engine.known()?;
            let is_it = engine.type_.known() == Some(&type_);
            let version = engine.version.known_str()?;
            let is_outside = is_it && !version.is_empty() && !versions.contains(&version);
            is_outside.then(|| format!("{name} ({version})"))
        })
        .collect();
    if !outside.is_empty() {
        let summary = format!(
            "Databases have a version that is not allowed: {}",
            outside.join(", ")
        );
        let path = FieldPath::of("allowedVersions");
        findings.warning(&VERSION_POLICY_DATABASES, path, summary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixtures;
    use everest_schemas::Field;
    use serde_json::{Value, json};

    fn model(versions: &Value) -> EngineVersionPolicyModel {
        serde_json::from_value(json!({"namespace": "prod", "engine": "pxc",
            "allowedVersions": versions}))
        .unwrap()
    }

    fn rules(findings: &[Finding]) -> Vec<&'static str> {
        findings.iter().map(|found| found.rule).collect()
    }

    fn online(versions: &Value, facts: &Facts) -> Vec<&'static str> {
        rules(&model(versions).check_online(None, facts, Stage::Plan))
    }

    #[test]
    fn a_list_has_versions_and_each_once() {
        for versions in [json!([]), json!([""]), json!(["8", "8"])] {
            let found = model(&versions).check_syntax();
            assert_eq!(rules(&found), ["allowed-versions"], "{versions}");
        }
        assert!(model(&json!(["8.0.41-32.1"])).check_syntax().is_empty());
    }

    #[test]
    fn versions_are_compared_with_what_the_operator_offers() {
        let facts = fixtures::facts();
        assert_eq!(online(&json!(["8.0.41-32.1"]), &facts), [""; 0]);
        assert_eq!(
            online(&json!(["8.0.41-32.1", "9.9"]), &facts),
            ["version-policy-offered"]
        );
        assert_eq!(
            online(&json!(["8.0.36-28.1"]), &facts),
            ["version-policy-default"]
        );
        let mut unknown = model(&json!([]));
        unknown.allowed_versions = Field::Known(vec![Field::Unknown]);
        let found = unknown.check_online(None, &facts, Stage::Plan);
        assert_eq!(rules(&found), [""; 0], "not known yet");
    }

    #[test]
    fn databases_of_other_versions_are_named_once() {
        let mut facts = fixtures::facts();
        let databases = facts.databases.as_mut().unwrap();
        let database = databases.get_mut("orders").unwrap();
        database.spec.engine.known_mut().unwrap().version = "8.0.36-28.1".into();
        let narrow = model(&json!(["8.0.41-32.1"]));
        let found = narrow.check_online(None, &facts, Stage::Plan);
        assert_eq!(rules(&found), ["version-policy-databases"]);
        let told = found[0].summary.render(crate::dialect::Dialect::Terraform);
        assert!(told.ends_with("orders (8.0.36-28.1)"), "{told}");
        let again = narrow.check_online(Some(&narrow), &facts, Stage::Plan);
        assert_eq!(rules(&again), [""; 0]);
        assert_eq!(
            online(&json!(["8.0.36-28.1", "8.0.41-32.1"]), &facts),
            [""; 0]
        );
    }

    #[test]
    fn an_engine_that_the_namespace_lacks_is_told_while_it_is_planned() {
        let mut facts = fixtures::facts();
        facts.engines = fixtures::all::<DatabaseEngine>(&[]);
        let versions = json!(["8.0.41-32.1"]);
        assert_eq!(online(&versions, &facts), ["version-policy-engine"]);
        let at_apply = model(&versions).check_online(None, &facts, Stage::Apply);
        assert_eq!(rules(&at_apply), [""; 0], "it is waited for");
        let mut planned = Planned::default();
        planned.note(
            &"prod".into(),
            Kind::Engines,
            &Engine::Pxc.operator().into(),
        );
        facts.planned = planned.within("prod");
        assert_eq!(online(&versions, &facts), [""; 0]);
    }
}
