//! The kinds that are served from the start.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::kind::Kind;
use crate::schema;

/// Name, plural, and whether its objects are in namespaces, have a status, and count generations.
type Row = (&'static str, &'static str, bool, bool, bool);

const CORE: &[Row] = &[
    ("Namespace", "namespaces", false, true, false),
    ("Secret", "secrets", true, false, false),
    ("ConfigMap", "configmaps", true, false, false),
    ("Event", "events", true, false, false),
    ("Service", "services", true, true, false),
    ("ServiceAccount", "serviceaccounts", true, false, false),
    (
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        true,
        true,
        false,
    ),
    ("PersistentVolume", "persistentvolumes", false, true, false),
    ("Pod", "pods", true, true, false),
    ("Node", "nodes", false, true, false),
    ("ResourceQuota", "resourcequotas", true, true, false),
];

const GROUPS: &[(&str, &str, &[Row])] = &[
    ("", "v1", CORE),
    (
        "apps",
        "v1",
        &[
            ("Deployment", "deployments", true, true, true),
            ("ReplicaSet", "replicasets", true, true, true),
            ("StatefulSet", "statefulsets", true, true, true),
        ],
    ),
    (
        "batch",
        "v1",
        &[
            ("Job", "jobs", true, true, true),
            ("CronJob", "cronjobs", true, true, true),
        ],
    ),
    (
        "storage.k8s.io",
        "v1",
        &[
            ("StorageClass", "storageclasses", false, false, false),
            ("CSIDriver", "csidrivers", false, false, false),
        ],
    ),
    (
        "discovery.k8s.io",
        "v1",
        &[("EndpointSlice", "endpointslices", true, false, true)],
    ),
    (
        "coordination.k8s.io",
        "v1",
        &[("Lease", "leases", true, false, false)],
    ),
    (
        "rbac.authorization.k8s.io",
        "v1",
        &[
            ("Role", "roles", true, false, false),
            ("RoleBinding", "rolebindings", true, false, false),
            ("ClusterRole", "clusterroles", false, false, false),
            (
                "ClusterRoleBinding",
                "clusterrolebindings",
                false,
                false,
                false,
            ),
        ],
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        &[
            (
                "MutatingWebhookConfiguration",
                "mutatingwebhookconfigurations",
                false,
                false,
                true,
            ),
            (
                "ValidatingWebhookConfiguration",
                "validatingwebhookconfigurations",
                false,
                false,
                true,
            ),
        ],
    ),
    (
        "apiextensions.k8s.io",
        "v1",
        &[(
            "CustomResourceDefinition",
            "customresourcedefinitions",
            false,
            true,
            true,
        )],
    ),
];

/// The kinds of the Operator Lifecycle Manager: their schemas are too large to be of use here.
const OLM: &[(&str, &str, &str)] = &[
    ("v1alpha1", "Subscription", "subscriptions"),
    ("v1alpha1", "InstallPlan", "installplans"),
    (
        "v1alpha1",
        "ClusterServiceVersion",
        "clusterserviceversions",
    ),
    ("v1alpha1", "CatalogSource", "catalogsources"),
    ("v1", "OperatorGroup", "operatorgroups"),
];

/// The kinds of Kubernetes itself.
pub(crate) fn kinds() -> Vec<Kind> {
    let mut kinds = Vec::new();
    for (group, version, rows) in GROUPS {
        for (name, plural, namespaced, has_status, counts_generations) in *rows {
            let schema = schema::complete(schema_of(name));
            kinds.push(Kind {
                has_status: *has_status,
                counts_generations: *counts_generations,
                is_custom: false,
                returns_deleted: ["namespaces", "pods", "services", "persistentvolumeclaims"]
                    .contains(plural),
                schema: Some(Arc::new(schema)),
                ..Kind::new(group, version, name, plural, *namespaced)
            });
        }
    }
    kinds
}

