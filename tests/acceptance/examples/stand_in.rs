//! Stands in for providers that connect to a database, for one that keeps secrets, and for one that
//! installs charts: the real ones cannot be had in a test. Each has the provider block of the real
//! one, where a test configures it, and one resource; which of them it is follows from the name of
//! the program.
//!
//! It connects to nothing. The state of a resource says with which address and user its provider
//! was configured, and how long the password was, so that a test sees that they arrived. A
//! creation is refused while one of them is not known.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tfplugin::{
    ConfigureRequest, CreateRequest, Creation, DeleteRequest, Diagnostic, Field, NoConfig,
    Provider, ReadRequest, ReadResult, Registry, Resource, ServeOptions, Update, UpdateRequest,
};

/// The provider block of `cyrilgdn/postgresql`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
struct Postgresql {
    #[serde(default, skip_serializing_if = "Field::is_null")]
    host: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    port: Field<i64>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    username: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-sensitive" = true))]
    password: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    database: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    sslmode: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    superuser: Field<bool>,
}

/// The provider block of `petoju/mysql`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
struct Mysql {
    endpoint: Field<String>,
    username: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-sensitive" = true))]
    password: Field<String>,
}

/// The provider block of `01Joseph-Hwang10/mongodb`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
struct Mongodb {
    #[schemars(extend("x-sensitive" = true))]
    uri: Field<String>,
}

/// The credentials in a provider block.
struct Login {
    /// The address, which may have the user in it.
    address: Field<String>,
    username: Field<String>,
    password: Field<String>,
}

trait Block: tfplugin::Model + Default + DeserializeOwned {
    /// The name of the provider.
    const NAME: &'static str;
    /// Its resource.
    const RESOURCE: &'static str;

    fn login(&self) -> Login;
}

impl Block for Postgresql {
    const NAME: &'static str = "postgresql";
    const RESOURCE: &'static str = "postgresql_database";

    fn login(&self) -> Login {
        let address = match (&self.host, &self.port) {
            (Field::Known(host), Field::Known(port)) => Field::Known(format!("{host}:{port}")),
            _ => Field::Unknown,
        };
        Login {
            address,
            username: self.username.clone(),
            password: self.password.clone(),
        }
    }
}

impl Block for Mysql {
    const NAME: &'static str = "mysql";
    const RESOURCE: &'static str = "mysql_database";

    fn login(&self) -> Login {
        Login {
            address: self.endpoint.clone(),
            username: self.username.clone(),
            password: self.password.clone(),
        }
    }
}

impl Block for Mongodb {
    const NAME: &'static str = "mongodb";
    const RESOURCE: &'static str = "mongodb_database";

    fn login(&self) -> Login {
        // mongodb://USER:PASSWORD@HOSTS/…
        let part = |pick: fn(&str) -> Option<&str>| match self.uri.known() {
            Some(uri) => pick(uri).map_or(Field::Null, |part| Field::Known(part.to_owned())),
            None => Field::Unknown,
        };
        Login {
            address: part(|uri| uri.split_once('@')?.1.split('/').next()),
            username: part(|uri| uri.strip_prefix("mongodb://")?.split(':').next()),
            password: part(|uri| uri.split_once('@')?.0.rsplit(':').next()),
        }
    }
}

/// A provider of one of the databases.
#[derive(Default)]
struct Databases<B>(Arc<Mutex<B>>);

impl<B: Block> Provider for Databases<B> {
    type Config = B;

    fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.resource(Database(Arc::clone(&self.0)));
    }

    async fn configure(&self, request: ConfigureRequest<'_, B>) -> Result<(), Diagnostic> {
        *held(&self.0) = request.config;
        Ok(())
    }
}

fn held<B>(block: &Mutex<B>) -> MutexGuard<'_, B> {
    block.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A database on the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Made {
    #[schemars(extend("x-force-new" = true))]
    name: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    connected_to: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    connected_as: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    password_length: Field<i64>,
}

struct Database<B>(Arc<Mutex<B>>);

impl<B: Block> Resource for Database<B> {
    type Model = Made;

    fn type_name(&self) -> &'static str {
        B::RESOURCE
    }

    async fn read(&self, _: ReadRequest<'_, Made>) -> Result<ReadResult<Made>, Diagnostic> {
        Ok(ReadResult::Keep)
    }

    async fn create(&self, request: CreateRequest<'_, Made>) -> Result<Creation<Made>, Diagnostic> {
        let Login {
            address,
            username,
            password,
        } = held(&self.0).login();
        let (Field::Known(address), Field::Known(username), Field::Known(password)) =
            (address, username, password)
        else {
            return Err(Diagnostic::error(
                "The provider cannot connect",
                "Address, user or password are not known.",
            ));
        };
        Ok(Creation::Created(Made {
            connected_to: Field::Known(address),
            connected_as: Field::Known(username),
            password_length: length(&password),
            ..request.planned
        }))
    }

    async fn update(&self, request: UpdateRequest<'_, Made>) -> Result<Update<Made>, Diagnostic> {
        Ok(Update::Updated(request.planned))
    }

    async fn delete(&self, _: DeleteRequest<'_, Made>) -> Result<(), Diagnostic> {
        Ok(())
    }
}

