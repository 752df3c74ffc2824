//! The form of an affinity.
//!
//! Everest copies an affinity into the engine's object, and the operator of the engine copies it
//! into the pods. Kubernetes checks it only there: a fault stops the roll-out of every database that
//! uses the affinity.

use everest_schemas::Field;
use everest_schemas::everest::{
    Affinity, LabelSelector, NodeAffinity, NodeSelectorRequirement, NodeSelectorTerm, PodAffinity,
    PodAffinityTerm,
};

use super::findings::Findings;
use super::table::shared::{AFFINITY, AFFINITY_SELECTS};
use crate::path::FieldPath;
use crate::text::Text;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Operators that need values.
const WITH_VALUES: [&str; 2] = ["In", "NotIn"];
/// Operators that take no values.
const WITHOUT_VALUES: [&str; 2] = ["Exists", "DoesNotExist"];
/// Operators that compare with one whole number, for nodes only.
const WITH_NUMBER: [&str; 2] = ["Gt", "Lt"];

/// Checks an affinity at a path of the model.
pub(super) fn check(affinity: &Affinity, path: &FieldPath, findings: &mut Findings) {
    let mut checked = Checked { findings };
    if let Some(nodes) = affinity.node_affinity.known() {
        checked.nodes(nodes, &path.field("nodeAffinity"));
    }
    for (name, pods) in [
        ("podAffinity", &affinity.pod_affinity),
        ("podAntiAffinity", &affinity.pod_anti_affinity),
    ] {
        if let Some(pods) = pods.known() {
            checked.pods(pods, &path.field(name));
        }
    }
}

struct Checked<'a> {
    findings: &'a mut Findings,
}

impl Checked<'_> {
    fn error(&mut self, path: FieldPath, summary: impl Into<Text>) {
        self.findings.error(&AFFINITY, path, summary);
    }

    fn nodes(&mut self, nodes: &NodeAffinity, path: &FieldPath) {
        let preferred = &nodes.preferred_during_scheduling_ignored_during_execution;
        for (at, term) in items(preferred, &path.field(PREFERRED)) {
            self.weight(&term.weight, &at);
            if let Some(preference) = term.preference.known() {
                self.node_term(preference, &at.field("preference"));
            }
        }
        let required = &nodes.required_during_scheduling_ignored_during_execution;
        if let Some(selector) = required.known() {
            let path = path.field(REQUIRED).field("nodeSelectorTerms");
            if selector
                .node_selector_terms
                .known()
                .is_some_and(Vec::is_empty)
            {
                self.error(path.clone(), "There is no term");
            }
            for (at, term) in items(&selector.node_selector_terms, &path) {
                self.node_term(term, &at);
            }
        }
    }

    fn node_term(&mut self, term: &NodeSelectorTerm, path: &FieldPath) {
        for (name, requirements) in [
            ("matchExpressions", &term.match_expressions),
            ("matchFields", &term.match_fields),
        ] {
            for (at, requirement) in items(requirements, &path.field(name)) {
                self.node_requirement(requirement, &at);
            }
        }
    }

    fn node_requirement(&mut self, requirement: &NodeSelectorRequirement, path: &FieldPath) {
        let allowed = [WITH_VALUES, WITHOUT_VALUES, WITH_NUMBER].concat();
        self.operator(&requirement.operator, &requirement.values, &allowed, path);
    }

    fn pods(&mut self, pods: &PodAffinity, path: &FieldPath) {
        let preferred = &pods.preferred_during_scheduling_ignored_during_execution;
        for (at, term) in items(preferred, &path.field(PREFERRED)) {
            self.weight(&term.weight, &at);
            if let Some(term) = term.pod_affinity_term.known() {
                self.pod_term(term, &at.field("podAffinityTerm"));
            }
        }
        let required = &pods.required_during_scheduling_ignored_during_execution;
        for (at, term) in items(required, &path.field(REQUIRED)) {
            self.pod_term(term, &at);
        }
    }

    fn pod_term(&mut self, term: &PodAffinityTerm, path: &FieldPath) {
        if term.topology_key.known().is_some_and(String::is_empty) {
            self.error(path.field("topologyKey"), "The label of nodes is empty");
        }
        if term.label_selector.is_null() {
            let summary = "The term has no selector and selects no pod";
            let path = path.field("labelSelector");
            self.findings.warning(&AFFINITY_SELECTS, path, summary);
        }
        for (name, selector) in [
            ("labelSelector", &term.label_selector),
            ("namespaceSelector", &term.namespace_selector),
        ] {
            if let Some(selector) = selector.known() {
                self.selector(selector, &path.field(name));
            }
        }
    }

    fn selector(&mut self, selector: &LabelSelector, path: &FieldPath) {
        let allowed = [WITH_VALUES, WITHOUT_VALUES].concat();
        let path = path.field("matchExpressions");
        for (at, requirement) in items(&selector.match_expressions, &path) {
            self.operator(&requirement.operator, &requirement.values, &allowed, &at);
        }
    }

    fn weight(&mut self, weight: &Field<i32>, path: &FieldPath) {
        if let Some(weight) = weight.known().filter(|weight| !(1..=100).contains(*weight)) {
            let summary = format!("The weight {weight} is not from 1 to 100");
            self.error(path.field("weight"), summary);
        }
    }

    fn operator(
        &mut self,
        operator: &Field<String>,
        values: &Field<Vec<Field<String>>>,
        allowed: &[&str],
        path: &FieldPath,
    ) {
        let Some(operator) = operator.known_str() else {
            return;
        };
        if !allowed.contains(&operator) {
            let allowed = allowed.join(", ");
            let summary = format!("{operator:?} is not an operator here; allowed: {allowed}");
            return self.error(path.field("operator"), summary);
        }
        if values.is_unknown() {
            return;
        }
        let values = values.known().map_or(&[][..], Vec::as_slice);
        let is_number = |value: &Field<String>| {
            let text = value.known_str();
            value.is_unknown() || text.is_some_and(|text| text.parse::<i64>().is_ok())
        };
        let fault = if WITH_VALUES.contains(&operator) && values.is_empty() {
            "needs values"
        } else if WITHOUT_VALUES.contains(&operator) && !values.is_empty() {
            "takes no values"
        } else if WITH_NUMBER.contains(&operator) && !matches!(values, [one] if is_number(one)) {
            "compares with one whole number"
        } else {
            return;
        };
        let summary = format!("The operator {operator:?} {fault}");
        self.error(path.field("values"), summary);
    }
}

