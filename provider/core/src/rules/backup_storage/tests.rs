use super::*;
use crate::dialect::Dialect;
use everest_schemas::everest::{BackupStorageSpec, DatabaseClusterBackup};
use serde_json::json;

type Change = fn(&mut BackupStorageModel);

fn sound() -> BackupStorageModel {
    BackupStorageModel {
        namespace: "prod".into(),
        name: "s3".into(),
        spec: BackupStorageSpec {
            type_: "s3".into(),
            bucket: "backups".into(),
            region: "us-east-1".into(),
            ..BackupStorageSpec::default()
        }
        .into(),
        ..BackupStorageModel::default()
    }
}

fn spec(model: &mut BackupStorageModel) -> &mut BackupStorageSpec {
    model.spec.known_mut().unwrap()
}

fn secret() -> Field<Sensitive<String>> {
    Field::Known("hush".to_owned().into())
}

fn rules(found: Vec<Finding>) -> Vec<(&'static str, String)> {
    found
        .into_iter()
        .map(|found| (found.rule, found.path.to_string()))
        .collect()
}

#[test]
fn each_rule_on_a_configuration_finds_what_breaks_it() {
    let cases: [(&str, &str, Change, Change, Change); 5] = [
        (
            "s3-region",
            "region",
            |m| spec(m).region = Field::Null,
            |m| {
                spec(m).region = Field::Null;
                spec(m).type_ = "azure".into();
            },
            |m| spec(m).region = Field::Unknown,
        ),
        (
            "credentials-pair",
            "secretAccessKey",
            |m| m.access_key_id = secret(),
            |m| {
                m.access_key_id = secret();
                m.secret_access_key = secret();
            },
            |m| {
                m.access_key_id = secret();
                m.secret_access_key = Field::Unknown;
            },
        ),
        (
            "credentials-pair",
            "accessKeyIdWo",
            |m| m.secret_access_key_wo = secret(),
            |m| {
                m.access_key_id_wo = secret();
                m.secret_access_key_wo = secret();
                m.credentials_wo_version = 1.into();
            },
            |m| m.secret_access_key_wo = Field::Unknown,
        ),
        (
            "credentials-once",
            "accessKeyIdWo",
            |m| {
                m.access_key_id = secret();
                m.secret_access_key = secret();
                m.access_key_id_wo = secret();
                m.secret_access_key_wo = secret();
            },
            |m| {
                m.access_key_id = secret();
                m.secret_access_key = secret();
            },
            |m| {
                m.access_key_id = Field::Unknown;
                m.secret_access_key = Field::Unknown;
                m.access_key_id_wo = Field::Unknown;
            },
        ),
        (
            "credentials-version",
            "credentialsWoVersion",
            |m| {
                m.access_key_id_wo = secret();
                m.secret_access_key_wo = secret();
            },
            |m| {
                m.access_key_id_wo = secret();
                m.secret_access_key_wo = secret();
                m.credentials_wo_version = 1.into();
            },
            |m| {
                m.access_key_id_wo = secret();
                m.secret_access_key_wo = secret();
                m.credentials_wo_version = Field::Unknown;
            },
        ),
    ];
    assert!(check_syntax(&sound()).is_empty());
    for (rule, path, breaks, holds, unknown) in cases {
        let judged = |change: Change| {
            let mut model = sound();
            change(&mut model);
            let found = check_syntax(&model);
            assert!(
                found
                    .iter()
                    .all(|found| !format!("{found:?}").contains("hush"))
            );
            rules(found)
        };
        assert!(judged(breaks).contains(&(rule, path.to_owned())), "{rule}");
        assert!(judged(holds).iter().all(|found| found.0 != rule), "{rule}");
        assert!(
            judged(unknown).iter().all(|found| found.0 != rule),
            "{rule}"
        );
    }
}

#[test]
fn each_rule_on_a_storage_finds_what_breaks_it() {
    let cases: [(&str, &str, Change, Change, Change); 3] = [
        (
            "name",
            "name",
            |m| m.name = "a-name-of-more-than-22-characters".into(),
            |m| m.name = "s3-eu".into(),
            |m| m.name = Field::Unknown,
        ),
        (
            "bucket",
            "bucket",
            |m| spec(m).bucket = "Not A Bucket".into(),
            |m| spec(m).bucket = "my.bucket-1".into(),
            |m| spec(m).bucket = Field::Unknown,
        ),
        (
            "endpoint-url",
            "endpointURL",
            |m| spec(m).endpoint_url = "minio:9000".into(),
            |m| spec(m).endpoint_url = "http://minio:9000".into(),
            |m| spec(m).endpoint_url = Field::Unknown,
        ),
    ];
    for (rule, path, breaks, holds, unknown) in cases {
        let judged = |change: Change| {
            let mut model = sound();
            change(&mut model);
            rules(check(&model, None))
        };
        assert_eq!(judged(breaks), [(rule, path.to_owned())]);
        assert!(
            judged(holds).is_empty() && judged(unknown).is_empty(),
            "{rule}"
        );
    }
}