fn length(text: &str) -> Field<i64> {
    i64::try_from(text.len()).map_or(Field::Null, Field::Known)
}

/// `hashicorp/vault`.
struct Vault;

impl Provider for Vault {
    type Config = NoConfig;

    fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.resource(Secrets);
    }
}

/// A secret in Vault.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Secret {
    #[schemars(extend("x-force-new" = true))]
    mount: Field<String>,
    #[schemars(extend("x-force-new" = true))]
    name: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-write-only" = true, "x-sensitive" = true))]
    data_json_wo: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    data_json_wo_version: Field<i64>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    data_length: Field<i64>,
}

struct Secrets;

impl Resource for Secrets {
    type Model = Secret;

    fn type_name(&self) -> &'static str {
        "vault_kv_secret_v2"
    }

    async fn read(&self, _: ReadRequest<'_, Secret>) -> Result<ReadResult<Secret>, Diagnostic> {
        Ok(ReadResult::Keep)
    }

    async fn create(
        &self,
        request: CreateRequest<'_, Secret>,
    ) -> Result<Creation<Secret>, Diagnostic> {
        let data = request.config.data_json_wo.known();
        let data_length = data.map_or(Field::Null, |data| length(data));
        Ok(Creation::Created(Secret {
            data_length,
            ..request.planned
        }))
    }

    async fn update(
        &self,
        request: UpdateRequest<'_, Secret>,
    ) -> Result<Update<Secret>, Diagnostic> {
        Ok(Update::Updated(request.planned))
    }

    async fn delete(&self, _: DeleteRequest<'_, Secret>) -> Result<(), Diagnostic> {
        Ok(())
    }
}

/// `hashicorp/helm`.
#[derive(Default)]
struct Helm;

impl Provider for Helm {
    type Config = NoConfig;

    fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.resource(Releases);
    }
}

/// A chart that is installed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Release {
    #[schemars(extend("x-force-new" = true))]
    name: Field<String>,
    chart: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    repository: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    version: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    namespace: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    create_namespace: Field<bool>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    timeout: Field<i64>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    values: Field<Vec<Field<String>>>,
}

struct Releases;

impl Resource for Releases {
    type Model = Release;

    fn type_name(&self) -> &'static str {
        "helm_release"
    }

    async fn read(&self, _: ReadRequest<'_, Release>) -> Result<ReadResult<Release>, Diagnostic> {
        Ok(ReadResult::Keep)
    }

    async fn create(
        &self,
        request: CreateRequest<'_, Release>,
    ) -> Result<Creation<Release>, Diagnostic> {
        Ok(Creation::Created(request.planned))
    }

    async fn update(
        &self,
        request: UpdateRequest<'_, Release>,
    ) -> Result<Update<Release>, Diagnostic> {
        Ok(Update::Updated(request.planned))
    }

    async fn delete(&self, _: DeleteRequest<'_, Release>) -> Result<(), Diagnostic> {
        Ok(())
    }
}

fn serve<P: Provider + Default>(source: &str) -> ExitCode {
    let options = ServeOptions::new(source, "https://example.com/issues");
    tfplugin::run(|| Arc::new(P::default()), options)
}

impl Default for Vault {
    fn default() -> Self {
        Self
    }
}

fn main() -> ExitCode {
    let program = std::env::args_os().next().unwrap_or_default();
    let program = Path::new(&program).file_stem().unwrap_or_default();
    let name = program.to_string_lossy();
    match name.trim_start_matches("terraform-provider-") {
        Postgresql::NAME => {
            serve::<Databases<Postgresql>>("registry.terraform.io/cyrilgdn/postgresql")
        }
        Mysql::NAME => serve::<Databases<Mysql>>("registry.terraform.io/petoju/mysql"),
        Mongodb::NAME => {
            serve::<Databases<Mongodb>>("registry.terraform.io/01Joseph-Hwang10/mongodb")
        }
        "vault" => serve::<Vault>("registry.terraform.io/hashicorp/vault"),
        "helm" => serve::<Helm>("registry.terraform.io/hashicorp/helm"),
        other => {
            eprintln!("{other} is no provider that this program stands in for");
            ExitCode::FAILURE
        }
    }
}
