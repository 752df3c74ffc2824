//! Rules for the first data of a new database and for its Secrets.

use everest_schemas::everest::{DataImport, DatabaseClusterSpec};
use everest_schemas::models::DatabaseModel;
use everest_schemas::{Engine, Field};

use super::super::origin::moment;
use super::super::users;
use super::engine_type;
use crate::facts::{Facts, Kind};
use crate::path::FieldPath;
use crate::rules::backup_source::{self, source_backup};
use crate::rules::findings::Findings;
use crate::rules::online::{is_to_come, storage};
use crate::rules::table::online::{IMPORTER_APPLIES, SECRET_EXISTS};
use crate::rules::{Stage, import, pitr};
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
        let at_backup = path.field("dbClusterBackupName");
        users::of_backup(at_backup, spec, backup, facts, findings);
        let path = path.field("pitr");
        pitr::in_log(path.field("date"), moment(spec), backup, findings);
        if source.pitr.is_known() && engine_type(spec) == Some(Engine::Pxc) {
            pitr::log_storage(path, backup, facts, stage, findings);
        }
    }
    if let Some(backup) = source.backup_source.known() {
        let path = path.field("backupSource");
        let name = &backup.backup_storage_name;
        storage(
            path.field("backupStorageName"),
            name,
            facts,
            stage,
            findings,
        );
        if let Some(engine) = engine_type(spec) {
            backup_source::form_in_storage(&path, backup, engine, (facts, stage), findings);
        }
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
    data: &DataImport,
    spec: &DatabaseClusterSpec,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    if let Some(s3) = data.source.known().and_then(|source| source.s3.known())
        && !s3.gives_keys()
    {
        let path = path
            .field("source")
            .field("s3")
            .field("credentialsSecretName");
        secret(path, &s3.credentials_secret_name, facts, stage, findings);
    }
    let name = &data.data_importer_name;
    import::replicas(
        FieldPath::of("engine.replicas"),
        name,
        spec,
        facts,
        findings,
    );
    let path_of_name = path.field("dataImporterName");
    let found = import::importer(path_of_name.clone(), name, facts, stage, findings);
    let Some(importer) = found else {
        return;
    };
    let name = name.known_str().unwrap_or_default();
    import::engine(path_of_name, name, importer, engine_type(spec), findings);
    for field in import::lacking(importer, spec) {
        let path = FieldPath::of(field);
        let summary = Text::from(format!("The importer {name:?} requires ")).and(&path);
        findings.error(&IMPORTER_APPLIES, path, summary);
    }
    import::admitted_options(
        &path.field("config"),
        name,
        importer,
        &data.config,
        findings,
    );
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
