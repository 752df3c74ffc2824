//! Rules for `everest_load_balancer_config`.

use std::sync::LazyLock;

use everest_schemas::models::LoadBalancerConfigModel;
use everest_schemas::{Field, StringMap};
use regex_lite::Regex;

use super::findings::{Findings, differ};
use super::shared::{self, destruction_of_used};
use super::table::shared::{ANNOTATION_KEY, ANNOTATION_TEMPLATE, CONFIG_SHIPPED, CONFIG_UNUSED};
use super::{Stage, Validate};
use crate::facts::{Facts, Kind, Planned, Wanted};
use crate::finding::Finding;
use crate::lifecycle::load_balancer_config::names;
use crate::path::FieldPath;

/// The keys that Everest's webhook takes: an optional domain of labels, and a name, both in
/// lowercase.
static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
    let name = "[a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?";
    Regex::new(&format!(r"^(({label}\.)*{label}/)?{name}$")).ok()
});

/// The beginning of an action in a Go template.
const ACTION: &str = "{{";

/// The minor version of Everest 1 that reads annotations as templates.
const TEMPLATES_SINCE: u64 = 13;

fn annotations(model: &LoadBalancerConfigModel) -> Option<&StringMap> {
    model.spec.known().map(|spec| &spec.annotations)
}

/// The keys of annotations whose values are templates.
fn templates(model: &LoadBalancerConfigModel) -> Vec<&str> {
    let all = annotations(model).and_then(Field::known);
    let all = all.into_iter().flatten();
    all.filter(|(_, value)| value.known_str().is_some_and(|text| text.contains(ACTION)))
        .map(|(key, _)| key.as_str())
        .collect()
}

impl Validate for LoadBalancerConfigModel {
    fn check_syntax(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.timeouts(&self.timeouts);
        let all = annotations(self).and_then(Field::known);
        for key in all.into_iter().flat_map(|all| all.keys()) {
            if KEY.as_ref().is_some_and(|pattern| !pattern.is_match(key)) {
                let summary = format!("{key:?} cannot be the key of an annotation here");
                let path = FieldPath::of("annotations").key(key);
                findings.error(&ANNOTATION_KEY, path, summary);
            }
        }
        findings.into_findings()
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        let mut findings = Findings::default();
        let prior = prior.filter(|prior| !differ(&self.name, &prior.name));
        let Some(prior) = prior else {
            shared::name(&self.name, &mut findings);
            return findings.into_findings();
        };
        if prior.read_only.known() == Some(&true) && differ(&self.spec, &prior.spec) {
            let summary = "The configuration cannot be changed";
            findings.error(&CONFIG_SHIPPED, FieldPath::root(), summary);
        }
        findings.into_findings()
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        let changes = prior.is_some_and(|prior| differ(&self.spec, &prior.spec));
        let kinds: &[Kind] = match changes {
            true => &[Kind::DatabasesEverywhere],
            false => &[],
        };
        Wanted {
            everest: (prior.is_none() || changes) && !templates(self).is_empty(),
            ..Wanted::of_cluster(kinds)
        }
    }

    fn note(&self, planned: &mut Planned) {
        planned.note_cluster_scoped(Kind::LoadBalancerConfigs, &self.name);
    }

    fn wanted_at_destruction(&self) -> Wanted {
        Wanted::of_cluster(&[Kind::DatabasesEverywhere])
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, _: Stage) -> Vec<Finding> {
        let mut findings = Findings::default();
        let version = facts.everest.version.as_ref();
        if let Some(version) = version.filter(|version| version.is_before(1, TEMPLATES_SINCE)) {
            let before = prior.map(templates).unwrap_or_default();
            for key in templates(self) {
                if !before.contains(&key) {
                    let path = FieldPath::of("annotations").key(key);
                    let summary =
                        format!("Everest {version} would write the template as it is, unread");
                    findings.error(&ANNOTATION_TEMPLATE, path, summary);
                }
            }
        }
        findings.into_findings()
    }

