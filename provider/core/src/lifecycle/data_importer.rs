//! Data importers: the imports that still need them.
//!
//! Everest neither marks an importer that is used nor refuses its deletion. An import that has not
//! begun to run then never does, and its database is never ready; those that have ended need their
//! importer no more.

use everest_schemas::everest::{DataImportJob, DataImporter, DatabaseCluster};

use super::{Observed, Query, Used};
use crate::storage_users::{User, Users, place};

impl Used for DataImporter {
    const CALLED: &'static str = "data importer";
    const UNSEEN: &'static str = "databases and import jobs of all namespaces";
    const REMEDY: &'static str = "Wait until these imports have ended, or delete them: without the \
        importer they never end, and their databases never become ready";
    // Everest holds no importer.
    const IS_LET_GO: bool = true;

    fn in_use(&self) -> bool {
        false
    }

    fn users(observed: &Observed, _: &str, name: &str) -> Result<Users, Query> {
        let databases = observed.all::<DatabaseCluster>("")?;
        let jobs = observed.all::<DataImportJob>("")?;
        let mut users = Users::among(databases, |database| awaits(database, name));
        let unfinished = jobs.into_iter().flatten().filter(|job| needs(job, name));
        users.found.extend(unfinished.map(|job| User {
            name: format!("import job {}", place(&job.metadata)),
            is_going: job.metadata.deletion_timestamp.is_some(),
        }));
        users.is_complete &= jobs.is_some();
        Ok(users)
    }
}

/// Returns true if a database is to be filled by the importer of this name and Everest has made no
/// job for that yet.
pub fn awaits(database: &DatabaseCluster, importer: &str) -> bool {
    let source = database.spec.data_source.known();
    let import = source.and_then(|source| source.data_import.known());
    let status = database.status.as_ref();
    let job = status.and_then(|status| status.data_import_job_name.as_deref());
    import.is_some_and(|import| import.data_importer_name.known_str() == Some(importer))
        && job.is_none_or(str::is_empty)
}

/// Returns true if a job of the importer of this name has not ended.
pub fn needs(job: &DataImportJob, importer: &str) -> bool {
    let state = job
        .status
        .as_ref()
        .and_then(|status| status.state.as_deref());
    job.spec.data_importer_name.known_str() == Some(importer)
        && !matches!(state, Some("Succeeded" | "Failed"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lifecycle::world::World;
    use crate::lifecycle::{Action, ObjectKind, RemoveUsed, Requirement};
    use crate::v1::ObjectMapping;
    use everest_schemas::Field;
    use everest_schemas::models::DataImporterModel;

    /// The users that keep the importer `dump`.
    fn keepers(job: &str, database: &Value) -> Vec<String> {
        let source = json!({"path": "/d"});
        let database = json!({"metadata": {"name": "orders", "namespace": "prod"},
            "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
                "dataSource": {"dataImport": {"dataImporterName": "dump", "source": source}}},
            "status": database});
        let job = json!({"metadata": {"name": "import", "namespace": "prod"},
            "spec": {"dataImporterName": "dump", "source": source, "targetClusterName": "orders"},
            "status": {"state": job}});
        let mut world = World::default()
            .with(
                ObjectKind::DataImporter,
                "dump",
                json!({"metadata": {"uid": "u"}, "spec": {}}),
            )
            .with(ObjectKind::Database, "orders", database)
            .with(ObjectKind::DataImportJob, "import", job);
        let model = DataImporterModel::at(Field::Null, "dump".into());
        match world.next(&mut RemoveUsed::of(&model)) {
            Action::Require(Requirement::Unused { users, .. }) => {
                users.into_iter().map(|user| user.name).collect()
            }
            Action::Delete { .. } => Vec::new(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn imports_that_have_not_ended_keep_their_importer() {
        let begun = json!({"dataImportJobName": "import"});
        assert_eq!(
            keepers("Running", &json!({})),
            ["database prod/orders", "import job prod/import"]
        );
        assert_eq!(keepers("Error", &begun), ["import job prod/import"]);
        assert!(keepers("Succeeded", &begun).is_empty());
        assert!(keepers("Failed", &begun).is_empty());
    }
}
