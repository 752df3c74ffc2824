//! What Everest keeps in a namespace, and waiting until it has gone.

use everest_core::facts::BACKUP_UNFINISHED;
use everest_core::lifecycle::database::RemoveDatabase;
use everest_core::path::FieldPath;
use everest_core::text::Text;
use everest_schemas::Engine;
use everest_schemas::everest::{
    BackupStorage, DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore, MonitoringConfig,
};
use futures::future::try_join_all;
use kube::{Resource, ResourceExt};

use super::removal::{self, Clears, served};
use crate::error::{ClusterError, Object};
use crate::leaving::{IN_USE, Patience};
use crate::objects::Typed;
use crate::wait::Clock;
use crate::wait_until::{Ended, Progress, WaitCondition, wait_until};
use crate::{Cluster, drive, last_seen};

/// An object of Everest's in a namespace.
#[derive(Debug)]
pub(super) struct Inhabitant {
    name: String,
    what: String,
    going: bool,
    finalizers: Vec<String>,
}

impl Inhabitant {
    fn of<K: Resource>(kind: &str, object: &K) -> Self {
        Inhabitant {
            name: object.name_any(),
            what: format!("{kind} {}", object.name_any()),
            going: object.meta().deletion_timestamp.is_some(),
            finalizers: object.finalizers().to_vec(),
        }
    }

    /// Whether nobody but Everest can take it away.
    fn is_held(&self) -> bool {
        !self.finalizers.is_empty()
    }

    /// Whether Everest is about to let go of it.
    fn is_being_freed(&self) -> bool {
        matches!(self.finalizers.as_slice(), [only] if only == IN_USE)
    }
}

/// Their names, for a message.
pub(super) fn names(inhabitants: &[Inhabitant]) -> String {
    let names: Vec<_> = inhabitants
        .iter()
        .map(|found| found.what.as_str())
        .collect();
    names.join(", ")
}

/// The databases of `engines` in a namespace.
pub(super) async fn databases(
    cluster: &Cluster,
    namespace: &str,
    engines: &[Engine],
) -> Result<Vec<Inhabitant>, ClusterError> {
    if engines.is_empty() {
        return Ok(Vec::new());
    }
    let found = served(cluster.objects::<DatabaseCluster>(namespace)).await?;
    Ok(found
        .iter()
        .filter(|database| {
            let spec = database.spec.engine.known();
            let engine = spec.and_then(|spec| spec.type_.known());
            engine.is_none_or(|engine| engines.contains(engine))
        })
        .map(|database| Inhabitant::of("database", database))
        .collect())
}

/// What Everest keeps there besides databases.
pub(super) async fn others(
    cluster: &Cluster,
    namespace: &str,
) -> Result<Vec<Inhabitant>, ClusterError> {
    async fn all<K: Typed>(
        cluster: &Cluster,
        namespace: &str,
        kind: &str,
    ) -> Result<Vec<Inhabitant>, ClusterError> {
        let found = served(cluster.objects::<K>(namespace)).await?;
        Ok(found
            .iter()
            .map(|object| Inhabitant::of(kind, object))
            .collect())
    }
    let mut found = all::<DatabaseClusterRestore>(cluster, namespace, "restore").await?;
    found.extend(all::<DatabaseClusterBackup>(cluster, namespace, "backup").await?);
    found.extend(all::<BackupStorage>(cluster, namespace, "backup storage").await?);
    found.extend(all::<MonitoringConfig>(cluster, namespace, "monitoring configuration").await?);
    Ok(found)
}

/// Waits until there is no database in the namespace: while one is left, deleting the namespace
/// would deadlock. With `force` they are destroyed, and their backups' data is kept.
///
/// Without, what the same run may be destroying is waited for: databases that are going, those of
/// which a backup is being taken, since that may be their last, and any other for a moment.
///
/// # Errors
/// `Blocked` names the databases that stay; `TimedOut` and `Cancelled` those that go.
pub(super) async fn without_databases(
    cluster: &Cluster,
    namespace: &str,
    object: &Object,
    force: bool,
    clock: &Clock,
) -> Result<(), ClusterError> {
    if force {
        let databases = databases(cluster, namespace, &Engine::ALL).await?;
        let destroyed = databases.iter().map(|found| {
            let removal = RemoveDatabase::forced(namespace, &found.name);
            drive::settled(cluster, removal, clock)
        });
        try_join_all(destroyed).await?;
        return Ok(());
    }
    let mut gone = DatabasesGone {
        cluster,
        namespace,
        object,
        patience: Patience::new(),
    };
    let ended = wait_until(clock, object, Vec::new(), &mut gone).await;
    reported(ended, object, clock)
}

/// The looks at the databases of a namespace that is to go.
struct DatabasesGone<'a> {
    cluster: &'a Cluster,
    namespace: &'a str,
    object: &'a Object,
    patience: Patience,
}

