use super::*;
use crate::dialect::Dialect;
use crate::facts::Planned;
use crate::facts::fixtures::{all, facts};
use crate::finding::Severity::{self, Error, Warning};
use everest_schemas::models::{EngineInstall, Engines};
use serde_json::json;

fn namespace(pxc: Field<EngineInstall>) -> NamespaceModel {
    NamespaceModel {
        name: "prod".into(),
        engines: Engines {
            pxc,
            postgresql: EngineInstall::default().into(),
            ..Engines::default()
        }
        .into(),
        ..NamespaceModel::default()
    }
}

fn version(version: Field<String>) -> Field<EngineInstall> {
    EngineInstall {
        version,
        installed_version: "1.18.0".into(),
        ..EngineInstall::default()
    }
    .into()
}

fn found(planned: Field<EngineInstall>, facts: &Facts, stage: Stage) -> Vec<(String, Severity)> {
    let prior = namespace(version("1.18.0".into()));
    check_online(&namespace(planned), Some(&prior), facts, stage)
        .into_iter()
        .map(|found| (format!("{} {}", found.rule, found.path), found.severity))
        .collect()
}

fn behind(state: &str, pending: Option<&str>) -> Facts {
    let mut facts = facts();
    let orders = facts.databases.as_mut().unwrap().get_mut("orders").unwrap();
    let status = orders.status.as_mut().unwrap();
    status.status = Some(state.to_owned());
    if pending.is_some() {
        status.cr_version = Some("1.17.0".to_owned());
    }
    status.recommended_cr_version = pending.map(str::to_owned);
    facts
}

#[test]
fn an_engine_that_runs_databases_stays() {
    for (stage, severity) in [(Stage::Plan, Warning), (Stage::Apply, Error)] {
        let rule = ("engine-unused engines.pxc".to_owned(), severity);
        assert_eq!(found(Field::Null, &facts(), stage), [rule]);
        assert_eq!(found(Field::Unknown, &facts(), stage), []);
        assert_eq!(found(Field::Null, &Facts::default(), stage), []);
    }
}

#[test]
fn databases_are_ready_for_an_upgrade_of_their_operator() {
    let newer = || version("1.19.0".into());
    for (stage, severity) in [(Stage::Plan, Warning), (Stage::Apply, Error)] {
        for waiting in [
            behind("ready", Some("1.18.0")),
            behind("initializing", None),
        ] {
            let rule = "operator-upgrade-ready engines.pxc.version".to_owned();
            assert_eq!(found(newer(), &waiting, stage), [(rule, severity)]);
        }
        let waiting = behind("initializing", None);
        for (planned, facts) in [
            (newer(), &facts()),
            (newer(), &behind("paused", None)),
            (version("1.18.0".into()), &waiting),
            (version(Field::Unknown), &waiting),
            (newer(), &Facts::default()),
        ] {
            assert_eq!(found(planned, facts, stage), []);
        }
    }
}

#[test]
fn a_namespace_with_databases_is_not_destroyed() {
    let mut prior = namespace(version("1.18.0".into()));
    let found = check_destruction_online(&prior, &facts());
    assert_eq!(
        (found[0].rule, found[0].severity),
        ("namespace-empty", Warning)
    );
    assert_eq!(check_destruction_online(&prior, &Facts::default()), []);
    let mut emptied = facts();
    let mut planned = Planned::default();
    let all: Vec<_> = emptied
        .databases
        .iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    for (number, name) in all.iter().enumerate() {
        emptied.planned = planned.within("prod");
        let found = check_destruction_online(&prior, &emptied);
        let said = found[0].summary.render(Dialect::Terraform);
        assert!(said.ends_with(&all[number..].join(", ")), "{said}");
        planned.note_destroyed(&"prod".into(), Kind::Databases, &name.as_str().into());
    }
    emptied.planned = planned.within("prod");
    assert_eq!(check_destruction_online(&prior, &emptied), []);
    prior.force_destroy = true.into();
    assert_eq!(check_destruction_online(&prior, &facts()), []);
}

