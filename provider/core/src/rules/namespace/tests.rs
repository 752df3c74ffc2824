use super::*;
use crate::dialect::Dialect;
use everest_schemas::models::{EngineInstall, Engines, Timeouts};

fn model(name: Field<String>, version: Field<String>) -> NamespaceModel {
    NamespaceModel {
        name,
        engines: Engines {
            pxc: EngineInstall {
                version,
                ..EngineInstall::default()
            }
            .into(),
            ..Engines::default()
        }
        .into(),
        ..NamespaceModel::default()
    }
}

fn rules(found: Vec<Finding>) -> Vec<(&'static str, String)> {
    found
        .into_iter()
        .map(|found| (found.rule, found.path.to_string()))
        .collect()
}

#[test]
fn the_name_of_a_new_namespace_is_checked() {
    for (name, rule) in [
        ("Not_A_Name", "namespace-name"),
        ("", "namespace-name"),
        ("1st", "namespace-name"),
        ("everest-system", "namespace-reserved"),
        ("everest-monitoring", "namespace-reserved"),
        ("everest-olm", "namespace-reserved"),
        ("kube-system", "namespace-reserved"),
    ] {
        let model = model(name.into(), Field::Null);
        assert_eq!(
            rules(check(&model, None)),
            [(rule, "name".to_owned())],
            "{name}"
        );
        assert!(check(&model, Some(&model)).is_empty());
    }
    assert!(check(&model("a".repeat(63).into(), Field::Null), None).is_empty());
    assert!(
        check(&model("a".repeat(64).into(), Field::Null), None)[0]
            .summary
            .render(Dialect::Terraform)
            .contains("63")
    );
    assert!(check(&model(Field::Unknown, Field::Null), None).is_empty());
}

#[test]
fn a_namespace_has_an_engine() {
    let with = |engines: Field<Engines>| NamespaceModel {
        engines,
        ..NamespaceModel::default()
    };
    assert_eq!(
        rules(check_syntax(&with(Engines::default().into()))),
        [("namespace-engine", "engines".to_owned())]
    );
    let open = Engines {
        psmdb: Field::Unknown,
        ..Engines::default()
    };
    assert!(check_syntax(&with(open.into())).is_empty());
    assert!(check_syntax(&with(Field::Unknown)).is_empty());
}

#[test]
fn the_version_of_an_operator_has_three_numbers() {
    for version in ["newest", "1.18", "v1.18.0", ""] {
        assert_eq!(
            rules(check_syntax(&model("prod".into(), version.into()))),
            [("operator-version", "engines.pxc.version".to_owned())],
            "{version}"
        );
    }
    for version in ["1.18.0".into(), Field::Null, Field::Unknown] {
        assert!(check_syntax(&model("prod".into(), version)).is_empty());
    }
}

#[test]
fn an_operator_does_not_go_back() {
    let mut prior = model("prod".into(), "1.18.0".into());
    prior
        .engines
        .known_mut()
        .unwrap()
        .pxc
        .known_mut()
        .unwrap()
        .installed_version = "1.18.0".into();
    assert_eq!(
        rules(check(&model("prod".into(), "1.17.0".into()), Some(&prior))),
        [("operator-no-downgrade", "engines.pxc.version".to_owned())]
    );
    for version in [
        "1.18.0".into(),
        "1.19.0".into(),
        Field::Unknown,
        Field::Null,
    ] {
        assert!(check(&model("prod".into(), version), Some(&prior)).is_empty());
    }
}

#[test]
fn the_label_of_everest_is_not_for_users() {
    let labelled = |key: &str| NamespaceModel {
        labels: Field::Known([(key.to_owned(), Field::Unknown)].into()),
        ..model("prod".into(), Field::Null)
    };
    assert_eq!(
        rules(check_syntax(&labelled("app.kubernetes.io/managed-by"))),
        [(
            "managed-by-label",
            "labels[\"app.kubernetes.io/managed-by\"]".to_owned()
        )]
    );
    assert!(check_syntax(&labelled("team")).is_empty());
    let open = NamespaceModel {
        labels: Field::Unknown,
        ..model("prod".into(), Field::Null)
    };
    assert!(check_syntax(&open).is_empty());
}

#[test]
fn a_timeout_is_a_duration() {
    let config = |create: Field<String>| NamespaceModel {
        timeouts: Timeouts {
            create,
            ..Timeouts::default()
        }
        .into(),
        ..model("prod".into(), Field::Null)
    };
    assert_eq!(rules(check_syntax(&config("soon".into())))[0].0, "timeout");
    assert!(check_syntax(&config("15m".into())).is_empty());
    assert!(check_syntax(&config(Field::Unknown)).is_empty());
}
