//! The two ways to a database: a composite resource that the function composes,
//! and a managed resource of the provider.

use std::time::{Duration, Instant};

use acceptance::{
    crossplane::REPOSITORY,
    installation::{self, InstallError},
    workspace_folder,
};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject},
};
use serde_json::{Value, json};

use super::seen;
use crate::failure::Failure;

/// A kind of objects that are watched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// Group and version.
    pub version: &'static str,
    /// The kind.
    pub name: &'static str,
    /// Its name in paths.
    pub plural: &'static str,
}

impl Kind {
    /// Everest's databases.
    pub const DATABASE: Self = Self {
        version: "everest.percona.com/v1alpha1",
        name: "DatabaseCluster",
        plural: "databaseclusters",
    };

    /// Its objects in a namespace.
    pub fn api(&self, client: &Client, namespace: &str) -> Api<DynamicObject> {
        let (group, version) = self.version.split_once('/').unwrap_or(("", self.version));
        let resource = ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: self.version.to_owned(),
            kind: self.name.to_owned(),
            plural: self.plural.to_owned(),
        };
        Api::namespaced_with(client.clone(), namespace, &resource)
    }
}

/// One of the ways.
pub(super) struct Front {
    /// What it is.
    pub name: &'static str,
    /// What stands in front of a database.
    pub kind: Kind,
    /// One of them, by its number.
    pub object: fn(&str, usize) -> Value,
    /// Name of the object in front of a database.
    pub key: fn(&Value) -> Option<String>,
    /// Name of the function's Service; none for the provider.
    pub service: Option<&'static str>,
    /// How long the function's answers hold; none leaves that to it.
    ttl: Option<String>,
    /// Kind, plural and name of the package.
    package: (&'static str, &'static str, &'static str),
}

impl Front {
    pub fn function(ttl: Option<String>) -> Self {
        Self {
            ttl,
            name: "function",
            kind: Kind {
                version: "platform.example.org/v1alpha1",
                name: "AppDatabase",
                plural: "appdatabases",
            },
            object: |namespace, number| {
                json!({
                    "apiVersion": "platform.example.org/v1alpha1",
                    "kind": "AppDatabase",
                    "metadata": { "name": format!("db-{number}"), "namespace": namespace },
                    "spec": { "engine": "postgresql", "storage": "10Gi" },
                })
            },
            key: |database| {
                let name = &database["metadata"]["labels"]["crossplane.io/composite"];
                name.as_str().map(str::to_owned)
            },
            service: Some("openeverest-function-everest"),
            package: ("Function", "functions", "openeverest-function-everest"),
        }
    }

    pub fn provider() -> Self {
        Self {
            name: "provider",
            kind: Kind {
                version: "everest.m.openeverest.io/v1alpha1",
                name: "Database",
                plural: "everestdatabases",
            },
            object: |namespace, number| {
                json!({
                    "apiVersion": "everest.m.openeverest.io/v1alpha1",
                    "kind": "Database",
                    "metadata": { "name": format!("db-{number}"), "namespace": namespace },
                    "spec": { "forProvider": { "engine": {
                        "type": "postgresql",
                        "replicas": 1,
                        "storage": { "size": "10Gi" },
                        "resources": { "cpu": "1", "memory": "2G" },
                    } } },
                })
            },
            key: seen::name,
            service: None,
            ttl: None,
            package: ("Provider", "providers", "provider-everest"),
        }
    }

    /// What a user applies to have it.
    pub fn package(&self) -> Value {
        let (kind, _, name) = self.package;
        let repository = if self.service.is_some() {
            "function-everest"
        } else {
            "provider-everest"
        };
        let version = env!("CARGO_PKG_VERSION");
        json!({
            "apiVersion": "pkg.crossplane.io/v1",
            "kind": kind,
            "metadata": { "name": name },
            "spec": { "package": format!("{REPOSITORY}{repository}:v{version}") },
        })
    }

    /// What else there has to be before the objects: the composite resource's
    /// API, or where the provider's databases are.
    pub fn platform(&self) -> Result<Vec<Value>, InstallError> {
        if self.service.is_none() {
            return Ok(vec![json!({
                "apiVersion": "everest.m.openeverest.io/v1alpha1",
                "kind": "ClusterProviderConfig",
                "metadata": { "name": "default" },
                "spec": { "credentials": { "source": "InjectedIdentity" } },
            })]);
        }
        let folder = workspace_folder().join("examples/crossplane");
        let mut objects = installation::documents(&folder.join("rbac/function.yaml"))?;
        objects.extend(installation::documents(
            &folder.join("quickstart/xrd.yaml"),
        )?);
        for mut composition in installation::documents(&folder.join("quickstart/composition.yaml"))?
        {
            if let Some(ttl) = &self.ttl {
                composition["spec"]["pipeline"][0]["input"]["ttl"] = json!(ttl);
            }
            objects.push(composition);
        }
        Ok(objects)
    }

    /// Waits until the package is healthy and its kinds are served.
    pub async fn healthy(&self, client: &Client, patience: Duration) -> Result<(), Failure> {
        let (kind, plural, name) = self.package;
        let path = format!("/apis/pkg.crossplane.io/v1/{plural}/{name}");
        let deadline = Instant::now() + patience;
        while !installation::condition(client, &path, |package| {
            installation::has_condition(package, "Healthy")
        })
        .await
        {
            if Instant::now() > deadline {
                return Err(Failure::Check(format!(
                    "{kind} {name} does not get healthy"
                )));
            }
            tokio::time::sleep(installation::LOOK).await;
        }
        Ok(())
    }
}
