//! `Database`: a DatabaseCluster.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crossplane_managed::conditions::READY;
use crossplane_managed::metadata;
use everest_cluster::{Stepper, facts};
use everest_core::facts::{Seen, busy_state};
use everest_core::finding::Severity;
use everest_core::lifecycle::database::{
    Companions, CreateDatabase, KeepDatabase, RemoveDatabase, RemoveUserSecret, engine_object,
    is_from_backup, remove_import_keys, way_out,
};
use everest_core::lifecycle::{Action, Lifecycle, Observed, ReadsSecret, Stopwatches};
use everest_core::passwords::{self, Users};
use everest_core::readiness::{self, DatabaseObservation, Readiness};
use everest_core::restart;
use everest_core::restart::RESTARTED_FOR;
use everest_core::rules::Validate;
use everest_core::v1::credentials::Credentials;
use everest_core::v1::database::status;
use everest_core::v1::{self, OwnedKeys};
use everest_schemas::Field;
use everest_schemas::everest::{DataImportJob, DatabaseCluster};
use everest_schemas::models::DatabaseModel;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use serde_json::Value;

use super::{Compared, Controlled, Details, Difference, Kind, Scene, lifecycle, with_secret};
use crate::provider::error::ReconcileError;

/// The member that names the Secret with the passwords of the engine's users.
const USERS: &str = "usersSecretRef";

/// The member that names the Secret with the keys of an import's bucket.
const IMPORT: &str = "importSecretRef";

/// The kind.
pub struct Databases;

impl Controlled for DatabaseModel {
    type Kind = Databases;
}

