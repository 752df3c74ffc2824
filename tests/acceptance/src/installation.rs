//! What is installed into the bare control plane: the objects that a cluster
//! with Everest has before anyone makes a database namespace.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    core::{ApiResource, GroupVersionKind},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    catalog::{self, PACKAGES},
    patience::patience,
};

/// Namespace of OLM and of the catalog.
pub const OLM_NAMESPACE: &str = "everest-olm";
/// Name of the catalog.
pub const CATALOG: &str = "everest-catalog";
/// Name of the one node.
pub(crate) const NODE: &str = "node-1";

/// Longest that an engine may take to be there.
const ENGINE_LIMIT: Duration = Duration::from_secs(120);

/// Why something could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The API server refused an object.
    #[error("creating {object}: {source}")]
    Create {
        /// Kind and name.
        object: String,
        /// What the API server, or the way to it, says.
        source: Box<kube::Error>,
    },
    /// An operator has been subscribed to, and its engine does not come.
    #[error("{operator} was not installed in {namespace} after {} s", patience(ENGINE_LIMIT).as_secs())]
    NoEngine {
        /// The operator.
        operator: String,
        /// The namespace.
        namespace: String,
    },
    /// A manifest cannot be read.
    #[error("{}: {message}", path.display())]
    Manifest {
        /// File or folder.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
}

/// Creates an object as given; one that exists is left as it is.
pub(crate) async fn create(client: &Client, object: Value) -> Result<(), InstallError> {
    let place = Place::of(client, object)?;
    match place
        .api
        .create(&PostParams::default(), &place.object)
        .await
    {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(()),
        Err(error) => Err(place.refused(error)),
    }
}

/// Applies an object as a user would, whether it exists or not.
///
/// # Errors
/// When the API server refuses it.
pub async fn apply(client: &Client, object: Value) -> Result<(), InstallError> {
    let place = Place::of(client, object)?;
    let name = place.object.metadata.name.clone().unwrap_or_default();
    let parameters = PatchParams::apply("a-user").force();
    match place
        .api
        .patch(&name, &parameters, &Patch::Apply(&place.object))
        .await
    {
        Ok(_) => Ok(()),
        Err(error) => Err(place.refused(error)),
    }
}

/// An object and where it goes.
struct Place {
    label: String,
    api: Api<DynamicObject>,
    object: DynamicObject,
}

impl Place {
    fn of(client: &Client, object: Value) -> Result<Self, InstallError> {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let label = format!("{} {}", text("/kind"), text("/metadata/name"));
        let (group, version) = match text("/apiVersion").split_once('/') {
            Some((group, version)) => (group.to_owned(), version.to_owned()),
            None => (String::new(), text("/apiVersion")),
        };
        let resource =
            ApiResource::from_gvk(&GroupVersionKind::gvk(&group, &version, &text("/kind")));
        let namespace = text("/metadata/namespace");
        let api = if namespace.is_empty() {
            Api::all_with(client.clone(), &resource)
        } else {
            Api::namespaced_with(client.clone(), &namespace, &resource)
        };
        match serde_json::from_value(object) {
            Ok(object) => Ok(Self { label, api, object }),
            Err(error) => Err(InstallError::Manifest {
                path: PathBuf::from(label),
                message: error.to_string(),
            }),
        }
    }

    fn refused(self, source: kube::Error) -> InstallError {
        InstallError::Create {
            object: self.label,
            source: Box::new(source),
        }
    }
}

/// Creates many objects at once.
pub(crate) async fn create_all(client: &Client, objects: Vec<Value>) -> Result<(), InstallError> {
    try_join_all(objects.into_iter().map(|object| create(client, object))).await?;
    Ok(())
}

/// All objects in the YAML files of a folder.
pub(crate) fn manifests(folder: &Path) -> Result<Vec<Value>, InstallError> {
    let fault = |path: &Path, message: String| InstallError::Manifest {
        path: path.to_owned(),
        message,
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(|error| fault(folder, error.to_string()))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "yaml"))
        .collect();
    files.sort();
    let mut objects = Vec::new();
    for path in files {
        objects.extend(documents(&path)?);
    }
    Ok(objects)
}

/// The objects of one YAML file.
///
/// # Errors
/// When it cannot be read or is no YAML.
pub fn documents(path: &Path) -> Result<Vec<Value>, InstallError> {
    let fault = |message: String| InstallError::Manifest {
        path: path.to_owned(),
        message,
    };
    let text = fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    let mut objects = Vec::new();
    for document in serde_yaml_ng::Deserializer::from_str(&text) {
        let object = Value::deserialize(document).map_err(|error| fault(error.to_string()))?;
        if !object.is_null() {
            objects.push(object);
        }
    }
    Ok(objects)
}

