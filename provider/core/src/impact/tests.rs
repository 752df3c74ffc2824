use super::*;
use crate::schema::{self, Place};
use everest_schemas::Field;
use everest_schemas::models::BackupModel;
use serde_json::{Value, json};

fn database(engine: &str) -> Value {
    json!({
        "namespace": "prod",
        "name": "orders",
        "spec": {
            "engine": {
                "type": engine,
                "replicas": 3,
                "version": "8.0.41-32.1",
                "storage": {"size": "25Gi"},
                "resources": {"cpu": "1", "memory": "2Gi"},
            },
            "proxy": {"replicas": 3, "expose": {"type": "ClusterIP"}},
            "paused": false,
            "backup": {"schedules": [{
                "name": "nightly", "schedule": "0 2 * * *", "backupStorageName": "s3",
                "enabled": true, "retentionCopies": 7,
            }]},
        },
    })
}

fn model(value: Value) -> DatabaseModel {
    serde_json::from_value(value).unwrap()
}

/// The classes and paths of a change of one member of the spec.
fn change(engine: &str, pointer: &str, value: Value) -> Vec<(Class, String)> {
    let mut planned = database(engine);
    let (above, name) = pointer.rsplit_once('/').unwrap();
    planned["spec"].pointer_mut(above).unwrap()[name] = value;
    of_change(&model(database(engine)), &model(planned))
        .into_iter()
        .map(|impact| (impact.class, impact.path.to_string()))
        .collect()
}

#[test]
fn each_change_has_its_class() {
    use Class::*;
    for (engine, pointer, value, class, path) in [
        (
            "pxc",
            "/engine/resources/memory",
            json!("4Gi"),
            RollingRestart,
            "engine.resources",
        ),
        (
            "pxc",
            "/engine/config",
            json!("[mysqld]"),
            RollingRestart,
            "engine.config",
        ),
        (
            "postgresql",
            "/engine/config",
            json!("a = 1"),
            RollingRestart,
            "engine.config",
        ),
        (
            "pxc",
            "/engine/crVersion",
            json!("1.19.0"),
            RollingRestart,
            "engine.crVersion",
        ),
        (
            "pxc",
            "/engine/replicas",
            json!(5),
            NewPods,
            "engine.replicas",
        ),
        (
            "postgresql",
            "/engine/replicas",
            json!(2),
            FewerPods,
            "engine.replicas",
        ),
        (
            "pxc",
            "/engine/storage/size",
            json!("30Gi"),
            StorageGrowth,
            "engine.storage.size",
        ),
        (
            "pxc",
            "/engine/storage/class",
            json!("fast"),
            DataLoss,
            "engine.storage.class",
        ),
        (
            "pxc",
            "/engine/userSecretsName",
            json!("mine"),
            RollingRestart,
            "engine.userSecretsName",
        ),
        (
            "pxc",
            "/proxy/type",
            json!("proxysql"),
            FullStop,
            "proxy.type",
        ),
        (
            "pxc",
            "/proxy/replicas",
            json!(5),
            NewPods,
            "proxy.replicas",
        ),
        (
            "pxc",
            "/proxy/replicas",
            json!(2),
            FewerPods,
            "proxy.replicas",
        ),
        (
            "pxc",
            "/proxy/resources",
            json!({"cpu": "1"}),
            RollingRestart,
            "proxy.resources",
        ),
        (
            "pxc",
            "/proxy/expose/type",
            json!("LoadBalancer"),
            NoRestart,
            "proxy.expose.type",
        ),
        (
            "psmdb",
            "/monitoring",
            json!({"monitoringConfigName": "pmm"}),
            RollingRestart,
            "monitoring",
        ),
        (
            "pxc",
            "/podSchedulingPolicyName",
            json!("p"),
            RollingRestart,
            "podSchedulingPolicyName",
        ),
        ("pxc", "/paused", json!(true), FullStop, "paused"),
        (
            "pxc",
            "/backup/pitr",
            json!({"enabled": true}),
            NoRestart,
            "backup.pitr.enabled",
        ),
        (
            "pxc",
            "/allowUnsafeConfiguration",
            json!(true),
            NoRestart,
            "allowUnsafeConfiguration",
        ),
        (
            "psmdb",
            "/allowUnsafeConfiguration",
            json!(true),
            RollingRestart,
            "allowUnsafeConfiguration",
        ),
    ] {
        assert_eq!(
            change(engine, pointer, value),
            [(class, path.to_owned())],
            "{pointer}"
        );
    }
}

#[test]
fn an_upgrade_restarts_and_cannot_be_undone() {
    assert_eq!(
        change("pxc", "/engine/version", json!("8.0.42-33.1")),
        [
            (Class::Irreversible, "engine.version".to_owned()),
            (Class::RollingRestart, "engine.version".to_owned()),
        ]
    );
}

