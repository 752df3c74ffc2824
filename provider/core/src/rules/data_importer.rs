//! Rules for `everest_data_importer`.

use everest_schemas::everest::PolicyRule;
use everest_schemas::models::DataImporterModel;
use everest_schemas::{Engine, Field};

use super::findings::{Findings, differ};
use super::table::shared::{
    IMPORTER_ENGINES, IMPORTER_IMAGE, IMPORTER_PERMISSIONS, IMPORTER_SCHEMA, IMPORTER_SHIPPED,
    IMPORTER_UNUSED,
};
use super::{Stage, Validate};
use crate::facts::{Facts, Kind, Planned, Wanted};
use crate::finding::Finding;
use crate::path::FieldPath;

impl Validate for DataImporterModel {
    fn check_syntax(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.timeouts(&self.timeouts);
        let Some(spec) = self.spec.known() else {
            return findings.into_findings();
        };
        engines(&spec.supported_engines, &mut findings);
        let image = spec.job_spec.known().map(|job| &job.image);
        let is_missing = image.is_some_and(|image| {
            image.is_null() || image.known().is_some_and(|image| image.trim().is_empty())
        });
        if spec.job_spec.is_null() || is_missing {
            let path = FieldPath::of("jobSpec.image");
            findings.error(&IMPORTER_IMAGE, path, "No image is given");
        }
        let schema = spec.config.known().map(|config| &config.open_api_v3_schema);
        if let Some(schema) = schema.and_then(Field::known)
            && !schema.is_object()
        {
            let path = FieldPath::of("config.openAPIV3Schema");
            findings.error(&IMPORTER_SCHEMA, path, "The schema is not an object");
        }
        for (member, rules, of_cluster) in [
            ("permissions", &spec.permissions, false),
            ("clusterPermissions", &spec.cluster_permissions, true),
        ] {
            for (index, rule) in rules.known().into_iter().flatten().enumerate() {
                if let Some(rule) = rule.known() {
                    let path = FieldPath::of(member).index(index);
                    permission(rule, of_cluster, &path, &mut findings);
                }
            }
        }
        findings.into_findings()
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        let mut findings = Findings::default();
        if prior.is_none_or(|prior| differ(&self.name, &prior.name)) {
            findings.object_name(FieldPath::of("name"), &self.name);
        } else if prior.is_some_and(|prior| differ(&self.spec, &prior.spec)) {
            let what = "The change of an importer of Everest's chart";
            shipped(self, what, &mut findings);
        }
        findings.into_findings()
    }

    fn wanted(&self, _: Option<&Self>) -> Wanted {
        Wanted::default()
    }

    fn note(&self, planned: &mut Planned) {
        planned.note_cluster_scoped(Kind::Importers, &self.name);
    }

    fn wanted_at_destruction(&self) -> Wanted {
        Wanted::of_cluster(&[Kind::DatabasesEverywhere, Kind::ImportJobsEverywhere])
    }

    fn check_online(&self, _: Option<&Self>, _: &Facts, _: Stage) -> Vec<Finding> {
        Vec::new()
    }

    fn check_destruction(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        let what = "The deletion of an importer of Everest's chart";
        shipped(self, what, &mut findings);
        findings.into_findings()
    }

    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        let mut findings = Findings::default();
        let name = self.name.known_str().unwrap_or_default();
        let users = facts.imports_of(name);
        if !users.is_empty() {
            let summary = format!(
                "The data importer {name:?} is still needed by {}",
                users.join(", ")
            );
            findings.warning(&IMPORTER_UNUSED, FieldPath::root(), summary);
        }
        findings.into_findings()
    }
}

/// Warns that Helm undoes something, if it has installed the importer.
fn shipped(model: &DataImporterModel, what: &'static str, findings: &mut Findings) {
    if model.shipped.known() == Some(&true) {
        findings.warning(&IMPORTER_SHIPPED, FieldPath::root(), what);
    }
}

fn engines(engines: &Field<Vec<Field<String>>>, findings: &mut Findings) {
    let path = FieldPath::of("supportedEngines");
    if engines.is_null() || engines.known().is_some_and(Vec::is_empty) {
        findings.error(&IMPORTER_ENGINES, path.clone(), "No engine is listed");
    }
    for (index, engine) in engines.known().into_iter().flatten().enumerate() {
        if let Some(text) = engine.known_str()
            && text.parse::<Engine>().is_err()
        {
            let summary = format!("{text:?} is not an engine of Everest");
            findings.error(&IMPORTER_ENGINES, path.index(index), summary);
        }
    }
}

