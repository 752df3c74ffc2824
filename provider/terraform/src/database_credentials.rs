//! `everest_database_credentials`: what clients need to connect to a database, kept nowhere.

use std::sync::Arc;

use everest_cluster::database::{self, Credentials, CredentialsError};
use everest_core::facts::Kind;
use everest_core::v1::ObjectMapping;
use everest_schemas::{
    Field,
    models::{DatabaseCredentialsModel, DatabaseModel},
};
use tfplugin::{Diagnostic, EphemeralResource, LookupRequest, Opened};

use crate::{
    database::Database,
    diagnostics, existing,
    managed::{named, unless_stopped},
    session::Session,
};

const TYPE: &str = "everest_database_credentials";

/// The ephemeral resource.
pub struct DatabaseCredentials(pub Arc<Session>);

impl EphemeralResource for DatabaseCredentials {
    type Model = DatabaseCredentialsModel;

    fn type_name(&self) -> &'static str {
        TYPE
    }

    async fn open(
        &self,
        request: LookupRequest<'_, DatabaseCredentialsModel>,
    ) -> Result<Opened<DatabaseCredentialsModel>, Diagnostic> {
        let asked = request.config;
        let namespace = asked.namespace.known_str().unwrap_or_default();
        let name = asked.name.known_str().unwrap_or_default();
        let what = format!("{TYPE} {namespace}/{name}");
        let doing = format!("read {what}");
        let cluster = match existing::cluster(&self.0, &doing, request.cx).await {
            Ok(Some(cluster)) => cluster,
            Ok(None) => return Ok(Opened::new(asked)),
            Err(_) if self.0.awaits_settings() => return Ok(Opened::to_come(asked)),
            Err(error) => return Err(error),
        };
        let read = database::credentials(&cluster, namespace, name);
        let read = unless_stopped(request.cx, read)
            .await
            .ok_or_else(|| diagnostics::stopped(&doing))?;
        match read {
            Ok(credentials) => Ok(Opened::new(filled(asked, credentials))),
            // It is planned before what refers to it, and made before this is opened again.
            Err(CredentialsError::Missing) if is_planned(&self.0, namespace, name) => {
                Ok(Opened::to_come(asked))
            }
            Err(CredentialsError::Cluster(error)) => {
                Err(self.0.cluster_error(&error, &doing, &what))
            }
            // Its apply ends before this is opened again. While that is still to come, the reason may
            // be what it changes.
            Err(
                CredentialsError::Paused
                | CredentialsError::NotReady(_)
                | CredentialsError::NotConnectable(_),
            ) if is_awaited(&self.0, &asked) => Ok(Opened::to_come(asked)),
            Err(error) => Err(Diagnostic::error(
                format!("Cannot {doing}: {error}"),
                advice(&error, namespace, name),
            )
            .at("name")),
        }
    }
}

/// Returns true if this run makes the database.
fn is_planned(session: &Session, namespace: &str, name: &str) -> bool {
    let planned = session.planned_within(namespace);
    planned.has(Kind::Databases, name)
}

/// Returns true if this run changes the database and waits for it, and has not begun that yet.
fn is_awaited(session: &Session, asked: &DatabaseCredentialsModel) -> bool {
    let database = DatabaseModel::at(asked.namespace.clone(), asked.name.clone());
    session.unapplied().awaits(&named::<Database>(&database))
}

fn filled(asked: DatabaseCredentialsModel, found: Credentials) -> DatabaseCredentialsModel {
    let connection = found.connection;
    let mut hosts = connection.endpoints.iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(only), None) => Field::Known(only.host.clone()),
        _ => Field::Null,
    };
    let hosts = connection
        .endpoints
        .iter()
        .map(|each| Field::Known(each.to_string()));
    DatabaseCredentialsModel {
        username: connection.username.into(),
        password: Field::Known(connection.password),
        host,
        port: Field::Known(connection.port.into()),
        hosts: Field::Known(hosts.collect()),
        uri: Field::Known(connection.uri),
        ca_certificate: found.ca_certificate.into(),
        ..asked
    }
}

/// What to do where clients cannot connect.
fn advice(error: &CredentialsError, namespace: &str, name: &str) -> String {
    match error {
        CredentialsError::Missing => format!(
            "There is no DatabaseCluster {name:?} in namespace {namespace:?}. If this \
             configuration creates it, set name from the everest_database resource, so that \
             Terraform creates it first."
        ),
        CredentialsError::Paused => {
            "Clients cannot connect to a paused database. Resume it (paused = false), or leave out \
             what needs its credentials while it is paused."
                .to_owned()
        }
        _ => format!(
            "Wait until the database is ready, and run Terraform again; an apply of an \
             everest_database resource with wait = true waits for that. Its state: kubectl get \
             databasecluster -n {namespace} {name}"
        ),
    }
}
