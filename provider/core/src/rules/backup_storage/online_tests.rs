use super::*;
use everest_schemas::everest::BackupStorageSpec;

use crate::dialect::Dialect;
use crate::facts::Planned;
use crate::facts::fixtures::facts;
use crate::finding::Severity::{Error, Warning};

fn storage(bucket: &str) -> BackupStorageModel {
    BackupStorageModel {
        namespace: "prod".into(),
        name: "s3".into(),
        spec: BackupStorageSpec {
            type_: "s3".into(),
            bucket: bucket.into(),
            region: "r".into(),
            ..BackupStorageSpec::default()
        }
        .into(),
        ..BackupStorageModel::default()
    }
}

fn in_use() -> Facts {
    let mut facts = facts();
    let found = facts.storages.as_mut().unwrap().get_mut("s3").unwrap();
    found.status.get_or_insert_default().in_use = Some(true);
    facts
}

#[test]
fn a_bucket_has_one_storage() {
    let clash = storage("two");
    for (stage, severity) in [(Stage::Plan, Warning), (Stage::Apply, Error)] {
        let found = check_online(&clash, None, &facts(), stage);
        assert_eq!(
            (found[0].rule, found[0].severity),
            ("bucket-once", severity)
        );
        assert_eq!(check_online(&clash, Some(&clash), &facts(), stage), []);
        assert_eq!(check_online(&storage("one"), None, &facts(), stage), []);
        assert_eq!(check_online(&clash, None, &Facts::default(), stage), []);
    }
    let mut open = storage("two");
    open.spec.known_mut().unwrap().region = Field::Unknown;
    assert_eq!(check_online(&open, None, &facts(), Stage::Apply), []);
    open.spec.known_mut().unwrap().region = "elsewhere".into();
    assert_eq!(check_online(&open, None, &facts(), Stage::Apply), []);
}

#[test]
fn no_storages_are_asked_for_but_those_that_a_storage_is_judged_by() {
    let (prior, planned) = (storage("one"), storage("two/"));
    let some = planned.wanted(Some(&prior)).storages.unwrap();
    assert_eq!(some.name.as_deref(), Some("s3"));
    let buckets: Vec<_> = ["one", "two"].map(storage).into();
    let buckets = buckets.iter().map(|model| model.spec.known().unwrap());
    assert_eq!(some.buckets, buckets.filter_map(Bucket::of).collect());
    let some = planned.wanted_at_destruction().storages.unwrap();
    assert!(some.buckets.is_empty(), "only whether it is used");
}

#[test]
fn a_storage_that_came_into_use_keeps_its_bucket() {
    let (prior, planned) = (storage("one"), storage("new"));
    let rules = |prior: &BackupStorageModel, facts: &Facts| -> Vec<_> {
        let found = check_online(&planned, Some(prior), facts, Stage::Plan);
        found
            .iter()
            .map(|found| (found.rule, found.severity))
            .collect()
    };
    assert_eq!(rules(&prior, &in_use()), [("storage-in-use", Error)]);
    assert_eq!(rules(&prior, &facts()), []);
    let known = BackupStorageModel {
        in_use: true.into(),
        ..prior
    };
    assert_eq!(rules(&known, &in_use()), [], "found without the cluster");
}

#[test]
fn a_storage_in_use_is_not_destroyed() {
    let found = check_destruction_online(&storage("one"), &in_use());
    assert_eq!(
        (found[0].rule, found[0].severity),
        ("backup-storage-unused", Warning)
    );
    assert_eq!(check_destruction_online(&storage("one"), &facts()), []);
    assert_eq!(
        check_destruction_online(&storage("one"), &Facts::default()),
        []
    );
}

#[test]
fn a_storage_that_loses_its_users_in_the_same_run_is_not_warned_of() {
    let mut facts = in_use();
    let used = serde_json::json!({"metadata": {"name": "orders"},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
            "backup": {"schedules": [{"name": "n", "schedule": "0 2 * * *", "enabled": true,
                "backupStorageName": "s3"}]}}});
    facts.databases = Some([("orders".to_owned(), serde_json::from_value(used).unwrap())].into());
    facts.backups = Some(Default::default());
    let found = check_destruction_online(&storage("one"), &facts);
    let said = found[0].summary.render(Dialect::Terraform);
    assert!(said.ends_with("in use by database orders"), "{said}");
    let mut planned = Planned::default();
    planned.note_destroyed(&"prod".into(), Kind::Databases, &"orders".into());
    facts.planned = planned.within("prod");
    assert_eq!(check_destruction_online(&storage("one"), &facts), []);
}
