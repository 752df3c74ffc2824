//! Rules for the first data of a new database and for its Secrets.

use everest_schemas::Field;
use everest_schemas::everest::{DataImport, DataImporter, DatabaseClusterSpec};
use everest_schemas::models::DatabaseModel;
use serde_json::{Map, Value};

use super::super::origin::moment;
use super::engine_type;
use crate::facts::{Facts, Kind};
use crate::open_api::{self, Reading};
use crate::path::FieldPath;
use crate::rules::Stage;
use crate::rules::findings::Findings;
use crate::rules::online::{Reference, is_to_come, named, storage};
use crate::rules::pitr;
use crate::rules::restore::source_backup;
use crate::rules::table::online::{
    IMPORT_CONFIG, IMPORTER_APPLIES, IMPORTER_EXISTS, SECRET_EXISTS,
};
use crate::text::Text;

pub(super) fn check(
    model: &DatabaseModel,
    spec: &DatabaseClusterSpec,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    // With passwords, the Secret is written before the database.
    if let Some(engine) = spec.engine.known().filter(|_| model.users_wo.is_null()) {
        let path = FieldPath::of("engine.userSecretsName");
        secret(path, &engine.user_secrets_name, facts, stage, findings);
    }
    let Some(source) = spec.data_source.known() else {
        return;
    };
    let path = FieldPath::of("dataSource");
    let backup = source_backup(
        path.field("dbClusterBackupName"),
        &source.db_cluster_backup_name,
        engine_type(spec),
        facts,
        stage,
        findings,
    );
    if let Some(backup) = backup {
        let path = path.field("pitr").field("date");
        pitr::in_log(path, moment(spec), backup, findings);
    }
    if let Some(backup) = source.backup_source.known() {
        let path = path.field("backupSource").field("backupStorageName");
        storage(path, &backup.backup_storage_name, facts, stage, findings);
    }
    if let Some(import) = source.data_import.known() {
        data_import(
            &path.field("dataImport"),
            import,
            spec,
            facts,
            stage,
            findings,
        );
    }
}

fn secret(
    path: FieldPath,
    name: &Field<String>,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    if let Some(name) = name.known_str()
        && facts.secrets.get(name) == Some(&false)
    {
        let summary = format!("The namespace has no Secret {name:?}");
        findings.missing(&SECRET_EXISTS, path, summary, stage);
    }
}

fn data_import(
    path: &FieldPath,
    import: &DataImport,
    spec: &DatabaseClusterSpec,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    if let Some(s3) = import.source.known().and_then(|source| source.s3.known())
        && !s3.gives_keys()
    {
        let path = path
            .field("source")
            .field("s3")
            .field("credentialsSecretName");
        secret(path, &s3.credentials_secret_name, facts, stage, findings);
    }
    let config = path.field("config");
    let path = path.field("dataImporterName");
    let reference = Reference {
        rule: &IMPORTER_EXISTS,
        path: path.clone(),
        kind: "DataImporter",
        name: &import.data_importer_name,
    };
    let to_come = is_to_come(
        Kind::Importers,
        &import.data_importer_name,
        &facts.importers,
        facts,
        stage,
    );
    if !to_come && let Some(importer) = named(reference, &facts.importers, stage, findings) {
        let name = import.data_importer_name.known_str().unwrap_or_default();
        importer_applies(&path, name, importer, spec, findings);
        import_config(&config, name, importer, &import.config, findings);
    }
}

/// Returns true if the planned run makes the importer.
pub(super) fn importer_is_to_come(spec: &DatabaseClusterSpec, facts: &Facts) -> bool {
    let source = spec.data_source.known();
    let import = source.and_then(|source| source.data_import.known());
    import.is_some_and(|import| {
        let name = &import.data_importer_name;
        is_to_come(Kind::Importers, name, &facts.importers, facts, Stage::Plan)
    })
}

/// Checks the options by the importer's schema. If none are given although some are required, that
/// is only a warning: the import may have defaults.
fn import_config(
    path: &FieldPath,
    name: &str,
    importer: &DataImporter,
    config: &Field<Value>,
    findings: &mut Findings,
) {
    let schema = importer
        .spec
        .config
        .known()
        .and_then(|config| config.open_api_v3_schema.known());
    let Some(schema) = schema else {
        return;
    };
    let none = Value::Object(Map::new());
    let options = match config {
        Field::Unknown => return,
        Field::Null => &none,
        Field::Known(options) => options,
    };
    for violation in open_api::violations(schema, options, "", Reading::Plain) {
        let summary = format!("The importer {name:?} does not take these options: {violation}");
        if config.is_null() {
            findings.warning(&IMPORT_CONFIG, path.clone(), summary);
        } else {
            findings.error(&IMPORT_CONFIG, path.clone(), summary);
        }
    }
}

fn importer_applies(
    path: &FieldPath,
    name: &str,
    importer: &DataImporter,
    spec: &DatabaseClusterSpec,
    findings: &mut Findings,
) {
    let engines = texts(&importer.spec.supported_engines);
    if let Some(type_) = engine_type(spec)
        && !engines.contains(&type_.as_str())
    {
        findings.error(
            &IMPORTER_APPLIES,
            path.clone(),
            format!(
                "The importer {name:?} is for {}, not for {type_}",
                engines.join(", ")
            ),
        );
    }
    let Some(constraints) = importer.spec.database_cluster_constraints.known() else {
        return;
    };
    let Ok(spec) = serde_json::to_value(spec) else {
        return;
    };
    for field in texts(&constraints.required_fields) {
        let Some(field) = field.trim_start_matches('.').strip_prefix("spec.") else {
            continue;
        };
        if is_unset(&spec, field) {
            let path = FieldPath::of(field);
            let summary = Text::from(format!("The importer {name:?} requires ")).and(&path);
            findings.error(&IMPORTER_APPLIES, path, summary);
        }
    }
}

/// Returns true if a field of the spec is absent or zero. An unknown value, which is null in JSON,
/// may be anything.
fn is_unset(spec: &Value, field: &str) -> bool {
    let mut at = spec;
    for name in field.split('.') {
        match at.get(name) {
            Some(inner) => at = inner,
            None => return !at.is_null(),
        }
    }
    match at {
        Value::Null => false,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

fn texts(list: &Field<Vec<Field<String>>>) -> Vec<&str> {
    list.known()
        .into_iter()
        .flatten()
        .filter_map(|text| text.known_str())
        .collect()
}
