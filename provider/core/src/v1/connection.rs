//! The data that an application needs to connect to a database.
//!
//! | Engine | User | Keys of the credentials Secret | Secret with the authority's certificate |
//! |---|---|---|---|
//! | `pxc` | `root` | `root` | `NAME-ssl` |
//! | `psmdb` | as the Secret says | `MONGODB_DATABASE_ADMIN_USER`, `MONGODB_DATABASE_ADMIN_PASSWORD` | `NAME-ssl`; `NAME-sh-cert` with split-horizon DNS; none if unsafe configurations are allowed, because TLS is off |
//! | `postgresql` | `postgres` | `password` | `NAME-cluster-cert` |
//!
//! Source of the last column: percona-xtradb-cluster-operator `pkg/apis/pxc/v1/pxc_types.go`
//! (`SSLSecretName`), percona-server-mongodb-operator `pkg/apis/psmdb/v1/psmdb_defaults.go`
//! (`Secrets.SSL`), percona-postgresql-operator `internal/naming/names.go`
//! (`PostgresTLSSecret`). Everest sets none of these names but that of split-horizon DNS, whose
//! certificate it issues itself: the engine's operator then makes no `NAME-ssl`. Source:
//! everest-operator `providers/psmdb/engine_features_applier.go`; percona-server-mongodb-operator
//! `pkg/controller/perconaservermongodb/ssl.go` (`reconcileSSL`).

use std::fmt::Write as _;

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::{Engine, Sensitive};
use k8s_openapi::api::core::v1::Secret;

use super::database::default_secret;
use super::endpoint::{self, Endpoint};
use crate::semantic;

/// Type of Crossplane's connection Secrets.
pub const SECRET_TYPE: &str = "connection.crossplane.io/v1alpha1";

/// The connection data of a database, the same for all engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Host name. An exposed or sharded MongoDB may have several, each with
    /// its port, separated by commas.
    pub endpoint: String,
    /// Every address.
    pub endpoints: Vec<Endpoint>,
    /// Port.
    pub port: u16,
    /// User that may administer the database.
    pub username: String,
    /// The user's password.
    pub password: Sensitive<String>,
    /// The whole connection as a URI, such as `postgres://user:password@host:5432/postgres`.
    pub uri: Sensitive<String>,
}

/// The reason why clients cannot connect yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotConnectable {
    /// Everest reports no host name yet: the engine is starting.
    #[error("Everest has not reported the host name and port of the database yet")]
    NoEndpoint,
    /// The Secret with the passwords does not exist yet.
    #[error("the Secret {0:?} with the credentials does not exist yet")]
    NoSecret(String),
    /// The Secret exists but lacks a key: PostgreSQL's operator fills it in late, and a user's own
    /// Secret may be incomplete.
    #[error("the Secret {secret:?} with the credentials has no key {key:?} yet")]
    NoKey {
        /// Name of the Secret.
        secret: String,
        /// Key that is missing.
        key: &'static str,
    },
    /// The database names no engine, which Everest does not allow.
    #[error("the database has no engine")]
    NoEngine,
}

