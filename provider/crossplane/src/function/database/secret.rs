//! The Secret that applications connect with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use everest_core::facts::Seen;
use everest_core::name;
use everest_core::v1::connection::{self, NotConnectable, SECRET_TYPE};
use everest_core::v1::database::status;
use everest_schemas::everest::DatabaseCluster;
use everest_schemas::function::ConnectionSecretInput;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Map, Value, json};

use super::ComposeError;
use super::identity::{self, Identity, IdentityError, NameError};
use crate::function::step::Step;

/// Composes the Secret once all its values are known, and returns its name.
///
/// A Secret that was composed once stays composed: while a value cannot be read, it keeps its
/// content, because Crossplane would delete it if it were omitted.
pub(super) fn compose(
    step: &mut Step<'_>,
    database: &str,
    wish: &ConnectionSecretInput,
    identity: &Identity,
    observed: Option<&DatabaseCluster>,
) -> Result<String, ComposeError> {
    let resource = wish
        .resource
        .clone()
        .unwrap_or_else(|| format!("{database}-connection"));
    identity::refuse_other_observed(step, &resource, ("v1", "Secret"))?;
    let existing = step.observed_object(&resource);
    let name = step
        .composite
        .text_from(
            "connectionSecret.nameFrom",
            wish.name_from.as_ref(),
            wish.name.as_ref(),
        )
        .map_err(IdentityError::Text)?
        .unwrap_or_else(|| format!("{}-connection", identity.name));
    let name = existing
        .as_ref()
        .and_then(|existing| existing.pointer("/metadata/name")?.as_str())
        .map_or(name, str::to_owned);
    if let Err(error) = name::check_object(&name) {
        return Err(ComposeError::Shape(vec![format!(
            "connectionSecret: {name:?} cannot be a name: {error}"
        )]));
    }
    if existing.is_none() {
        let other = step
            .lookups
            .object("v1", "Secret", Some(&identity.namespace), &name);
        if let Seen::Found(object) = other
            && step.is_foreign(&object)
        {
            return Err(NameError::Taken {
                kind: "Secret",
                name,
                advice: "choose another name",
            }
            .into());
        }
    }
    let (data, ready) = match known(step, observed) {
        Ok(data) => (data, true),
        Err(why) => {
            // That there is no database yet is told anyway.
            if why != Missing::Database {
                let sentence = format!(
                    "database {database:?} ({}): its connection Secret is not complete: {why}",
                    identity.name
                );
                // The credentials are not watched; the database is.
                if observed.is_some_and(|observed| status(observed) == "ready") {
                    step.report.wait_unwatched(sentence);
                } else {
                    step.report.wait(sentence);
                }
            }
            match existing.and_then(|existing| existing.get("data")?.as_object().cloned()) {
                Some(data) => (data, false),
                None => return Ok(name),
            }
        }
    };
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": identity.namespace},
        "type": SECRET_TYPE,
        "data": data,
    });
    step.put(&resource, secret, ready);
    Ok(name)
}

/// The reason why the Secret is incomplete.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Missing {
    /// There is no database to connect to.
    #[error("the database does not exist yet")]
    Database,
    /// The credentials were not looked up yet, or could not be.
    #[error("Crossplane has not shown the Secret {0:?} with the credentials")]
    Unread(String),
    /// Everest or the engine does not report a value yet.
    #[error(transparent)]
    Connection(#[from] NotConnectable),
}

/// The Secret's data, in base64.
fn known(
    step: &mut Step<'_>,
    observed: Option<&DatabaseCluster>,
) -> Result<Map<String, Value>, Missing> {
    let observed = observed.ok_or(Missing::Database)?;
    let name = connection::secret_name(observed).ok_or(Missing::Database)?;
    let namespace = observed.metadata.namespace.as_deref();
    let secret = match step.lookups.named::<Secret>(namespace, &name) {
        Seen::Found(secret) => Some(secret),
        Seen::Absent => None,
        Seen::Unread => return Err(Missing::Unread(name)),
    };
    let connection = connection::connection(observed, secret.as_ref())?;
    Ok(connection
        .entries()
        .into_iter()
        .map(|(key, value)| (key.to_owned(), json!(STANDARD.encode(value.expose()))))
        .collect())
}
