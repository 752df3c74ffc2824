use super::*;
use everest_schemas::everest::DatabaseClusterSpec;
use serde_json::{Value, json};

fn live(mut engine: Value, status: Value) -> DatabaseCluster {
    engine["type"] = json!("pxc");
    engine["storage"] = json!({"size": "1Gi"});
    serde_json::from_value(json!({
        "metadata": {"name": "orders"}, "spec": {"engine": engine}, "status": status,
    }))
    .unwrap()
}

fn model(version: &str, cr_version: Field<String>) -> DatabaseModel {
    DatabaseModel {
        spec: DatabaseClusterSpec {
            engine: EngineSpec {
                version: version.into(),
                cr_version,
                ..EngineSpec::default()
            }
            .into(),
            ..DatabaseClusterSpec::default()
        }
        .into(),
        cr_version: "1.17.0".into(),
        ready: true.into(),
        ..DatabaseModel::default()
    }
}

fn behind(version: &str, cr_version: Field<String>) -> DatabaseModel {
    DatabaseModel {
        recommended_cr_version: "1.18.0".into(),
        ..model(version, cr_version)
    }
}

const PENDING: fn() -> Value =
    || json!({"status": "ready", "crVersion": "1.17.0", "recommendedCRVersion": "1.18.0"});

#[test]
fn a_recommendation_that_passes_is_not_pending() {
    let read = |status: Value| match cr_version(live(json!({}), status).status.as_ref()) {
        CrVersion::Current => "current",
        CrVersion::Passing => "passing",
        CrVersion::Pending(version) => {
            assert_eq!(version, "1.18.0");
            "pending"
        }
    };
    assert_eq!(cr_version(None), CrVersion::Current);
    for (status, expected) in [
        (json!({}), "current"),
        (
            json!({"crVersion": "1.17.0", "recommendedCRVersion": ""}),
            "current",
        ),
        (PENDING(), "pending"),
        // New, or restored: its own version is not known.
        (
            json!({"status": "creating", "recommendedCRVersion": "1.18.0"}),
            "passing",
        ),
        (
            json!({"crVersion": "", "recommendedCRVersion": "1.18.0"}),
            "passing",
        ),
        (
            json!({"status": "restoring", "crVersion": "1.17.0", "recommendedCRVersion": "1.18.0"}),
            "passing",
        ),
        // Just taken over.
        (
            json!({"crVersion": "1.18.0", "recommendedCRVersion": "1.18.0"}),
            "passing",
        ),
    ] {
        assert_eq!(read(status.clone()), expected, "{status}");
    }
}

#[test]
fn a_plan_shows_the_version_that_is_taken_over() {
    let recommended = || Field::from(RECOMMENDED);
    for (config, wish) in [
        (model("8.0.36", recommended()), RECOMMENDED),
        (model("8.0.42", recommended()), RECOMMENDED),
        (model("8.0.42", Field::Null), "1.18.0"),
    ] {
        let prior = behind("8.0.36", "1.17.0".into());
        let mut planned = config.clone();
        assert!(foresee(&config, &prior, &mut planned));
        assert_eq!(wish_of(&planned), Field::from(wish));
        assert_eq!(planned.cr_version, Field::from("1.18.0"));
        assert!(planned.recommended_cr_version.is_unknown());
        assert!(planned.ready.is_unknown() && planned.status.is_unknown());
        assert_eq!(effective(&planned), Field::from("1.18.0"));
    }
}

fn wish_of(model: &DatabaseModel) -> Field<String> {
    engine(model).unwrap().cr_version.clone()
}

#[test]
fn nothing_is_foreseen_that_will_not_be() {
    let prior = behind("8.0.36", "1.17.0".into());
    for config in [
        model("8.0.36", Field::Null),
        model("8.0.42", "1.17.0".into()),
        model("8.0.42", "1.18.0".into()),
        model("8.0.42", Field::Unknown),
    ] {
        let mut planned = config.clone();
        assert!(!foresee(&config, &prior, &mut planned));
        assert_eq!(planned, config);
    }
    // Following what is not pending is no change.
    let config = model("8.0.36", RECOMMENDED.into());
    let mut planned = config.clone();
    assert!(!foresee(
        &config,
        &model("8.0.36", "1.17.0".into()),
        &mut planned
    ));
    assert_eq!(planned, config);
}

#[test]
fn a_change_of_the_engines_version_leaves_the_operators_open() {
    let config = model("8.0.42", Field::Null);
    let mut planned = model("8.0.42", "1.17.0".into());
    assert!(!foresee(
        &config,
        &model("8.0.36", "1.17.0".into()),
        &mut planned
    ));
    assert!(wish_of(&planned).is_unknown());
    assert_eq!(planned.cr_version, Field::from("1.17.0"));
}