impl Connection {
    /// The connection as keys and values of a Secret, ordered by key. `endpoint` and `host` have
    /// the same value, because consumers expect one or the other.
    pub fn entries(&self) -> [(&'static str, Sensitive<String>); 6] {
        [
            ("endpoint", self.endpoint.clone().into()),
            ("host", self.endpoint.clone().into()),
            ("password", self.password.clone()),
            ("port", self.port.to_string().into()),
            ("uri", self.uri.clone()),
            ("username", self.username.clone().into()),
        ]
    }
}

/// The name of the Secret with the passwords of a database's users: the one that its spec names,
/// otherwise the one that Everest creates.
pub fn secret_name(database: &DatabaseCluster) -> Option<String> {
    let engine = database.spec.engine.known();
    engine
        .and_then(|engine| engine.user_secrets_name.known_str())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .or_else(|| database.metadata.name.as_deref().map(default_secret))
}

/// Returns the connection data, from the database's status and the Secret named by [`secret_name`].
///
/// # Errors
/// [`NotConnectable`] says what is still missing.
pub fn connection(
    database: &DatabaseCluster,
    secret: Option<&Secret>,
) -> Result<Connection, NotConnectable> {
    let engine = database.spec.engine.known();
    let engine = engine
        .and_then(|engine| engine.type_.known().copied())
        .ok_or(NotConnectable::NoEngine)?;
    let status = database.status.as_ref();
    let endpoints = status.map(endpoint::of).unwrap_or_default();
    let (endpoint, port) = match &endpoints[..] {
        [] => return Err(NotConnectable::NoEndpoint),
        [only] => (only.host.clone(), only.port),
        [first, ..] => (joined(&endpoints), first.port),
    };
    let name = secret_name(database).unwrap_or_default();
    let secret = secret.ok_or_else(|| NotConnectable::NoSecret(name.clone()))?;
    let value = |key: &'static str| {
        value(secret, key).ok_or_else(|| NotConnectable::NoKey {
            secret: name.clone(),
            key,
        })
    };
    let (username, password) = match engine {
        Engine::Pxc => ("root".to_owned(), value("root")?),
        Engine::Psmdb => (
            value("MONGODB_DATABASE_ADMIN_USER")?.into_inner(),
            value("MONGODB_DATABASE_ADMIN_PASSWORD")?,
        ),
        Engine::Postgresql => ("postgres".to_owned(), value("password")?),
    };
    let (database_name, options) = match engine {
        Engine::Psmdb if is_reached_as_a_set(database) => ("", vec![("replicaSet", REPLICA_SET)]),
        // Clients that are told no database take the one of the user's name or of the system's.
        Engine::Postgresql => (MAINTENANCE_DATABASE, Vec::new()),
        _ => ("", Vec::new()),
    };
    let uri = uri(
        engine,
        &joined(&endpoints),
        (&username, &password),
        database_name,
        options,
    );
    Ok(Connection {
        endpoint,
        endpoints,
        port,
        username,
        password,
        uri,
    })
}

/// A connection as a URI: `SCHEME://USER:PASSWORD@HOSTS/DATABASE?OPTIONS`. `hosts` is a
/// comma-separated list of `host:port`; an empty `database` is left out.
pub fn uri<'a>(
    engine: Engine,
    hosts: &str,
    (username, password): (&str, &Sensitive<String>),
    database: &str,
    options: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Sensitive<String> {
    let scheme = match engine {
        Engine::Pxc => "mysql",
        Engine::Psmdb => "mongodb",
        Engine::Postgresql => "postgres",
    };
    let options = options.into_iter();
    let options: Vec<_> = options
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    let (username, password) = (escaped(username), escaped(password.expose()));
    let mut uri = format!("{scheme}://{username}:{password}@{hosts}");
    if !database.is_empty() || !options.is_empty() {
        uri = format!("{uri}/{}", escaped(database));
    }
    if !options.is_empty() {
        uri = format!("{uri}?{}", options.join("&"));
    }
    uri.into()
}

/// The database that each PostgreSQL server has from the start.
const MAINTENANCE_DATABASE: &str = "postgres";

/// The name of the Secret with the certificate of the authority that signed a database's
/// certificate, if it has one: see the table above. The Secret of a MongoDB outlives its TLS.
pub fn authority_secret(database: &DatabaseCluster) -> Option<String> {
    let engine = database.spec.engine.known()?.type_.known().copied()?;
    let name = database.metadata.name.as_deref()?;
    Some(match engine {
        Engine::Psmdb if database.spec.allow_unsafe_configuration.known() == Some(&true) => {
            return None;
        }
        Engine::Psmdb if has_split_horizon(database) => format!("{name}-sh-cert"),
        Engine::Pxc | Engine::Psmdb => format!("{name}-ssl"),
        Engine::Postgresql => format!("{name}-cluster-cert"),
    })
}

/// Returns true if the pods of a MongoDB have public host names. Everest makes them for a replica
/// set alone.
fn has_split_horizon(database: &DatabaseCluster) -> bool {
    let features = database.spec.engine_features.known();
    let psmdb = features.and_then(|features| features.psmdb.known());
    let config = psmdb.and_then(|psmdb| psmdb.split_horizon_dns_config_name.known_str());
    config.is_some_and(|config| !config.is_empty())
}

/// The certificate that such a Secret holds, as PEM.
pub fn authority(secret: &Secret) -> Option<String> {
    value(secret, "ca.crt").map(Sensitive::into_inner)
}

/// The name of the replica set of an unsharded MongoDB. Everest reports it nowhere:
/// everest-operator numbers the sets (`rsName` in the applier of its `providers/psmdb`).
const REPLICA_SET: &str = "rs0";