    fn check_destruction(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        if self.read_only.known() == Some(&true) {
            let summary = "The configuration cannot be deleted";
            findings.error(&CONFIG_SHIPPED, FieldPath::root(), summary);
        }
        findings.into_findings()
    }

    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        let name = self.name.known_str().unwrap_or_default();
        let summary = format!("The load balancer configuration {name:?} is in use by ");
        destruction_of_used(&CONFIG_UNUSED, summary, facts, |database| {
            names(database, name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::facts::fixtures;
    use serde_json::{Value, json};

    fn model(annotations: &Value) -> LoadBalancerConfigModel {
        let model = json!({"name": "internal", "spec": {"annotations": annotations}});
        serde_json::from_value(model).unwrap()
    }

    #[test]
    fn keys_are_those_that_everests_webhook_takes() {
        let found = |key: &str| {
            let found = model(&json!({key: "a"})).check_syntax();
            found
                .iter()
                .map(|found| found.path.to_string())
                .collect::<Vec<_>>()
        };
        for key in [
            "service.beta.kubernetes.io/aws-load-balancer-type",
            "plain_key",
            "a",
        ] {
            assert_eq!(found(key), Vec::<String>::new(), "{key}");
        }
        for key in [
            "service.beta.kubernetes.io/Type",
            "a/b/c",
            "/name",
            "-a",
            "",
        ] {
            assert_eq!(found(key), [format!("annotations[{key:?}]")], "{key}");
        }
        let long = LoadBalancerConfigModel {
            name: "Internal".into(),
            ..LoadBalancerConfigModel::default()
        };
        assert_eq!(long.check(None)[0].rule, "cluster-scoped-name");
    }

    #[test]
    fn templates_need_everest_1_13_where_its_version_is_known() {
        let templated = model(&json!({"dns/name": "{{ .ObjectMeta.Name }}.example.com"}));
        let facts = |version: Option<&str>| {
            let mut facts = Facts::default();
            facts.everest.version = version.map(|version| version.parse().unwrap());
            facts
        };
        let count = |prior: Option<&LoadBalancerConfigModel>, version: Option<&str>| {
            let found = templated.check_online(prior, &facts(version), Stage::Plan);
            found.len()
        };
        assert!(templated.wanted(None).everest);
        assert_eq!(count(None, Some("1.12.0")), 1);
        assert_eq!(count(None, Some("1.13.0")), 0);
        assert_eq!(count(None, None), 0);
        assert_eq!(count(Some(&templated), Some("1.12.0")), 0);
        assert!(!model(&json!({"dns/name": "a"})).wanted(None).everest);
    }

    #[test]
    fn one_that_everest_ships_stays_as_it_is() {
        let prior = LoadBalancerConfigModel {
            read_only: true.into(),
            ..model(&json!({}))
        };
        let changed = LoadBalancerConfigModel {
            read_only: true.into(),
            ..model(&json!({"a": "b"}))
        };
        let found = changed.check(Some(&prior));
        let advice = found[0].detail.render(Dialect::Terraform);
        assert!(
            advice.contains("data source everest_load_balancer_config"),
            "{advice}"
        );
        assert_eq!(prior.check_destruction().len(), 1);
        assert!(prior.check(Some(&prior)).is_empty());
    }

    #[test]
    fn a_destruction_names_the_databases_that_stay() {
        let exposed = json!({"proxy": {"expose": {"loadBalancerConfigName": "internal"}}});
        let facts = Facts {
            databases_everywhere: Some(fixtures::everywhere(&[("prod/orders", exposed)])),
            ..Facts::default()
        };
        let found = model(&json!({})).check_destruction_online(&facts);
        let said = found[0].summary.render(Dialect::Terraform);
        assert!(
            said.ends_with("in use by the database prod/orders"),
            "{said}"
        );
    }
}
