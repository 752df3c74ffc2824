//! What clients need to connect to a database.

use everest_core::v1;
use everest_core::v1::connection::{self, Connection, NotConnectable};
use everest_schemas::everest::DatabaseCluster;
use k8s_openapi::api::core::v1::Secret;

use crate::Cluster;
use crate::error::ClusterError;

/// How clients connect to a database.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Addresses, user and password.
    pub connection: Connection,
    /// The certificate of the authority that signed the server's, as PEM; `None` if there is none
    /// or it may not be read.
    pub ca_certificate: Option<String>,
}

/// The reason why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A request failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// There is no database of the name.
    #[error("it does not exist")]
    Missing,
    /// The database is paused, or is being paused.
    #[error("the database is paused")]
    Paused,
    /// The database is starting, changing or restoring, or has failed; why.
    #[error("{0}")]
    NotReady(String),
    /// An address or a password is missing.
    #[error(transparent)]
    NotConnectable(#[from] NotConnectable),
}

/// Reads how clients connect to a database that is ready.
///
/// # Errors
/// See [`CredentialsError`].
pub async fn credentials(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Credentials, CredentialsError> {
    let found = cluster
        .objects::<DatabaseCluster>(namespace)
        .get(name)
        .await?;
    let database = found.ok_or(CredentialsError::Missing)?;
    if database.spec.paused.known() == Some(&true) {
        return Err(CredentialsError::Paused);
    }
    if let Some(why) = v1::database::unready(&database) {
        return Err(CredentialsError::NotReady(why));
    }
    let secrets = cluster.objects::<Secret>(namespace);
    let secret = match connection::secret_name(&database) {
        Some(name) => secrets.get(&name).await?,
        None => None,
    };
    let connection = connection::connection(&database, secret.as_ref())?;
    let authority = match connection::authority_secret(&database) {
        Some(name) => match secrets.get(&name).await {
            Err(error) if !error.is_forbidden() => return Err(error.into()),
            found => found.ok().flatten(),
        },
        None => None,
    };
    Ok(Credentials {
        connection,
        ca_certificate: authority.as_ref().and_then(connection::authority),
    })
}