#[test]
fn nothing_is_said_of_a_short_name_of_a_bucket_that_exists() {
    let mut prior = sound();
    spec(&mut prior).bucket = "b".into();
    assert_eq!(rules(check(&prior, None)).len(), 1);
    assert!(check(&prior, Some(&prior)).is_empty());
    let mut planned = prior.clone();
    spec(&mut planned).description = "by hand".into();
    assert!(check(&planned, Some(&prior)).is_empty());
}

#[test]
fn new_credentials_name_the_databases_that_do_not_get_them_at_once() {
    let database = |engine: &str, storage: &str| -> DatabaseCluster {
        serde_json::from_value(json!({"metadata": {}, "status": {"crVersion": "1.21.1"},
            "spec": {"engine": {"type": engine, "storage": {"size": "1Gi"}},
                "backup": {"schedules": [{"name": "n", "enabled": true, "schedule": "0 2 * * *",
                    "backupStorageName": storage}]}}}))
        .unwrap()
    };
    let backup: DatabaseClusterBackup = serde_json::from_value(json!({"metadata": {},
        "spec": {"dbClusterName": "backed-up", "backupStorageName": "s3"}}))
    .unwrap();
    let mut newer = database("psmdb", "s3");
    newer.status.as_mut().unwrap().cr_version = Some("1.22.0".to_owned());
    let mut uploading = database("pxc", "other");
    let pitr = json!({"enabled": true, "backupStorageName": "s3"});
    uploading.spec.backup.known_mut().unwrap().pitr = serde_json::from_value(pitr).unwrap();
    let databases = [
        ("mongodb", database("psmdb", "s3")),
        ("newer", newer),
        ("uploading", uploading),
        ("scheduled", database("postgresql", "s3")),
        ("backed-up", database("postgresql", "other")),
        ("elsewhere", database("postgresql", "other")),
        ("mysql", database("pxc", "s3")),
    ];
    let databases = databases.map(|(name, database)| (name.to_owned(), database));
    let facts = Facts {
        databases: Some(databases.into()),
        backups: Some([("b".to_owned(), backup)].into()),
        ..Facts::default()
    };
    let cases: [(&str, Change); 3] = [
        ("accessKeyId", |m| m.access_key_id = secret()),
        ("secretAccessKey", |m| m.secret_access_key = secret()),
        ("credentialsWoVersion", |m| {
            m.credentials_wo_version = 2.into();
        }),
    ];
    for (path, change) in cases {
        let (prior, mut planned) = (sound(), sound());
        change(&mut planned);
        assert_ne!(planned.wanted(Some(&prior)), planned.wanted(None));
        let found = check_online(&planned, Some(&prior), &facts, Stage::Plan);
        let said = found[0].summary.render(Dialect::Terraform);
        assert!(
            said.ends_with(": backed-up, mongodb, scheduled, uploading"),
            "{said}"
        );
        assert_eq!(rules(found), [("credentials-reach", path.to_owned())]);
        assert!(check_online(&planned, Some(&planned), &facts, Stage::Plan).is_empty());
    }
}

#[test]
fn a_storage_in_use_keeps_its_bucket_and_region() {
    let mut prior = sound();
    prior.in_use = true.into();
    let cases: [(&str, Change); 3] = [
        ("bucket", |m| spec(m).bucket = "other".into()),
        ("region", |m| spec(m).region = "eu-west-1".into()),
        ("type", |m| spec(m).type_ = "azure".into()),
    ];
    for (path, change) in cases {
        let mut planned = sound();
        change(&mut planned);
        assert_eq!(
            rules(check(&planned, Some(&prior))),
            [("storage-in-use", path.to_owned())]
        );
        assert!(check(&planned, Some(&sound())).is_empty());
    }
    let mut planned = sound();
    spec(&mut planned).endpoint_url = "https://s3.example.com".into();
    spec(&mut planned).region = Field::Unknown;
    assert!(check(&planned, Some(&prior)).is_empty());
}
