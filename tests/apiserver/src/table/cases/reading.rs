//! Reads, lists, watches, discovery, permissions.

use serde_json::{Value, json};

use super::super::Case;
use super::{BOXES, MAPS, SECRETS, WIDGETS, a_box, at, case, with};
use super::{apply, delete, get, map, merge, post, widget};

fn rules(namespace: &str) -> super::Step {
    post(
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace}}),
    )
}

pub(super) fn cases() -> Vec<Case> {
    let w = || at(WIDGETS, "w");
    let labelled = |name: &str, value: &str| {
        with(
            map(name, json!({})),
            "/metadata/labels",
            json!({"set": "table", "v": value}),
        )
    };
    let listed = |query: &str| get(&format!("{MAPS}?labelSelector=set%3Dtable&{query}"));
    let watched = |query: &str| get(&format!("{WIDGETS}?watch=true&timeoutSeconds=1&{query}"));
    vec![
        case(
            "what is not there",
            [
                get(&w()),
                get(&at(MAPS, "m")),
                get("/api/v1/namespaces/nowhere-at-all/configmaps/m"),
                get("/api/v1/namespaces/nowhere-at-all/configmaps"),
                get("/apis/table.example.com/v1/namespaces/NS/gadgets"),
                get("/apis/table.example.com/v9/namespaces/NS/widgets"),
                get("/apis/nowhere.example.com/v1/widgets"),
                get("/apis/nowhere.example.com"),
                get("/api/v1/namespaces/NS/gadgets"),
                get("/apis/apps/v1/namespaces/NS/gadgets"),
                get("/nothing"),
                get(&format!("{}/status", at(BOXES, "b"))),
                get(&format!("{}/status", at(MAPS, "m"))),
                merge(&w(), json!({"spec": {"size": 1}})),
                merge(&format!("{}/status", w()), json!({"status": {"seen": 1}})),
                delete(&w(), Value::Null),
                post(
                    "/apis/table.example.com/v1/namespaces/nowhere-at-all/widgets",
                    widget("w", json!({"size": 1})),
                ),
                apply(
                    "/apis/table.example.com/v1/namespaces/nowhere-at-all/widgets/w",
                    "m",
                    widget("w", json!({"size": 1})),
                ),
            ],
        ),
        case(
            "lists by label and field",
            [
                post(MAPS, labelled("a", "1")),
                post(MAPS, labelled("b", "2")),
                post(MAPS, labelled("c", "2")),
                listed(""),
                get(&format!(
                    "{MAPS}?labelSelector=set%3Dtable%2Cv+notin+%281%29"
                )),
                get(&format!("{MAPS}?labelSelector=set%2Cv%21%3D2")),
                get(&format!("{MAPS}?labelSelector=%21set%2Cv")),
                get(&format!("{MAPS}?fieldSelector=metadata.name%3Db")),
                get(&format!(
                    "{MAPS}?fieldSelector=metadata.name%21%3Db&labelSelector=set"
                )),
                get(&format!("{WIDGETS}?fieldSelector=spec.size%3D1")),
                get(&format!("{WIDGETS}?fieldSelector=metadata.name%3Dx")),
            ],
        ),
        case(
            "lists in pages",
            [
                post(WIDGETS, widget("a", json!({"size": 1}))),
                post(WIDGETS, widget("b", json!({"size": 1}))),
                post(WIDGETS, widget("c", json!({"size": 1}))),
                get(&format!("{WIDGETS}?limit=2")).saved("first"),
                delete(&at(WIDGETS, "c"), Value::Null).rough(),
                get(&format!("{WIDGETS}?limit=2&continue=${{first.continue}}")),
                get(&format!("{WIDGETS}?limit=2")),
                get(&format!("{WIDGETS}?limit=2&continue=nonsense")).rough(),
            ],
        ),
        case(
            "watches tell what there is and what happens",
            [
                post(
                    WIDGETS,
                    with(
                        widget("a", json!({"size": 1})),
                        "/metadata/labels",
                        json!({"in": "1"}),
                    ),
                )
                .saved("a"),
                watched("resourceVersion=0").rough(),
                merge(&at(WIDGETS, "a"), json!({"spec": {"size": 2}})),
                post(WIDGETS, widget("b", json!({"size": 1}))),
                merge(
                    &at(WIDGETS, "a"),
                    json!({"metadata": {"labels": {"in": null}}}),
                ),
                delete(&at(WIDGETS, "b"), Value::Null).rough(),
                watched("resourceVersion=${a.resourceVersion}"),
                watched("resourceVersion=${a.resourceVersion}&labelSelector=in%3D1"),
                watched("resourceVersion=${a.resourceVersion}&fieldSelector=metadata.name%3Db"),
                watched(
                    "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
                ),
            ],
        ),
        case(
            "what is served",
            [
                get("/apis/table.example.com").rough(),
                get("/apis/table.example.com/v1").rough(),
                get("/apis/core.example.com"),
                get("/openapi/v3/apis/core.example.com/v1").rough(),
                get("/version").rough(),
            ],
        ),
        case(
            "what a user may not do",
            [
                post(WIDGETS, widget("w", json!({"size": 1}))),
                get(&w()).limited(),
                get(WIDGETS).limited(),
                get("/apis/table.example.com/v1/widgets").limited().rough(),
                watched("").limited(),
                post(WIDGETS, widget("v", json!({"size": 1}))).limited(),
                apply(&at(WIDGETS, "v"), "m", widget("v", json!({"size": 1}))).limited(),
                apply(&w(), "m", widget("w", json!({"size": 1}))).limited(),
                merge(&format!("{}/status", w()), json!({"status": {"seen": 1}})).limited(),
                delete(&w(), Value::Null).limited(),
                delete(WIDGETS, Value::Null).limited(),
                get(&at(SECRETS, "s")).limited(),
                get("/api/v1/namespaces/NS").limited(),
                get("/api/v1/namespaces").limited(),
                get(&at(BOXES, "absent")).limited(),
                post(BOXES, a_box("b", json!({}))).limited(),
            ],
        ),
        case(
            "who asks, and what they may do",
            [
                post(
                    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                    json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}),
                )
                .limited()
                .rough(),
                rules("NS").limited().rough(),
                // Nobody asks if the namespace is there.
                rules("nowhere-at-all").limited().rough(),
                rules("").limited().rough(),
                post(
                    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                    json!({"apiVersion": "authorization.k8s.io/v1",
                        "kind": "SelfSubjectAccessReview",
                        "spec": {"resourceAttributes": {"verb": "get", "resource": "secrets"}}}),
                )
                .limited()
                .rough(),
            ],
        ),
    ]
}
