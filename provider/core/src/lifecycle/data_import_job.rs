//! Lifecycles of imports into existing databases: running one, and removing its record.

use everest_schemas::everest::{BackupStorage, DataImportJob, DatabaseCluster};
use everest_schemas::models::DataImportJobModel;
use everest_schemas::{Engine, Field, Sensitive};
use serde_json::Value;

use super::own_secret::{OwnSecret, is_read_by};
use super::{
    Action, EngineRole, Lifecycle, ObjectRef, Observed, Query, ReadsSecret, Removal, Requirement,
    SecretMetadata, Stopwatches, TakeBackSecret, prerequisites,
};
use crate::path::FieldPath;
use crate::readiness::{self, Readiness};
use crate::v1;
use crate::v1::credentials::secret_name;

/// The importers of Everest's chart that restore by an object of the engine, whose name follows from
/// that of the database alone.
const BY_RESTORE: [(&str, Engine); 2] = [
    ("everest-percona-pxc-operator", Engine::Pxc),
    ("everest-percona-psmdb-operator", Engine::Psmdb),
];

/// The annotation of such an object of the engine.
const BY_IMPORTER: &str = "everest.percona.com/managed-by-data-import";

impl ReadsSecret for DataImportJob {
    const CONTENT: &'static str = "credentials";
    const NOUN: &'static str = "import";
    const KEYS: &'static [&'static str] = BackupStorage::KEYS;
    const ATTRIBUTE: &'static str = BackupStorage::ATTRIBUTE;
    const GIVE: &'static str = BackupStorage::GIVE;
    const LEAVE_OUT: &'static str = BackupStorage::LEAVE_OUT;
    const INSTEAD: &'static str = "{:useAnotherSecret}";

    fn secret_name(&self) -> Option<&str> {
        let s3 = self.spec.source.known()?.s3.known()?;
        s3.credentials_secret_name.known_str()
    }

    /// Storages are filled with keys of the same names, and a new database names the Secret of its
    /// import before it has one.
    fn is_read_elsewhere(
        observed: &Observed,
        namespace: &str,
        secret: &str,
    ) -> Result<Option<bool>, Query> {
        match is_read_by_new_database(observed, namespace, secret)? {
            Some(false) => is_read_by::<BackupStorage>(observed, namespace, secret),
            other => Ok(other),
        }
    }
}

/// Returns true if the import of a new database is to read the Secret of this name; `None` if
/// databases may not be listed.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn is_read_by_new_database(
    observed: &Observed,
    namespace: &str,
    secret: &str,
) -> Result<Option<bool>, Query> {
    let databases = observed.all::<DatabaseCluster>(namespace)?;
    Ok(databases.map(|databases| {
        let mut databases = databases.iter();
        databases.any(|database| names_secret(database, secret))
    }))
}

/// Returns true if the import of a new database is to read the Secret of this name.
fn names_secret(database: &DatabaseCluster, secret: &str) -> bool {
    let source = database.spec.data_source.known();
    let import = source.and_then(|source| source.data_import.known());
    let s3 = import.and_then(|import| import.source.known()?.s3.known());
    s3.is_some_and(|s3| s3.credentials_secret_name.known_str() == Some(secret))
}

/// Imports data into a database.
///
/// 1. A job that exists is not touched, nor is its Secret.
/// 2. The upgrade of an operator of the namespace is waited for, a database that becomes ready by
///    itself, and another import into the database or a restore of it. Everest checks none of that.
/// 3. What an earlier import has left has to go first, where the importer would take the end of the
///    earlier import for its own.
/// 4. The Secret with the keys of the bucket is written, or has to be there. Where it is written, it
///    must not be there, unless the same creation has left it. Everest makes the job its owner, so
///    it must not have another.
/// 5. The job is made.
/// 6. The import has to succeed, and the database has to be usable again.
#[derive(Clone, Debug)]
pub struct BeginImport {
    object: ObjectRef,
    database: String,
    importer: String,
    body: Value,
    secret: OwnSecret,
    content: Option<Sensitive<Value>>,
    wrote_secret: bool,
}