/// The kinds of the Operator Lifecycle Manager.
pub(crate) fn olm() -> Vec<Kind> {
    OLM.iter()
        .map(|(version, name, plural)| {
            let kind = Kind::new("operators.coreos.com", version, name, plural, true);
            Kind {
                counts_generations: true,
                schema: Some(Arc::new(schema::complete(json!({"properties": {
                    "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                }})))),
                ..kind.with_status()
            }
        })
        .collect()
}

/// What is known of the fields of a kind beyond its metadata.
fn schema_of(name: &str) -> Value {
    let text = || json!({"type": "string"});
    let map = || json!({"type": "object", "additionalProperties": {"type": "string"}});
    let free = || json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let listed = |keys: Value| {
        json!({"type": "array", "items": free(),
            "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys})
    };
    let conditions = || {
        json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true,
            "properties": {"conditions": listed(json!(["type"]))}})
    };
    match name {
        "Secret" => json!({"properties": {"data": map(), "stringData": map(), "type": text(),
            "immutable": {"type": "boolean"}}}),
        "ConfigMap" => json!({"properties": {"data": map(), "binaryData": map(),
            "immutable": {"type": "boolean"}}}),
        "Namespace" => json!({"properties": {
            "spec": {"type": "object", "properties": {
                "finalizers": {"type": "array", "items": text()}}},
            "status": {"type": "object", "properties": {"phase": text(),
                "conditions": listed(json!(["type"]))}}}}),
        "Lease" => json!({"properties": {"spec": {"type": "object", "properties": {
            "holderIdentity": text(), "acquireTime": text(), "renewTime": text(),
            "leaseDurationSeconds": {"type": "integer"}, "leaseTransitions": {"type": "integer"},
            "strategy": text(), "preferredHolder": text()}}}}),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            let selector = json!({"type": "object", "x-kubernetes-map-type": "atomic",
                "x-kubernetes-preserve-unknown-fields": true});
            let mut webhooks = listed(json!(["name"]));
            webhooks["items"]["properties"] =
                json!({"namespaceSelector": selector, "objectSelector": selector});
            json!({"properties": {"webhooks": webhooks}})
        }
        "EndpointSlice" => json!({"properties": {"addressType": text(),
            "endpoints": {"type": "array", "items": free(), "x-kubernetes-list-type": "atomic"},
            "ports": {"type": "array", "items": free(), "x-kubernetes-list-type": "atomic"}}}),
        "Service" => json!({"properties": {
            "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"ports": listed(json!(["port", "protocol"])),
                    "selector": {"type": "object", "x-kubernetes-map-type": "atomic",
                        "additionalProperties": text()}}},
            "status": conditions()}}),
        _ => json!({"x-kubernetes-preserve-unknown-fields": true, "properties": {
            "spec": free(), "status": conditions()}}),
    }
}

/// The fields that every object has.
pub(crate) fn every_object() -> [(&'static str, Value); 3] {
    let text = || json!({"type": "string"});
    let number = || json!({"type": "integer"});
    let map = || json!({"type": "object", "additionalProperties": text()});
    let flag = || json!({"type": "boolean"});
    let owner = json!({"type": "object", "x-kubernetes-map-type": "atomic", "properties": {
        "apiVersion": text(), "kind": text(), "name": text(), "uid": text(),
        "controller": flag(), "blockOwnerDeletion": flag()}});
    let metadata = json!({"type": "object", "properties": {
        "name": text(), "generateName": text(), "namespace": text(), "uid": text(),
        "resourceVersion": text(), "generation": number(), "creationTimestamp": text(),
        "deletionTimestamp": text(), "deletionGracePeriodSeconds": number(), "selfLink": text(),
        "labels": map(), "annotations": map(),
        "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "items": text()},
        "ownerReferences": {"type": "array", "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["uid"], "items": owner},
        "managedFields": {"type": "array", "items":
            {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}});
    [
        ("apiVersion", text()),
        ("kind", text()),
        ("metadata", metadata),
    ]
}
