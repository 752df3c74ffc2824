use super::*;
use crate::dialect::Dialect;
use crate::facts::fixtures::{all, facts};
use crate::facts::{Lines, Planned};
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
    let rule = || "operator-upgrade-ready engines.pxc.version".to_owned();
    for (stage, severity) in [(Stage::Plan, Warning), (Stage::Apply, Error)] {
        // Which engine versions the new operator supports is not known.
        let unknown = match stage {
            Stage::Plan => vec![(rule(), Warning)],
            Stage::Apply => vec![],
        };
        for waiting in [
            behind("ready", Some("1.18.0")),
            behind("initializing", None),
        ] {
            let mut expected = vec![(rule(), severity)];
            expected.extend(unknown.clone());
            assert_eq!(found(newer(), &waiting, stage), expected);
        }
        for sound in [facts(), behind("paused", None)] {
            assert_eq!(found(newer(), &sound, stage), unknown);
        }
        let waiting = behind("initializing", None);
        for (planned, facts) in [
            (version("1.18.0".into()), &waiting),
            (version(Field::Unknown), &waiting),
            (newer(), &Facts::default()),
        ] {
            assert_eq!(found(planned, facts, stage), []);
        }
    }
}

#[test]
fn a_plan_names_the_versions_of_databases_if_those_of_the_next_operator_are_not_known() {
    let mut facts = facts();
    let orders = facts.databases.as_mut().unwrap().get_mut("orders").unwrap();
    orders.spec.engine.known_mut().unwrap().version = "8.0.36".into();
    let said = |facts: &Facts| -> Vec<String> {
        let prior = namespace(version("1.18.0".into()));
        let planned = namespace(version("1.19.0".into()));
        let found = check_online(&planned, Some(&prior), facts, Stage::Plan).into_iter();
        found
            .map(|found| found.summary.render(Dialect::Terraform))
            .collect()
    };
    let summaries = said(&facts);
    let [summary] = &summaries[..] else {
        panic!("{summaries:?}")
    };
    for words in [
        "orders (8.0.36)",
        "https://check.percona.com/versions/v1/pxc-operator/1.19.0",
    ] {
        assert!(summary.contains(words), "{summary}");
    }
    assert!(!summary.contains("documents"), "{summary}");
    let elsewhere = json!({"metadata": {"name": "percona-xtradb-cluster-operator"},
        "spec": {"type": "pxc"}, "status": {"status": "installed", "operatorVersion": "1.19.0",
            "availableVersions": {"engine": {"8.0.36": {}}}}});
    facts.engines_everywhere = Some(vec![serde_json::from_value(elsewhere).unwrap()]);
    assert_eq!(said(&facts), [""; 0]);
}

