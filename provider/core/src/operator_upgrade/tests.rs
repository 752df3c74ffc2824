use super::*;
use crate::dialect::Dialect;
use crate::facts::fixtures::{all, facts};
use everest_schemas::models::Engines;
use serde_json::{Value, json};

const PXC: &str = "percona-xtradb-cluster-operator";
const PSMDB: &str = "percona-server-mongodb-operator";

fn hop() -> Hop {
    Hop {
        engine: Engine::Pxc,
        from: "1.17.0".to_owned(),
        to: "1.18.0".to_owned(),
    }
}

fn database(type_: &str, status: Value) -> DatabaseCluster {
    serde_json::from_value(json!({
        "metadata": {"name": "orders"},
        "spec": {"engine": {"type": type_, "version": "8.0.36", "storage": {"size": "1Gi"}}},
        "status": status,
    }))
    .unwrap()
}

#[test]
fn a_database_stands_against_an_upgrade_until_it_is_ready_and_up_to_date() {
    let ready = || json!({"status": "ready", "crVersion": "1.17.0"});
    let why = |status: Value| objection(&database("pxc", status), &hop(), None);
    assert_eq!(why(ready()), None);
    assert_eq!(
        why(json!({"status": "paused", "crVersion": "1.17.0"})),
        None
    );
    // Just taken over: the recommendation is on its way out.
    let passing =
        json!({"status": "ready", "crVersion": "1.17.0", "recommendedCRVersion": "1.17.0"});
    assert_eq!(why(passing), None);
    for (status, reason) in [
        (json!({}), "in state \"\""),
        (
            json!({"status": "initializing", "crVersion": "1.17.0"}),
            "in state \"initializing\"",
        ),
        (
            json!({"status": "ready", "crVersion": "1.16.0", "recommendedCRVersion": "1.17.0"}),
            "without the CR version 1.17.0",
        ),
        // Everest has not looked yet.
        (
            json!({"status": "ready", "crVersion": "1.16.0"}),
            "without the CR version 1.17.0",
        ),
    ] {
        assert_eq!(why(status.clone()).as_deref(), Some(reason), "{status}");
    }
    assert_eq!(objection(&database("psmdb", json!({})), &hop(), None), None);
    let mut going = database("pxc", ready());
    going.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).ok();
    assert_eq!(
        objection(&going, &hop(), None).as_deref(),
        Some("being deleted")
    );
}

#[test]
fn a_version_that_the_new_operator_does_not_run_stands_against_an_upgrade() {
    let engine = |version: &str, state: &str, offered: &str| -> DatabaseEngine {
        serde_json::from_value(json!({
            "metadata": {"name": PXC},
            "spec": {"type": "pxc"},
            "status": {"status": state, "operatorVersion": version,
                "availableVersions": {"engine": {offered: {}}}},
        }))
        .unwrap()
    };
    let sound = database("pxc", json!({"status": "ready", "crVersion": "1.17.0"}));
    let why = |elsewhere: &[DatabaseEngine]| objection(&sound, &hop(), offered(elsewhere, &hop()));
    assert_eq!(
        why(&[
            engine("1.17.0", "installed", "8.0.36"),
            engine("1.18.0", "installed", "8.0.42")
        ])
        .as_deref(),
        Some("in version 8.0.36, which operator 1.18.0 does not run")
    );
    assert_eq!(why(&[engine("1.18.0", "installed", "8.0.36")]), None);
    // Nobody runs that operator, or it is not up yet: nothing is known.
    assert_eq!(why(&[engine("1.17.0", "installed", "8.0.42")]), None);
    assert_eq!(why(&[engine("1.18.0", "installing", "8.0.42")]), None);
    assert_eq!(why(&[]), None);
}

fn namespace(version: Field<String>, pending: Field<String>) -> NamespaceModel {
    let install = |version, pending_version| EngineInstall {
        version,
        installed_version: "1.17.0".into(),
        pending_version,
        ..EngineInstall::default()
    };
    NamespaceModel {
        name: "prod".into(),
        engines: Engines {
            pxc: install(version, pending).into(),
            ..Engines::default()
        }
        .into(),
        ..NamespaceModel::default()
    }
}

