//! Rules for `everest_pod_scheduling_policy`.

use everest_schemas::everest::{Affinity, AffinityConfig};
use everest_schemas::models::PodSchedulingPolicyModel;
use everest_schemas::{Engine, Field};

use super::affinity;
use super::findings::{Findings, differ};
use super::shared::{self, destruction_of_used};
use super::table::shared::{POLICY_ENGINE, POLICY_SHIPPED, POLICY_UNUSED};
use super::{Stage, Validate};
use crate::facts::{Facts, Kind, Planned, Wanted};
use crate::finding::Finding;
use crate::lifecycle::pod_scheduling_policy::names;
use crate::path::FieldPath;
use crate::text::Text;

/// The affinity of an engine's pods, each with its member.
fn affinities(config: &AffinityConfig, engine: Engine) -> Vec<(&'static str, &Field<Affinity>)> {
    let replicated = match engine {
        Engine::Psmdb => {
            let Some(psmdb) = config.psmdb.known() else {
                return Vec::new();
            };
            return vec![
                ("configServer", &psmdb.config_server),
                ("engine", &psmdb.engine),
                ("proxy", &psmdb.proxy),
            ];
        }
        Engine::Pxc => &config.pxc,
        Engine::Postgresql => &config.postgresql,
    };
    let replicated = replicated.known().into_iter();
    replicated
        .flat_map(|pods| [("engine", &pods.engine), ("proxy", &pods.proxy)])
        .collect()
}

/// Returns true if the affinity of an engine is not set.
fn is_omitted(config: &AffinityConfig, engine: Engine) -> bool {
    match engine {
        Engine::Psmdb => config.psmdb.is_null(),
        Engine::Pxc => config.pxc.is_null(),
        Engine::Postgresql => config.postgresql.is_null(),
    }
}

impl Validate for PodSchedulingPolicyModel {
    fn check_syntax(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.timeouts(&self.timeouts);
        let Some(spec) = self.spec.known() else {
            return findings.into_findings();
        };
        let Some(config) = spec.affinity_config.known() else {
            return findings.into_findings();
        };
        let path = FieldPath::of("affinityConfig");
        for engine in Engine::ALL {
            for (pods, affinity) in affinities(config, engine) {
                if let Some(affinity) = affinity.known() {
                    let path = path.field(engine.as_str()).field(pods);
                    affinity::check(affinity, &path, &mut findings);
                }
            }
        }
        let Some(of) = spec.engine_type.known() else {
            return findings.into_findings();
        };
        for engine in Engine::ALL {
            if engine != *of && !is_omitted(config, engine) {
                let path = path.field(engine.as_str());
                let summary = format!("The policy is for {of}, and has affinity for {engine}");
                findings.error(&POLICY_ENGINE, path, summary);
            }
        }
        let own = affinities(config, *of);
        let is_open = own.iter().any(|(_, affinity)| !affinity.is_null());
        if !is_open && (is_omitted(config, *of) || !own.is_empty()) {
            let summary = format!("There is no affinity for the pods of {of}");
            findings.error(&POLICY_ENGINE, path.field(of.as_str()), summary);
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
            let summary = Text::from("The policy cannot be changed");
            findings.error(&POLICY_SHIPPED, FieldPath::root(), summary);
        }
        findings.into_findings()
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        match prior {
            Some(prior) if differ(&self.spec, &prior.spec) => {
                Wanted::of_cluster(&[Kind::DatabasesEverywhere])
            }
            _ => Wanted::default(),
        }
    }

    fn note(&self, planned: &mut Planned) {
        planned.note_cluster_scoped(Kind::Policies, &self.name);
    }

    fn wanted_at_destruction(&self) -> Wanted {
        Wanted::of_cluster(&[Kind::DatabasesEverywhere])
    }

    fn check_online(&self, _: Option<&Self>, _: &Facts, _: Stage) -> Vec<Finding> {
        Vec::new()
    }

