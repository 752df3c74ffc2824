//! Keeping a database as its managed resource says.

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DatabaseModel;
use serde_json::{Value, json};

use super::change::{is_handled, not_now};
use super::named_secrets;
use super::users::UserSecret;
use crate::Operation;
use crate::lifecycle::{Action, Agreed, Apply, Lifecycle, ObjectRef, Observed, Query, Stopwatches};
use crate::passwords::Users;
use crate::restart::{self, RESTART, RESTARTED_FOR, Step};
use crate::upgrade;
use crate::v1::convergence::{self, Comparison, Difference, Held};
use crate::v1::managed_fields::owned_keys;
use crate::v1::{self, ObjectMapping, OwnedKeys, known_json, ownership};

/// Changes a database to what its managed resource says, one write after the other.
///
/// 1. Everest has to accept changes: the database may be busy, or an operator of its namespace
///    under upgrade.
/// 2. Passwords that a Secret gives are written into the Secret that the engine's operator reads. A
///    change to a Secret that was made for something else is refused.
/// 3. A paused database that the change starts is not restarted as well, so the trigger is noted
///    before the start.
/// 4. Fields that differ are applied, whichever manager set them. If `crVersion` follows the
///    recommendation, a pending CR version comes before another engine version: the rest waits
///    until it is taken over.
/// 5. A requested restart is started once Everest has handled what was written before it: a database
///    that is stopped during its upgrade would stay stopped.
#[derive(Clone, Debug)]
pub struct KeepDatabase {
    object: ObjectRef,
    config: DatabaseModel,
    manager: String,
    remembered: Option<String>,
    users: Option<UserSecret>,
}

impl KeepDatabase {
    /// Keeps the database of a model. `remembered` is the trigger of the last restart, in case the
    /// database has lost its annotation; `manager` is the field manager.
    pub fn of(config: &DatabaseModel, remembered: Option<&str>, manager: &str) -> Self {
        Self {
            object: ObjectRef::of_model(config),
            config: config.clone(),
            manager: manager.to_owned(),
            remembered: remembered.map(str::to_owned),
            users: None,
        }
    }

    /// The same with passwords.
    #[must_use]
    pub fn with_users(mut self, users: Option<Users>) -> Self {
        self.users = users.map(|users| UserSecret::of(&self.config, users, &self.manager));
        self
    }

    /// The write of the passwords; `None` if the Secret has them.
    fn send_users(
        &self,
        live: &DatabaseCluster,
        observed: &Observed,
    ) -> Result<Option<Action>, Query> {
        match &self.users {
            Some(users) => users.of_existing(observed, live),
            None => Ok(None),
        }
    }

    /// Compares the database with its configuration. A value that waits for a CR version is
    /// configured.
    pub fn compare(&self, live: &DatabaseCluster) -> Comparison {
        let (_, _, mut comparison) = self.compared(live);
        let said = known_json(&self.config);
        comparison.kept.retain(|kept| {
            let value = kept
                .names
                .iter()
                .try_fold(&said, |value, name| value.get(name));
            value.is_none()
        });
        comparison.kept.extend(self.kept_source(live));
        comparison
    }

    /// A data source that is ours, still held and no longer configured. Without that of an import,
    /// Everest would leave the Secret with its credentials behind when the database is deleted.
    fn kept_source(&self, live: &DatabaseCluster) -> Option<Difference> {
        let configured = self.config.spec.known().map(|spec| &spec.data_source);
        let is_configured = configured.is_some_and(|source| !source.is_null());
        let owned = ownership::owned_spec(&live.metadata, &self.manager);
        let is_ours = owned.is_some_and(|owned| owned.get("f:dataSource").is_some());
        let is_kept = !is_configured && is_ours && live.spec.data_source.is_known();
        let held = || known_json(&live.spec.data_source);
        is_kept.then(|| Difference::at(&["spec", "dataSource"], &held(), &Value::Null))
    }