#[test]
fn an_engine_is_added_once_no_upgrade_of_another_is_pending_that_nobody_asked_for() {
    let facts = runs_pxc("Manual");
    let mut prior = namespace(version("1.18.0".into()));
    prior.engines.known_mut().unwrap().postgresql = Field::Null;
    let found = |pxc: &str, stage| -> Vec<(String, Severity)> {
        let planned = namespace(version(pxc.into()));
        let found = check_online(&planned, Some(&prior), &facts, stage).into_iter();
        let found =
            found.filter(|found| found.path == FieldPath::of("engines").field("postgresql"));
        found
            .map(|found| (found.summary.render(Dialect::Terraform), found.severity))
            .collect()
    };
    let refused = found("1.18.0", Stage::Plan);
    let [(summary, Error)] = &refused[..] else {
        panic!("{refused:?}")
    };
    assert!(
        summary.contains("engines.pxc.version = \"1.19.0\""),
        "{summary}"
    );
    assert_eq!(found("1.19.0", Stage::Plan), []);
    assert_eq!(found("1.18.0", Stage::Apply), []);
    let planned = namespace(version("1.18.0".into()));
    let wanted = planned.wanted(Some(&prior));
    assert!(wanted.kinds.contains(&Kind::InstallPlans));
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
        engines: Engines {
            pxc: asked.into(),
            ..Engines::default()
        }
        .into(),
        ..namespace(Field::Null)
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
                "operator-upgrade-ready engines.pxc.version".to_owned(),
                Warning
            ),
            (
                "operator-upgrade-alone engines.pxc.version".to_owned(),
                Error
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

/// A cluster with this Everest and a catalog in this state, if it has one.
fn cluster(v1: bool, v2: bool, version: Option<&str>, catalog: Seen<&str>) -> Facts {
    let source = match catalog {
        Seen::Found(state) => Seen::Found(
            serde_json::from_value(json!({"metadata": {}, "spec": {}, "status": {
                "connectionState": {"lastObservedState": state}}}))
            .unwrap(),
        ),
        Seen::Absent => Seen::Absent,
        Seen::Unread => Seen::Unread,
    };
    let mut facts = Facts::default();
    facts.everest.lines = Some(Lines { v1, v2 });
    facts.everest.version = version.map(|version| version.parse().unwrap());
    facts.everest.catalog = CatalogFacts {
        name: "everest-catalog".to_owned(),
        namespace: "everest-olm".to_owned(),
        source,
    };
    facts
}

/// What is found of a new namespace, as rule, severity and summary.
fn of_a_new_one(facts: &Facts, stage: Stage) -> Vec<(&'static str, Severity, String)> {
    let planned = namespace(EngineInstall::default().into());
    let found = planned.check_cluster(None, facts, stage).into_iter();
    found
        .map(|found| {
            let summary = found.summary.render(Dialect::Terraform);
            (found.rule, found.severity, summary)
        })
        .collect()
}

#[test]
fn a_namespace_is_made_where_everest_v1_runs_alone_in_a_version_that_makes_them_so() {
    let ready = Seen::Found("READY");
    for stage in [Stage::Plan, Stage::Apply] {
        for sound in [
            cluster(true, false, Some("1.4.0"), ready),
            cluster(true, false, Some("1.16.2"), ready),
            cluster(true, false, None, Seen::Unread),
            Facts::default(),
        ] {
            assert_eq!(of_a_new_one(&sound, stage), []);
        }
        let may_come = match stage {
            Stage::Plan => Warning,
            Stage::Apply => Error,
        };
        for (facts, rule, severity, words) in [
            (
                cluster(true, true, Some("1.16.2"), ready),
                "everest-v1",
                Error,
                "Everest v2 (core.openeverest.io) beside Everest v1",
            ),
            (
                cluster(false, true, None, Seen::Absent),
                "everest-v1",
                Error,
                "no Everest v1",
            ),
            (
                cluster(false, false, None, Seen::Absent),
                "everest-v1",
                may_come,
                "no Everest v1",
            ),
            (
                cluster(true, false, Some("1.3.0"), ready),
                "everest-version",
                may_come,
                "Everest 1.3.0",
            ),
            (
                cluster(true, false, Some("1.16.2"), Seen::Absent),
                "catalog-ready",
                may_come,
                "no CatalogSource everest-olm/everest-catalog",
            ),
        ] {
            let found = of_a_new_one(&facts, stage);
            let [(of, weight, summary)] = &found[..] else {
                panic!("{found:?}")
            };
            assert_eq!((*of, *weight), (rule, severity));
            assert!(summary.contains(words), "{summary}");
        }
    }
}

#[test]
fn a_catalog_that_is_not_ready_is_told_at_plan_and_waited_for_at_apply() {
    let facts = cluster(true, false, None, Seen::Found("TRANSIENT_FAILURE"));
    let found = of_a_new_one(&facts, Stage::Plan);
    let [(rule, severity, summary)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((*rule, *severity), ("catalog-ready", Warning));
    assert!(
        summary.contains("its state is TRANSIENT_FAILURE"),
        "{summary}"
    );
    assert_eq!(of_a_new_one(&facts, Stage::Apply), []);
}

#[test]
fn a_namespace_that_everest_has_is_not_judged_by_the_cluster_and_one_that_is_taken_over_is() {
    let judged = |label: &str| {
        let mut facts = cluster(true, false, Some("1.3.0"), Seen::Unread);
        let found = json!({"metadata": {"name": "prod",
            "labels": {"app.kubernetes.io/managed-by": label}}});
        facts.namespace = Seen::Found(serde_json::from_value(found).unwrap());
        !found_of(&facts).is_empty()
    };
    assert!(!judged("everest"));
    assert!(judged("helm"));
    let taking = NamespaceModel {
        take_ownership: true.into(),
        ready: false.into(),
        ..namespace(EngineInstall::default().into())
    };
    let held = NamespaceModel {
        ready: true.into(),
        ..taking.clone()
    };
    assert!(taking.wanted(None).everest && taking.wanted(Some(&taking)).everest);
    assert!(!taking.wanted(Some(&held)).everest);
    let plain = namespace(EngineInstall::default().into());
    assert!(plain.wanted(None).everest && !plain.wanted(Some(&plain)).everest);
}

/// What is found of a change of the engines to the same ones.
fn found_of(facts: &Facts) -> Vec<(String, Severity)> {
    found(version("1.18.0".into()), facts, Stage::Apply)
}