#[test]
fn keeping_fewer_backups_deletes_some() {
    let nightly = "backup.schedules[\"nightly\"]";
    for engine in ["pxc", "psmdb", "postgresql"] {
        for (copies, loses) in [(3, true), (0, false), (9, false)] {
            let found = change(engine, "/backup/schedules/0/retentionCopies", json!(copies));
            let lost = (Class::DataLoss, format!("{nightly}.retentionCopies"));
            assert_eq!(found.contains(&lost), loses, "{engine} {copies}: {found:?}");
            assert!(
                found.contains(&(Class::NoRestart, nightly.to_owned())),
                "{engine}: {found:?}"
            );
        }
    }
}

#[test]
fn the_first_schedule_of_a_postgresql_restarts_its_members_and_no_other_does() {
    let nightly = json!({"name": "nightly", "schedule": "0 2 * * *", "backupStorageName": "s3",
        "enabled": true, "retentionCopies": 7});
    let mut weekly = nightly.clone();
    weekly["name"] = json!("weekly");
    let worst = |engine: &str, before: &[&Value], now: &[&Value]| {
        let with = |schedules: &[&Value]| {
            let mut database = database(engine);
            database["spec"]["backup"] = json!({ "schedules": schedules });
            model(database)
        };
        let impacts = of_change(&with(before), &with(now));
        impacts.first().map(|impact| impact.class)
    };
    assert_eq!(
        worst("postgresql", &[], &[&nightly]),
        Some(Class::RollingRestart)
    );
    let quiet = Some(Class::NoRestart);
    assert_eq!(
        worst("postgresql", &[&nightly], &[&nightly, &weekly]),
        quiet
    );
    assert_eq!(worst("postgresql", &[&nightly], &[]), quiet);
    assert_eq!(worst("psmdb", &[], &[&nightly]), quiet);
    let mut resting = nightly.clone();
    resting["enabled"] = json!(false);
    assert_eq!(
        worst("postgresql", &[&resting], &[&nightly]),
        Some(Class::RollingRestart)
    );
    let mut later = resting.clone();
    later["schedule"] = json!("0 3 * * *");
    assert_eq!(worst("postgresql", &[&resting], &[&later]), quiet);
}

#[test]
fn tls_of_a_mongodb_goes_and_comes_with_a_restart() {
    for (before, now) in [(true, false), (false, true)] {
        let with = |allows: bool| {
            let mut database = database("psmdb");
            database["spec"]["allowUnsafeConfiguration"] = json!(allows);
            model(database)
        };
        let impacts = of_change(&with(before), &with(now));
        let classes: Vec<_> = impacts.iter().map(|impact| impact.class).collect();
        assert_eq!(classes, [Class::RollingRestart], "{before} to {now}");
        assert!(impacts[0].sentence.contains("TLS"), "{impacts:?}");
    }
}

#[test]
fn other_spellings_and_defaults_say_nothing() {
    for (pointer, value) in [
        ("/engine/resources/memory", json!("2048Mi")),
        ("/proxy/expose/type", json!("internal")),
        ("/backup/pitr", json!({"enabled": false})),
    ] {
        assert_eq!(change("pxc", pointer, value), [], "{pointer}");
    }
}

#[test]
fn a_value_that_is_not_known_yet_is_said_to_have_an_effect_that_is_not() {
    use Class::*;
    let prior = model(database("pxc"));
    let planned = |change: &dyn Fn(&mut DatabaseClusterSpec)| {
        let mut planned = prior.clone();
        change(planned.spec.known_mut().unwrap());
        planned
    };
    let found = |planned: &DatabaseModel| -> Vec<(String, Vec<Class>)> {
        let unknown = of_unknown(&prior, planned);
        let found = unknown.into_iter();
        found
            .map(|unknown| (unknown.path.to_string(), unknown.classes))
            .collect()
    };
    let several = planned(&|spec| {
        spec.paused = Field::Unknown;
        let engine = spec.engine.known_mut().unwrap();
        engine.version = Field::Unknown;
        engine.storage.known_mut().unwrap().size = Field::Unknown;
    });
    assert_eq!(
        found(&several),
        [
            ("engine.storage.size".to_owned(), vec![StorageGrowth]),
            (
                "engine.version".to_owned(),
                vec![Irreversible, RollingRestart]
            ),
            ("paused".to_owned(), vec![FullStop, NewPods]),
        ]
    );
    // A block whose members are all open may even replace the database.
    let block = planned(&|spec| spec.engine.known_mut().unwrap().storage = Field::Unknown);
    assert_eq!(
        found(&block),
        [("engine.storage".to_owned(), vec![DataLoss, StorageGrowth])]
    );
    let schedules = planned(&|spec| {
        spec.backup
            .known_mut()
            .unwrap()
            .schedules
            .known_mut()
            .unwrap()[0]
            .retention_copies = Field::Unknown;
    });
    assert_eq!(
        found(&schedules),
        [(
            "backup.schedules[\"nightly\"].retentionCopies".to_owned(),
            vec![DataLoss]
        )]
    );
    let restart = DatabaseModel {
        restart_trigger: Field::Unknown,
        ..prior.clone()
    };
    assert_eq!(
        found(&restart),
        [("restartTrigger".to_owned(), vec![FullStop])]
    );
    let single = planned(&|spec| {
        let engine = spec.engine.known_mut().unwrap();
        engine.replicas = 1.into();
        engine.config = Field::Unknown;
    });
    assert_eq!(
        found(&single),
        [("engine.config".to_owned(), vec![FullStop])],
        "the only member stops"
    );
}