#[test]
fn only_the_next_version_is_next() {
    let next = |version: Field<String>, pending: Field<String>| {
        let prior = namespace("1.17.0".into(), pending);
        asked_for(&namespace(version, Field::Null), &prior)
            .next()
            .map(|hop| hop.to)
    };
    assert_eq!(
        next("1.18.0".into(), "1.18.0".into()).as_deref(),
        Some("1.18.0")
    );
    assert_eq!(
        next("1.19.0".into(), "1.18.0".into()).as_deref(),
        Some("1.18.0")
    );
    assert_eq!(
        next("1.18.0".into(), Field::Null).as_deref(),
        Some("1.18.0")
    );
    // What is pending goes too far.
    assert_eq!(
        next("1.18.0".into(), "1.19.0".into()).as_deref(),
        Some("1.18.0")
    );
    for version in [
        Field::Null,
        Field::Unknown,
        "1.17.0".into(),
        "1.16.0".into(),
    ] {
        assert_eq!(next(version, "1.18.0".into()), None);
    }
}

/// The fixtures' namespace with a plan that waits for approval.
fn with_plan(versions: &[&str], approved: bool) -> Facts {
    let subscription = |operator: &str, from: &str| {
        json!({
            "spec": {"name": operator, "source": "c", "sourceNamespace": "o"},
            "status": {
                "installedCSV": format!("{operator}.v{from}"),
                "currentCSV": format!("{operator}.v9.9.9"),
                "installPlanRef": {"name": "install-a"},
            },
        })
    };
    Facts {
        subscriptions: all(&[
            (PXC, subscription(PXC, "1.17.0")),
            (PSMDB, subscription(PSMDB, "1.20.1")),
        ]),
        install_plans: all(&[(
            "install-a",
            json!({
                "spec": {"approval": "Manual", "approved": approved,
                    "clusterServiceVersionNames": versions},
                "status": {"phase": "RequiresApproval"},
            }),
        )]),
        ..facts()
    }
}

#[test]
fn a_plan_tells_every_operator_that_it_upgrades_and_the_databases_that_they_run() {
    let both = [format!("{PXC}.v1.18.0"), format!("{PSMDB}.v1.21.1")];
    let facts = with_plan(&[&both[0], &both[1]], false);
    let told = |version: &str, facts: &Facts| {
        let prior = namespace("1.17.0".into(), "1.18.0".into());
        summary(
            "everest_namespace prod",
            &namespace(version.into(), Field::Null),
            &prior,
            facts,
        )
    };
    let detail = told("1.18.0", &facts).unwrap().detail;
    for words in [
        "Install plan install-a is approved",
        "percona-xtradb-cluster-operator from 1.17.0 to 1.18.0",
        "percona-server-mongodb-operator from 1.20.1 to 1.21.1",
        "orders",
    ] {
        assert!(detail.contains(words), "{words:?} in {detail}");
    }
    assert!(!detail.contains("continues to"), "{detail}");
    let far = told("1.19.0", &facts).unwrap().detail;
    assert!(
        far.contains("continues to 1.19.0, version by version"),
        "{far}"
    );
    assert_eq!(told("1.17.0", &facts), None);
    assert_eq!(told("1.18.0", &with_plan(&[&both[0]], true)), None);
    assert_eq!(told("1.18.0", &Facts::default()), None);
}

#[test]
fn first_installations_are_no_upgrades() {
    let plan = with_plan(
        &[&format!("{PXC}.v1.18.0"), "foreign.v1.0.0", "nonsense"],
        false,
    );
    let plan = &plan.install_plans.as_ref().unwrap()["install-a"];
    assert_eq!(hops(plan, |_| Some("1.17.0".to_owned())), [hop()]);
    assert_eq!(hops(plan, |_| Some("1.18.0".to_owned())), []);
    assert_eq!(hops(plan, |_| None), []);
}