impl BeginImport {
    /// Imports what the model says, with the body of the Secret that the job reads where that is to
    /// be written by the field manager `manager`.
    pub fn of(
        model: &DataImportJobModel,
        content: Option<Sensitive<Value>>,
        manager: &str,
    ) -> Self {
        let object = ObjectRef::of_model(model);
        Self {
            secret: OwnSecret::of(&object, secret_name(model), manager),
            object,
            database: text(&model.database_name).to_owned(),
            importer: text(&model.data_importer_name).to_owned(),
            body: v1::data_import_job::desired(model),
            content,
            wrote_secret: false,
        }
    }

    /// What takes back the Secret that it wrote, where the job was certainly not made; none if it
    /// wrote nothing.
    pub fn taken_back(&self) -> Option<TakeBackSecret<DataImportJob>> {
        self.wrote_secret.then(|| TakeBackSecret::of(&self.secret))
    }

    /// What comes before the Secret is written.
    fn before(&self, observed: &Observed) -> Result<Option<Action>, Query> {
        let (namespace, database) = (&self.object.namespace, &self.database);
        if let Some(missing) = prerequisites::operator_upgrade(observed, namespace)? {
            return Ok(Some(Action::Await(missing)));
        }
        if let Some(action) = prerequisites::ready_database(observed, namespace, database)? {
            return Ok(Some(action));
        }
        if let Some(action) = prerequisites::data_is_at_rest(observed, &self.object, database)? {
            return Ok(Some(action));
        }
        self.left_over(observed)
    }

    /// What an earlier import has left in the engine. Everest's importers for MySQL and MongoDB make
    /// one object for each database, keep it, and report the state that it has.
    fn left_over(&self, observed: &Observed) -> Result<Option<Action>, Query> {
        let (namespace, database) = (&self.object.namespace, &self.database);
        let engine = BY_RESTORE.iter().find(|(name, _)| *name == self.importer);
        let Some((_, engine)) = engine else {
            return Ok(None);
        };
        let all = observed.engine_objects(*engine, EngineRole::Restore, namespace)?;
        let left = all.into_iter().flatten().find(|object| {
            let of = ["pxcCluster", "clusterName"].map(|member| object["spec"][member].as_str());
            object["metadata"]["annotations"][BY_IMPORTER] == "true"
                && of.contains(&Some(database.as_str()))
        });
        Ok(left.map(|left| {
            let kind = EngineRole::Restore.kind(*engine);
            let name = left["metadata"]["name"].as_str().unwrap_or_default();
            Action::Require(Requirement::condition(
                "databaseName",
                format!(
                    "{kind} {namespace}/{name} of an earlier import into the database {database} \
                     still exists: the importer would report the end of that import and import \
                     nothing"
                ),
                "Delete that object, which is only a record of the earlier import",
            ))
        }))
    }

    /// What comes before the job: its Secret.
    fn secret(&self, observed: &Observed) -> Result<Option<Action>, Query> {
        if self.wrote_secret {
            return Ok(None);
        }
        let content = self.content.as_ref();
        let action = self
            .secret
            .before_creation::<DataImportJob>(observed, content, None)?;
        if action.is_some() || content.is_some() {
            return Ok(action);
        }
        let (namespace, name) = (&self.secret.object.namespace, &self.secret.object.name);
        let found = observed.object::<SecretMetadata>(namespace, name)?;
        let owners = found.and_then(|SecretMetadata(found)| found.owner_references.as_ref());
        let mut owners = owners.into_iter().flatten();
        let owner = owners.find(|owner| owner.controller == Some(true));
        Ok(owner.map(|owner| Action::Refuse {
            message: format!(
                "the Secret {namespace}/{name} with the keys of its bucket belongs to {} {}. \
                 Everest runs an import only if it can make the import the owner of the Secret. \
                 Give the import another name, and create a Secret of that name",
                owner.kind, owner.name
            )
            .into(),
            attribute: Some(FieldPath::of("name")),
        }))
    }
}

