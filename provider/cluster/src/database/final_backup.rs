//! The last backup of a database that is destroyed.

use everest_core::final_backup::{self, Step};
use everest_core::path::FieldPath;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup};
use everest_schemas::models::{BackupModel, DatabaseModel};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::protect_backup_data;
use crate::error::ClusterError;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::{Cluster, Unacknowledged, Wait, backup, engine};

/// Where the last data of a database lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalBackup {
    /// Name of the backup.
    pub name: String,
    /// The backup storage it lies in.
    pub storage: String,
    /// Its place, such as `s3://bucket/orders/…`; none if Everest does not say.
    pub destination: Option<String>,
}

/// Takes the final backup that a database asks for, and makes its data outlive the database;
/// none if it asks for none, or if there is no database any more.
///
/// 1. A database that is gone or going takes no backup.
/// 2. A backup of the same name is gone on with, taken for done, replaced or refused: see
///    [`final_backup::step`].
/// 3. A new one needs a database that is ready, and waits for other backups of it to end.
/// 4. Its end is waited for, and its data protected.
///
/// # Errors
/// `Blocked` where it cannot be taken; `Failed`, `TimedOut` and `Cancelled` where it did not
/// succeed. The database must stay then.
pub async fn take(
    cluster: &Cluster,
    model: &DatabaseModel,
    wait: &Wait,
) -> Result<Option<FinalBackup>, ClusterError> {
    if !model.final_backup.is_known() {
        return Ok(None);
    }
    let clock = wait.start();
    let (namespace, name) = super::key(model)?;
    let databases = cluster.objects::<DatabaseCluster>(namespace);
    let Some(database) = databases.get(name).await? else {
        return Ok(None);
    };
    if database.metadata.deletion_timestamp.is_some() {
        return Ok(None);
    }
    let uid = database.uid().unwrap_or_default();
    let model = DatabaseModel {
        uid: uid.clone().into(),
        ..model.clone()
    };
    let Some(planned) = final_backup::of(&model) else {
        return Ok(None);
    };
    let objects = cluster.objects::<DatabaseClusterBackup>(namespace);
    let last = Last {
        databases: &databases,
        objects: &objects,
        database: &database,
        uid: &uid,
        planned: &planned,
    };
    let begun = last.begun(&clock).await?;
    let backup = backup::until_succeeded(&objects, begun, &clock).await?;
    protect_backup_data(&objects, (*backup).clone()).await?;
    let status = backup.status.as_ref();
    Ok(Some(FinalBackup {
        name: backup.name_any(),
        storage: text(&planned.backup_storage_name).to_owned(),
        destination: status
            .and_then(|status| status.destination.clone())
            .filter(|destination| !destination.is_empty()),
    }))
}

struct Last<'a> {
    databases: &'a Objects<DatabaseCluster>,
    objects: &'a Objects<DatabaseClusterBackup>,
    database: &'a DatabaseCluster,
    uid: &'a str,
    planned: &'a BackupModel,
}

impl Last<'_> {
    /// The backup, begun now or before.
    async fn begun(&self, clock: &Clock) -> Result<DatabaseClusterBackup, ClusterError> {
        let name = text(&self.planned.name);
        let existing = self.objects.get(name).await?;
        let now = Time(self.objects.cluster().now());
        match (
            final_backup::step(existing.as_ref(), self.uid, &now),
            existing,
        ) {
            (Step::GoOn | Step::Done, Some(existing)) => return Ok(existing),
            (Step::Refused(why), _) => {
                let message = format!(
                    "its final backup {name:?} was not taken: {why}. Set final_backup.name to another \
                     name and apply that first"
                );
                return Err(self.blocked(message, Some("name")));
            }
            (Step::Retake, Some(existing)) => {
                protect_backup_data(self.objects, existing).await?;
                engine::delete_with_own(self.objects, name, |kinds| kinds.backup, clock).await?;
            }
            _ => {}
        }
        let status = super::status(self.database);
        if status != "ready" {
            let message = format!(
                "its final backup was not taken: the database is not ready (its status is \
                 {status:?}). Destroy it again once it is, or take final_backup out and apply that \
                 first"
            );
            return Err(self.blocked(message, None));
        }
        let body = final_backup::desired(self.planned, self.uid);
        let database = self.database.name_any();
        // No state ever holds it: a destruction that is tried again finds it by its own mark.
        let made = Unacknowledged::default();
        backup::begin(self.objects, name, &database, body, &made, clock).await
    }

    fn blocked(&self, message: String, member: Option<&str>) -> ClusterError {
        let path = FieldPath::of("finalBackup");
        ClusterError::Blocked {
            object: self.databases.named(&self.database.name_any()),
            message,
            attribute: Some(member.map_or(path.clone(), |member| path.field(member))),
        }
    }
}

fn text(field: &everest_schemas::Field<String>) -> &str {
    field.known_str().unwrap_or_default()
}
