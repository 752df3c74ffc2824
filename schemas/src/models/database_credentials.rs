//! `everest_database_credentials`, the ephemeral resource.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Field, Sensitive};

/// Credentials and addresses of a database, for other providers and for write-only attributes. They
/// are read when Terraform needs them and are never in a plan or in the state.
///
/// Fails with the reason while clients cannot connect: the database does not exist, is not ready,
/// is paused, or its Secret lacks the password. If the same configuration manages the database,
/// refer to its resource: a plan that creates the database, resumes it or waits for it leaves the
/// values unknown, and the apply reads them once the database is ready.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseCredentialsModel {
    /// Namespace of the database.
    pub namespace: Field<String>,

    /// Name of the database.
    pub name: Field<String>,

    /// User that may administer the database: `root` of MySQL, `postgres` of PostgreSQL, and of
    /// MongoDB the user that the Secret names, usually `databaseAdmin`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub username: Field<String>,

    /// Password of the user.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub password: Field<Sensitive<String>>,

    /// Host name that clients connect to; null if there are several: see `hosts`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub host: Field<String>,

    /// Port that clients connect to.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub port: Field<i64>,

    /// Every address that clients connect to, as `host:port`: one for most databases, several for
    /// an exposed or sharded MongoDB.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub hosts: Field<Vec<Field<String>>>,

    /// The whole connection as a URI: `mysql://`, `mongodb://` (with the replica set where clients
    /// can reach its members) or `postgres://` (with the database `postgres`). User and password
    /// are escaped.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub uri: Field<Sensitive<String>>,

    /// Certificate of the authority that signed the server's certificate, as PEM; null if the
    /// engine's operator keeps none, if its Secret may not be read, or if TLS is off (`psmdb` with
    /// `allow_unsafe_configuration`).
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub ca_certificate: Field<String>,
}