/// Makes a namespace for databases without the provider's help, with the operator
/// of one engine and the channel that it comes from, and waits until Everest has
/// the engine.
///
/// # Errors
/// When the API server refuses an object, or the engine does not come.
pub async fn database_namespace(
    client: &Client,
    name: &str,
    (operator, channel): (&str, &str),
) -> Result<(), InstallError> {
    let objects = [
        json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": { "name": name, "labels": { "app.kubernetes.io/managed-by": "everest" } },
        }),
        json!({
            "apiVersion": "operators.coreos.com/v1",
            "kind": "OperatorGroup",
            "metadata": { "name": "everest-databases", "namespace": name },
            "spec": { "targetNamespaces": [name] },
        }),
        json!({
            "apiVersion": "operators.coreos.com/v1alpha1",
            "kind": "Subscription",
            "metadata": { "name": operator, "namespace": name },
            "spec": {
                "name": operator,
                "channel": channel,
                "source": CATALOG,
                "sourceNamespace": OLM_NAMESPACE,
                "installPlanApproval": "Automatic",
            },
        }),
    ];
    for object in objects {
        apply(client, object).await?;
    }
    let path =
        format!("/apis/everest.percona.com/v1alpha1/namespaces/{name}/databaseengines/{operator}");
    let deadline = Instant::now() + patience(ENGINE_LIMIT);
    while !condition(client, &path, |engine| {
        engine.pointer("/status/status") == Some(&Value::from("installed"))
    })
    .await
    {
        if Instant::now() > deadline {
            return Err(InstallError::NoEngine {
                operator: operator.to_owned(),
                namespace: name.to_owned(),
            });
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// CRDs besides Everest's and OLM's.
pub(crate) fn definitions() -> Vec<Value> {
    vec![catalog::manifest_definition()]
}

/// What needs no CRD: namespaces, node, default storage class.
pub(crate) fn basics() -> Vec<Value> {
    let namespaces = [OLM_NAMESPACE, "everest-system", "everest-monitoring"];
    let mut objects: Vec<Value> = namespaces
        .iter()
        .map(
            |name| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }),
        )
        .collect();
    objects.push(json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": NODE,
            "labels": {
                "kubernetes.io/hostname": NODE,
                "kubernetes.io/os": "linux",
                "node-role.kubernetes.io/worker": "",
            },
        },
    }));
    objects.push(json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "standard",
            "annotations": { "storageclass.kubernetes.io/is-default-class": "true" },
        },
        "provisioner": "everest.test/none",
        "allowVolumeExpansion": true,
    }));
    objects
}

/// The catalog, as OLM and as a package server show it.
pub(crate) fn catalog_objects(port: u16) -> Vec<Value> {
    let mut objects = vec![json!({
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "CatalogSource",
        "metadata": { "name": CATALOG, "namespace": OLM_NAMESPACE },
        "spec": {
            "sourceType": "grpc",
            "address": format!("127.0.0.1:{port}"),
            "displayName": "Everest Catalog",
            "publisher": "Everest",
        },
    })];
    objects.extend(
        PACKAGES
            .iter()
            .map(|package| package.manifest(CATALOG, OLM_NAMESPACE)),
    );
    objects
}

/// Gives the node room for whatever tests schedule.
pub(crate) async fn enlarge_node(client: &Client) -> Result<(), InstallError> {
    let nodes: Api<k8s_openapi::api::core::v1::Node> = Api::all(client.clone());
    let room = json!({ "cpu": "1000", "memory": "1Ti", "pods": "10000" });
    let patch = json!({ "status": { "allocatable": room, "capacity": room } });
    nodes
        .patch_status(NODE, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map(|_| ())
        .map_err(|source| InstallError::Create {
            object: format!("status of Node {NODE}"),
            source: Box::new(source),
        })
}

/// One JSON pointer of an object, read again until it holds `wanted` or the
/// condition list there has that type `True`. Nothing while it cannot be read.
pub async fn condition(client: &Client, path: &str, satisfied: impl Fn(&Value) -> bool) -> bool {
    let Ok(request) = http::Request::get(path).body(Vec::new()) else {
        return false;
    };
    client
        .request::<Value>(request)
        .await
        .is_ok_and(|object| satisfied(&object))
}

/// Whether the object's condition of that type is `True`.
pub fn has_condition(object: &Value, kind: &str) -> bool {
    object
        .pointer("/status/conditions")
        .and_then(Value::as_array)
        .is_some_and(|conditions| {
            conditions
                .iter()
                .any(|condition| condition["type"] == kind && condition["status"] == "True")
        })
}

/// Pause between two looks at something that is about to be there.
pub const LOOK: Duration = Duration::from_millis(60);
