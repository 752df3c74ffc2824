//! Composition of a backup: it is taken once its database is ready, and its data is kept.

use everest_core::api::STORAGE_PROTECTION;
use everest_core::readiness::{self, Readiness};
use everest_core::rules::{Stage, Validate};
use everest_core::v1;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup};
use everest_schemas::function::BackupInput;
use everest_schemas::models::BackupModel;
use serde_json::{Value, json};

use super::composite::TextError;
use super::identity::{self, NameError};
use super::names;
use super::place::{Lists, lay_over};
use super::step::{Database, Step, Unreadable};
use super::{facts, others};

/// The reason why a backup cannot be composed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum ComposeError {
    /// The name belongs to something else.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The input does not say what is backed up.
    #[error("database is missing: say which composed resource is to be backed up")]
    NoDatabase,
    /// The database is not composed.
    #[error("no database is composed under the name {0:?}")]
    UnknownDatabase(String),
    /// A name cannot be taken from the composite resource.
    #[error(transparent)]
    Text(#[from] TextError),
    /// An observed object cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// The kind of a backup.
const KIND: &str = "DatabaseClusterBackup";

/// Composes, checks and judges one backup.
pub(super) fn run(step: &mut Step<'_>, resource: &str, entry: Option<&BackupInput>) {
    if let Err(error) = compose(step, resource, entry) {
        step.report.refuse(format!("backup {resource:?}: {error}"));
    }
}

fn compose(
    step: &mut Step<'_>,
    resource: &str,
    entry: Option<&BackupInput>,
) -> Result<(), ComposeError> {
    let earlier = step.desired(resource).cloned();
    let advice = "choose another name for the backup";
    identity::refuse_other_kind(earlier.as_ref(), KIND, advice)?;
    identity::refuse_other_observed(step, resource, (v1::API_VERSION, KIND))?;
    let observed: Option<DatabaseClusterBackup> = step.observed(resource)?;
    let Some(mut object) = object(step, resource, entry, earlier, observed.as_ref())? else {
        return Ok(());
    };
    let database = step.database_of(&object, "dbClusterName");
    if observed.is_none()
        && let Some(Database {
            name, ready: false, ..
        }) = database
    {
        let waits = format!("backup {resource:?}: it is taken once the database {name:?} is ready");
        step.report.wait(waits);
        step.withdraw(resource);
        return Ok(());
    }
    others::label(&mut object);
    protect(&mut object, entry, observed.as_ref());
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let subject = format!("backup {resource:?} ({name})");
    if observed.is_none()
        && let Some(leaving) = check(step, &subject, &object)?
    {
        step.report.wait_unwatched(format!("{subject}: {leaving}"));
        step.withdraw(resource);
        return Ok(());
    }
    let ready = match &observed {
        None => {
            step.report.wait(format!("{subject}: it is being created"));
            false
        }
        Some(observed) => match readiness::backup(observed) {
            Readiness::Ready => true,
            Readiness::Pending(missing) => {
                step.report.wait(format!("{subject}: {missing}"));
                false
            }
            Readiness::Failed(reason) => {
                step.report.fail(format!("{subject}: {reason}"));
                false
            }
        },
    };
    step.put(resource, object, ready);
    Ok(())
}

/// The desired object; `None` if the composite resource wants no backup.
fn object(
    step: &Step<'_>,
    resource: &str,
    entry: Option<&BackupInput>,
    earlier: Option<Value>,
    observed: Option<&DatabaseClusterBackup>,
) -> Result<Option<Value>, ComposeError> {
    let mut object = earlier.clone().unwrap_or_else(|| json!({}));
    if let Some(entry) = entry {
        let given = entry.backup_storage_name.as_ref();
        let from = entry.backup_storage_name_from.as_ref();
        let storage = step
            .composite
            .text_from("backupStorageNameFrom", from, given)?;
        let (from, given) = (entry.name_from.as_ref(), entry.name.as_ref());
        let name = step.composite.text_from("nameFrom", from, given)?;
        let mut model = BackupModel::default();
        match &entry.database {
            Some(database) => {
                let known = step.databases.get(database);
                let database =
                    known.ok_or_else(|| ComposeError::UnknownDatabase(database.clone()))?;
                model.namespace = database.namespace.as_str().into();
                model.database_name = database.name.as_str().into();
            }
            None if earlier.is_none() => return Err(ComposeError::NoDatabase),
            None => {}
        }
        match &storage {
            Some(storage) => model.backup_storage_name = storage.as_str().into(),
            // Nobody asks for the backup; one that was taken is then let go.
            None if earlier.is_none() => return Ok(None),
            None => {}
        }
        if let Some(name) = name {
            model.name = name.into();
        }
        let mut body = v1::backup::desired(&model);
        drop_empty(&mut body["metadata"]);
        lay_over(&mut object, body, Lists::Replaced);
    }
    let metadata = &mut object["metadata"];
    let observed = observed.and_then(|observed| observed.metadata.name.clone());
    if let Some(name) = observed {
        metadata["name"] = json!(name);
    } else if metadata["name"].as_str().is_none_or(str::is_empty) {
        metadata["name"] = json!(names::derived(&step.composite, resource));
    }
    if let Some(namespace) = step.composite.namespace() {
        metadata["namespace"] = json!(namespace);
    }
    Ok(Some(object))
}

fn drop_empty(metadata: &mut Value) {
    if let Value::Object(members) = metadata {
        members.retain(|_, member| member.as_str() != Some(""));
    }
}

/// Adds the protecting finalizer to a backup, beside those of others: an apply adds to their set. A
/// backup that is being deleted accepts no new finalizer.
fn protect(
    object: &mut Value,
    entry: Option<&BackupInput>,
    observed: Option<&DatabaseClusterBackup>,
) {
    let keep = entry
        .and_then(|entry| entry.keep_backup_data)
        .unwrap_or(true);
    let going = observed.is_some_and(|observed| {
        let finalizers = observed.metadata.finalizers.as_ref();
        observed.metadata.deletion_timestamp.is_some()
            && !finalizers.is_some_and(|set| set.iter().any(|own| own == STORAGE_PROTECTION))
    });
    let finalizers = &mut object["metadata"]["finalizers"];
    let mut set: Vec<String> = serde_json::from_value(finalizers.take()).unwrap_or_default();
    set.retain(|finalizer| finalizer != STORAGE_PROTECTION);
    if keep && !going {
        set.push(STORAGE_PROTECTION.to_owned());
    }
    if set.is_empty() {
        if let Value::Object(metadata) = &mut object["metadata"] {
            metadata.remove("finalizers");
        }
    } else {
        *finalizers = json!(set);
    }
}

/// Checks a new backup against Everest's rules, and that its name is free. Returns what it waits for
/// if an object of its name is being deleted.
fn check(
    step: &mut Step<'_>,
    subject: &str,
    object: &Value,
) -> Result<Option<String>, ComposeError> {
    let Ok(typed) = serde_json::from_value::<DatabaseClusterBackup>(object.clone()) else {
        step.report.refuse(format!(
            "{subject}: spec.backupStorageName and spec.dbClusterName must be strings"
        ));
        return Ok(None);
    };
    let model = v1::backup::observed(&typed, &v1::OwnedKeys::default());
    let mut findings = model.check(None);
    let wanted = model.wanted_of_cluster(None);
    let facts = facts::load(&mut step.lookups, &wanted, None);
    findings.extend(model.check_cluster(None, &facts, Stage::Plan));
    step.report.findings(subject, findings);
    let (Some(namespace), Some(name)) = (model.namespace.known_str(), model.name.known_str())
    else {
        return Ok(None);
    };
    let leaving = identity::refuse_taken(step, KIND, (namespace, name), "choose another name")?;
    Ok(leaving)
}

/// Refuses to remove a database whose composed backups stay: Everest holds the deletion of a
/// database until the last of its backups is gone.
pub(super) fn keep_databases(step: &mut Step<'_>) {
    let mut gone = Vec::new();
    for resource in step.dropped() {
        let composed = step.observed_object(&resource).unwrap_or_default();
        if composed["kind"] == "DatabaseCluster"
            && composed["apiVersion"] == v1::API_VERSION
            && let Ok(Some(database)) = step.observed::<DatabaseCluster>(&resource)
            && let Some(name) = database.metadata.name
        {
            gone.push((resource, name));
        }
    }
    for (resource, name) in gone {
        let staying = step.desired_of(KIND).into_iter().find(|backup| {
            let object = step.desired(backup);
            object.is_some_and(|object| object["spec"]["dbClusterName"] == name.as_str())
        });
        if let Some(backup) = staying {
            step.report.refuse(format!(
                "database {resource:?} ({name}) is no longer composed, but its backup {backup:?} \
                 still is: the deletion of the database would wait until the backup is gone; \
                 remove the backup from the composition too (its data stays in the bucket unless \
                 keepBackupData is false)"
            ));
        }
    }
}