impl Lifecycle for BeginImport {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "did not succeed"
    }

    fn turn(&self) -> Option<String> {
        let ObjectRef { namespace, .. } = &self.object;
        Some(prerequisites::turn_of_data(namespace, &self.database))
    }

    fn body(&self) -> Option<&Value> {
        Some(&self.body)
    }

    fn wrote(&mut self, object: &ObjectRef, _: Option<i64>) {
        if *object == self.secret.object {
            self.wrote_secret = true;
        }
    }

    fn runs_once(&self) -> bool {
        true
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let ObjectRef {
            namespace, name, ..
        } = &self.object;
        let found = observed.object::<DataImportJob>(namespace, name)?;
        if let Some(job) = found
            && observed.is_ours(&self.object)
        {
            return match readiness::data_import_job(job) {
                Readiness::Pending(missing) => Ok(Action::Await(missing.into())),
                Readiness::Failed(reason) => Ok(Action::Failed(reason)),
                Readiness::Ready => prerequisites::usable_again(
                    observed,
                    namespace,
                    text(&job.spec.target_cluster_name),
                ),
            };
        }
        if found.is_none() {
            if let Some(action) = self.before(observed)? {
                return Ok(action);
            }
            if let Some(action) = self.secret(observed)? {
                return Ok(action);
            }
        }
        // One that is somebody else's is refused, before its Secret is touched.
        Ok(Action::Create {
            object: self.object.clone(),
            body: self.body.clone().into(),
        })
    }
}

/// Removes the record of an import; what was imported stays. An import that still runs is ended:
/// Everest stops its pod first.
///
/// 1. The job that Everest made for a new database stays while the database does: Everest would make
///    it again, and import again.
/// 2. The job is deleted.
/// 3. The garbage collector takes the Secret that Everest made the job the owner of. One that never
///    had an owner goes here, if this provider wrote it and nothing else reads it.
#[derive(Clone, Debug)]
pub struct RemoveImport {
    object: ObjectRef,
    secret: OwnSecret,
    removal: Removal,
}

impl RemoveImport {
    /// Removes the import of a model; `manager` is the field manager that writes its Secret.
    pub fn of(model: &DataImportJobModel, manager: &str) -> Self {
        let object = ObjectRef::of_model(model);
        Self {
            secret: OwnSecret::of(&object, secret_name(model), manager),
            object,
            removal: Removal::default(),
        }
    }
}

impl Lifecycle for RemoveImport {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not gone"
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let ObjectRef {
            namespace, name, ..
        } = &self.object;
        let found = observed.object::<DataImportJob>(namespace, name)?;
        if let Some(job) = found
            && job.metadata.deletion_timestamp.is_none()
            && let Some(database) = v1::data_import_job::database_of(job)
            && let Some(owner) = observed.object::<DatabaseCluster>(namespace, database)?
            && owner.metadata.deletion_timestamp.is_none()
        {
            return Ok(Action::Require(Requirement::condition(
                "name",
                format!(
                    "Everest made this import for the data source of the database \
                     {namespace}/{database}, and would import again if it was deleted"
                ),
                "Delete the database first; the import is then deleted with it. To keep both, stop \
                 managing the import here",
            )));
        }
        let metadata = found.map(|job| &job.metadata);
        if let Some(action) = self.removal.step(&self.object, metadata) {
            return Ok(action);
        }
        let uid = self.removal.uid();
        let after = self.secret.after_end::<DataImportJob>(observed, uid)?;
        Ok(after.unwrap_or(Action::Done(())))
    }
}

fn text(field: &Field<String>) -> &str {
    field.known_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
