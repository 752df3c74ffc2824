use super::*;
use serde_json::json;

fn config_map(data: Value) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": CONFIG_MAP}, "data": data})).unwrap()
}

fn model(value: Value) -> RbacPolicyModel {
    serde_json::from_value(value).unwrap()
}

const GOOD: &str = "\
# Administrators
g, admin, role:admin

p, role:dev, namespaces, read, dev
p, role:dev, database-clusters, *, dev/*
p, role:dev, enginefeatures/split-horizon-dns-configs, *, */*
p, alice@example.com, *, read, */*
g, bob, role:dev
";

#[test]
fn a_policy_that_everest_accepts_has_no_faults() {
    assert_eq!(faults(GOOD), []);
    assert_eq!(doubts(GOOD), []);
    assert_eq!(faults(""), []);
    assert_eq!(faults(DEFAULT_POLICY), []);
    assert_eq!(
        faults("p, role:admin, namespaces, read, *\n"),
        [],
        "the role needs no member"
    );
}

#[test]
fn everything_that_stops_everest_is_a_fault() {
    for (line, reason) in [
        (
            "this is a bad policy",
            Reason::Kind("this is a bad policy".into()),
        ),
        ("xxxxxxxxxx", Reason::Kind("xxxxxxxxxx".into())),
        (
            "p, a, monitoring instances, *, */*",
            Reason::Term("monitoring instances".into()),
        ),
        ("p, a, namespaces, *, ", Reason::Term(String::new())),
        ("p, a|b, namespaces, *, *", Reason::Term("a|b".into())),
        ("p, role:x, namespaces, *, *", Reason::Role("role:x".into())),
        ("p, a, namespaces, *, *, more", Reason::PermissionFields(5)),
        (
            "p, a, non-existent-resource, *, *",
            Reason::Resource("non-existent-resource".into()),
        ),
        ("a, role:admin, namespaces, *, *", Reason::Kind("a".into())),
        ("g, admin", Reason::MembershipFields(1)),
        ("  ", Reason::Blank),
    ] {
        let policy = format!("g, admin, role:admin\n{line}\n");
        let found = faults(&policy);
        assert!(
            found
                .iter()
                .any(|fault| fault.line == 2 && fault.reason == reason),
            "{found:?}"
        );
        assert!(
            matches!(check(&policy, None), Err(PolicyError::Invalid(_))),
            "{line}"
        );
    }
}

#[test]
fn a_resource_that_the_server_does_not_know_yet_is_a_fault_for_its_release() {
    for (resource, object, before, first) in [
        ("pod-scheduling-policies", "*", "1.6.0", "1.7.0"),
        ("data-importers", "*", "1.7.2", "1.8.0-rc1"),
        ("data-import-jobs", "*/*", "1.7.2", "1.8.0"),
        ("load-balancer-configs", "*", "1.8.1", "1.9.0"),
        (
            "enginefeatures/split-horizon-dns-configs",
            "*/*",
            "1.9.0",
            "1.10.0",
        ),
    ] {
        let policy = format!("g, admin, role:admin\np, a, {resource}, read, {object}\n");
        let checked = |server: Option<&str>| {
            let server: Option<Version> = server.map(|server| server.parse().unwrap());
            check(&policy, server.as_ref())
        };
        let Err(PolicyError::Invalid(found)) = checked(Some(before)) else {
            panic!("{resource} in {before}");
        };
        assert_eq!(found[0].line, 2);
        assert!(
            matches!(&found[0].reason, Reason::Later { resource: late, .. } if late == resource),
            "{found:?}"
        );
        assert_eq!(checked(Some(first)), Ok(()), "{resource} in {first}");
        assert_eq!(checked(None), Ok(()), "the version is not known");
        assert!(depends_on_release(&policy), "{resource}");
    }
    for resource in RESOURCES.iter().filter(|resource| resource.since.is_none()) {
        assert!(!needs_release(resource.name));
    }
    assert!(
        !depends_on_release("p, a, *, read, */*\n"),
        "all that there are"
    );
}