    /// The observed model, whether the change is the first half of two, and the comparison.
    fn compared(&self, live: &DatabaseCluster) -> (DatabaseModel, bool, Comparison) {
        let mut owned = owned_keys(&live.metadata, &self.manager);
        for key in [RESTART, RESTARTED_FOR] {
            owned.annotations.remove(key);
        }
        let seen = self.observed(live, &owned);
        let wanted = upgrade::towards(&self.config, live);
        let held = Held {
            body: &v1::database::desired(&seen, Operation::Update),
            metadata: &live.metadata,
            owned: &owned,
            manager: &self.manager,
            lasting: DatabaseModel::LASTING,
            switches: DatabaseModel::SWITCHES,
        };
        let desired = v1::database::desired(&wanted.model, Operation::Update);
        let comparison = convergence::compare(&desired, &held);
        (seen, wanted.is_half, comparison)
    }

    /// The observed model, with the trigger of the last restart.
    fn observed(&self, live: &DatabaseCluster, owned: &OwnedKeys) -> DatabaseModel {
        let mut model = v1::database::observed(live, owned);
        let noted = restart::restarted_for(live).map(str::to_owned);
        model.restart_trigger = noted.or_else(|| self.remembered.clone()).into();
        model
    }
}

impl Lifecycle for KeepDatabase {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "did not reach its desired state"
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let Some(live) = observed.object::<DatabaseCluster>(namespace, name)? else {
            return Ok(Action::Await(
                format!("{} to be created", self.object).into(),
            ));
        };
        let (seen, is_half, Comparison { change, .. }) = self.compared(live);
        let step = restart::step(&seen, &self.config, live);
        let begins = matches!(step, Step::Begin(_));
        let restart = match step {
            Step::Begin(body) | Step::Forget(body) => Some(body),
            Step::Nothing => None,
        };
        if let Some(refused) = named_secrets::of_users(observed, &self.config, Some(live))? {
            return Ok(refused);
        }
        let users = self.send_users(live, observed)?;
        if change.is_none() && restart.is_none() && !is_half && users.is_none() {
            return Ok(Action::Done(()));
        }
        if let Some(action) = not_now(live, observed)? {
            return Ok(action);
        }
        if let Some(users) = users {
            return Ok(users);
        }
        let unpauses = change
            .as_ref()
            .is_some_and(|change| change.removes("paused"));
        let starts = restart::is_paused(&seen) == Some(true)
            && (restart::is_paused(&self.config) == Some(false) || unpauses);
        if starts && let Some(note) = restart::note(&self.config, live) {
            return Ok(Action::merge(&self.object, at_version(note, live)));
        }
        if let Some(change) = change {
            let mut body = at_version(change.body, live);
            v1::database::carry_data_source(&mut body, live);
            return Ok(Action::Apply(Box::new(Apply {
                object: self.object.clone(),
                body: body.into(),
                agreed: Agreed::Everything,
                hand_over: None,
            })));
        }
        Ok(match restart {
            Some(_) if begins && !is_handled(live) => {
                Action::Await("Everest to handle the change that comes before the restart".into())
            }
            Some(body) => Action::merge(&self.object, at_version(body, live)),
            None => Action::Await(
                "the database to get the CR version of its operator, which must come before \
                 another version of the engine"
                    .into(),
            ),
        })
    }
}

/// The body with the UID and resource version of the object that it was made from, so that the
/// server accepts it for that object only. The version alone would not do: if the object is gone,
/// the server creates one from a body with a version.
fn at_version(mut body: Value, live: &DatabaseCluster) -> Value {
    let metadata = &live.metadata;
    for (member, value) in [
        ("uid", &metadata.uid),
        ("resourceVersion", &metadata.resource_version),
    ] {
        if let Some(value) = value {
            body["metadata"][member] = json!(value);
        }
    }
    body
}
