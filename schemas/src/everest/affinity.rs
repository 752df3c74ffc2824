//! Affinity of pods: the type `Affinity` of Kubernetes' core API, described for users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Field, StringMap, facts};

/// On which nodes, and beside which other pods, pods run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Affinity {
    /// Which nodes the pods may run on, by the labels of nodes.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub node_affinity: Field<NodeAffinity>,

    /// Which other pods the pods run beside, for example in the same zone.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub pod_affinity: Field<PodAffinity>,

    /// Which other pods the pods keep away from, for example one pod of a database on each node.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub pod_anti_affinity: Field<PodAffinity>,
}

/// Which nodes pods may run on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeAffinity {
    /// Nodes that are preferred. A pod runs on another node if none of them has room.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub preferred_during_scheduling_ignored_during_execution:
        Field<Vec<Field<PreferredSchedulingTerm>>>,

    /// Nodes that are required. Without such a node a pod stays pending.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub required_during_scheduling_ignored_during_execution: Field<NodeSelector>,
}

/// Nodes that are preferred.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PreferredSchedulingTerm {
    /// The nodes.
    pub preference: Field<NodeSelectorTerm>,

    /// Weight among the preferences of the pod, from 1 to 100.
    pub weight: Field<i32>,
}

/// Nodes that match one of several terms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct NodeSelector {
    /// The terms. A node has to match one of them.
    pub node_selector_terms: Field<Vec<Field<NodeSelectorTerm>>>,
}

/// Nodes that match all of several requirements. A term without requirements matches no node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct NodeSelectorTerm {
    /// Requirements for the labels of a node.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub match_expressions: Field<Vec<Field<NodeSelectorRequirement>>>,

    /// Requirements for the fields of a node. The only field is `metadata.name`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub match_fields: Field<Vec<Field<NodeSelectorRequirement>>>,
}

/// A requirement for a label or a field of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeSelectorRequirement {
    /// Key of the label, or name of the field.
    pub key: Field<String>,

    /// Relation of the value to `values`: `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.
    pub operator: Field<String>,

    /// Values. `In` and `NotIn` need some, `Exists` and `DoesNotExist` take none, and `Gt` and `Lt`
    /// compare with one whole number.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub values: Field<Vec<Field<String>>>,
}

/// Which other pods pods run beside, or keep away from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodAffinity {
    /// Terms that are preferred. A pod runs elsewhere if no node meets them.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub preferred_during_scheduling_ignored_during_execution:
        Field<Vec<Field<WeightedPodAffinityTerm>>>,

    /// Terms that are required, all of them. Without a node that meets them a pod stays pending.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub required_during_scheduling_ignored_during_execution: Field<Vec<Field<PodAffinityTerm>>>,
}

/// A preferred term.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WeightedPodAffinityTerm {
    /// The term.
    pub pod_affinity_term: Field<PodAffinityTerm>,

    /// Weight among the preferences of the pod, from 1 to 100.
    pub weight: Field<i32>,
}

/// Other pods, and what counts as the same place as theirs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodAffinityTerm {
    /// Labels of the other pods; `{}` matches every pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("no pod matches"))]
    pub label_selector: Field<LabelSelector>,

    /// Keys of labels whose values the other pods have to share with the pod. Needs Kubernetes
    /// 1.31.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub match_label_keys: Field<Vec<Field<String>>>,

    /// Keys of labels whose values the other pods must not share with the pod. Needs Kubernetes
    /// 1.31.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub mismatch_label_keys: Field<Vec<Field<String>>>,

    /// Labels of the namespaces of the other pods; `{}` matches every namespace.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("`namespaces` alone"))]
    pub namespace_selector: Field<LabelSelector>,

    /// Names of the namespaces of the other pods.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("the namespace of the pod, unless there is a selector of namespaces"))]
    pub namespaces: Field<Vec<Field<String>>>,

    /// Label of nodes: nodes with the same value are the same place, such as
    /// `kubernetes.io/hostname` or `topology.kubernetes.io/zone`.
    pub topology_key: Field<String>,
}

/// Labels that objects have. An empty selector matches every object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct LabelSelector {
    /// Requirements for labels, all of which have to be met.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub match_expressions: Field<Vec<Field<LabelSelectorRequirement>>>,

    /// Labels with their values.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub match_labels: StringMap,
}

/// A requirement for a label.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LabelSelectorRequirement {
    /// Key of the label.
    pub key: Field<String>,

    /// Relation of the label's value to `values`: `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: Field<String>,

    /// Values. `In` and `NotIn` need some, `Exists` and `DoesNotExist` take none.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub values: Field<Vec<Field<String>>>,
}