/// The known elements of a list, each with its path.
fn items<'a, T>(
    list: &'a Field<Vec<Field<T>>>,
    path: &FieldPath,
) -> impl Iterator<Item = (FieldPath, &'a T)> {
    let path = path.clone();
    let list = list.known().into_iter().flatten().enumerate();
    list.filter_map(move |(index, item)| Some((path.index(index), item.known()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn found(affinity: Value) -> Vec<String> {
        let affinity = serde_json::from_value(affinity).unwrap();
        let mut findings = Findings::default();
        check(&affinity, &FieldPath::of("engine"), &mut findings);
        let found = findings.into_findings().into_iter();
        found.map(|found| found.path.to_string()).collect()
    }

    #[test]
    fn terms_that_kubernetes_would_take_have_no_finding() {
        let zone = json!({"key": "topology.kubernetes.io/zone", "operator": "In",
            "values": ["a", "b"]});
        let cpus = json!({"key": "cpus", "operator": "Gt", "values": ["8"]});
        let app = json!({"key": "app", "operator": "Exists"});
        let term = json!({"topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchExpressions": [app]}});
        assert_eq!(
            found(json!({
                "nodeAffinity": {
                    REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [zone, cpus]}]},
                    PREFERRED: [{"weight": 100, "preference": {"matchExpressions": [app]}}],
                },
                "podAffinity": {PREFERRED: [{"weight": 1, "podAffinityTerm": term}]},
                "podAntiAffinity": {REQUIRED: [term]},
            })),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_term_without_a_selector_selects_no_pod() {
        let bare = json!({"topologyKey": "zone", "matchLabelKeys": ["app"]});
        for member in ["podAffinity", "podAntiAffinity"] {
            let path = format!("engine.{member}.{REQUIRED}[0].labelSelector");
            assert_eq!(found(json!({member: {REQUIRED: [bare]}})), [path]);
        }
        let path = format!("engine.podAntiAffinity.{PREFERRED}[0].podAffinityTerm.labelSelector");
        let preferred = json!([{"weight": 1, "podAffinityTerm": bare}]);
        assert_eq!(
            found(json!({"podAntiAffinity": {PREFERRED: preferred}})),
            [path]
        );
        // Every pod.
        let all = json!({"topologyKey": "zone", "labelSelector": {}});
        assert_eq!(
            found(json!({"podAntiAffinity": {REQUIRED: [all]}})),
            Vec::<String>::new()
        );
        let unknown = PodAffinityTerm {
            label_selector: Field::Unknown,
            ..PodAffinityTerm::default()
        };
        let mut findings = Findings::default();
        let mut checked = Checked {
            findings: &mut findings,
        };
        checked.pod_term(&unknown, &FieldPath::of("engine"));
        assert!(findings.into_findings().is_empty());
    }

    #[test]
    fn a_fault_is_found_where_it_is() {
        let node = |requirement: Value| {
            json!({"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [
                {"matchExpressions": [requirement]}]}}})
        };
        let at = |member: &str| {
            format!(
                "engine.nodeAffinity.{REQUIRED}.nodeSelectorTerms[0].matchExpressions[0].{member}"
            )
        };
        for (requirement, member) in [
            (json!({"key": "a", "operator": "Is"}), "operator"),
            (json!({"key": "a", "operator": "In"}), "values"),
            (
                json!({"key": "a", "operator": "Exists", "values": ["b"]}),
                "values",
            ),
            (
                json!({"key": "a", "operator": "Lt", "values": ["b"]}),
                "values",
            ),
        ] {
            assert_eq!(found(node(requirement)), [at(member)]);
        }
        let apart = |term: Value| json!({"podAntiAffinity": {REQUIRED: [term]}});
        let path = |rest: &str| format!("engine.podAntiAffinity.{REQUIRED}[0].{rest}");
        let anywhere = json!({"topologyKey": "", "labelSelector": {}});
        assert_eq!(found(apart(anywhere)), [path("topologyKey")]);
        let greater = json!({"topologyKey": "zone", "labelSelector": {"matchExpressions": [
            {"key": "a", "operator": "Gt", "values": ["1"]}]}});
        assert_eq!(
            found(apart(greater)),
            [path("labelSelector.matchExpressions[0].operator")]
        );
        let heavy = json!({"nodeAffinity": {PREFERRED: [{"weight": 101, "preference": {}}],
            REQUIRED: {"nodeSelectorTerms": []}}});
        assert_eq!(
            found(heavy),
            [
                format!("engine.nodeAffinity.{PREFERRED}[0].weight"),
                format!("engine.nodeAffinity.{REQUIRED}.nodeSelectorTerms"),
            ]
        );
    }
}
