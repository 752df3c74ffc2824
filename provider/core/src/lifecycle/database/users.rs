//! The Secret with the users of a database.

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DatabaseModel;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::lifecycle::own_secret::{OwnSecret, is_owned_by};
use crate::lifecycle::{
    Action, Lifecycle, ObjectRef, Observed, Query, Removal, SecretMetadata, Stopwatches,
};
use crate::passwords::{self, Users};
use crate::path::FieldPath;
use crate::text::Text;
use crate::v1::connection::secret_name;

/// The attribute with the values.
const ATTRIBUTE: &str = "usersWo";

/// Writes the Secret with the users of a database: one more step of the database's lifecycles.
#[derive(Clone, Debug)]
pub(super) struct UserSecret {
    database: ObjectRef,
    /// The name of the Secret of a new database.
    name: String,
    users: Users,
    manager: String,
}

impl UserSecret {
    /// The Secret of the database of a model, written by the field manager `manager`.
    pub(super) fn of(model: &DatabaseModel, users: Users, manager: &str) -> Self {
        let database = ObjectRef::of_model(model);
        Self {
            name: passwords::secret_at_creation(model),
            database,
            users,
            manager: manager.to_owned(),
        }
    }

    /// The Secret of a new database.
    pub(super) fn object(&self) -> ObjectRef {
        self.named(&self.name).object
    }

    fn named(&self, name: &str) -> OwnSecret {
        OwnSecret::of(&self.database, name, &self.manager)
    }

    /// The step before the database is created: the Secret is written under the name that the
    /// database gives it, by default the one that Everest would. A Secret that exists stays, unless a
    /// creation of this database has left it over: this provider writes Secrets for other databases
    /// and other kinds, too.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub(super) fn before_creation(&self, observed: &Observed) -> Result<Action, Query> {
        let own = self.named(&self.name);
        let (namespace, name) = (&own.object.namespace, &own.object.name);
        let found = observed.object::<SecretMetadata>(namespace, name)?;
        let found = found.map(|SecretMetadata(found)| found);
        if let Some(found) = found
            && !(is_left_over(&own, found) && is_read(observed, namespace, name)? == Some(false))
        {
            let message = format!(
                "the Secret {namespace}/{name} for its passwords already exists and was not \
                 written for it. Delete that Secret, or omit "
            );
            return Ok(Action::Refuse {
                message: Text::from(message).and("{usersWo} to start with the passwords in it"),
                attribute: Some(FieldPath::of(ATTRIBUTE)),
            });
        }
        let uid = found.and_then(|found| found.uid.as_deref());
        let body = self.users.secret(namespace, name, &self.database.name);
        Ok(own.written(&body, uid))
    }

    /// The step of a database that exists: the values are merged into its Secret, which gains no
    /// and loses no other key. `None` once they are in it. A Secret that was not made for the
    /// database stays as it is: a database may name any Secret.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub(super) fn of_existing(
        &self,
        observed: &Observed,
        live: &DatabaseCluster,
    ) -> Result<Option<Action>, Query> {
        let own = self.named(&secret_name(live).unwrap_or_default());
        let (namespace, name) = (&own.object.namespace, &own.object.name);
        let found = observed.object::<SecretMetadata>(namespace, name)?;
        let Some(SecretMetadata(found)) = found else {
            let body = self.users.secret(namespace, name, &self.database.name);
            return Ok(Some(own.written(&body, None)));
        };
        if self.users.are_in(found, &self.manager) {
            return Ok(None);
        }
        if !passwords::is_of(live, found) && !is_owned_by(found, live.metadata.uid.as_deref()) {
            let message = format!(
                "its passwords are in the Secret {namespace}/{name}, which was not written for \
                 this database and stays as it is. Change the passwords in that Secret where it is \
                 managed, and omit "
            );
            return Ok(Some(Action::Refuse {
                message: Text::from(message).and("{usersWo}"),
                attribute: Some(FieldPath::of(ATTRIBUTE)),
            }));
        }
        let mut body = self.users.patch().into_inner();
        body["metadata"]["uid"] = found.uid.clone().into();
        Ok(Some(Action::merge(&own.object, body)))
    }
}

/// Deletes the Secret with the users of a database that is gone or was not made.
///
/// The engine's operator deletes it with the volumes of a database. So what is left is the Secret
/// of a database that its operator never got to; it goes if this provider has written it for that
/// database, nothing owns it and no database reads it.
#[derive(Clone, Debug)]
pub struct RemoveUserSecret {
    secret: OwnSecret,
    removal: Removal,
}

impl RemoveUserSecret {
    /// The Secret of the database of a model, if the field manager `manager` has written it.
    pub fn of(model: &DatabaseModel, manager: &str) -> Self {
        let database = ObjectRef::of_model(model);
        let known = model.credentials_secret_name.known().cloned();
        let name = known.unwrap_or_else(|| passwords::secret_at_creation(model));
        Self {
            secret: OwnSecret::of(&database, &name, manager),
            removal: Removal::default(),
        }
    }

    /// The next step; `None` once nothing is left to do.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub(super) fn step(&mut self, observed: &Observed) -> Result<Option<Action>, Query> {
        let object = self.secret.object.clone();
        let found = observed.object::<SecretMetadata>(&object.namespace, &object.name)?;
        let Some(SecretMetadata(found)) = found else {
            return Ok(None);
        };
        // Where databases may not be listed, one may read it.
        if !is_left_over(&self.secret, found)
            || is_read(observed, &object.namespace, &object.name)? != Some(false)
        {
            return Ok(None);
        }
        Ok(self.removal.step(&object, Some(found)))
    }
}

impl Lifecycle for RemoveUserSecret {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.secret.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not deleted"
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        Ok(self.step(observed)?.unwrap_or(Action::Done(())))
    }
}

/// Returns true if this provider has written a Secret for the database and nothing owns the Secret.
fn is_left_over(own: &OwnSecret, secret: &ObjectMeta) -> bool {
    own.is_written(secret)
        && passwords::database_of(secret) == Some(own.owner.name.as_str())
        && secret.owner_references.as_ref().is_none_or(Vec::is_empty)
}

/// Returns true if a database reads the Secret; `None` if databases may not be listed.
fn is_read(observed: &Observed, namespace: &str, name: &str) -> Result<Option<bool>, Query> {
    let databases = observed.all::<DatabaseCluster>(namespace)?;
    Ok(databases.map(|databases| {
        let mut databases = databases.iter();
        databases.any(|database| secret_name(database).as_deref() == Some(name))
    }))
}

#[cfg(test)]
mod tests;