/// Returns true if clients can reach a MongoDB by the host names that the members of its replica
/// set report: only then may a URI name the set. A sharded MongoDB is reached by mongos and has no
/// such set. Members that are exposed by load balancers still report hosts inside the cluster
/// (`clusterServiceDNSMode` of the engine's operator, which Everest leaves at `Internal`).
fn is_reached_as_a_set(database: &DatabaseCluster) -> bool {
    let sharding = database.spec.sharding.known();
    let is_sharded = sharding.is_some_and(|sharding| sharding.enabled.known() == Some(&true));
    let proxy = database.spec.proxy.known();
    let exposed = proxy
        .and_then(|proxy| proxy.expose.known()?.type_.known_str())
        .unwrap_or_default();
    !is_sharded && semantic::expose_type(exposed) != "LoadBalancer"
}

/// The endpoints in the form of a URI, separated by commas.
fn joined(endpoints: &[Endpoint]) -> String {
    let each: Vec<_> = endpoints.iter().map(ToString::to_string).collect();
    each.join(",")
}

/// The text that a Secret holds under a key, unless it is empty.
fn value(secret: &Secret, key: &str) -> Option<Sensitive<String>> {
    let bytes = &secret.data.as_ref()?.get(key)?.0;
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_empty()).then(|| Sensitive::new(text.to_owned()))
}

