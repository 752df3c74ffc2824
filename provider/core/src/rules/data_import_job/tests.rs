use super::*;
use crate::facts::Planned;
use crate::facts::fixtures::{all, facts, serves_resources};
use crate::finding::Severity::{self, Error, Warning};
use everest_schemas::{Field, Sensitive};
use serde_json::{Value, json};

fn sound() -> DataImportJobModel {
    serde_json::from_value(json!({"namespace": "prod", "name": "first-load",
        "databaseName": "documents", "dataImporterName": "mongo",
        "source": {"path": "dumps/documents", "s3": {"bucket": "dumps", "region": "r",
            "endpointURL": "https://s3.example.com"}}}))
    .unwrap()
}

fn with(edit: Value) -> DataImportJobModel {
    let mut model = serde_json::to_value(sound()).unwrap();
    json_patch::merge(&mut model, &edit);
    serde_json::from_value(model).unwrap()
}

fn told(found: Vec<Finding>) -> Vec<(&'static str, String, Severity)> {
    let told = found.into_iter();
    told.map(|found| (found.rule, found.path.to_string(), found.severity))
        .collect()
}

fn of(rule: &'static str, path: &str, severity: Severity) -> Vec<(&'static str, String, Severity)> {
    vec![(rule, path.to_owned(), severity)]
}

#[test]
fn a_source_that_no_import_can_read_is_found_without_a_cluster() {
    let syntax = |edit: Value| told(with(edit).check_syntax());
    assert_eq!(syntax(json!({})), []);
    assert_eq!(
        syntax(json!({"source": {"path": "a//b"}})),
        of("data-import-path", "source.path", Error)
    );
    assert_eq!(
        syntax(json!({"source": {"s3": {"bucket": "B"}}})),
        of("bucket", "source.s3.bucket", Error)
    );
    let url = json!({"source": {"s3": {"endpointURL": "s3.example.com"}}});
    assert_eq!(
        syntax(url),
        of("endpoint-url", "source.s3.endpointURL", Error)
    );
}

#[test]
fn the_keys_of_a_bucket_are_given_both_and_in_one_form() {
    let key = || Field::Known(Sensitive::from("key".to_owned()));
    let one = DataImportJobModel {
        access_key_id: key(),
        ..sound()
    };
    let fault = |path: &str| of("data-import-credentials", path, Error);
    assert_eq!(told(one.check_syntax()), fault("secretAccessKey"));
    let both = DataImportJobModel {
        secret_access_key: key(),
        ..one
    };
    assert_eq!(told(both.check_syntax()), []);
    let twice = DataImportJobModel {
        access_key_id_wo: key(),
        secret_access_key_wo: key(),
        ..both
    };
    assert_eq!(told(twice.check_syntax()), fault("accessKeyIdWo"));
}

#[test]
fn a_name_is_none_of_everests_and_leaves_room_for_that_of_the_job() {
    let named = |name: &str| told(with(json!({ "name": name })).check(None));
    let fault = of("data-import-job-name", "name", Error);
    assert_eq!(named("first-load"), []);
    assert_eq!(named(&"a".repeat(56)), []);
    assert_eq!(named(&"a".repeat(57)), fault);
    assert_eq!(named("data-import-orders"), fault);
    assert_eq!(named("Not_A_Name"), of("object-name", "name", Error));
    // What exists keeps its name.
    let own = with(json!({"name": "data-import-orders"}));
    assert_eq!(told(own.check(Some(&own))), []);
}

#[test]
fn what_an_import_refers_to_has_to_be_there_and_fit() {
    let online = |edit: Value, stage| told(with(edit).check_online(None, &facts(), stage));
    let at_apply = |edit: Value| online(edit, Stage::Apply);
    assert_eq!(at_apply(json!({})), []);
    let absent = json!({"databaseName": "gone"});
    assert_eq!(
        at_apply(absent.clone()),
        of("database-exists", "databaseName", Error)
    );
    assert_eq!(
        online(absent, Stage::Plan),
        of("database-exists", "databaseName", Warning)
    );
    assert_eq!(
        at_apply(json!({"dataImporterName": "gone"})),
        of("data-importer-exists", "dataImporterName", Error)
    );
    assert_eq!(
        at_apply(json!({"databaseName": "reports"})),
        of("data-importer-applies", "dataImporterName", Error)
    );
    // The importer requires a field that the database does not have.
    assert_eq!(
        at_apply(json!({"databaseName": "orders", "dataImporterName": "dump"})),
        of("data-importer-applies", "dataImporterName", Error)
    );
    let choosy = |config: Value| {
        at_apply(json!({"databaseName": "orders", "dataImporterName": "choosy", "config": config}))
    };
    assert_eq!(choosy(json!({"parallel": 2})), []);
    assert_eq!(
        choosy(json!({"parallel": 0})),
        of("data-import-config", "config", Error)
    );
    // One that exists has run.
    let gone = with(json!({"databaseName": "gone"}));
    assert_eq!(
        told(gone.check_online(Some(&gone), &facts(), Stage::Apply)),
        []
    );
}

