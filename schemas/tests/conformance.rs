//! Holds the generated definitions against the facts of those that Everest serves, in
//! `everest.facts`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod facts;

use std::collections::BTreeMap;

use everest_schemas::crds;
use everest_schemas::everest::DatabaseClusterSpec;
use facts::Facts;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The release whose definitions the facts are of.
const FACTS_OF: (u32, u32) = (1, 12);

/// The plural of the kind that later releases have added to.
const DATABASES: &str = "databaseclusters";

/// Schema paths that only ours has: members of a database that a later release has added. Everything
/// below such a path is ours alone too.
fn added_members() -> Vec<String> {
    fn walk(schema: &Value, path: &str, found: &mut Vec<String>) {
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            match member["x-since"].as_str().map(release) {
                Some(since) if since > FACTS_OF => found.push(path),
                _ => walk(member, &path, found),
            }
        }
    }
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator();
    let schema = schema.into_root_schema_for::<DatabaseClusterSpec>();
    let mut found = Vec::new();
    walk(&schema.to_value(), ".spec", &mut found);
    found
}

fn release(text: &str) -> (u32, u32) {
    let (major, minor) = text.split_once('.').unwrap();
    (major.parse().unwrap(), minor.parse().unwrap())
}

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
    let is_below = |path: &String| {
        let rest = statement.strip_prefix(path.as_str());
        rest.is_some_and(|rest| rest.starts_with([' ', '.', '[', '{']))
    };
    kind == DATABASES && added_members().iter().any(is_below)
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
fn every_member_that_a_later_release_has_added_is_ours_alone() {
    let (upstream, ours) = (upstream(), ours());
    let added = added_members();
    assert_eq!(
        added,
        [
            ".spec.engine.resources.limits",
            ".spec.engine.resources.requests",
            ".spec.proxy.resources.limits",
            ".spec.proxy.resources.requests",
            ".spec.proxy.storage",
        ]
    );
    for path in added {
        let statement = format!("{path} type");
        assert!(
            ours[DATABASES].statements.contains_key(&statement),
            "{path}"
        );
        assert!(
            !upstream[DATABASES].statements.contains_key(&statement),
            "{path}"
        );
    }
}