/// A text, escaped for the part of a URI before the `@` (RFC 3986).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn database(engine: &str, host: &str, port: i32) -> DatabaseCluster {
        serde_json::from_value(json!({
            "metadata": {"name": "orders"},
            "spec": {"engine": {"type": engine, "storage": {"size": "1Gi"}}},
            "status": {"hostname": host, "port": port},
        }))
        .unwrap()
    }

    fn secret(texts: Value) -> Secret {
        let mut secret = Secret::default();
        let data = secret.data.get_or_insert_default();
        for (key, text) in texts.as_object().unwrap() {
            let bytes = text.as_str().unwrap().as_bytes().to_vec();
            data.insert(key.clone(), k8s_openapi::ByteString(bytes));
        }
        secret
    }

    fn uri(engine: &str, host: &str, port: i32, texts: Value) -> String {
        let database = database(engine, host, port);
        let connection = connection(&database, Some(&secret(texts))).unwrap();
        connection.uri.into_inner()
    }

    #[test]
    fn each_engine_has_its_keys_and_its_address() {
        assert_eq!(
            uri(
                "pxc",
                "orders-haproxy.prod",
                3306,
                json!({"root": "p@ss/1"})
            ),
            "mysql://root:p%40ss%2F1@orders-haproxy.prod:3306"
        );
        assert_eq!(
            uri(
                "postgresql",
                "orders-pgbouncer.prod.svc",
                5432,
                json!({"password": "a b"})
            ),
            "postgres://postgres:a%20b@orders-pgbouncer.prod.svc:5432/postgres"
        );
        let users = json!({
            "MONGODB_DATABASE_ADMIN_USER": "databaseAdmin",
            "MONGODB_DATABASE_ADMIN_PASSWORD": "x",
        });
        assert_eq!(
            uri("psmdb", "orders-rs0.prod.svc", 27017, users),
            "mongodb://databaseAdmin:x@orders-rs0.prod.svc:27017/?replicaSet=rs0"
        );
        assert_eq!(
            uri("pxc", "2001:db8::5", 3306, json!({"root": "x"})),
            "mysql://root:x@[2001:db8::5]:3306"
        );
    }

    #[test]
    fn a_mongodb_names_its_replica_set_where_its_members_can_be_reached() {
        let users = secret(json!({
            "MONGODB_DATABASE_ADMIN_USER": "admin", "MONGODB_DATABASE_ADMIN_PASSWORD": "x",
        }));
        let uri = |spec: Value| {
            let mut database = database("psmdb", "a:27017,b:27017", 27017);
            let own = serde_json::to_value(&database.spec).unwrap();
            let engine = own["engine"].clone();
            let mut spec = spec;
            spec["engine"] = engine;
            database.spec = serde_json::from_value(spec).unwrap();
            let found = connection(&database, Some(&users)).unwrap();
            found.uri.into_inner()
        };
        let hosts = "mongodb://admin:x@a:27017,b:27017";
        let set = format!("{hosts}/?replicaSet=rs0");
        let exposed = |kind: &str| json!({"proxy": {"expose": {"type": kind}}});
        assert_eq!(uri(json!({})), set);
        for kind in ["internal", "ClusterIP", "NodePort"] {
            assert_eq!(uri(exposed(kind)), set);
        }
        for kind in ["external", "LoadBalancer"] {
            assert_eq!(uri(exposed(kind)), hosts);
        }
        let sharding = |enabled: bool| json!({"sharding": {"enabled": enabled, "shards": 2, "configServer": {"replicas": 3}}});
        assert_eq!(uri(sharding(true)), hosts);
        assert_eq!(uri(sharding(false)), set);
    }

    #[test]
    fn the_authority_s_certificate_is_where_the_engine_s_operator_puts_it() {
        for (engine, expected) in [
            ("pxc", "orders-ssl"),
            ("psmdb", "orders-ssl"),
            ("postgresql", "orders-cluster-cert"),
        ] {
            let name = authority_secret(&database(engine, "", 0));
            assert_eq!(name.as_deref(), Some(expected), "{engine}");
        }
        for (engine, has_tls) in [("pxc", true), ("psmdb", false)] {
            let mut database = database(engine, "", 0);
            database.spec.allow_unsafe_configuration = true.into();
            assert_eq!(authority_secret(&database).is_some(), has_tls, "{engine}");
        }
        let public = |name: &str| {
            let mut database = database("psmdb", "", 0);
            let features = json!({"psmdb": {"splitHorizonDnsConfigName": name}});
            database.spec.engine_features = serde_json::from_value(features).unwrap();
            database
        };
        let found = authority_secret(&public("public"));
        assert_eq!(found.as_deref(), Some("orders-sh-cert"));
        let found = authority_secret(&public(""));
        assert_eq!(found.as_deref(), Some("orders-ssl"));
        let mut plain = public("public");
        plain.spec.allow_unsafe_configuration = true.into();
        assert_eq!(authority_secret(&plain), None);
        assert_eq!(authority(&secret(json!({"tls.crt": "c"}))), None);
        let found = authority(&secret(json!({"ca.crt": "pem"})));
        assert_eq!(found.as_deref(), Some("pem"));
    }

    #[test]
    fn an_endpoint_is_a_host_without_its_port() {
        let of = |host| {
            let database = database("pxc", host, 3306);
            let found = connection(&database, Some(&secret(json!({"root": "x"})))).unwrap();
            found.endpoint
        };
        assert_eq!(of("orders"), "orders");
        assert_eq!(of("orders:3306"), "orders");
        assert_eq!(of("a:1,b:2"), "a:1,b:2");
        assert_eq!(of("2001:db8::5"), "2001:db8::5");
    }

    #[test]
    fn what_is_missing_is_said() {
        let without = |host, port, secret: Option<Secret>| {
            connection(&database("pxc", host, port), secret.as_ref()).unwrap_err()
        };
        let full = secret(json!({"root": "x"}));
        assert_eq!(
            without("", 3306, Some(full.clone())),
            NotConnectable::NoEndpoint
        );
        assert_eq!(without("h", 0, Some(full)), NotConnectable::NoEndpoint);
        let name = "everest-secrets-orders".to_owned();
        assert_eq!(
            without("h", 1, None),
            NotConnectable::NoSecret(name.clone())
        );
        for empty in [json!({}), json!({"proxyadmin": "x"}), json!({"root": ""})] {
            assert_eq!(
                without("h", 1, Some(secret(empty))),
                NotConnectable::NoKey {
                    secret: name.clone(),
                    key: "root"
                }
            );
        }
    }

    #[test]
    fn the_secret_is_the_one_named_or_the_one_everest_makes() {
        let mut database = database("pxc", "h", 1);
        assert_eq!(secret_name(&database).unwrap(), "everest-secrets-orders");
        if let Some(engine) = database.spec.engine.known_mut() {
            engine.user_secrets_name = "mine".into();
        }
        assert_eq!(secret_name(&database).unwrap(), "mine");
    }

    #[test]
    fn a_password_is_never_shown() {
        let found = connection(
            &database("pxc", "h", 1),
            Some(&secret(json!({"root": "hunter2"}))),
        );
        assert!(!format!("{:?}", found.unwrap()).contains("hunter2"));
    }
}