    fn check_destruction(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        if self.read_only.known() == Some(&true) {
            let summary = "The policy cannot be deleted";
            findings.error(&POLICY_SHIPPED, FieldPath::root(), summary);
        }
        findings.into_findings()
    }

    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        let name = self.name.known_str().unwrap_or_default();
        let summary = format!("The pod scheduling policy {name:?} is in use by ");
        destruction_of_used(&POLICY_UNUSED, summary, facts, |database| {
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

    fn model(more: &Value) -> PodSchedulingPolicyModel {
        let apart = json!({"podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "kubernetes.io/hostname", "labelSelector": {}}]}});
        let mut model = json!({"name": "spread", "spec": {"engineType": "pxc",
            "affinityConfig": {"pxc": {"engine": apart}}}});
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
    fn a_policy_has_affinity_for_its_own_engine() {
        let long = "a".repeat(64);
        for (more, rule, path) in [
            (json!({"name": "Spread"}), "cluster-scoped-name", "name"),
            (json!({"name": long}), "cluster-scoped-name", "name"),
            (
                json!({"spec": {"affinityConfig": {"psmdb": {"engine": {}}}}}),
                "pod-scheduling-policy-engine",
                "affinityConfig.psmdb",
            ),
            (
                json!({"spec": {"affinityConfig": {"pxc": null}}}),
                "pod-scheduling-policy-engine",
                "affinityConfig.pxc",
            ),
            (
                json!({"spec": {"affinityConfig": {"pxc": {"engine": null}}}}),
                "pod-scheduling-policy-engine",
                "affinityConfig.pxc",
            ),
            (
                json!({"timeouts": {"delete": "soon"}}),
                "timeout",
                "timeouts.delete",
            ),
        ] {
            assert_eq!(found(&more), [(rule, path.to_owned())], "{more}");
        }
        for sound in [
            json!({}),
            json!({"name": "everest-default-postgresql"}),
            json!({"spec": {"affinityConfig": null}}),
        ] {
            assert!(found(&sound).is_empty(), "{sound}");
        }
    }

    #[test]
    fn a_policy_that_everest_ships_is_neither_changed_nor_destroyed() {
        let prior = model(&json!({"readOnly": true}));
        let changed = model(&json!({"readOnly": true, "spec": {"affinityConfig": null}}));
        let found = changed.check(Some(&prior));
        assert_eq!(found.len(), 1);
        let advice = |dialect| found[0].detail.render(dialect);
        assert!(
            advice(Dialect::Terraform).contains("data source everest_pod_scheduling_policy"),
            "{}",
            advice(Dialect::Terraform)
        );
        assert!(advice(Dialect::ManagedResource).contains("spec.managementPolicies"));
        assert_eq!(prior.check_destruction().len(), 1);
        assert!(prior.check(Some(&prior)).is_empty());
        let own = model(&json!({"readOnly": false}));
        assert!(own.check_destruction().is_empty());
        assert!(changed.check(Some(&own)).is_empty());
    }

    #[test]
    fn a_destruction_names_the_databases_that_stay() {
        let mut facts = fixtures::facts();
        facts.databases_everywhere = Some(fixtures::everywhere(&[
            ("prod/orders", json!({"podSchedulingPolicyName": "spread"})),
            ("test/orders", json!({"podSchedulingPolicyName": "spread"})),
            ("prod/other", json!({})),
        ]));
        let said = |facts: &Facts| -> Vec<String> {
            let found = model(&json!({})).check_destruction_online(facts);
            let said = found.iter();
            said.map(|found| found.summary.render(Dialect::Terraform))
                .collect()
        };
        assert_eq!(
            said(&facts),
            [
                "The pod scheduling policy \"spread\" is in use by the databases prod/orders, \
              test/orders"
            ]
        );
        let mut planned = Planned::default();
        for namespace in ["prod", "test"] {
            planned.note_destroyed(&namespace.into(), Kind::Databases, &"orders".into());
        }
        facts.planned_everywhere = planned;
        assert!(said(&facts).is_empty());
    }
}