#[test]
fn an_import_that_an_older_everest_may_lose_is_warned_of() {
    let imported = |importer: &str, replicas: i32, resources: Value| {
        let spec = json!({"engine": {"type": "postgresql", "replicas": replicas,
            "storage": {"size": "1Gi"}}});
        let reports = json!({"spec": spec, "status": {"status": "ready"}});
        let facts = Facts {
            databases: all(&[("reports", reports)]),
            importers: None,
            served: serves_resources(resources),
            ..facts()
        };
        let model = with(json!({"databaseName": "reports", "dataImporterName": importer}));
        let at_plan = told(model.check_online(None, &facts, Stage::Plan));
        assert_eq!(
            told(model.check_online(None, &facts, Stage::Apply)),
            at_plan
        );
        at_plan
    };
    let shipped = "everest-percona-pg-operator";
    let (older, newer) = (json!({"cpu": {}}), json!({"cpu": {}, "limits": {}}));
    let risk = of("data-import-replicas", "databaseName", Warning);
    assert_eq!(imported(shipped, 3, older.clone()), risk);
    assert_eq!(imported(shipped, 1, older.clone()), []);
    assert_eq!(imported(shipped, 3, newer), []);
    assert_eq!(imported("dump", 3, older), []);
}

#[test]
fn what_the_same_run_makes_is_not_missing() {
    let model = with(json!({"databaseName": "new", "dataImporterName": "mine"}));
    let mut planned = Planned::default();
    planned.note(&model.namespace, Kind::Databases, &model.database_name);
    planned.note_cluster_scoped(Kind::Importers, &model.data_importer_name);
    let facts = Facts {
        planned: planned.within("prod"),
        ..facts()
    };
    assert_eq!(told(model.check_online(None, &facts, Stage::Plan)), []);
}

#[test]
fn a_database_that_is_being_filled_is_not_filled_with_the_same_data_again() {
    let database = |path: &str, status: Value| {
        let source = json!({"path": path, "s3": {"bucket": "dumps", "region": "r",
            "endpointURL": "https://s3.example.com", "credentialsSecretName": "keys"}});
        let import = json!({"dataImporterName": "mongo", "source": source});
        let facts = Facts {
            databases: all(&[(
                "documents",
                json!({"spec": {"engine": {"type": "psmdb", "storage": {"size": "1Gi"}},
                    "dataSource": {"dataImport": import}}, "status": status}),
            )]),
            ..facts()
        };
        told(sound().check_online(None, &facts, Stage::Apply))
    };
    let fault = of("data-import-once", "source", Error);
    assert_eq!(
        database("/dumps/documents", json!({"status": "ready"})),
        fault
    );
    let importing = json!({"status": "importing", "dataImportJobName": "data-import-documents"});
    assert_eq!(database("/dumps/documents", importing.clone()), fault);
    assert_eq!(database("/dumps/other", importing), []);
    let filled = json!({"status": "ready", "dataImportJobName": "data-import-documents"});
    assert_eq!(database("/dumps/documents", filled), []);
}

#[test]
fn a_plan_says_that_the_database_is_not_ready() {
    let mut facts = facts();
    let databases = facts.databases.as_mut().unwrap();
    let target = databases.get_mut("documents").unwrap();
    target.status.as_mut().unwrap().status = Some("paused".to_owned());
    let at = |stage| told(sound().check_online(None, &facts, stage));
    assert_eq!(
        at(Stage::Plan),
        of("data-import-allowed", "databaseName", Warning)
    );
    assert_eq!(at(Stage::Apply), []);
}

#[test]
fn an_import_that_runs_is_not_destroyed_without_a_word() {
    let destroyed = |state: &str| told(with(json!({ "state": state })).check_destruction());
    assert_eq!(destroyed("Running"), of("data-import-ended", "", Warning));
    assert_eq!(destroyed("Succeeded"), []);
    assert_eq!(destroyed("Error"), []);
}
