//! Deletion, finalizers, collection, namespaces.

use serde_json::{Value, json};

use super::super::{Case, Step};
use super::{MAPS, SECRETS, WIDGETS, at, case, map, secret, with};
use super::{apply, delete, get, merge, post, put, widget};

fn owned(name: &str, blocks: bool) -> Value {
    with(
        widget(name, json!({"size": 1})),
        "/metadata",
        json!({"name": name,
        "ownerReferences": [{"apiVersion": "table.example.com/v1", "kind": "Widget",
            "name": "owner", "uid": "${owner.uid}", "blockOwnerDeletion": blocks}]}),
    )
}

fn owner() -> Step {
    post(WIDGETS, widget("owner", json!({"size": 1}))).saved("owner")
}

fn gone(name: &str) -> Step {
    get(&at(WIDGETS, name)).until(404)
}

fn policy(policy: &str) -> Value {
    json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy})
}

pub(super) fn cases() -> Vec<Case> {
    let w = || at(WIDGETS, "w");
    let held = || {
        with(
            widget("w", json!({"size": 1})),
            "/metadata/finalizers",
            json!(["table.example.com/a"]),
        )
    };
    let namespace = "/api/v1/namespaces/NS-inner";
    let inner = "/apis/table.example.com/v1/namespaces/NS-inner/widgets";
    vec![
        case(
            "deletion of what nothing holds",
            [
                post(WIDGETS, widget("w", json!({"size": 1}))),
                delete(&w(), Value::Null),
                delete(&w(), Value::Null),
                post(MAPS, map("m", json!({}))),
                delete(
                    &at(MAPS, "m"),
                    json!({"kind": "DeleteOptions", "apiVersion": "v1"}),
                ),
                post(SECRETS, secret("s", json!({}))),
                delete(&format!("{}?dryRun=All", at(SECRETS, "s")), Value::Null),
                get(&at(SECRETS, "s")),
            ],
        ),
        case(
            "finalizers hold an object",
            [
                post(WIDGETS, held()),
                delete(&w(), Value::Null),
                delete(&w(), Value::Null),
                merge(
                    &w(),
                    json!({"metadata": {"finalizers": ["table.example.com/a", "table.example.com/b"]}}),
                ),
                merge(&w(), json!({"spec": {"size": 2}})),
                apply(&w(), "m", widget("w", json!({"size": 2}))),
                merge(&w(), json!({"metadata": {"finalizers": []}})),
                get(&w()),
            ],
        ),
        case(
            "another object is not deleted",
            [
                post(WIDGETS, widget("w", json!({"size": 1}))),
                delete(
                    &w(),
                    json!({"preconditions": {"uid": "11111111-1111-1111-1111-111111111111"}}),
                ),
                delete(&w(), json!({"preconditions": {"resourceVersion": "1"}})).rough(),
                get(&w()),
                post(MAPS, map("m", json!({}))),
                delete(
                    &at(MAPS, "m"),
                    json!({"preconditions": {"uid": "11111111-1111-1111-1111-111111111111"}}),
                ),
            ],
        ),
        case(
            "an object that was made anew is not changed",
            [
                post(WIDGETS, widget("w", json!({"size": 1}))).saved("first"),
                delete(&w(), Value::Null),
                post(WIDGETS, widget("w", json!({"size": 1}))),
                merge(
                    &w(),
                    json!({"metadata": {"uid": "${first.uid}"}, "spec": {"size": 2}}),
                ),
                put(
                    &w(),
                    with(
                        widget("w", json!({"size": 2})),
                        "/metadata",
                        json!({"name": "w",
                "uid": "${first.uid}", "resourceVersion": "1"}),
                    ),
                )
                .rough(),
            ],
        ),
        case(
            "dependents go after their owner in the background",
            [
                owner(),
                post(WIDGETS, owned("child", true)),
                delete(&at(WIDGETS, "owner"), policy("Background")),
                gone("owner"),
                gone("child"),
            ],
        ),
        case(
            "an owner goes after its dependents in the foreground",
            [
                owner(),
                post(WIDGETS, owned("child", true)),
                merge(
                    &at(WIDGETS, "child"),
                    json!({"metadata": {"finalizers": ["table.example.com/a"]}}),
                ),
                delete(&at(WIDGETS, "owner"), policy("Foreground")),
                get(&at(WIDGETS, "owner")).rough(),
                merge(
                    &at(WIDGETS, "child"),
                    json!({"metadata": {"finalizers": null}}),
                )
                .rough(),
                gone("child"),
                gone("owner"),
            ],
        ),
        case(
            "an owner in the foreground does not wait for what does not block it",
            [
                owner(),
                post(WIDGETS, owned("child", false)),
                merge(
                    &at(WIDGETS, "child"),
                    json!({"metadata": {"finalizers": ["table.example.com/a"]}}),
                ),
                delete(&at(WIDGETS, "owner"), policy("Foreground")),
                gone("owner"),
                merge(
                    &at(WIDGETS, "child"),
                    json!({"metadata": {"finalizers": null}}),
                )
                .rough(),
                gone("child"),
            ],
        ),
        case(
            "orphans stay",
            [
                owner(),
                post(WIDGETS, owned("child", true)),
                delete(&at(WIDGETS, "owner"), policy("Orphan")),
                gone("owner"),
                get(&at(WIDGETS, "child")),
            ],
        ),
        case(
            "a namespace goes with what is in it, and takes nothing new meanwhile",
            [
                post(
                    "/api/v1/namespaces",
                    json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": "NS-inner", "labels": {"a": "b"}}}),
                ),
                post(inner, held()),
                delete(namespace, Value::Null),
                post(inner, widget("v", json!({"size": 1}))),
                apply(&at(inner, "v"), "m", widget("v", json!({"size": 1}))),
                merge(
                    &at(inner, "w"),
                    json!({"metadata": {"labels": {"still": "written"}}}),
                )
                .rough(),
                delete(namespace, Value::Null).rough(),
                merge(&at(inner, "w"), json!({"metadata": {"finalizers": null}})).rough(),
                get(namespace).until(404),
                post(inner, widget("v", json!({"size": 1}))),
                apply(&at(inner, "v"), "m", widget("v", json!({"size": 1}))),
            ],
        ),
        case(
            "all objects of a kind are deleted at once",
            [
                post(WIDGETS, widget("a", json!({"size": 1}))),
                post(
                    WIDGETS,
                    with(
                        widget("b", json!({"size": 1})),
                        "/metadata/labels",
                        json!({"x": "1"}),
                    ),
                ),
                delete(&format!("{WIDGETS}?labelSelector=x%3D1"), Value::Null).rough(),
                get(WIDGETS),
            ],
        ),
    ]
}