#[async_trait]
impl Kind for Databases {
    type Model = DatabaseModel;
    type External = DatabaseCluster;
    const HAS_ENDPOINT: bool = true;
    const NAME_IS_LIMITED: bool = true;
    const DECIDED: &'static [&'static str] = &["engine.version", "engine.replicas", "proxy.type"];

    const TRIM: Option<fn(&mut Value)> = Some(|external| {
        if let Some(Value::Object(status)) = external.get_mut("status") {
            status.remove("details");
        }
    });

    fn observed(external: &DatabaseCluster, owned: &OwnedKeys) -> DatabaseModel {
        let mut model = v1::database::observed(external, owned);
        model.restart_trigger = Field::from(restart::restarted_for(external).map(str::to_owned));
        model
    }

    fn busy(external: &DatabaseCluster) -> Option<String> {
        busy_state(external).map(|state| {
            format!(
                "the change waits until the database is no longer {state}: Everest refuses changes \
                 until then. {}",
                way_out(external, state)
            )
        })
    }

    async fn readiness(scene: &mut Scene<'_, Self>, external: &Arc<DatabaseCluster>) -> Readiness {
        let engine = match engine_object(external) {
            Some((engine, object)) => {
                let name = (&*object.namespace, &*object.name);
                let seen = scene.views.engine(engine, name.0, name.1).await;
                Some((object, seen))
            }
            None => None,
        };
        let ready = scene.managed.status.condition(READY);
        let creating = ready.is_none_or(|ready| ready.reason == "Creating");
        let from_backup = creating && is_from_backup(scene.config);
        let cluster = scene.cluster().clone();
        let observed = Stepper::new(&cluster, &mut scene.state.times)
            .observe(
                |observed| {
                    if let Some((object, seen)) = engine {
                        observed.note_engine_object(object, seen);
                    }
                },
                |observed| Companions::of(observed, external, from_backup).map(|_| ()),
            )
            .await;
        let observed = match observed {
            Ok(observed) => observed,
            Err(error) => return Readiness::Pending(error.to_string()),
        };
        let beside = Companions::of(&observed, external, from_backup).unwrap_or_default();
        let observation = DatabaseObservation {
            database: external,
            engine_cr: beside.engine_cr,
            restore: beside.restore,
            import_job: beside.import_job,
            running_import: beside.running_import,
            written_generation: scene.state.written,
            steady_for: Some(stood(scene, external, beside.engine_cr)),
            has_worked: false,
            creating,
            may_be_stale: true,
        };
        readiness::database(&observation)
    }

    async fn with_secrets(
        scene: &Scene<'_, Self>,
        mut model: DatabaseModel,
    ) -> Result<DatabaseModel, ReconcileError> {
        if let Some(given) = scene.secret_of(USERS).await? {
            model.users_wo = passwords::given_by(&given);
        }
        // They are read once.
        if model.uid.is_null()
            && let Some(keys) = import_keys(scene).await?
        {
            v1::database::give_import_keys(&mut model, &keys);
        }
        Ok(model)
    }

    async fn awaited(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        let mut creation = creation(scene).await?;
        lifecycle::awaited(scene, &mut creation).await
    }

    async fn create(scene: &mut Scene<'_, Self>) -> Result<Arc<DatabaseCluster>, ReconcileError> {
        let mut creation = creation(scene).await?;
        lifecycle::create(scene, &mut creation).await
    }

    /// Records the restart trigger of a new database, so that it is not restarted for it.
    async fn note_creation(
        scene: &mut Scene<'_, Self>,
        external: &Arc<DatabaseCluster>,
    ) -> Result<Arc<DatabaseCluster>, ReconcileError> {
        let Some(body) = restart::note(scene.config, external) else {
            return Ok(external.clone());
        };
        let noted = scene.requests().merge(scene.name, &body).await?;
        Ok(Arc::new(noted))
    }

    /// The lifecycle decides whether there is anything to do.
    async fn compare(
        scene: &Scene<'_, Self>,
        external: &DatabaseCluster,
    ) -> Result<Compared, ReconcileError> {
        let mut keep = keep(scene);
        let mut observed = Observed::at(scene.cluster().now());
        observed.note_object(&keep.subject(), Some(Arc::new(external.clone())));
        let next = keep.next(&observed, &mut Stopwatches::default());
        let mut compared = Compared::from(keep.compare(external));
        if !matches!(next, Ok(Action::Done(()))) {
            compared.difference.get_or_insert(Difference::Step);
        }
        if compared.difference.is_none() {
            compared.difference = due(scene, external).await?;
        }
        Ok(compared)
    }

    /// The trigger of the last restart: before Everest 1.16.1, a restart from the UI drops the
    /// annotations of a database.
    fn remembered(
        config: &DatabaseModel,
        external: &DatabaseCluster,
    ) -> Option<(&'static str, Option<String>)> {
        let noted = restart::restarted_for(external);
        match (config.restart_trigger.known(), noted) {
            (None, _) => Some((RESTARTED_FOR, None)),
            (Some(trigger), Some(noted)) if noted == trigger => {
                Some((RESTARTED_FOR, Some(noted.to_owned())))
            }
            (Some(_), _) => None,
        }
    }

    async fn update(
        scene: &mut Scene<'_, Self>,
        external: &DatabaseCluster,
        _: &Difference,
    ) -> Result<Arc<DatabaseCluster>, ReconcileError> {
        // The state that the change finds.
        stood(scene, external, Seen::Unread);
        let users = users(scene).await?;
        let mut keep = keep(scene).with_users(users);
        lifecycle::change(scene, &mut keep, external).await
    }

    /// Checks the rules before a final backup is begun.
    async fn delete(
        scene: &mut Scene<'_, Self>,
        external: &DatabaseCluster,
    ) -> Result<(), ReconcileError> {
        let mut removal = RemoveDatabase::of(scene.config);
        if lifecycle::creates(scene, &mut removal).await? {
            let model = DatabaseModel {
                uid: external.uid().into(),
                ..scene.config.clone()
            };
            let wanted = model.wanted_at_destruction();
            let cluster = scene.cluster().with_empty_cache();
            let facts = Box::pin(facts::load(&cluster, &wanted)).await;
            let mut against = model.check_destruction();
            against.extend(model.check_destruction_online(&facts));
            against.retain(|finding| finding.severity == Severity::Error);
            if !against.is_empty() {
                return Err(ReconcileError::Refused(against));
            }
        }
        lifecycle::delete(scene, &mut removal).await
    }

    /// The Secrets with the passwords and with the keys of an import that are still there.
    async fn clean_up(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        let manager = scene.cluster().field_manager().to_owned();
        let secrets = &scene.managed.spec.for_provider.secrets;
        let (has_users, has_keys) = (secrets.contains_key(USERS), secrets.contains_key(IMPORT));
        if has_keys
            && let Some(mut removal) = remove_import_keys(scene.config, &manager)
            && let Some(left) = with_secret::remains(scene, &mut removal).await?
        {
            return Ok(Some(left));
        }
        if !has_users {
            return Ok(None);
        }
        let said = &scene.managed.status.at_provider;
        let said = said.get("credentialsSecretName").and_then(Value::as_str);
        let model = DatabaseModel {
            credentials_secret_name: Field::from(said.map(str::to_owned)),
            ..scene.config.clone()
        };
        let mut removal = RemoveUserSecret::of(&model, &manager);
        with_secret::remains(scene, &mut removal).await
    }

    fn endpoint(external: &DatabaseCluster) -> Option<(String, String)> {
        let status = external.status.as_ref()?;
        let host = status.hostname.as_ref().filter(|host| !host.is_empty())?;
        let secret = v1::connection::secret_name(external)?;
        Some((
            format!("{host}:{}", status.port.unwrap_or_default()),
            secret,
        ))
    }

    fn details(external: &DatabaseCluster, credentials: Option<&Secret>) -> Option<Details> {
        let connection = v1::connection::connection(external, credentials).ok()?;
        Some(
            connection
                .entries()
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }
}

