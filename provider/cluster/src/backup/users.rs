//! Who uses a backup.

use std::time::Duration;

use everest_schemas::Field;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore};
use kube::ResourceExt;
use tokio::time::Instant;

use crate::Cluster;
use crate::error::{ClusterError, Object};
use crate::leaving::{IN_USE, Patience};
use crate::looking::{Look, Verdict, look_until};
use crate::objects::Objects;
use crate::sighting;
use crate::wait::Clock;

/// How long Everest is waited for to let go of a backup that nobody uses any more.
const GRACE: Duration = Duration::from_secs(120);

/// A database or a restore that reads a backup.
struct User {
    name: String,
    going: bool,
}

/// Waits until Everest lets a backup go, if nobody stays who uses it.
///
/// 1. A backup that is not there, or not protected, is free.
/// 2. Users that are going are waited for, and for a moment those that the same run may be about
///    to delete.
/// 3. Without users the protection only has not been taken off yet.
///
/// # Errors
/// `InUse` names the users that stay; `TimedOut` and `Cancelled` those that go. A backup that
/// stays protected without any is left to the server to refuse.
pub(super) async fn until_unused(
    cluster: &Cluster,
    backups: &Objects<DatabaseClusterBackup>,
    name: &str,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let object = backups.named(name);
    let mut unused = UntilUnused {
        cluster,
        backups,
        name,
        object: &object,
        patience: Patience::new(),
        since: None,
    };
    match look_until(clock, &object, Vec::new(), &mut unused).await {
        Ok(()) => Ok(()),
        Err(ended) => {
            let what = format!("{object} is in use and was not deleted");
            Err(ended.report(what, clock.waited(), sighting::waiting_for))
        }
    }
}

/// The looks at a backup that is to go.
struct UntilUnused<'a> {
    cluster: &'a Cluster,
    backups: &'a Objects<DatabaseClusterBackup>,
    name: &'a str,
    object: &'a Object,
    patience: Patience,
    /// Nobody was seen to use it since then.
    since: Option<Instant>,
}

impl Look for UntilUnused<'_> {
    type Found = ();

    async fn look(&mut self) -> Result<Verdict<()>, ClusterError> {
        let found = self.backups.get(self.name).await?;
        let protected = found.is_some_and(|backup| {
            backup
                .finalizers()
                .iter()
                .any(|finalizer| finalizer == IN_USE)
        });
        if !protected {
            return Ok(Verdict::Done(()));
        }
        let namespace = self.backups.namespace().unwrap_or_default();
        let users = users(self.cluster, namespace, self.name).await?;
        if users.is_empty() {
            let since = *self.since.get_or_insert_with(Instant::now);
            return Ok(if since.elapsed() < GRACE {
                Verdict::Wait("Everest to let it go".to_owned())
            } else {
                Verdict::Done(())
            });
        }
        self.since = None;
        let names: Vec<_> = users.iter().map(|user| user.name.clone()).collect();
        let moving = users.iter().any(|user| user.going);
        let patient = self.patience.lasts(users.len(), moving);
        if patient || users.iter().all(|user| user.going) {
            return Ok(Verdict::Wait(format!("the end of {}", names.join(", "))));
        }
        Err(ClusterError::InUse {
            object: Box::new(self.object.clone()),
            users: names,
            remedy: "Wait until they have read it, or delete them first: Everest holds a backup \
                     that is being restored from"
                .to_owned(),
        })
    }
}

/// The databases and restores of the namespace that read the backup. A kind that may not be
/// listed is passed over: Everest's own protection then holds it.
async fn users(
    cluster: &Cluster,
    namespace: &str,
    backup: &str,
) -> Result<Vec<User>, ClusterError> {
    let mut users = Vec::new();
    for database in cluster
        .objects::<DatabaseCluster>(namespace)
        .listed()
        .await?
    {
        let source = database.spec.data_source.known();
        if source.is_some_and(|source| is(&source.db_cluster_backup_name, backup)) {
            users.push(user("database", &database));
        }
    }
    for restore in cluster
        .objects::<DatabaseClusterRestore>(namespace)
        .listed()
        .await?
    {
        let status = restore.status.as_ref();
        let state = status.and_then(|status| status.state.as_deref());
        let over = matches!(state, Some("Succeeded" | "Failed"));
        let source = restore.spec.data_source.known();
        if source.is_some_and(|source| is(&source.db_cluster_backup_name, backup)) && !over {
            users.push(user("restore", &restore));
        }
    }
    Ok(users)
}

fn user<K: kube::Resource>(kind: &str, object: &K) -> User {
    User {
        name: format!("{kind} {}", object.name_any()),
        going: object.meta().deletion_timestamp.is_some(),
    }
}

fn is(name: &Field<String>, backup: &str) -> bool {
    name.known_str() == Some(backup)
}
