//! The creation of a database.

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DatabaseModel;
use serde_json::Value;

use super::import_keys::ImportKeys;
use super::named_secrets;
use super::users::{RemoveUserSecret, UserSecret};
use super::{After, AwaitReady};
use crate::lifecycle::{Action, Lifecycle, ObjectRef, Observed, Query, Stopwatches, prerequisites};
use crate::passwords::Users;
use crate::v1::credentials::Credentials;
use crate::{Operation, readiness, v1};

/// Creates a database.
///
/// 1. The upgrade of an engine's operator in the namespace is waited for.
/// 2. If passwords are given, they are written into the Secret that the engine's operator reads.
///    It must not exist, unless the same creation has left it, and it is not touched if the
///    database exists. The same holds for the keys of an import. A Secret that the database only
///    names must not have been made for something else.
/// 3. The object is created, with the data source.
/// 4. Unless `wait` is false, the database is waited for until it is ready, including the engine's
///    own object and the restore or import of the first data. `error` does not end the wait,
///    because engines pass through it while they start.
#[derive(Clone, Debug)]
pub struct CreateDatabase {
    object: ObjectRef,
    model: DatabaseModel,
    body: Value,
    users: Option<UserSecret>,
    /// The Secret was written.
    wrote_users: bool,
    keys: Option<ImportKeys>,
    /// The Secret with the keys of the import was written.
    wrote_keys: bool,
    waits: bool,
    ready: AwaitReady,
}

impl CreateDatabase {
    /// Creates what the model says.
    pub fn of(model: &DatabaseModel) -> Self {
        let object = ObjectRef::of_model(model);
        Self {
            body: v1::database::desired(model, Operation::Create),
            model: model.clone(),
            users: None,
            wrote_users: false,
            keys: None,
            wrote_keys: false,
            waits: model.wait.known() != Some(&false),
            ready: AwaitReady::at(object.clone(), After::Creation, is_from_backup(model)),
            object,
        }
    }

    /// The same with passwords, written by the field manager `manager`.
    #[must_use]
    pub fn with_users(mut self, users: Option<Users>, manager: &str) -> Self {
        self.users = users.map(|users| UserSecret::of(&self.model, users, manager));
        self
    }

    /// The same with the keys of the bucket that the first data is imported from, written by the
    /// field manager `manager`.
    #[must_use]
    pub fn with_import_keys(mut self, keys: Option<&Credentials>, manager: &str) -> Self {
        self.keys = keys.and_then(|keys| ImportKeys::of(&self.model, keys, manager));
        self
    }

    /// The same, done as soon as the object exists.
    #[must_use]
    pub fn without_waiting(mut self) -> Self {
        self.waits = false;
        self
    }

    /// The lifecycle that takes the Secret of the field manager `manager` back if the database was
    /// certainly not made; none if no Secret was written.
    pub fn taken_back(&self, manager: &str) -> Option<RemoveUserSecret> {
        self.wrote_users
            .then(|| RemoveUserSecret::of(&self.model, manager))
    }

    /// The step before the object.
    fn before(&self, observed: &Observed) -> Result<Option<Action>, Query> {
        if let Some(refused) = self.named(observed)? {
            return Ok(Some(refused));
        }
        let users = self.users.as_ref().filter(|_| !self.wrote_users);
        let keys = self.keys.as_ref().filter(|_| !self.wrote_keys);
        if users.is_none() && keys.is_none() {
            return Ok(None);
        }
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        if observed
            .object::<DatabaseCluster>(namespace, name)?
            .is_some()
        {
            // Which is refused: the Secret belongs to what is in the way.
            return Ok(None);
        }
        match (users, keys) {
            (Some(users), _) => users.before_creation(observed).map(Some),
            (None, Some(keys)) => keys.before_creation(observed),
            (None, None) => Ok(None),
        }
    }

    /// The refusal of a Secret that is only named.
    fn named(&self, observed: &Observed) -> Result<Option<Action>, Query> {
        if self.users.is_none()
            && let Some(refused) = named_secrets::of_users(observed, &self.model, None)?
        {
            return Ok(Some(refused));
        }
        match self.keys {
            Some(_) => Ok(None),
            None => named_secrets::of_import(observed, &self.model),
        }
    }
}

/// Returns true if the first data of a database comes from a backup.
pub fn is_from_backup(model: &DatabaseModel) -> bool {
    model.spec.known().is_some_and(readiness::is_from_backup)
}

impl Lifecycle for CreateDatabase {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        self.ready.aim()
    }

    fn body(&self) -> Option<&Value> {
        Some(&self.body)
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        if observed.is_ours(&self.object) {
            return match self.waits {
                true => self.ready.next(observed, times),
                false => Ok(Action::Done(())),
            };
        }
        let missing = prerequisites::operator_upgrade(observed, &self.object.namespace)?;
        if let Some(missing) = missing {
            return Ok(Action::Await(missing));
        }
        let before = self.before(observed)?;
        Ok(before.unwrap_or_else(|| Action::Create {
            object: self.object.clone(),
            body: self.body.clone().into(),
        }))
    }

    fn wrote(&mut self, object: &ObjectRef, _: Option<i64>) {
        let users = self.users.as_ref();
        self.wrote_users |= users.is_some_and(|users| users.object() == *object);
        let keys = self.keys.as_ref();
        self.wrote_keys |= keys.is_some_and(|keys| keys.object() == *object);
    }
}
