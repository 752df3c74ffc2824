//! The effects that a plan reports for values that are known only at apply.

use serde_json::json;
use tfplugin::value::{Value, json as stored};

use crate::{Host, Made, Planned, database};

const UNKNOWN: &str =
    "The effect of changing everest_database shop/orders is not known until apply";

/// Makes the value at `path` one that comes from another resource.
fn open(value: &mut Value, path: &str) {
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let Value::Map(members) = value else {
        panic!("{name} is in no object");
    };
    let member = members.get_mut(name).unwrap();
    match rest {
        Some(rest) => open(member, rest),
        None => *member = Value::UNKNOWN,
    }
}

/// The plan of a database in which the values at `paths` come from other resources.
async fn planned(host: &Host, prior: Option<&Made>, paths: &[&str]) -> Planned {
    let object = host.object("everest_database");
    let mut config = stored::from_json(&database(), &object.value_type()).unwrap();
    for path in paths {
        open(&mut config, path);
    }
    let (value, private) = match prior {
        Some(made) => (&made.value, &made.private[..]),
        None => (&Value::Null, &[][..]),
    };
    host.plan_value("everest_database", value, private, &config)
        .await
}

async fn made(host: &Host) -> Made {
    let filled = json!({"engine": {"version": "8.0.41-32.1"}});
    host.made("everest_database", &database(), &filled).await
}

#[tokio::test]
async fn an_effect_that_is_not_known_yet_is_said_in_one_warning_that_names_the_attributes() {
    let host = Host::new().await;
    let prior = made(&host).await;
    let paths = ["engine.version", "engine.storage.size", "paused"];
    let planned = planned(&host, Some(&prior), &paths).await;
    assert_eq!((&planned.errors, &planned.replaces), (&vec![], &vec![]));
    let [warning] = &planned.warnings[..] else {
        panic!("{:?}", planned.warnings)
    };
    assert!(warning.starts_with(UNKNOWN), "{warning}");
    for path in paths {
        assert!(
            warning.contains(&format!("value of {path} is")),
            "{warning}"
        );
    }
}

#[tokio::test]
async fn nothing_is_said_of_what_is_not_felt_or_of_outputs_or_of_a_new_database() {
    let host = Host::new().await;
    let prior = made(&host).await;
    // Outputs are unknown in the plan of a change, and say nothing by that.
    let planned_with = |paths: &'static [&'static str]| planned(&host, Some(&prior), paths);
    for quiet in [&["labels"][..], &["keep_backup_data"], &[]] {
        assert_eq!(planned_with(quiet).await.warnings, [""; 0], "{quiet:?}");
    }
    let felt = planned_with(&["engine.resources.cpu"]).await;
    assert_eq!(felt.state.get("status"), Some(&Value::UNKNOWN));
    let [warning] = &felt.warnings[..] else {
        panic!("{:?}", felt.warnings)
    };
    assert!(!warning.contains("status"), "{warning}");
    // A host that knows the former one would take it for a replacement.
    let host = Host::new().await;
    let new = planned(&host, None, &["engine.version", "engine.storage.size"]).await;
    assert_eq!((new.warnings, new.errors), (vec![], vec![]));
}
