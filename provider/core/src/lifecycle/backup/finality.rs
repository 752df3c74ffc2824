//! The final backup of a database.

use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup};
use everest_schemas::models::DatabaseModel;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{TakeBackup, protect, why};
use crate::facts::Seen;
use crate::final_backup::{self, Step};
use crate::lifecycle::{
    Action, EngineRole, Lifecycle, ObjectRef, Observed, Query, Removal, Requirement, Stopwatches,
};
use crate::path::FieldPath;
use crate::readiness::{self, Readiness};
use crate::text::Text;
use crate::v1::database::status;

/// The place of a final backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalBackup {
    /// Name of the backup.
    pub name: String,
    /// The backup storage it lies in.
    pub storage: String,
    /// Its place, such as `s3://bucket/orders/…`; none if Everest does not say.
    pub destination: Option<String>,
}

/// Takes the final backup that a database asks for, and keeps its data when the database goes. The
/// outcome is `None` if the database asks for none or does not exist any more.
///
/// 1. A database that is gone or being deleted gets no final backup.
/// 2. An existing backup of that name is continued, counted as done, replaced or refused: see
///    [`final_backup::step`].
/// 3. A new one needs a database that is ready, and a namespace that takes new objects.
/// 4. Its end is waited for, and its data protected.
///
/// No state holds the final backup: a destruction that is retried finds it by its annotation.
#[derive(Clone, Debug)]
pub struct TakeFinalBackup {
    model: DatabaseModel,
    /// True once the backup was seen running, so that its end counts for this operation.
    is_under_way: bool,
    /// The removal of an older backup of the same name.
    removal: Removal,
}

impl TakeFinalBackup {
    /// Takes the final backup that the model asks for.
    pub fn of(model: &DatabaseModel) -> Self {
        Self {
            model: model.clone(),
            is_under_way: false,
            removal: Removal::default(),
        }
    }

    /// Its end, or what is still missing.
    fn ended(
        observed: &Observed,
        object: &ObjectRef,
        backup: &DatabaseClusterBackup,
    ) -> Result<Action<Option<FinalBackup>>, Query> {
        Ok(match readiness::backup(backup) {
            Readiness::Pending(missing) => {
                Action::Await(format!("the final {object} to be taken: {missing}").into())
            }
            Readiness::Failed(reason) => Action::Failed(why(observed, object, backup, reason)?),
            Readiness::Ready => match protect(backup) {
                Some(body) => Action::merge(object, body),
                None => Action::Done(Some(outcome(backup))),
            },
        })
    }

    /// Makes room for another one of the same name; the data of the old one stays.
    fn make_room(
        &mut self,
        object: &ObjectRef,
        backup: &DatabaseClusterBackup,
    ) -> Option<Action<Option<FinalBackup>>> {
        if let Some(body) = protect(backup) {
            return Some(Action::merge(object, body));
        }
        self.removal.step(object, Some(&backup.metadata))
    }
}

impl Lifecycle for TakeFinalBackup {
    type Outcome = Option<FinalBackup>;

    fn subject(&self) -> ObjectRef {
        ObjectRef::of_model(&self.model)
    }

    fn aim(&self) -> &'static str {
        "did not get its final backup"
    }

    fn turn(&self) -> Option<String> {
        let ObjectRef {
            namespace, name, ..
        } = self.subject();
        Some(format!("backup of {namespace}/{name}"))
    }

    fn next(
        &mut self,
        observed: &Observed,
        times: &mut Stopwatches,
    ) -> Result<Action<Option<FinalBackup>>, Query> {
        if !self.model.final_backup.is_known() {
            return Ok(Action::Done(None));
        }
        let ObjectRef {
            namespace, name, ..
        } = self.subject();
        let Some(database) = observed
            .object::<DatabaseCluster>(&namespace, &name)?
            .filter(|database| database.metadata.deletion_timestamp.is_none())
        else {
            return Ok(Action::Done(None));
        };
        let uid = database.metadata.uid.clone().unwrap_or_default();
        self.model.uid = uid.clone().into();
        let Some(planned) = final_backup::of(&self.model) else {
            return Ok(Action::Done(None));
        };
        let backup_name = planned.name.known_str().unwrap_or_default();
        let object = ObjectRef::of::<DatabaseClusterBackup>(&namespace, backup_name);
        let existing = observed.object::<DatabaseClusterBackup>(&namespace, backup_name)?;
        if let Some(backup) = existing
            && self.is_under_way
        {
            return Self::ended(observed, &object, backup);
        }
        let now = Time(observed.now());
        match (final_backup::step(existing, &uid, &now), existing) {
            (Step::Done | Step::GoOn, Some(backup)) => {
                self.is_under_way = true;
                return Self::ended(observed, &object, backup);
            }
            (Step::Retake, Some(backup)) => {
                if let Some(action) = self.make_room(&object, backup) {
                    return Ok(action);
                }
            }
            (Step::Refused(why), _) => {
                return Ok(Action::Refuse {
                    message: Text::from(format!(
                        "its final backup {backup_name:?} was not taken: {why}. "
                    ))
                    .and("Set {finalBackup.name} to another name and apply that first"),
                    attribute: Some(FieldPath::of("finalBackup").field("name")),
                });
            }
            _ => {}
        }
        let own = self
            .removal
            .remains(&object, EngineRole::Backup, observed)?;
        if let Some(action) = own {
            return Ok(action);
        }
        if let Some(missing) = missing(observed, &namespace, database)? {
            return Ok(Action::Require(missing));
        }
        let mut take = TakeBackup::with_body(&planned, final_backup::desired(&planned, &uid));
        let action = take.next(observed, times)?;
        self.is_under_way = matches!(action, Action::Create { .. });
        Ok(action.map(|()| None))
    }
}

/// The part that the database still lacks for its final backup.
fn missing(
    observed: &Observed,
    namespace: &str,
    database: &DatabaseCluster,
) -> Result<Option<Requirement>, Query> {
    let state = status(database);
    if state != "ready" {
        return Ok(Some(Requirement::condition(
            "finalBackup",
            format!(
                "its final backup was not taken: the database is not ready (its status is {state:?})"
            ),
            "Destroy it again once it is ready, or remove {finalBackup} and apply that first",
        )));
    }
    let home = observed.beside::<Namespace>("", namespace)?;
    let is_ending = matches!(home, Seen::Found(home) if home.metadata.deletion_timestamp.is_some());
    Ok(is_ending.then(|| {
        Requirement::condition(
            "finalBackup",
            format!(
                "its final backup can no longer be taken: the namespace {namespace} is being \
                 deleted and accepts no new objects"
            ),
            "The database is deleted with its namespace; to delete it here without a final backup, \
             remove {finalBackup}",
        )
    }))
}

fn outcome(backup: &DatabaseClusterBackup) -> FinalBackup {
    let status = backup.status.as_ref();
    FinalBackup {
        name: backup.metadata.name.clone().unwrap_or_default(),
        storage: backup
            .spec
            .backup_storage_name
            .known_str()
            .unwrap_or_default()
            .to_owned(),
        destination: status
            .and_then(|status| status.destination.clone())
            .filter(|destination| !destination.is_empty()),
    }
}