/// A namespace in which PXC's operator runs in 1.18.0, and 1.19.0 is pending.
fn runs_pxc(approval: &str) -> Facts {
    let pxc = "percona-xtradb-cluster-operator";
    Facts {
        subscriptions: all(&[(
            pxc,
            json!({
                "spec": {"name": pxc, "source": "c", "sourceNamespace": "o",
                    "installPlanApproval": approval},
                "status": {"installedCSV": format!("{pxc}.v1.18.0"),
                    "currentCSV": format!("{pxc}.v1.19.0"),
                    "installPlanRef": {"name": "install-a"}},
            }),
        )]),
        install_plans: all(&[(
            "install-a",
            json!({"spec": {"approved": false, "clusterServiceVersionNames":
                [format!("{pxc}.v1.19.0"), "percona-server-mongodb-operator.v1.21.1"]},
                "status": {"phase": "RequiresApproval"}}),
        )]),
        ..facts()
    }
}

fn taken_over(version: &str, take_ownership: bool) -> NamespaceModel {
    let asked = EngineInstall {
        version: version.into(),
        ..EngineInstall::default()
    };
    NamespaceModel {
        take_ownership: take_ownership.into(),
        ..namespace(asked.into())
    }
}

#[test]
fn a_take_over_is_judged_by_what_the_namespace_has() {
    let found = |planned: &NamespaceModel, facts: &Facts, stage| -> Vec<(String, Severity)> {
        check_online(planned, None, facts, stage)
            .into_iter()
            .map(|found| (format!("{} {}", found.rule, found.path), found.severity))
            .collect()
    };
    let manual = runs_pxc("Manual");
    let older = "operator-no-downgrade engines.pxc.version".to_owned();
    for stage in [Stage::Plan, Stage::Apply] {
        let planned = taken_over("1.17.0", true);
        assert_eq!(found(&planned, &manual, stage), [(older.clone(), Error)]);
        for fine in [taken_over("1.18.0", true), taken_over("1.17.0", false)] {
            assert_eq!(found(&fine, &manual, stage), []);
        }
        assert_eq!(found(&planned, &facts(), stage), []);
    }
    let mut waiting = runs_pxc("Automatic");
    waiting.databases = behind("initializing", None).databases;
    let newer = taken_over("1.19.0", true);
    assert_eq!(
        found(&newer, &waiting, Stage::Plan),
        [
            (
                "operator-upgrade-ready engines.pxc.version".to_owned(),
                Warning
            ),
            (
                "operator-upgrade-alone engines.pxc.version".to_owned(),
                Warning
            ),
            ("operator-approval engines.pxc".to_owned(), Warning),
        ]
    );
    assert_eq!(
        found(&newer, &waiting, Stage::Apply),
        [(
            "operator-upgrade-ready engines.pxc.version".to_owned(),
            Error
        )]
    );
}

#[test]
fn a_take_over_that_upgrades_operators_says_so() {
    let facts = runs_pxc("Manual");
    let newer = taken_over("1.19.0", true);
    let told = |planned: &NamespaceModel| {
        let before = operator_upgrade::found(planned, &facts)?;
        operator_upgrade::summary("everest_namespace \"prod\"", planned, &before, &facts)
    };
    let summary = told(&newer).unwrap();
    assert!(
        summary
            .detail
            .contains("percona-xtradb-cluster-operator from 1.18.0 to 1.19.0"),
        "{}",
        summary.detail
    );
    assert!(
        summary.detail.contains("They run orders"),
        "{}",
        summary.detail
    );
    assert_eq!(told(&taken_over("1.18.0", true)), None);
    assert_eq!(told(&taken_over("1.19.0", false)), None);
    let wanted = newer.wanted(None);
    assert!(wanted.kinds.contains(&crate::facts::Kind::Subscriptions));
    assert_eq!(wanted.namespace.as_deref(), Some("prod"));
}