#[test]
fn what_is_unknown_and_not_felt_says_nothing() {
    let prior = model(database("pxc"));
    let mut planned = prior.clone();
    for output in [
        &mut planned.status,
        &mut planned.message,
        &mut planned.hostname,
        &mut planned.cr_version,
        &mut planned.recommended_cr_version,
        &mut planned.credentials_secret_name,
    ] {
        *output = Field::Unknown;
    }
    planned.ready = Field::Unknown;
    planned.hosts = Field::Unknown;
    let spec = planned.spec.known_mut().unwrap();
    let proxy = spec.proxy.known_mut().unwrap();
    proxy.expose.known_mut().unwrap().ip_source_ranges = Field::Unknown;
    // Left open by the provider itself, where the engine's version changes.
    let engine = spec.engine.known_mut().unwrap();
    engine.version = "8.0.42-33.1".into();
    engine.cr_version = Field::Unknown;
    assert_eq!(of_unknown(&prior, &planned), []);
    planned.spec = Field::Unknown;
    assert_eq!(of_unknown(&prior, &planned), []);
    // A replacement that the plan shows is told as one.
    let mut planned = prior.clone();
    let engine = planned.spec.known_mut().unwrap().engine.known_mut();
    engine.unwrap().storage.known_mut().unwrap().class = Field::Unknown;
    assert_eq!(of_unknown(&prior, &planned), []);
}

#[test]
fn a_summary_says_what_is_not_known_beside_what_is() {
    let what = "everest_database prod/orders";
    let prior = model(database("pxc"));
    let mut planned = prior.clone();
    let engine = planned.spec.known_mut().unwrap().engine.known_mut();
    engine.unwrap().version = Field::Unknown;
    let told = |planned: &DatabaseModel| {
        let impacts = of_change(&prior, planned);
        summary(what, &impacts, &of_unknown(&prior, planned)).unwrap()
    };
    let alone = told(&planned);
    assert_eq!(
        alone.headline,
        "The effect of changing everest_database prod/orders is not known until apply"
    );
    assert!(
        alone.detail.starts_with(
            "The value of engine.version is not known yet. Depending on the value, the change may \
             have these effects: irreversible, rolling restart.\n"
        ),
        "{alone:?}"
    );
    assert!(alone.detail.contains("-target"), "{alone:?}");
    planned.spec.known_mut().unwrap().paused = true.into();
    let both = told(&planned);
    assert_eq!(
        both.headline,
        "everest_database prod/orders cannot be reached for a while; further effects of the change \
         are not known until apply"
    );
    let mut lines = both.detail.lines();
    assert!(lines.next().unwrap().starts_with("Changing paused"));
    assert!(lines.next().unwrap().contains("engine.version"));
}

#[test]
fn a_value_that_is_not_known_yet_meets_no_row() {
    let prior = model(database("pxc"));
    let mut planned = prior.clone();
    let spec = planned.spec.known_mut().unwrap();
    spec.paused = Field::Unknown;
    spec.proxy = Field::Unknown;
    let engine = spec.engine.known_mut().unwrap();
    engine.resources = Field::Unknown;
    engine.replicas = Field::Unknown;
    assert_eq!(of_change(&prior, &planned), []);
    planned.spec = Field::Unknown;
    assert_eq!(of_change(&prior, &planned), []);
}

#[test]
fn a_replacement_for_a_value_that_is_not_known_yet_is_said_to_lose_the_data() {
    let prior = model(database("pxc"));
    let mut planned = prior.clone();
    let engine = planned.spec.known_mut().unwrap().engine.known_mut();
    engine.unwrap().storage.known_mut().unwrap().class = Field::Unknown;
    planned.namespace = Field::Unknown;
    let found = of_change(&prior, &planned);
    let paths: Vec<_> = found.iter().map(|impact| impact.path.to_string()).collect();
    assert_eq!(paths, ["engine.storage.class", "namespace"]);
    assert!(found.iter().all(|impact| impact.class == Class::DataLoss));
}

