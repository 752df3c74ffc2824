//! Holds the generated definitions against the facts of those that Everest serves, in
//! `everest.facts`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod facts;

use std::collections::BTreeMap;

use everest_schemas::crds;
use facts::Facts;
use serde_json::Value;

/// Schema paths that only ours has, with the reason. Everything below such a
/// path is ours alone too.
const ADDED: &[(&str, &str, &str)] = &[
    (
        "databaseclusters",
        ".spec.engine.resources.limits",
        "came with Everest 1.16",
    ),
    (
        "databaseclusters",
        ".spec.engine.resources.requests",
        "came with Everest 1.16",
    ),
    (
        "databaseclusters",
        ".spec.proxy.resources.limits",
        "came with Everest 1.16",
    ),
    (
        "databaseclusters",
        ".spec.proxy.resources.requests",
        "came with Everest 1.16",
    ),
    (
        "databaseclusters",
        ".spec.proxy.storage",
        "came with Everest 1.15",
    ),
];

fn upstream() -> BTreeMap<String, Facts> {
    facts::read(include_str!("everest.facts"))
}

fn ours() -> BTreeMap<String, Facts> {
    let definitions: Vec<Value> = crds::all()
        .iter()
        .map(|definition| serde_yaml_ng::from_str(&crds::yaml(definition).unwrap()).unwrap())
        .collect();
    facts::read(&facts::outline(&definitions))
}

/// Returns true if the statement is about something that only ours has.
fn added(kind: &str, statement: &str) -> bool {
    ADDED.iter().any(|(of, path, _)| {
        *of == kind
            && statement
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with([' ', '.', '[', '{']))
    })
}

/// What the definitions of a kind state differently.
fn differences(
    kind: &str,
    theirs: &BTreeMap<String, Value>,
    ours: &BTreeMap<String, Value>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (statement, value) in theirs {
        match ours.get(statement) {
            None => found.push(format!("{kind}: missing {statement}: {value}")),
            Some(other) if other != value => {
                found.push(format!("{kind}: {statement}: {value}, ours {other}"));
            }
            Some(_) => {}
        }
    }
    for (statement, value) in ours {
        if !theirs.contains_key(statement) && !added(kind, statement) {
            found.push(format!("{kind}: only ours {statement}: {value}"));
        }
    }
    found
}

#[test]
fn everest_has_the_kinds_that_we_define() {
    assert!(upstream().keys().eq(ours().keys()));
    assert_eq!(ours().len(), 11);
}

#[test]
fn names_scope_columns_and_subresources_are_those_of_everest() {
    let ours = ours();
    for (kind, facts) in upstream() {
        assert_eq!(facts.frame, ours[&kind].frame, "{kind}");
    }
}

#[test]
fn schemas_say_what_those_of_everest_say() {
    let ours = ours();
    let found: Vec<String> = upstream()
        .iter()
        .flat_map(|(kind, facts)| differences(kind, &facts.statements, &ours[kind].statements))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_facts_are_those_that_everest_is_known_for() {
    let upstream = upstream();
    let database = &upstream["databaseclusters"].statements;
    for (statement, value) in [
        (".spec required", r#"["engine"]"#),
        (".spec.engine.type enum", r#"["postgresql","psmdb","pxc"]"#),
        (".spec.proxy.expose.type default", r#""ClusterIP""#),
        (".spec.backup.schedules[].name type", r#""string""#),
    ] {
        let found = database.get(statement).map(Value::to_string);
        assert_eq!(found.as_deref(), Some(value), "{statement}");
    }
    let frame = &upstream["podschedulingpolicies"].frame;
    assert_eq!(frame["scope"], "Cluster");
}

#[test]
fn any_statement_that_differs_is_reported() {
    let kind = "databaseclusters";
    let theirs = &upstream()[kind].statements;
    assert!(theirs.len() > 100);
    for statement in theirs.keys() {
        let mut ours = theirs.clone();
        ours.remove(statement);
        assert_eq!(differences(kind, theirs, &ours).len(), 1, "{statement}");
        assert_eq!(differences(kind, &ours, theirs).len(), 1, "{statement}");
        ours.insert(statement.clone(), "something else".into());
        assert_eq!(differences(kind, theirs, &ours).len(), 1, "{statement}");
    }
}

#[test]
fn every_intended_difference_is_one() {
    let (upstream, ours) = (upstream(), ours());
    for (kind, path, reason) in ADDED {
        let statement = format!("{path} type");
        assert!(
            ours[*kind].statements.contains_key(&statement),
            "{kind} {path} ({reason}) is gone"
        );
        assert!(!upstream[*kind].statements.contains_key(&statement));
    }
}