/// Checks a rule as Kubernetes checks that of a role.
fn permission(rule: &PolicyRule, of_cluster: bool, path: &FieldPath, findings: &mut Findings) {
    let is_set = |list: &Field<Vec<Field<String>>>| {
        list.is_unknown() || list.known().is_some_and(|list| !list.is_empty())
    };
    let mut refuse = |member: &str, fault: &'static str| {
        findings.error(&IMPORTER_PERMISSIONS, path.field(member), fault);
    };
    if !is_set(&rule.verbs) {
        refuse("verbs", "The rule has no verb");
    }
    if is_set(&rule.non_resource_urls) {
        if !of_cluster {
            refuse(
                "nonResourceURLs",
                "A rule for one namespace has paths that are no objects",
            );
        } else if is_set(&rule.resources) || is_set(&rule.api_groups) {
            refuse(
                "nonResourceURLs",
                "The rule is about resources, and about paths that are no objects",
            );
        }
        return;
    }
    if !is_set(&rule.api_groups) {
        refuse("apiGroups", "The rule has no API group");
    }
    if !is_set(&rule.resources) {
        refuse("resources", "The rule has no resource");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::facts::fixtures;
    use serde_json::{Value, json};

    fn model(more: &Value) -> DataImporterModel {
        let mut model = json!({"name": "dump", "spec": {"supportedEngines": ["pxc"],
            "jobSpec": {"image": "dump:1"}}});
        json_patch::merge(&mut model, more);
        serde_json::from_value(model).unwrap()
    }

    fn found(spec: &Value) -> Vec<(&'static str, String)> {
        let findings = model(&json!({"spec": spec})).check_syntax().into_iter();
        findings
            .map(|found| (found.rule, found.path.to_string()))
            .collect()
    }

    #[test]
    fn an_importer_has_an_image_and_engines_and_rules_that_kubernetes_takes() {
        let rule = |rule: Value| json!({"permissions": [rule]});
        for (spec, rule, path) in [
            (
                json!({"jobSpec": null}),
                "data-importer-image",
                "jobSpec.image",
            ),
            (
                json!({"jobSpec": {"image": ""}}),
                "data-importer-image",
                "jobSpec.image",
            ),
            (
                json!({"supportedEngines": []}),
                "data-importer-engines",
                "supportedEngines",
            ),
            (
                json!({"supportedEngines": ["oracle"]}),
                "data-importer-engines",
                "supportedEngines[0]",
            ),
            (
                json!({"config": {"openAPIV3Schema": "{}"}}),
                "data-importer-schema",
                "config.openAPIV3Schema",
            ),
            (
                rule(json!({"apiGroups": [""], "resources": ["secrets"], "verbs": []})),
                "data-importer-permissions",
                "permissions[0].verbs",
            ),
            (
                rule(json!({"apiGroups": [""], "verbs": ["get"]})),
                "data-importer-permissions",
                "permissions[0].resources",
            ),
            (
                rule(json!({"nonResourceURLs": ["/metrics"], "verbs": ["get"]})),
                "data-importer-permissions",
                "permissions[0].nonResourceURLs",
            ),
        ] {
            assert_eq!(found(&spec), [(rule, path.to_owned())], "{spec}");
        }
        let sound = json!({"clusterPermissions": [
            {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
            {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]});
        assert!(found(&sound).is_empty());
    }

    #[test]
    fn what_helm_puts_back_is_a_warning() {
        let prior = model(&json!({"shipped": true}));
        let changed = model(&json!({"shipped": true, "spec": {"jobSpec": {"image": "dump:2"}}}));
        for found in [changed.check(Some(&prior)), prior.check_destruction()] {
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].rule, "data-importer-shipped");
        }
        assert!(model(&json!({})).check_destruction().is_empty());
    }

    #[test]
    fn a_destruction_names_the_imports_that_need_the_importer() {
        let import = json!({"dataSource": {"dataImport": {"dataImporterName": "dump",
            "source": {"path": "/d"}}}});
        let facts = Facts {
            databases_everywhere: Some(fixtures::everywhere(&[("prod/orders", import)])),
            ..Facts::default()
        };
        let found = model(&json!({})).check_destruction_online(&facts);
        let said = found[0].summary.render(Dialect::Terraform);
        assert!(said.ends_with("needed by database prod/orders"), "{said}");
    }
}
