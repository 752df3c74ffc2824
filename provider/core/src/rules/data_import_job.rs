//! Rules for `everest_data_import_job`.

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DataImportJobModel;

use super::backup_storage::is_bucket;
use super::findings::{Findings, differ};
use super::online::{database, served_namespace, unready_state, upgrade_lock};
use super::table::backup::BUCKET;
use super::table::data_import_job::{IMPORT_ALLOWED, IMPORT_ENDED, IMPORT_JOB_NAME, IMPORT_ONCE};
use super::table::online::IMPORTER_APPLIES;
use super::{Stage, Validate, import};
use crate::facts::{Facts, Kind, Wanted};
use crate::finding::Finding;
use crate::lifecycle::data_importer;
use crate::path::FieldPath;
use crate::v1::data_import_job::{OF_EVEREST, is_source_of};

/// The most characters of a name: Everest appends a hyphen and six characters for the Job, whose
/// name is a label of its pods.
const NAME_LIMIT: usize = 56;

impl Validate for DataImportJobModel {
    fn check_syntax(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.timeouts(&self.timeouts);
        import::keys(
            &FieldPath::root(),
            [&self.access_key_id, &self.secret_access_key],
            [&self.access_key_id_wo, &self.secret_access_key_wo],
            &mut findings,
        );
        let Some(source) = self.source.known() else {
            return findings.into_findings();
        };
        let path = FieldPath::of("source");
        import::object_path(path.field("path"), &source.path, &mut findings);
        if let Some(s3) = source.s3.known() {
            let path = path.field("s3");
            let endpoint = path.field("endpointURL");
            import::endpoint_url(endpoint, &s3.endpoint_url, &mut findings);
            if let Some(text) = s3.bucket.known_str()
                && !is_bucket(text)
            {
                let summary = format!("{text:?} cannot be the name of a bucket");
                findings.error(&BUCKET, path.field("bucket"), summary);
            }
        }
        findings.into_findings()
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        let mut findings = Findings::default();
        if prior.is_some_and(|prior| !differ(&self.name, &prior.name)) {
            return findings.into_findings();
        }
        let path = FieldPath::of("name");
        if let Some(text) = self.name.known_str() {
            let fault = if text.starts_with(OF_EVEREST) {
                Some("begins with data-import-".to_owned())
            } else if text.len() > NAME_LIMIT {
                Some(format!("has {} characters", text.len()))
            } else {
                None
            };
            if let Some(fault) = fault {
                let summary = format!("{text:?} cannot be the name of an import: it {fault}");
                findings.error(&IMPORT_JOB_NAME, path.clone(), summary);
            }
        }
        findings.object_name(path, &self.name);
        findings.into_findings()
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        if prior.is_some() {
            return Wanted::default();
        }
        let kinds = [Kind::Engines, Kind::Databases, Kind::Importers];
        Wanted::of(&self.namespace, &kinds)
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        let mut findings = Findings::default();
        if prior.is_some() || !served_namespace(&self.namespace, facts, stage, &mut findings) {
            return findings.into_findings();
        }
        let target = database(&self.database_name, facts, stage, &mut findings);
        importer(self, target, facts, stage, &mut findings);
        let Some(target) = target else {
            return findings.into_findings();
        };
        if let Some(source) = self.source.known()
            && is_being_filled(target)
            && is_source_of(source, target)
        {
            let summary = "The database is being filled with the same data";
            findings.error(&IMPORT_ONCE, FieldPath::of("source"), summary);
        }
        let path = FieldPath::of("databaseName");
        let importer = &self.data_importer_name;
        import::replicas(path, importer, &target.spec, facts, &mut findings);
        if stage == Stage::Plan {
            upgrade_lock(facts, &mut findings);
            if let Some(state) = unready_state(target) {
                findings.warning(
                    &IMPORT_ALLOWED,
                    FieldPath::of("databaseName"),
                    format!("The database is in state {state:?} at the moment"),
                );
            }
        }
        findings.into_findings()
    }

    fn wanted_at_destruction(&self) -> Wanted {
        Wanted::default()
    }

    fn check_destruction(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        if let Some("Pending" | "Running") = self.state.known_str() {
            let summary = "The import has not ended";
            findings.warning(&IMPORT_ENDED, FieldPath::root(), summary);
        }
        findings.into_findings()
    }
}

/// Checks the importer that a job names, and the options that it gets.
fn importer(
    model: &DataImportJobModel,
    target: Option<&DatabaseCluster>,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    let path = FieldPath::of("dataImporterName");
    let name = &model.data_importer_name;
    let found = import::importer(path.clone(), name, facts, stage, findings);
    let Some(importer) = found else {
        return;
    };
    let name = name.known_str().unwrap_or_default();
    let config = FieldPath::of("config");
    import::options(&config, name, importer, &model.config, findings);
    let Some(target) = target else {
        return;
    };
    let engine = target.spec.engine.known();
    let engine = engine.and_then(|engine| engine.type_.known().copied());
    import::engine(path.clone(), name, importer, engine, findings);
    for field in import::lacking(importer, &target.spec) {
        let summary = format!("The importer {name:?} requires a database with {field:?}");
        findings.error(&IMPORTER_APPLIES, path.clone(), summary);
    }
}

/// Returns true if Everest has not yet filled a new database by the import of its data source.
fn is_being_filled(database: &DatabaseCluster) -> bool {
    let source = database.spec.data_source.known();
    let import = source.and_then(|source| source.data_import.known());
    let importer = import.and_then(|import| import.data_importer_name.known_str());
    let status = database.status.as_ref();
    let status = status.and_then(|status| status.status.as_deref());
    importer.is_some_and(|importer| data_importer::awaits(database, importer))
        || (importer.is_some() && status == Some("importing"))
}

#[cfg(test)]
mod tests;
