//! Creation and change.

use serde_json::{Value, json};

use super::super::Case;
use super::{BOXES, MAPS, SECRETS, WIDGETS, a_box, at, case, secret, with};
use super::{get, json_patch, map, merge, post, put, strategic, widget};

pub(super) fn cases() -> Vec<Case> {
    let w = || at(WIDGETS, "w");
    let m = || at(MAPS, "m");
    let named = |value: Value, name: Value| with(value, "/metadata", name);
    vec![
        case(
            "creation, twice",
            [
                post(WIDGETS, widget("w", json!({"size": 1}))),
                post(WIDGETS, widget("w", json!({"size": 1}))),
                post(MAPS, map("m", json!({"a": "b"}))),
                post(MAPS, map("m", json!({"a": "b"}))),
            ],
        ),
        case(
            "creation with what is not the client's to say",
            [
                post(
                    WIDGETS,
                    with(
                        with(
                            widget("w", json!({"size": 1})),
                            "/metadata",
                            json!({"name": "w",
                "uid": "11111111-1111-1111-1111-111111111111", "generation": 7,
                "creationTimestamp": "2001-01-01T00:00:00Z",
                "deletionTimestamp": "2001-01-01T00:00:00Z"}),
                        ),
                        "/status",
                        json!({"seen": 1}),
                    ),
                ),
                post(
                    WIDGETS,
                    named(
                        widget("v", json!({"size": 1})),
                        json!({"name": "v",
                "resourceVersion": "1"}),
                    ),
                ),
            ],
        ),
        case(
            "names",
            [
                post(
                    WIDGETS,
                    named(
                        widget("", json!({"size": 1})),
                        json!({"generateName": "generated-"}),
                    ),
                ),
                post(WIDGETS, named(widget("", json!({"size": 1})), json!({}))),
                post(WIDGETS, widget("Not_A_Name", json!({"size": 1}))),
                post(
                    WIDGETS,
                    named(
                        widget("w", json!({"size": 1})),
                        json!({"name": "w", "namespace": "other"}),
                    ),
                ),
                post(WIDGETS, map("m", json!({}))).rough(),
                post(
                    "/api/v1/namespaces",
                    json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": "not.a.label"}}),
                ),
            ],
        ),
        case(
            "what the schema says",
            [
                post(WIDGETS, widget("w", json!({"size": 0}))),
                post(WIDGETS, widget("w", json!({"size": 101}))),
                post(WIDGETS, widget("w", json!({"size": "one"}))),
                post(WIDGETS, widget("w", json!({}))),
                post(WIDGETS, widget("w", json!({"size": 1, "color": "green"}))),
                post(WIDGETS, widget("w", json!({"size": 1, "code": "A"}))),
                post(
                    WIDGETS,
                    widget("w", json!({"size": 1, "fixed": "0123456789"})),
                ),
                post(WIDGETS, widget("w", json!({"size": 1, "words": [1]}))),
                post(WIDGETS, widget("w", json!({"size": 1, "words": "a"}))),
                post(WIDGETS, widget("w", json!({"size": 1, "set": ["a", "a"]}))),
                post(
                    WIDGETS,
                    widget("w", json!({"size": 1, "ports": [{"number": 1}]})),
                ),
                post(
                    WIDGETS,
                    widget(
                        "w",
                        json!({"size": 1, "ports": [{"name": "a"}, {"name": "a"}]}),
                    ),
                ),
                post(
                    WIDGETS,
                    widget("w", json!({"size": 0, "color": "green", "code": "A"})),
                ),
                post(WIDGETS, widget("w", json!({"size": 1, "amount": true}))).rough(),
            ],
        ),
        case(
            "unknown fields are dropped, nulls and defaults too",
            [
                post(
                    WIDGETS,
                    widget(
                        "w",
                        json!({"size": 1, "nope": 1, "inner": {"x": 1, "a": "1"},
                "nothing": null, "amount": "5Gi", "ports": [{"name": "a", "nope": 1}]}),
                    ),
                ),
                post(
                    &format!("{WIDGETS}?fieldValidation=Strict"),
                    widget("v", json!({"size": 1, "nope": 1})),
                ),
                merge(
                    &format!("{}?fieldValidation=Strict", w()),
                    json!({"spec": {"nope": 1}}),
                )
                .rough(),
                merge(&w(), json!({"spec": {"color": null, "inner": {"c": null}}})),
                merge(&w(), json!({"spec": {"amount": 5, "color": "blue"}})),
            ],
        ),
        case(
            "transition rules",
            [
                post(WIDGETS, widget("w", json!({"size": 1, "fixed": "a"}))),
                merge(&w(), json!({"spec": {"fixed": "b"}})),
                merge(&w(), json!({"spec": {"fixed": null}})),
                merge(&w(), json!({"spec": {"fixed": "b"}})),
            ],
        ),
        case(
            "versions guard a PUT",
            [
                post(WIDGETS, widget("w", json!({"size": 1}))).saved("made"),
                put(&w(), widget("w", json!({"size": 2}))),
                put(
                    &w(),
                    named(
                        widget("w", json!({"size": 2})),
                        json!({"name": "w",
                "resourceVersion": "${made.resourceVersion}"}),
                    ),
                ),
                put(
                    &w(),
                    named(
                        widget("w", json!({"size": 3})),
                        json!({"name": "w",
                "resourceVersion": "${made.resourceVersion}"}),
                    ),
                ),
                put(
                    &at(WIDGETS, "v"),
                    named(
                        widget("v", json!({"size": 3})),
                        json!({"name": "v",
                "resourceVersion": "1"}),
                    ),
                ),
                put(&w(), widget("other", json!({"size": 2}))),
                post(MAPS, map("m", json!({"a": "1"}))).saved("map"),
                put(&m(), map("m", json!({"b": "1"}))),
                put(
                    &m(),
                    named(
                        map("m", json!({"b": "2"})),
                        json!({"name": "m",
                "resourceVersion": "${map.resourceVersion}"}),
                    ),
                ),
            ],
        ),
        case(
            "versions guard a patch",
            [
                post(MAPS, map("m", json!({"a": "1"}))).saved("made"),
                merge(
                    &m(),
                    json!({"metadata": {"resourceVersion": "${made.resourceVersion}"},
                "data": {"a": "2"}}),
                ),
                merge(
                    &m(),
                    json!({"metadata": {"resourceVersion": "${made.resourceVersion}"},
                "data": {"a": "3"}}),
                ),
                merge(
                    &m(),
                    json!({"metadata": {"uid": "11111111-1111-1111-1111-111111111111"}}),
                ),
                merge(&m(), json!({"data": {"a": "2"}})),
                merge(&format!("{}?dryRun=All", m()), json!({"data": {"a": "9"}})),
                get(&m()),
            ],
        ),
        case(
            "status and generation",
            [
                post(WIDGETS, widget("w", json!({"size": 1}))),
                merge(
                    &format!("{}/status", w()),
                    json!({"status": {"seen": 1}, "spec": {"size": 9},
                "metadata": {"labels": {"a": "b"}}}),
                ),
                merge(&w(), json!({"status": {"seen": 2}})),
                merge(&w(), json!({"metadata": {"annotations": {"a": "b"}}})),
                merge(&w(), json!({"spec": {"size": 2}})),
                get(&format!("{}/status", w())),
                merge(&format!("{}/status", w()), json!({"status": {"seen": "x"}})),
                post(BOXES, a_box("b", json!({"a": 1}))),
                merge(&at(BOXES, "b"), json!({"spec": {"a": 2, "b": null}})),
            ],
        ),
        case(
            "patches of other kinds",
            [
                post(WIDGETS, widget("w", json!({"size": 1, "words": ["a"]}))),
                json_patch(
                    &w(),
                    json!([{"op": "test", "path": "/spec/size", "value": 1},
                {"op": "add", "path": "/spec/words/-", "value": "b"}]),
                ),
                json_patch(
                    &w(),
                    json!([{"op": "test", "path": "/spec/size", "value": 7}]),
                ),
                json_patch(&w(), json!([{"op": "remove", "path": "/spec/nope"}])).rough(),
                strategic(&w(), json!({"spec": {"size": 2}})),
                post(MAPS, map("m", json!({"a": "1"}))),
                strategic(&m(), json!({"data": {"b": "2"}})),
            ],
        ),
        case(
            "Secrets",
            [
                post(SECRETS, secret("s", json!({"a": "aGVsbG8="}))),
                merge(&at(SECRETS, "s"), json!({"stringData": {"b": "hello"}})),
                merge(&at(SECRETS, "s"), json!({"type": "other"})),
                merge(
                    &at(SECRETS, "s"),
                    json!({"data": {"a": null}, "immutable": true}),
                ),
                merge(&at(SECRETS, "s"), json!({"data": {"b": "aGVsbG8="}})),
                merge(&at(SECRETS, "s"), json!({"data": {"b": "aGVsbG9v"}})),
            ],
        ),
        case(
            "a webhook that does not answer",
            [
                post(
                    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
                    json!({"apiVersion": "admissionregistration.k8s.io/v1",
                    "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "NS"},
                    "webhooks": [{"name": "hook.table.example.com", "sideEffects": "None",
                        "admissionReviewVersions": ["v1"], "timeoutSeconds": 3,
                        "clientConfig": {"url": "https://127.0.0.1:1/hook"},
                        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "NS"}},
                        "rules": [{"apiGroups": ["table.example.com"], "apiVersions": ["*"],
                            "operations": ["CREATE"], "resources": ["boxes"]}]}]}),
                ),
                post(BOXES, a_box("refused", json!({}))).until(500),
                post(WIDGETS, widget("w", json!({"size": 1}))).rough(),
                super::delete(
                    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/NS",
                    Value::Null,
                ),
            ],
        ),
    ]
}
