//! The accounts of Everest.

use everest_core::facts::SYSTEM_NAMESPACE;
use everest_core::server::accounts::{self, AccountError, NewPassword, SECRET};
use everest_schemas::Sensitive;
use everest_schemas::models::AccountModel;
use k8s_openapi::api::core::v1::{Namespace, Secret};

use super::password;
use super::shared::{Shared, exists};
use crate::error::ClusterError;
use crate::{Cluster, Wait};

/// A password that an apply has to write.
#[derive(Clone, Debug)]
pub struct Password {
    /// The password.
    pub password: Sensitive<String>,
    /// True if it is written although the account has it already.
    pub always: bool,
}

/// The accounts, by name.
///
/// # Errors
/// If the Secret may not be read, or cannot be understood.
pub async fn all(cluster: &Cluster) -> Result<Vec<AccountModel>, ClusterError> {
    let shared = Shared::<Secret>::new(cluster, SECRET);
    let Some(secret) = shared.read().await? else {
        return Ok(Vec::new());
    };
    let all = accounts::accounts(&secret).map_err(|error| shared.blocked(error))?;
    let models = all.iter().map(|(name, account)| account.model(name));
    Ok(models.collect())
}

/// The account `name`; `None` if it does not exist.
///
/// # Errors
/// As [`all`].
pub async fn one(cluster: &Cluster, name: &str) -> Result<Option<AccountModel>, ClusterError> {
    let mut all = all(cluster).await?.into_iter();
    Ok(all.find(|account| account.name.known_str() == Some(name)))
}

/// Returns true if the account `name` has this password; `None` if it has one in plain text, or if
/// there is no such account.
///
/// # Errors
/// As [`all`], and if Everest's namespace may not be read.
pub async fn has_password(
    cluster: &Cluster,
    name: &str,
    given: &Sensitive<String>,
) -> Result<Option<bool>, ClusterError> {
    let shared = Shared::<Secret>::new(cluster, SECRET);
    let Some(secret) = shared.read().await? else {
        return Ok(None);
    };
    let mut all = accounts::accounts(&secret).map_err(|error| shared.blocked(error))?;
    let Some(account) = all.remove(name) else {
        return Ok(None);
    };
    let hash = password::hash(given, &salt(cluster).await?);
    Ok(Some(account.has_password(&hash)))
}

/// Writes an account. `creates` is true if it must not exist yet; one that is exactly as configured
/// is taken over. Without a password, it keeps the one that it has.
///
/// # Errors
/// `AlreadyExists` if it exists; otherwise whatever keeps the Secret from being read or written.
pub async fn write(
    cluster: &Cluster,
    model: &AccountModel,
    password: Option<&Password>,
    creates: bool,
    wait: &Wait,
) -> Result<AccountModel, ClusterError> {
    let shared = Shared::<Secret>::new(cluster, SECRET);
    let name = model.name.known_str().unwrap_or_default();
    let password = match password {
        Some(given) => Some(NewPassword {
            hash: password::hash(&given.password, &salt(cluster).await?),
            always: given.always,
        }),
        None => None,
    };
    let refused = |error| match error {
        AccountError::Exists(_) => exists("account", name, name),
        error => shared.blocked(error),
    };
    let next = |secret: &Secret| {
        accounts::write(secret, model, password.as_ref(), creates, cluster.now()).map_err(refused)
    };
    let secret = shared.change(&wait.start(), next).await?;
    let mut all = accounts::accounts(&secret).map_err(refused)?;
    let account = all.remove(name).map(|account| account.model(name));
    account.ok_or_else(|| shared.blocked(format!("its key users.yaml has no account {name:?}")))
}

/// Removes the account `name`.
///
/// # Errors
/// If it is the last one that can log in; otherwise whatever keeps the Secret from being read or
/// written.
pub async fn remove(cluster: &Cluster, name: &str, wait: &Wait) -> Result<(), ClusterError> {
    let shared = Shared::<Secret>::new(cluster, SECRET);
    if shared.read().await?.is_none() {
        return Ok(());
    }
    let next = |secret: &Secret| {
        accounts::remove(secret, name)
            .map_err(|error| shared.blocked(format!("account {name:?} is not removed: {error}")))
    };
    shared.change(&wait.start(), next).await?;
    Ok(())
}

/// The salt of all passwords: the UID of Everest's namespace.
async fn salt(cluster: &Cluster) -> Result<String, ClusterError> {
    let namespaces = cluster.global::<Namespace>();
    let namespace = namespaces.read(SYSTEM_NAMESPACE).await?;
    let uid = namespace.and_then(|namespace| namespace.metadata.uid);
    uid.ok_or_else(|| ClusterError::NotFound {
        object: namespaces.named(SYSTEM_NAMESPACE),
    })
}
