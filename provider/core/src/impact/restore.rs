//! The effect of a restore on the data of its database.

use everest_schemas::models::RestoreModel;
use everest_schemas::{Engine, Field};

use super::Summary;
use crate::facts::Facts;
use crate::v1;

/// The effect on the users of a database whose engine keeps them in the data. PostgreSQL's operator
/// sets its passwords again. Source: percona-xtradb-cluster-operator
/// `pkg/controller/pxcrestore/controller.go` and percona-server-mongodb-operator
/// `pkg/controller/perconaservermongodbrestore/logical.go`, which change no users.
const USERS: &str = " The users of the engine are data too: they have the passwords of that moment \
    afterwards, and the operator logs in with those in the Secret. If these differ, because the \
    passwords were changed since or the backup is of another database, the database does not become \
    ready again. Then set the former passwords first (users_wo of everest_database), and change them \
    after the restore.";

/// The warning for a new restore `what`, such as "everest_restore prod/drill-1": everything that
/// was written to the database after the restored moment is lost. `None` for a database that is
/// known not to exist yet, because it holds no data.
pub fn of_restore(what: &str, planned: &RestoreModel, facts: &Facts) -> Option<Summary> {
    let named = target(&planned.namespace, &planned.database_name, facts)?;
    let source = source(planned);
    let since = match moment(planned, facts) {
        Some(moment) => format!("since {moment}"),
        None => "since that backup was taken".to_owned(),
    };
    Some(Summary {
        headline: format!("Data loss: {what} overwrites {named}"),
        detail: format!(
            "Everything written to {named} {since} is replaced by {source}. Only another backup \
             can undo that: if you may need the current data, take a backup first. To inspect a \
             backup without touching the database, restore it into a new database (data_source of \
             everest_database).{}",
            users(planned, facts)
        ),
    })
}

/// What is said of the users: nothing where the engine is not known.
fn users(planned: &RestoreModel, facts: &Facts) -> &'static str {
    let engine = || {
        let databases = facts.databases.as_ref()?;
        let database = databases.get(planned.database_name.known_str()?)?;
        database.spec.engine.known()?.type_.known().copied()
    };
    match engine() {
        Some(Engine::Pxc | Engine::Psmdb) => USERS,
        Some(Engine::Postgresql) | None => "",
    }
}

/// The database whose data is replaced, as a part of a sentence; `None` if it is known not to exist
/// yet.
pub(super) fn target(
    namespace: &Field<String>,
    database: &Field<String>,
    facts: &Facts,
) -> Option<String> {
    let database = database.known_str();
    let is_new = |name: &str| {
        facts.namespace_is_absent()
            || facts
                .databases
                .as_ref()
                .is_some_and(|databases| !databases.contains_key(name))
    };
    if database.is_some_and(is_new) {
        return None;
    }
    Some(match (namespace.known_str(), database) {
        (Some(namespace), Some(name)) => format!("the database {namespace}/{name}"),
        (None, Some(name)) => format!("the database {name}"),
        (_, None) => "the database that database_name will name".to_owned(),
    })
}

/// The backup that is restored, as a part of a sentence.
fn source(planned: &RestoreModel) -> String {
    let path = planned
        .backup_source
        .known()
        .and_then(|source| source.path.known_str());
    match (planned.backup_name.known_str(), path) {
        (Some(name), _) => format!("the backup {name:?}"),
        (None, Some(path)) => format!("the backup at {path:?}"),
        (None, None) => "the backup".to_owned(),
    }
}

/// The moment whose data comes back, as far as it is known.
fn moment(planned: &RestoreModel, facts: &Facts) -> Option<String> {
    if !planned.pitr.is_null() {
        let date = planned.pitr.known()?.date.known_str()?;
        return Some(date.to_owned());
    }
    let backup = facts
        .backups
        .as_ref()?
        .get(planned.backup_name.known_str()?)?;
    let completed = backup.status.as_ref()?.completed.as_ref();
    let completed = v1::timestamp(completed).into_known()?;
    Some(format!("{completed} (when the backup was complete)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixtures::{all, facts};
    use everest_schemas::everest::BackupSource;
    use everest_schemas::models::RestorePitr;
    use serde_json::json;

    fn model() -> RestoreModel {
        RestoreModel {
            namespace: "prod".into(),
            name: "drill-1".into(),
            database_name: "orders".into(),
            backup_name: "before-migration".into(),
            ..RestoreModel::default()
        }
    }

    fn cluster() -> Facts {
        Facts {
            backups: all(&[(
                "before-migration",
                json!({"spec": {"dbClusterName": "orders", "backupStorageName": "s3"},
                    "status": {"state": "Succeeded", "gaps": false, "completed": "2026-11-01T02:03:04Z"}}),
            )]),
            ..facts()
        }
    }

    fn said(planned: &RestoreModel, facts: &Facts) -> String {
        let summary = of_restore("everest_restore prod/drill-1", planned, facts).unwrap();
        format!("{}\n{}", summary.headline, summary.detail)
    }

    #[test]
    fn a_restore_names_the_database_and_the_moment_after_which_all_is_lost() {
        let text = said(&model(), &cluster());
        assert!(
            text.contains(
                "Data loss: everest_restore prod/drill-1 overwrites the database prod/orders"
            ),
            "{text}"
        );
        assert!(
            text.contains("since 2026-11-01T02:03:04Z (when the backup was complete) is replaced"),
            "{text}"
        );
        let moment = RestoreModel {
            pitr: RestorePitr {
                date: "2026-11-02T00:00:00Z".into(),
            }
            .into(),
            ..model()
        };
        assert!(said(&moment, &cluster()).contains("since 2026-11-02T00:00:00Z is replaced"));
    }

    #[test]
    fn the_users_of_mysql_and_mongodb_come_with_the_data() {
        let of = |database: &str| {
            let planned = RestoreModel {
                database_name: database.into(),
                ..model()
            };
            said(&planned, &cluster()).contains("The users of the engine are data too")
        };
        assert!(of("orders") && of("documents"));
        assert!(!of("reports"));
        assert!(!said(&model(), &Facts::default()).contains("users"));
    }

    #[test]
    fn what_is_not_known_is_said_in_general_words() {
        let unread = Facts::default();
        assert!(said(&model(), &unread).contains("prod/orders since that backup was taken"));
        let unknown = RestoreModel {
            database_name: Field::Unknown,
            backup_name: Field::Unknown,
            ..model()
        };
        let text = said(&unknown, &cluster());
        assert!(
            text.contains("overwrites the database that database_name will name"),
            "{text}"
        );
        let by_path = RestoreModel {
            backup_name: Field::Null,
            backup_source: BackupSource {
                path: "orders/full".into(),
                backup_storage_name: "s3".into(),
            }
            .into(),
            pitr: Field::Unknown,
            ..model()
        };
        let text = said(&by_path, &cluster());
        assert!(
            text.contains("replaced by the backup at \"orders/full\""),
            "{text}"
        );
    }

    #[test]
    fn a_database_that_does_not_exist_yet_has_nothing_to_lose() {
        let copy = RestoreModel {
            database_name: "copy".into(),
            ..model()
        };
        assert_eq!(of_restore("r", &copy, &cluster()), None);
        let absent = Facts {
            namespace: crate::facts::Seen::Absent,
            ..Facts::default()
        };
        assert_eq!(of_restore("r", &model(), &absent), None);
    }
}
