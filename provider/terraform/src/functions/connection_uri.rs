//! `connection_uri`.

use std::collections::BTreeMap;

use everest_core::v1::connection;
use everest_schemas::{Engine, Sensitive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Function, FunctionError};

/// A connection as a URI, for users and databases other than those of
/// `everest_database_credentials`. User, password and database are escaped.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Arguments {
    /// Engine: `pxc`, `psmdb` or `postgresql`.
    engine: String,
    /// Addresses, each as `host:port`, such as the `hosts` of a database.
    hosts: Vec<String>,
    /// User.
    username: String,
    /// Password of the user.
    password: Sensitive<String>,
    /// Database to connect to; null: none is named.
    #[serde(default)]
    database: Option<String>,
    /// Options, such as `{ replicaSet = "rs0" }`; null: none.
    #[serde(default)]
    options: Option<BTreeMap<String, String>>,
}

/// The function.
pub struct ConnectionUri;

impl Function for ConnectionUri {
    type Arguments = Arguments;
    type Output = String;

    fn name(&self) -> &'static str {
        "connection_uri"
    }

    fn summary(&self) -> &'static str {
        "A connection to a database as a URI"
    }

    fn call(&self, arguments: Arguments) -> Result<String, FunctionError> {
        let engine = Engine::ALL
            .into_iter()
            .find(|engine| engine.as_str() == arguments.engine);
        let Some(engine) = engine else {
            let text = format!(
                "{:?} is not an engine. Engines are pxc, psmdb and postgresql.",
                arguments.engine
            );
            return Err(FunctionError::new(text).at("engine"));
        };
        if arguments.hosts.is_empty() {
            let text = "A connection needs at least one address as host:port.";
            return Err(FunctionError::new(text).at("hosts"));
        }
        let options = arguments.options.unwrap_or_default();
        let uri = connection::uri(
            engine,
            &arguments.hosts.join(","),
            (&arguments.username, &arguments.password),
            arguments.database.as_deref().unwrap_or_default(),
            options
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        Ok(uri.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(engine: &str, hosts: &[&str], database: Option<&str>) -> Result<String, String> {
        let arguments = Arguments {
            engine: engine.to_owned(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            username: "app".to_owned(),
            password: "p@ss".to_owned().into(),
            database: database.map(str::to_owned),
            options: None,
        };
        ConnectionUri.call(arguments).map_err(|error| error.text)
    }

    #[test]
    fn each_part_stands_in_its_place() {
        assert_eq!(
            uri("postgresql", &["a:5432"], Some("shop")).unwrap(),
            "postgres://app:p%40ss@a:5432/shop"
        );
        assert_eq!(
            uri("psmdb", &["a:27017", "b:27017"], None).unwrap(),
            "mongodb://app:p%40ss@a:27017,b:27017"
        );
    }

    #[test]
    fn an_engine_that_is_none_and_no_address_are_refused() {
        assert!(
            uri("mysql", &["a:1"], None)
                .unwrap_err()
                .contains("pxc, psmdb")
        );
        assert!(uri("pxc", &[], None).unwrap_err().contains("host:port"));
    }
}
