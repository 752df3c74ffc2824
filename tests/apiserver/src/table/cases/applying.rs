//! Server-side apply.

use serde_json::{Value, json};

use super::super::{Case, Step};
use super::{BOXES, DATABASES, MAPS, WIDGETS, a_box, at, case, with};
use super::{apply, force, get, json_patch, map, merge, post, put, widget};

fn database(spec: Value) -> Value {
    json!({"apiVersion": "table.example.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "d"}, "spec": spec})
}

pub(super) fn cases() -> Vec<Case> {
    let w = || at(WIDGETS, "w");
    let ports = |names: &[&str]| -> Value {
        names
            .iter()
            .map(|name| json!({"name": name, "number": 1}))
            .collect()
    };
    let status = |status: Value| {
        json!({"apiVersion": "table.example.com/v1", "kind": "Widget", "metadata": {"name": "w"},
            "status": status})
    };
    let both = json!({"size": 1, "map": {"x": "1", "y": "1"}, "ports": ports(&["a", "b"]),
        "set": ["p", "q"], "inner": {"a": "1", "b": "1"}, "whole": {"k": "v"}, "words": ["w"]});
    let migrated = json_patch(
        &w(),
        json!([{"op": "replace", "path": "/metadata/managedFields", "value": "${made.managedFields}"},
            {"op": "replace", "path": "/metadata/managedFields/0/operation", "value": "Apply"},
            {"op": "replace", "path": "/metadata/managedFields/0/manager", "value": "m"}]),
    );
    vec![
        case(
            "an apply makes, repeats and empties an object",
            [
                apply(&w(), "m", widget("w", both.clone())),
                apply(&w(), "m", widget("w", both.clone())),
                apply(&w(), "m", widget("w", json!({"size": 2}))),
            ],
        ),
        case(
            "what one lets go another keeps",
            [
                apply(&w(), "one", widget("w", both.clone())),
                apply(
                    &w(),
                    "two",
                    widget(
                        "w",
                        json!({"size": 1, "map": {"y": "1"},
                "ports": ports(&["b"]), "set": ["q"], "inner": {"b": "1"}}),
                    ),
                ),
                apply(&w(), "one", widget("w", json!({"size": 1}))),
                apply(&w(), "two", widget("w", json!({"size": 1}))),
            ],
        ),
        case(
            "conflicts name manager and field, and force takes it",
            [
                apply(&w(), "one", widget("w", both.clone())),
                apply(&w(), "two", widget("w", json!({"size": 9}))),
                apply(
                    &w(),
                    "two",
                    widget(
                        "w",
                        json!({"size": 9, "words": ["x"],
                "whole": {"k": "x"}, "ports": [{"name": "a", "number": 9}]}),
                    ),
                ),
                force(
                    &w(),
                    "two",
                    widget(
                        "w",
                        json!({"size": 9, "words": ["x"],
                "whole": {"k": "x"}, "ports": [{"name": "a", "number": 9}]}),
                    ),
                ),
                apply(&w(), "one", widget("w", json!({"size": 9}))),
            ],
        ),
        case(
            "an update takes fields, and conflicts say when",
            [
                apply(&w(), "one", widget("w", json!({"size": 1, "words": ["a"]}))),
                merge(
                    &format!("{}?fieldManager=editor", w()),
                    json!({"spec": {"size": 2}}),
                ),
                apply(&w(), "one", widget("w", json!({"size": 1, "words": ["a"]}))),
                merge(&w(), json!({"spec": {"words": null}})),
                force(&w(), "one", widget("w", json!({"size": 1, "words": ["a"]}))),
            ],
        ),
        case(
            "an entry of an update becomes one of an apply",
            [
                post(WIDGETS, widget("w", json!({"size": 1, "words": ["a"]}))).saved("made"),
                migrated,
                apply(&w(), "m", widget("w", json!({"size": 1}))),
            ],
        ),
        case(
            "managed fields are reset and taken up again",
            [
                apply(&w(), "m", widget("w", json!({"size": 1, "words": ["a"]}))),
                merge(&w(), json!({"metadata": {"managedFields": [{}]}})),
                apply(&w(), "m", widget("w", json!({"size": 1}))),
                force(&w(), "m", widget("w", json!({"size": 3}))),
            ],
        ),
        case(
            "an apply of the status is one by itself",
            [
                apply(&w(), "m", widget("w", json!({"size": 1}))),
                apply(
                    &format!("{}/status", w()),
                    "s",
                    status(json!({"seen": 1,
                "conditions": [{"type": "Ready", "status": "True"}]})),
                ),
                apply(&format!("{}/status", w()), "t", status(json!({"seen": 2}))),
                apply(&format!("{}/status", w()), "s", status(json!({"seen": 1}))),
                apply(
                    &w(),
                    "m",
                    with(
                        widget("w", json!({"size": 1})),
                        "/status",
                        json!({"seen": 5}),
                    ),
                ),
            ],
        ),
        case(
            "labels, annotations, finalizers and owners are applied each by itself",
            [
                apply(
                    &at(MAPS, "m"),
                    "one",
                    with(
                        map("m", json!({"a": "1"})),
                        "/metadata",
                        json!({
                "name": "m", "labels": {"a": "1", "b": "1"}, "annotations": {"x": "1"},
                "finalizers": ["table.example.com/one"]}),
                    ),
                ),
                apply(
                    &at(MAPS, "m"),
                    "two",
                    with(
                        map("m", json!({"b": "1"})),
                        "/metadata",
                        json!({
                "name": "m", "labels": {"b": "1"},
                "finalizers": ["table.example.com/two"]}),
                    ),
                ),
                apply(&at(MAPS, "m"), "one", map("m", json!({"a": "1"}))),
                apply(&at(MAPS, "m"), "two", map("m", json!({}))),
                apply(
                    &at(MAPS, "m"),
                    "one",
                    json!({"apiVersion": "v1", "kind": "ConfigMap"}),
                ),
            ],
        ),
        case(
            "a kind without a schema takes everything",
            [
                apply(
                    &at(BOXES, "b"),
                    "one",
                    a_box("b", json!({"a": {"b": {"c": 1}}, "l": [1]})),
                ),
                apply(
                    &at(BOXES, "b"),
                    "two",
                    a_box("b", json!({"a": {"b": {"d": 1}}})),
                ),
                apply(&at(BOXES, "b"), "one", a_box("b", json!({"a": {}}))),
                apply(&at(BOXES, "b"), "two", a_box("b", json!({"a": 1}))),
                force(&at(BOXES, "b"), "two", a_box("b", json!({"a": 1}))),
            ],
        ),
        case(
            "versions and UIDs guard an apply",
            [
                apply(
                    &w(),
                    "m",
                    with(
                        widget("w", json!({"size": 1})),
                        "/metadata/uid",
                        json!("11111111-1111-1111-1111-111111111111"),
                    ),
                ),
                apply(
                    &w(),
                    "m",
                    with(
                        widget("w", json!({"size": 1})),
                        "/metadata/resourceVersion",
                        json!("1"),
                    ),
                )
                .saved("made"),
                apply(
                    &w(),
                    "m",
                    with(
                        widget("w", json!({"size": 2})),
                        "/metadata/resourceVersion",
                        json!("1"),
                    ),
                ),
                apply(
                    &w(),
                    "m",
                    with(
                        widget("w", json!({"size": 2})),
                        "/metadata/resourceVersion",
                        json!("${made.resourceVersion}"),
                    ),
                ),
                apply(
                    &w(),
                    "m",
                    with(
                        widget("w", json!({"size": 3})),
                        "/metadata/uid",
                        json!("11111111-1111-1111-1111-111111111111"),
                    ),
                ),
                apply(
                    &w(),
                    "m",
                    with(
                        widget("w", json!({"size": 3})),
                        "/metadata/uid",
                        json!("${made.uid}"),
                    ),
                ),
            ],
        ),
        case(
            "applies that are none are refused",
            [
                apply(&w(), "m", widget("w", json!({"size": 1, "nope": 1}))),
                apply(&w(), "m", widget("w", json!({"size": "x"}))).rough(),
                apply(&w(), "m", widget("other", json!({"size": 1}))),
                Step::new(
                    http::Method::PATCH,
                    &w(),
                    "application/apply-patch+yaml",
                    widget("w", json!({"size": 1})),
                ),
                apply(
                    &w(),
                    "m",
                    with(
                        widget("w", json!({"size": 1})),
                        "/apiVersion",
                        json!("table.example.com/v2"),
                    ),
                ),
                apply(
                    &w(),
                    "m",
                    with(
                        widget("w", json!({"size": 1})),
                        "/metadata/managedFields",
                        json!([]),
                    ),
                )
                .rough(),
                get(&w()),
            ],
        ),
        case(
            "an apply is rehearsed",
            [
                apply(
                    &format!("{}?dryRun=All", w()).replace('?', "?x=1&"),
                    "m",
                    widget("w", json!({"size": 1})),
                )
                .rough(),
                Step::new(
                    http::Method::PATCH,
                    &format!("{}?fieldManager=m&dryRun=All", at(WIDGETS, "v")),
                    "application/apply-patch+yaml",
                    widget("v", json!({"size": 1})),
                ),
                get(&at(WIDGETS, "v")),
            ],
        ),
        case(
            "a PUT writes all, and manages what it changes",
            [
                apply(&w(), "m", widget("w", json!({"size": 1, "words": ["a"]}))).saved("made"),
                put(
                    &w(),
                    with(
                        widget("w", json!({"size": 2})),
                        "/metadata/resourceVersion",
                        json!("${made.resourceVersion}"),
                    ),
                ),
                apply(&w(), "m", widget("w", json!({"size": 1, "words": ["a"]}))),
            ],
        ),
        case(
            "a database as Everest defines it",
            [
                apply(
                    &at(DATABASES, "d"),
                    "m",
                    database(json!({"engine": {"type": "pxc",
                "replicas": 3, "storage": {"size": "1Gi"}}, "proxy": {"type": "haproxy"}})),
                ),
                apply(
                    &at(DATABASES, "d"),
                    "m",
                    database(json!({"engine": {"type": "pxc",
                "storage": {"size": "2Gi"}, "resources": {"cpu": 1}}})),
                ),
                apply(
                    &at(DATABASES, "d"),
                    "m",
                    database(json!({"engine": {"type": "psmdb",
                "storage": {"size": "2Gi"}}})),
                ),
                force(
                    &at(DATABASES, "d"),
                    "m",
                    database(json!({"engine": {"type": "oracle",
                "storage": {"size": "2Gi"}}, "backup": {"schedules": [{"name": "a"}]}})),
                ),
                apply(
                    &at(DATABASES, "d"),
                    "m",
                    database(json!({"engine": {"type": "pxc",
                "storage": {"size": "2Gi"}}, "monitoring": {"nope": 1}})),
                ),
                merge(
                    &at(DATABASES, "d"),
                    json!({"spec": {"engine": {"storage": null}}}),
                ),
            ],
        ),
        case(
            "the rules of Everest's definition",
            [
                apply(
                    &at(DATABASES, "d"),
                    "m",
                    database(json!({"engine": {"type": "pxc", "version": "8.0.36",
                        "storage": {"size": "1Gi"}},
                        "proxy": {"expose": {"type": "external", "loadBalancerConfigName": "a"}}})),
                ),
                merge(
                    &at(DATABASES, "d"),
                    json!({"spec": {"proxy": {"expose": {"loadBalancerConfigName": ""}}}}),
                ),
                merge(
                    &format!("{}/status", at(DATABASES, "d")),
                    json!({"status": {"recommendedCRVersion": "1.18.0"}}),
                ),
                merge(
                    &at(DATABASES, "d"),
                    json!({"spec": {"engine": {"version": "8.0.42"}}}),
                ),
                merge(
                    &at(DATABASES, "d"),
                    json!({"spec": {"engine": {"crVersion": "1.18.0"}}}),
                ),
                merge(
                    &format!("{}/status", at(DATABASES, "d")),
                    json!({"status": {"recommendedCRVersion": null}}),
                ),
                merge(
                    &at(DATABASES, "d"),
                    json!({"spec": {"engine": {"version": "8.0.42"}}}),
                ),
            ],
        ),
    ]
}