#[test]
fn an_engine_version_that_is_not_known_leaves_the_cr_version_open() {
    let open = |cr_version: Field<String>| {
        let mut model = model("", cr_version);
        engine_mut(&mut model).unwrap().version = Field::Unknown;
        model
    };
    let prior = behind("8.0.36", "1.17.0".into());
    let config = open(Field::Null);
    let mut planned = open("1.17.0".into());
    assert!(foresee(&config, &prior, &mut planned));
    assert!(wish_of(&planned).is_unknown() && planned.cr_version.is_unknown());
    assert!(planned.recommended_cr_version.is_unknown() && planned.ready.is_unknown());
    assert!(planned.status.is_unknown() && planned.message.is_unknown());
    // What follows takes it over whatever the version is.
    let config = open(RECOMMENDED.into());
    let mut planned = config.clone();
    assert!(foresee(&config, &prior, &mut planned));
    assert_eq!(wish_of(&planned), Field::from(RECOMMENDED));
    assert_eq!(planned.cr_version, Field::from("1.18.0"));
}

#[test]
fn another_version_of_the_engine_comes_after_the_operators() {
    let live = live(
        json!({"version": "8.0.36", "crVersion": "1.17.0"}),
        PENDING(),
    );
    let take_over = Next::TakeOver("1.18.0".to_owned());
    for wish in [
        Field::Null,
        Field::Unknown,
        Field::from("1.18.0"),
        Field::from(""),
    ] {
        assert_eq!(next(&model("8.0.42", wish), &live), take_over);
    }
    let mut following = model("8.0.42", RECOMMENDED.into());
    following.cr_version = "1.18.0".into();
    assert_eq!(next(&following, &live), take_over);
    following.cr_version = Field::Unknown;
    assert_eq!(next(&following, &live), take_over);

    let first = first_half(&following, &live, "1.18.0");
    assert_eq!(first, model_with(&following, "8.0.36", "1.18.0"));
    // The first half is no change of the engine's version.
    assert_eq!(next(&first, &live), Next::Write { cr_version: None });
}

fn model_with(like: &DatabaseModel, version: &str, cr_version: &str) -> DatabaseModel {
    DatabaseModel {
        spec: model(version, cr_version.into()).spec,
        ..like.clone()
    }
}

#[test]
fn what_the_plan_does_not_say_is_refused() {
    let live = live(
        json!({"version": "8.0.36", "crVersion": "1.17.0"}),
        PENDING(),
    );
    let refused = Next::Refuse("1.18.0".to_owned());
    // Pinned, or foreseen before the operator was upgraded once more.
    assert_eq!(next(&model("8.0.42", "1.17.0".into()), &live), refused);
    for version in ["8.0.42", "8.0.36"] {
        let mut following = model(version, RECOMMENDED.into());
        following.cr_version = "1.17.5".into();
        assert_eq!(next(&following, &live), refused);
    }
}

#[test]
fn a_version_is_followed_only_where_the_plan_says_so() {
    let live = live(
        json!({"version": "8.0.36", "crVersion": "1.17.0"}),
        PENDING(),
    );
    let mut following = model("8.0.36", RECOMMENDED.into());
    assert_eq!(next(&following, &live), Next::Write { cr_version: None });
    let written = Next::Write {
        cr_version: Some("1.18.0".to_owned()),
    };
    for foreseen in [Field::from("1.18.0"), Field::Unknown] {
        following.cr_version = foreseen;
        assert_eq!(next(&following, &live), written);
    }
    for pinned in [Field::Null, Field::from("1.17.0"), Field::from("1.18.0")] {
        assert_eq!(
            next(&model("8.0.36", pinned), &live),
            Next::Write { cr_version: None }
        );
    }
}

#[test]
fn a_passing_recommendation_holds_up_only_another_version_of_the_engine() {
    let status =
        json!({"status": "ready", "crVersion": "1.18.0", "recommendedCRVersion": "1.18.0"});
    let live = live(json!({"version": "8.0.36", "crVersion": "1.18.0"}), status);
    assert_eq!(next(&model("8.0.42", Field::Null), &live), Next::Settle);
    assert_eq!(
        next(&model("8.0.36", RECOMMENDED.into()), &live),
        Next::Write { cr_version: None }
    );
}

#[test]
fn the_word_is_never_sent() {
    let own = live(
        json!({"version": "8.0.36", "crVersion": "1.17.0"}),
        json!({}),
    );
    let none = live(json!({"version": "8.0.36"}), json!({}));
    for open in [Field::from(RECOMMENDED), Field::Unknown] {
        let model = model("8.0.36", open);
        assert_eq!(wish_of(&settled(&model, &own)), Field::from("1.17.0"));
        assert!(wish_of(&settled(&model, &none)).is_null());
        for operation in [crate::Operation::Create, crate::Operation::Update] {
            let sent = crate::v1::database::desired(&model, operation);
            assert!(sent["spec"]["engine"]["crVersion"].is_null(), "{sent}");
        }
    }
    let pinned = model("8.0.36", "1.16.0".into());
    assert_eq!(settled(&pinned, &own), pinned);
}