impl WaitCondition for DatabasesGone<'_> {
    type Found = ();

    async fn check(&mut self) -> Result<Progress<()>, ClusterError> {
        let found = databases(self.cluster, self.namespace, &Engine::ALL).await?;
        if found.is_empty() {
            return Ok(Progress::Done(()));
        }
        let backed_up = backed_up(self.cluster, self.namespace).await?;
        let moving = found
            .iter()
            .any(|database| database.going || backed_up.contains(&database.name));
        let patient = self.patience.lasts(found.len(), moving);
        if found.iter().all(|database| database.going) {
            return Ok(Progress::Wait(format!("the deletion of {}", names(&found))));
        }
        let advice = Text::from(
            "Destroy the databases first, or set {forceDestroy = true}: once that has taken \
             effect, destroying the namespace destroys them too, and only the data of their \
             backups stays in the bucket",
        );
        stays(self.cluster, self.object, patient, &names(&found), advice)
    }
}

/// The databases of which a backup is being taken.
async fn backed_up(cluster: &Cluster, namespace: &str) -> Result<Vec<String>, ClusterError> {
    let backups = match served(cluster.objects::<DatabaseClusterBackup>(namespace)).await {
        Err(error) if error.is_forbidden() => Vec::new(),
        other => other?,
    };
    Ok(backups
        .iter()
        .filter(|backup| {
            let status = backup.status.as_ref();
            let state = status.and_then(|status| status.state.as_deref());
            BACKUP_UNFINISHED.contains(&state.unwrap_or_default())
        })
        .filter_map(|backup| backup.spec.db_cluster_name.known().cloned())
        .collect())
}

/// Waits until nothing is left in a namespace that only Everest can take away, before Everest is
/// taken away from it. What has no finalizer can stay: anybody can delete it later.
///
/// With `force` it is deleted, and the data of backups is kept.
///
/// # Errors
/// `Blocked` names what stays; `TimedOut` and `Cancelled` what goes.
pub(super) async fn without_held_objects(
    cluster: &Cluster,
    namespace: &str,
    object: &Object,
    force: bool,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let mut gone = HeldObjectsGone {
        cluster,
        namespace,
        object,
        force,
        clock,
        patience: Patience::new(),
    };
    let ended = wait_until(clock, object, Vec::new(), &mut gone).await;
    reported(ended, object, clock)
}

/// The looks at what only Everest can take away from a namespace that it leaves.
struct HeldObjectsGone<'a> {
    cluster: &'a Cluster,
    namespace: &'a str,
    object: &'a Object,
    force: bool,
    clock: &'a Clock,
    patience: Patience,
}

impl WaitCondition for HeldObjectsGone<'_> {
    type Found = ();

    async fn check(&mut self) -> Result<Progress<()>, ClusterError> {
        let mut found = others(self.cluster, self.namespace).await?;
        found.retain(Inhabitant::is_held);
        if found.is_empty() {
            return Ok(Progress::Done(()));
        }
        let on_its_way = |found: &Inhabitant| found.going || found.is_being_freed();
        let moving = found.iter().any(on_its_way);
        let patient = self.patience.lasts(found.len(), moving);
        if found.iter().all(on_its_way) {
            return Ok(Progress::Wait(format!(
                "Everest to let go of {}",
                names(&found)
            )));
        }
        if self.force {
            removal::clear(self.cluster, self.namespace, Clears::Held, self.clock).await?;
            return Ok(Progress::Wait(format!("the deletion of {}", names(&found))));
        }
        let advice = Text::from(
            "Only Everest can take that away, and it leaves a namespace that is kept. Delete it \
             first, or set {forceDestroy = true}: once that has taken effect, destroying the \
             namespace deletes it too, and only the data of backups stays in the bucket",
        );
        stays(self.cluster, self.object, patient, &names(&found), advice)
    }
}

/// What to say of what shows no sign of going.
fn stays(
    cluster: &Cluster,
    object: &Object,
    patient: bool,
    names: &str,
    advice: Text,
) -> Result<Progress<()>, ClusterError> {
    let say = |what: String| {
        Text::from(what)
            .and(advice.clone())
            .render(cluster.dialect())
    };
    if patient {
        return Ok(Progress::Wait(say(format!("{names} to go. "))));
    }
    Err(ClusterError::Blocked {
        object: Box::new(object.clone()),
        message: say(format!("the namespace still has {names}. ")),
        attribute: Some(FieldPath::of("forceDestroy")),
    })
}

fn reported(ended: Result<(), Ended>, object: &Object, clock: &Clock) -> Result<(), ClusterError> {
    match ended {
        Ok(()) => Ok(()),
        Err(ended) => {
            let what = format!("{object} was not empty");
            Err(ended.report(what, clock.waited(), last_seen::waiting_for))
        }
    }
}