#[test]
fn a_plan_with_more_than_was_asked_for_is_refused_at_plan() {
    use crate::finding::Severity;
    use crate::rules::{Stage, namespace::check_online};
    let both = [format!("{PXC}.v1.18.0"), format!("{PSMDB}.v1.21.1")];
    let facts = with_plan(&[&both[0], &both[1]], false);
    let prior = namespace("1.17.0".into(), "1.18.0".into());
    let found = |planned: &NamespaceModel, stage| {
        let found = check_online(planned, Some(&prior), &facts, stage);
        found
            .into_iter()
            .filter(|found| found.rule == "operator-upgrade-alone")
            .collect::<Vec<_>>()
    };
    let mut planned = namespace("1.18.0".into(), Field::Null);
    let refused = found(&planned, Stage::Plan);
    assert_eq!(refused[0].severity, Severity::Error);
    assert!(
        refused[0]
            .summary
            .render(Dialect::Terraform)
            .contains("engines.psmdb.version = \"1.21.1\""),
        "{refused:?}"
    );
    // Before the write OLM is asked again.
    assert_eq!(found(&planned, Stage::Apply), []);
    // An engine that is listed now has its Subscription and its place in the plan already.
    let agreed = EngineInstall {
        version: "1.20.1".into(),
        ..EngineInstall::default()
    };
    planned.engines.known_mut().unwrap().psmdb = agreed.into();
    assert_eq!(found(&planned, Stage::Plan)[0].severity, Severity::Error);
    let psmdb = &mut planned.engines.known_mut().unwrap().psmdb;
    psmdb.known_mut().unwrap().version = "1.21.1".into();
    assert_eq!(found(&planned, Stage::Plan), []);
    assert_eq!(found(&prior, Stage::Plan), []);
    // The plan goes with an engine that is taken out.
    let mut prior = prior;
    prior.engines.known_mut().unwrap().psmdb = EngineInstall::default().into();
    let planned = namespace("1.18.0".into(), Field::Null);
    assert_eq!(check_online_alone(&planned, &prior, &facts), [""; 0]);
}

/// What the rule on plans with other operators finds at plan.
fn check_online_alone(
    planned: &NamespaceModel,
    prior: &NamespaceModel,
    facts: &Facts,
) -> Vec<String> {
    use crate::rules::{Stage, namespace::check_online};
    let found = check_online(planned, Some(prior), facts, Stage::Plan).into_iter();
    let found = found.filter(|found| found.rule == "operator-upgrade-alone");
    found
        .map(|found| found.summary.render(Dialect::Terraform))
        .collect()
}

#[test]
fn a_plan_with_an_operator_that_nobody_subscribes_to_any_more_has_to_be_deleted() {
    let both = [format!("{PXC}.v1.18.0"), format!("{PSMDB}.v1.21.1")];
    let mut facts = with_plan(&[&both[0], &both[1]], false);
    facts.subscriptions.as_mut().unwrap().remove(PSMDB);
    let prior = namespace("1.17.0".into(), "1.18.0".into());
    let said = check_online_alone(&namespace("1.18.0".into(), Field::Null), &prior, &facts);
    assert!(
        said[0].contains("delete installplans.operators.coreos.com install-a"),
        "{said:?}"
    );
}

#[test]
fn an_action_is_told_which_engines_share_the_plan() {
    use crate::finding::Severity;
    use crate::rules::namespace::check_upgrade;
    let both = [format!("{PXC}.v1.18.0"), format!("{PSMDB}.v1.21.1")];
    let facts = with_plan(&[&both[0], &both[1]], false);
    let found = namespace("1.17.0".into(), "1.18.0".into());
    let planned = namespace("1.18.0".into(), Field::Null);
    let found = check_upgrade(&planned, &found, &facts);
    let rules: Vec<_> = found.iter().map(|found| found.rule).collect();
    // The database in the fixtures runs with another CR version.
    let ready = "operator-upgrade-ready";
    assert_eq!(rules, [ready, ready, "operator-upgrade-alone"]);
    assert!(
        found
            .iter()
            .all(|found| found.severity == Severity::Warning)
    );
    let said = found[2].summary.render(Dialect::Terraform);
    assert!(said.ends_with("add \"psmdb\" to engines"), "{said}");
}