#[test]
fn a_single_member_stops_where_others_restart_one_by_one() {
    let sentence = |replicas: i32, paused: bool| {
        let mut prior = database("postgresql");
        prior["spec"]["engine"]["replicas"] = json!(replicas);
        prior["spec"]["paused"] = json!(paused);
        let mut planned = prior.clone();
        planned["spec"]["engine"]["resources"]["cpu"] = json!("2");
        let found = of_change(&model(prior), &model(planned));
        (found[0].class, found[0].sentence.clone())
    };
    assert_eq!(
        sentence(3, false),
        (
            Class::RollingRestart,
            "Changing engine.resources restarts all 3 members one by one.".to_owned()
        )
    );
    assert_eq!(sentence(1, false).0, Class::FullStop);
    assert_eq!(
        sentence(3, true),
        (
            Class::NoRestart,
            "The change of engine.resources takes effect when the database is started again."
                .to_owned()
        )
    );
}

#[test]
fn a_summary_leads_with_the_worst_and_is_silent_about_nothing() {
    let mut planned = database("pxc");
    planned["spec"]["engine"]["resources"]["cpu"] = json!("2");
    planned["spec"]["engine"]["storage"]["size"] = json!("30Gi");
    let impacts = of_change(&model(database("pxc")), &model(planned));
    let summary = summary("everest_database prod/orders", &impacts, &[]).unwrap();
    assert_eq!(
        summary.headline,
        "The pods of everest_database prod/orders restart one by one"
    );
    assert_eq!(summary.detail.lines().count(), 2);
    let mut planned = database("pxc");
    planned["spec"]["proxy"]["expose"]["type"] = json!("NodePort");
    let impacts = of_change(&model(database("pxc")), &model(planned));
    assert_eq!(super::summary("x", &impacts, &[]), None);
    assert_eq!(super::summary("x", &[], &[]), None);
}

#[test]
fn a_destruction_says_what_becomes_of_the_backups() {
    let mut prior = model(database("pxc"));
    assert!(
        of_destruction(&prior)
            .sentence
            .contains("stays in the bucket")
    );
    prior.keep_backup_data = false.into();
    assert!(
        of_destruction(&prior)
            .sentence
            .contains("keep_backup_data = false")
    );
}

#[test]
fn a_restart_is_a_full_stop_and_nothing_else_of_the_trigger_is_felt() {
    let with = |trigger: Field<String>| DatabaseModel {
        restart_trigger: trigger,
        ..model(database("pxc"))
    };
    let classes = |before, now| -> Vec<Class> {
        let impacts = of_change(&with(before), &with(now));
        impacts.iter().map(|impact| impact.class).collect()
    };
    assert_eq!(classes("a".into(), "b".into()), [Class::FullStop]);
    assert_eq!(classes(Field::Null, "a".into()), [Class::FullStop]);
    assert_eq!(classes("a".into(), Field::Null), []);
}

#[test]
fn every_attribute_of_the_table_is_one_of_the_model() {
    let mut known = schema::places::<DatabaseModel>().iter();
    for effect in TABLE.iter() {
        let is_it = |place: &Place| place.path.to_string() == effect.attribute;
        assert!(known.clone().any(is_it), "{}", effect.attribute);
        assert!(!effect.phrase.ends_with('.') && !effect.source.is_empty());
    }
    assert!(known.next().is_some());
}

#[test]
fn destroying_a_backup_says_what_becomes_of_its_data() {
    let told = |keep: Field<bool>| {
        let backup = BackupModel {
            keep_backup_data: keep,
            ..BackupModel::default()
        };
        of_backup_destruction("everest_backup prod/b1", &backup).headline
    };
    let kept = "Destroying everest_backup prod/b1 leaves its data in the bucket";
    assert_eq!(told(true.into()), kept);
    assert_eq!(told(Field::Null), kept, "as for one that was imported");
    assert_eq!(
        told(false.into()),
        "Destroying everest_backup prod/b1 deletes its data in the bucket"
    );
}

/// Attributes without an effect to tell, because a rule refuses their change.
const WITHOUT_EFFECT: [&str; 1] = ["sharding.enabled"];

#[test]
fn every_attribute_of_a_database_has_its_effect() {
    let told = |leaf: &str| {
        TABLE.iter().any(|effect| {
            leaf.strip_prefix(&*effect.attribute)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let leaves = schema::places::<DatabaseClusterSpec>().iter();
    let leaves = leaves.filter(|place| !place.is_branch());
    let mut untold: Vec<_> = leaves.map(|place| place.path.to_string()).collect();
    untold.retain(|leaf| !told(leaf));
    assert_eq!(untold, WITHOUT_EFFECT);
}