#[test]
fn a_recommendation_is_due_where_another_operator_is_installed() {
    let operator = |state: &str, version: &str| -> DatabaseEngine {
        serde_json::from_value(json!({"metadata": {}, "spec": {"type": "pxc"},
            "status": {"status": state, "operatorVersion": version}}))
        .unwrap()
    };
    let quiet = live(json!({}), json!({"status": "ready", "crVersion": "1.17.0"}));
    assert!(is_due(&quiet, &operator("installed", "1.18.0")));
    assert!(!is_due(&quiet, &operator("installed", "1.17.0")));
    assert!(!is_due(&quiet, &operator("installing", "1.18.0")));
    let told = live(json!({}), PENDING());
    assert!(!is_due(&told, &operator("installed", "1.18.0")));
    let new = live(json!({}), json!({"status": "creating"}));
    assert!(!is_due(&new, &operator("installed", "1.18.0")));
}

#[test]
fn the_impact_names_both_restarts_and_none_that_is_not() {
    let restarts = |prior: &DatabaseModel, planned: &DatabaseModel| -> Vec<String> {
        let mut paths: Vec<_> = crate::impact::of_change(prior, planned)
            .iter()
            .map(|impact| impact.path.to_string())
            .collect();
        paths.sort();
        paths.dedup();
        paths
    };
    for wish in [Field::Null, RECOMMENDED.into()] {
        let prior = behind("8.0.36", wish.clone());
        let config = model("8.0.42", wish);
        let mut planned = config.clone();
        assert!(foresee(&config, &prior, &mut planned));
        let both = ["engine.crVersion", "engine.version"];
        assert_eq!(restarts(&prior, &planned), both);
    }
    let following = model("8.0.36", RECOMMENDED.into());
    let pinned = model("8.0.36", "1.17.0".into());
    assert_eq!(restarts(&following, &pinned), [""; 0]);
    assert_eq!(restarts(&pinned, &following), [""; 0]);
    assert_eq!(
        restarts(&following, &model("8.0.36", "1.18.0".into())),
        ["engine.crVersion"]
    );
}

#[test]
fn what_the_spec_leaves_open_is_read_from_the_status() {
    let read = |engine: Value, status: Value| {
        let object = live(engine, status);
        wish_of(&crate::v1::database::observed(
            &object,
            &crate::v1::OwnedKeys::default(),
        ))
    };
    let status = || json!({"status": "ready", "crVersion": "1.18.0"});
    assert_eq!(read(json!({}), status()), Field::from("1.18.0"));
    assert_eq!(
        read(json!({"crVersion": "1.17.0"}), status()),
        Field::from("1.17.0")
    );
    assert!(read(json!({}), json!({})).is_null());
}

#[test]
fn who_looks_again_follows_the_recommendation_in_as_many_steps_as_it_takes() {
    let config = |version| DatabaseModel {
        cr_version: Field::Null,
        ..model(version, RECOMMENDED.into())
    };
    let live = |version: &str, runs_as: &str, recommended: &str| {
        live(
            json!({"version": version, "crVersion": runs_as}),
            json!({"status": "ready", "crVersion": runs_as, "recommendedCRVersion": recommended}),
        )
    };
    let step = |version, live: &DatabaseCluster| {
        let towards = towards(&config(version), live);
        let engine = engine(&towards.model).unwrap().clone();
        let text = |field: &Field<String>| field.known_str().unwrap_or_default().to_owned();
        (
            text(&engine.version),
            text(&engine.cr_version),
            towards.is_half,
        )
    };
    let expected = |version: &str, cr_version: &str, is_half| {
        (version.to_owned(), cr_version.to_owned(), is_half)
    };
    let pending = live("8.0.36", "1.17.0", "1.18.0");
    assert_eq!(
        step("8.0.36", &pending),
        expected("8.0.36", "1.18.0", false)
    );
    assert_eq!(step("8.0.41", &pending), expected("8.0.36", "1.18.0", true));
    let taken_over = live("8.0.36", "1.18.0", "1.18.0");
    assert_eq!(
        step("8.0.41", &taken_over),
        expected("8.0.36", "1.18.0", true)
    );
    let settled = live("8.0.36", "1.18.0", "");
    assert_eq!(
        step("8.0.41", &settled),
        expected("8.0.41", "1.18.0", false)
    );
}

#[test]
fn who_looks_again_and_names_a_version_gets_all_of_what_is_said() {
    let pending = live(
        json!({"version": "8.0.36", "crVersion": "1.17.0"}),
        PENDING(),
    );
    let config = model("8.0.41", "1.17.0".into());
    let expected = Towards {
        model: config.clone(),
        is_half: false,
    };
    assert_eq!(towards(&config, &pending), expected);
}
