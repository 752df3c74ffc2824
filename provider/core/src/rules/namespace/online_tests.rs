use super::*;
use crate::facts::fixtures::facts;
use crate::finding::Severity::{self, Error, Warning};
use everest_schemas::models::{EngineInstall, Engines};

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
    prior.force_destroy = true.into();
    assert_eq!(check_destruction_online(&prior, &facts()), []);
}