/// The passwords that the referred Secret gives, if there is one.
async fn users(scene: &Scene<'_, Databases>) -> Result<Option<Users>, ReconcileError> {
    let given = scene.secret_of(USERS).await?;
    Ok(given.as_ref().and_then(Users::filled_from))
}

/// The keys of an import's bucket that the referred Secret gives, if there is one.
async fn import_keys(scene: &Scene<'_, Databases>) -> Result<Option<Credentials>, ReconcileError> {
    let given = scene.secret_of(IMPORT).await?;
    let keys =
        given.map(|given| with_secret::credentials(scene, IMPORT, &given, DataImportJob::KEYS));
    keys.transpose()
}

/// The lifecycle that creates the database. Readiness is judged by later reconciles.
async fn creation(scene: &Scene<'_, Databases>) -> Result<CreateDatabase, ReconcileError> {
    let users = users(scene).await?;
    let keys = import_keys(scene).await?;
    let manager = scene.cluster().field_manager();
    let creation = CreateDatabase::of(scene.config).without_waiting();
    let creation = creation.with_users(users, manager);
    Ok(creation.with_import_keys(keys.as_ref(), manager))
}

/// The difference of the Secret with the passwords, which is compared by its metadata alone.
async fn due(
    scene: &Scene<'_, Databases>,
    external: &DatabaseCluster,
) -> Result<Option<Difference>, ReconcileError> {
    let Some(given) = scene.secret_of(USERS).await? else {
        return Ok(None);
    };
    let name = v1::connection::secret_name(external).unwrap_or_default();
    // A Secret that somebody changes or deletes is written again at once, where Secrets may be
    // watched.
    scene.watch_secret(&name);
    let _ = scene.views.secret_version(scene.namespace, &name).await;
    let secrets = scene.cluster().requests::<Secret>(scene.namespace);
    let held = secrets.metadata(&name).await?;
    let manager = scene.cluster().field_manager();
    let users = Users::filled_from(&given);
    let differs = users.is_some_and(|users| {
        let held = held.as_ref();
        !held.is_some_and(|held| users.are_in(held, manager))
    });
    Ok(differs.then(|| Difference::Secret {
        version: given.metadata.resource_version,
    }))
}

/// The lifecycle that keeps the database, with the trigger of the last restart from the managed
/// resource.
fn keep(scene: &Scene<'_, Databases>) -> KeepDatabase {
    let remembered = metadata::annotation(&scene.managed.metadata, RESTARTED_FOR);
    let manager = scene.cluster().field_manager();
    KeepDatabase::of(scene.config, remembered, manager)
}

/// The time for which the state of the database and its engine has been the same since the last
/// change.
fn stood(
    scene: &mut Scene<'_, Databases>,
    database: &DatabaseCluster,
    engine_cr: Seen<&Value>,
) -> Duration {
    let ready = scene.managed.status.condition(READY);
    let was_ready = ready.is_some_and(|ready| ready.status == "True");
    let engine_cr = match engine_cr {
        Seen::Found(engine_cr) => Some(engine_cr),
        Seen::Absent | Seen::Unread => None,
    };
    let footing = readiness::footing(database, engine_cr);
    scene.state.stood(status(database), &footing, was_ready)
}
