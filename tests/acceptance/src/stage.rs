//! What a scenario stands on: the cluster, reached directly, and a workspace.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use kube::{
    Api,
    api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{client::Client, workspace::Workspace};

/// ConfigMap through which a namespace's simulated objects are steered.
const STEERING: &str = "everest-simulator";

/// One scenario's stage.
#[derive(Clone)]
pub struct Stage {
    /// Namespace of the scenario.
    pub namespace: String,
    /// Administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// Client of the cluster.
    pub cluster: kube::Client,
    /// The program under which the provider runs.
    pub client: Arc<Client>,
    /// Whether the simulator plays Everest: only then can faults be asked for.
    pub simulated: bool,
}

impl Stage {
    /// The scenario's workspace.
    ///
    /// # Panics
    /// When its folder cannot be written.
    #[must_use]
    #[track_caller]
    pub fn workspace(&self) -> Workspace {
        self.workspace_of(&self.namespace)
    }

    /// A second workspace, with a namespace derived from the scenario's.
    ///
    /// # Panics
    /// When its folder cannot be written.
    #[must_use]
    #[track_caller]
    pub fn another_workspace(&self, suffix: &str) -> Workspace {
        self.workspace_of(&format!("{}-{suffix}", self.namespace))
    }

    #[track_caller]
    fn workspace_of(&self, namespace: &str) -> Workspace {
        match Workspace::new(self.client.clone(), namespace, &self.kubeconfig) {
            Ok(workspace) => workspace,
            Err(error) => panic!("workspace {namespace}: {error}"),
        }
    }

    /// Objects of a kind: `api_version` as in a manifest; an empty namespace for
    /// kinds that have none.
    #[must_use]
    pub fn objects(&self, api_version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        if namespace.is_empty() {
            Api::all_with(self.cluster.clone(), &resource)
        } else {
            Api::namespaced_with(self.cluster.clone(), namespace, &resource)
        }
    }

    /// An object of Everest in the scenario's namespace, null when there is none.
    ///
    /// # Panics
    /// When the cluster does not answer.
    pub async fn everest(&self, kind: &str, name: &str) -> Value {
        self.get("everest.percona.com/v1alpha1", kind, &self.namespace, name)
            .await
    }

    /// An object as JSON, null when there is none.
    ///
    /// # Panics
    /// When the cluster does not answer.
    pub async fn get(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Value {
        let api = self.objects(api_version, kind, namespace);
        match api.get_opt(name).await {
            Ok(Some(object)) => serde_json::to_value(object).unwrap_or_default(),
            Ok(None) => Value::Null,
            Err(error) => panic!("{kind} {namespace}/{name}: {}", said(&error)),
        }
    }

    /// Creates an object from a manifest.
    ///
    /// # Panics
    /// When the cluster refuses it.
    pub async fn create(&self, manifest: Value) {
        let text = |pointer: &str| {
            manifest
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let api = self.objects(
            text("/apiVersion"),
            text("/kind"),
            text("/metadata/namespace"),
        );
        let label = format!("{} {}", text("/kind"), text("/metadata/name"));
        let object = serde_json::from_value(manifest);
        let Ok(object) = object else {
            panic!("{label}: {object:?}");
        };
        if let Err(error) = api.create(&PostParams::default(), &object).await {
            panic!("creating {label}: {}", said(&error));
        }
    }

    /// Merges into an object, as someone else would.
    ///
    /// # Panics
    /// When the cluster refuses it.
    pub async fn merge(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
        change: Value,
    ) {
        let api = self.objects(api_version, kind, namespace);
        let patch = Patch::Merge(change);
        if let Err(error) = api.patch(name, &PatchParams::default(), &patch).await {
            panic!("changing {kind} {namespace}/{name}: {}", said(&error));
        }
    }

    /// Deletes an object behind Terraform's back and waits until it is gone.
    ///
    /// # Panics
    /// When it is still there after a minute.
    pub async fn delete(&self, api_version: &str, kind: &str, namespace: &str, name: &str) {
        let api = self.objects(api_version, kind, namespace);
        if let Err(error) = api.delete(name, &DeleteParams::foreground()).await {
            panic!("deleting {kind} {namespace}/{name}: {}", said(&error));
        }
        self.until(&format!("{kind} {namespace}/{name} is gone"), || async {
            self.get(api_version, kind, namespace, name).await.is_null()
        })
        .await;
    }

    /// Asks the simulator for a fault or a delay in the scenario's namespace,
    /// which must exist: `NAME.KEY` for one object, `KEY` for all. An empty
    /// value takes it back.
    ///
    /// # Panics
    /// When the cluster refuses it, or nothing is simulated there.
    pub async fn steer(&self, key: &str, value: &str) {
        assert!(
            self.simulated,
            "this scenario asks for faults: it runs on the test cluster only"
        );
        let value = if value.is_empty() {
            Value::Null
        } else {
            Value::from(value)
        };
        let api = self.objects("v1", "ConfigMap", &self.namespace);
        let manifest = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": STEERING },
        });
        if let Ok(object) = serde_json::from_value(manifest) {
            // There already: the merge below is what counts.
            let _ = api.create(&PostParams::default(), &object).await;
        }
        self.merge(
            "v1",
            "ConfigMap",
            &self.namespace,
            STEERING,
            json!({ "data": { key: value } }),
        )
        .await;
    }

    /// Looks until `what` is so.
    ///
    /// # Panics
    /// When it is not so after a minute.
    pub async fn until<F, Fut>(&self, what: &str, is_so: F)
    where
        F: Fn() -> Fut,
        Fut: Future<Output = bool>,
    {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is_so().await {
            assert!(Instant::now() < deadline, "not so after 60 s: {what}");
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }
}

/// The API server's sentence alone; otherwise the whole error.
fn said(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}