#[test]
fn a_policy_is_written_only_for_a_server_that_knows_its_resources() {
    let wanted = model(json!({"enabled": true, "policy": "p, a, data-importers, read, *\n"}));
    let held = config_map(json!({}));
    let at = |server: &str| write(&held, &wanted, false, Some(&server.parse().unwrap()));
    let error = at("1.7.0").unwrap_err().to_string();
    assert!(
        error.contains("line 1: ") && error.contains("since 1.8"),
        "{error}"
    );
    assert!(matches!(at("1.8.0"), Ok(Next::Write(_))));
}

#[test]
fn a_pattern_that_cannot_be_evaluated_is_a_fault_of_whoever_writes_it() {
    let policy = "p, alice, namespaces, read, dev[\n";
    assert_eq!(faults(policy)[0].reason, Reason::Glob("dev[".into()));
    assert_eq!(check(policy, None), Ok(()), "it does not stop the server");
}

#[test]
fn lines_that_give_nothing_are_doubts() {
    let policy = "p, a, namespaces, list, dev\np, a, namespaces, read, dev/*\n\
                  p, a, database-clusters, read, *\np, a, *, *, */*\n";
    let lines: Vec<_> = doubts(policy)
        .into_iter()
        .map(|doubt| match doubt {
            Doubt::Action { line, .. } | Doubt::Object { line, .. } => line,
        })
        .collect();
    assert_eq!(lines, [1, 2, 3]);
}

#[test]
fn an_administrator_reaches_the_role_through_other_roles() {
    for policy in [
        "g, admin, role:admin\n",
        "g, alice, role:ops\ng, role:ops, role:admin\n",
        "p, role:root, *, *, */*\ng, alice, role:root\n",
        "p, alice, *, *, */*\n",
    ] {
        assert!(has_administrator(policy), "{policy}");
    }
    for policy in [
        "",
        "g, alice, role:dev\n",
        "g, role:ops, role:admin\n",
        "p, role:root, *, *, */*\n",
        "g, role:a, role:b\ng, role:b, role:a\n",
        "p, alice, *, read, */*\n",
    ] {
        assert!(!has_administrator(policy), "{policy}");
    }
}

#[test]
fn the_policy_of_the_chart_is_replaced_and_another_one_is_not() {
    let wanted = model(json!({"enabled": true, "policy": GOOD}));
    let installed =
        config_map(json!({"enabled": "false", "policy.csv": "\ng, admin, role:admin\n"}));
    let next = write(&installed, &wanted, true, None);
    assert_eq!(
        next,
        Ok(Next::Write(
            json!({"data": {"enabled": "true", "policy.csv": GOOD}})
        ))
    );
    let others = config_map(json!({"enabled": "false", "policy.csv": "g, eve, role:admin\n"}));
    assert_eq!(
        write(&others, &wanted, true, None),
        Err(PolicyError::Exists(Exists))
    );
    assert!(matches!(
        write(&others, &wanted, false, None),
        Ok(Next::Write(_))
    ));
    let same = config_map(json!({"enabled": "true", "policy.csv": GOOD}));
    assert_eq!(write(&same, &wanted, true, None), Ok(Next::Same));
}

#[test]
fn a_switch_without_a_policy_leaves_the_policy() {
    let others = config_map(json!({"enabled": "false", "policy.csv": "g, eve, role:admin\n"}));
    let next = write(&others, &model(json!({"enabled": true})), true, None);
    let data = json!({"enabled": "true", "policy.csv": "g, eve, role:admin\n"});
    assert_eq!(next, Ok(Next::Write(json!({ "data": data }))));
    let empty = config_map(json!({}));
    let next = write(&empty, &model(json!({"enabled": false})), true, None);
    assert!(
        matches!(next, Ok(Next::Write(_))),
        "the server needs the key"
    );
}

#[test]
fn a_policy_that_would_stop_the_server_is_not_written() {
    let wanted = model(json!({"enabled": false, "policy": "p, role:x, namespaces, read, *\n"}));
    let error = write(&config_map(json!({})), &wanted, false, None).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("line 1: \"role:x\" has permissions"),
        "{error}"
    );
}

#[test]
fn a_destruction_restores_what_the_chart_installs() {
    let removed = remove();
    assert_eq!(removed["data"]["enabled"], "false");
    assert_eq!(faults(removed["data"]["policy.csv"].as_str().unwrap()), []);
}
