//! A namespace of the control plane for one test, and what a user does in it.

use std::{
    fs,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use acceptance::{
    patience::patience,
    plain::{plain, state},
};
use kube::{
    Api, Client, Config,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::process::kubeconfig;

/// Group and version of the managed resources and their configs.
pub const MANAGED: &str = "everest.m.openeverest.io/v1alpha1";

/// Label of the namespaces that tests make.
const OURS: &str = "everest.openeverest.io/test";

/// Nothing that a test waits for takes this long on a slow machine.
pub const LONGEST: Duration = Duration::from_secs(180);

/// Pause between two looks.
pub const LOOK: Duration = Duration::from_millis(40);

static COUNTER: AtomicU32 = AtomicU32::new(0);
static INSTALLED: OnceCell<()> = OnceCell::const_new();

/// A namespace, and a client that may do everything.
pub struct Scene {
    pub client: Client,
    pub namespace: String,
}

impl Scene {
    /// A fresh namespace, whose name begins with `name`, on a cluster that has the provider's
    /// definitions.
    pub async fn new(name: &str) -> Self {
        let client = client().await;
        INSTALLED.get_or_init(|| install(&client)).await;
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("{name}-{}-{number}", std::process::id());
        let scene = Self { client, namespace };
        scene
            .apply(&json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": { "name": scene.namespace, "labels": { OURS: "" } },
            }))
            .await;
        scene
    }

    /// Applies an object, in the scene's namespace unless it says another or has none.
    pub async fn apply(&self, object: &Value) -> Value {
        self.try_apply(object).await.unwrap()
    }

    /// The same, where the API server may say no.
    pub async fn try_apply(&self, object: &Value) -> kube::Result<Value> {
        self.apply_as("everest-tests", object).await
    }

    /// The same, by a field manager.
    pub async fn apply_as(&self, manager: &str, object: &Value) -> kube::Result<Value> {
        let params = PatchParams::apply(manager).force();
        self.apply_with(&params, object).await
    }

    /// What the API server would make of an object that is applied: nothing is written.
    pub async fn dry_run(&self, object: &Value) -> kube::Result<Value> {
        let params = PatchParams::apply("everest-tests").force().dry_run();
        self.apply_with(&params, object).await
    }

    async fn apply_with(&self, params: &PatchParams, object: &Value) -> kube::Result<Value> {
        let api = self.api(object).await;
        let name = object["metadata"]["name"].as_str().unwrap();
        let applied = api.patch(name, params, &Patch::Apply(object)).await?;
        Ok(plain(applied))
    }

    /// Merges a patch into an object of the scene's namespace, or of none.
    pub async fn patch(&self, api_version: &str, kind: &str, name: &str, patch: &Value) {
        self.rewrite(api_version, kind, name, |_| patch.clone())
            .await;
    }

    /// Merges into an object what `patch` makes of it, made anew where the API server gives way to
    /// others that write to it all the time.
    pub async fn rewrite(
        &self,
        api_version: &str,
        kind: &str,
        name: &str,
        patch: impl Fn(&Value) -> Value,
    ) {
        let api = self.named(api_version, kind).await;
        let parameters = PatchParams::default();
        let begun = Instant::now();
        loop {
            let found = plain(api.get(name).await.unwrap());
            let patch = patch(&found);
            match api.patch(name, &parameters, &Patch::Merge(patch)).await {
                Err(kube::Error::Api(status)) if status.code == 409 => {
                    let patient = begun.elapsed() < patience(LONGEST);
                    assert!(patient, "{kind} {name} is not changed: {status}");
                    tokio::time::sleep(LOOK).await;
                }
                patched => {
                    patched.unwrap();
                    return;
                }
            }
        }
    }

    /// An object; none if there is none of that name.
    pub async fn get(&self, api_version: &str, kind: &str, name: &str) -> Option<Value> {
        let api = self.named(api_version, kind).await;
        let object = api.get_opt(name).await.unwrap()?;
        Some(plain(object))
    }

    /// The object that has the kind, the name and the namespace of `object`.
    pub async fn find(&self, object: &Value) -> Option<Value> {
        let name = object["metadata"]["name"].as_str().unwrap();
        let found = self.api(object).await.get_opt(name).await.unwrap()?;
        Some(plain(found))
    }

    /// All objects of a kind in the scene's namespace.
    pub async fn list(&self, api_version: &str, kind: &str) -> Vec<Value> {
        let api = self.named(api_version, kind).await;
        let objects = api.list(&ListParams::default()).await.unwrap();
        objects.into_iter().map(plain).collect()
    }

    /// Fails if a kind has objects that the tests did not make: what follows would take them
    /// along.
    pub async fn only_ours(&self, api_version: &str, kind: &str) {
        let (resource, _) = resource(&self.client, api_version, kind).await;
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        for object in api.list(&ListParams::default()).await.unwrap() {
            let namespace = object.metadata.namespace.unwrap_or_default();
            let found = self.get("v1", "Namespace", &namespace).await;
            let label = found.map(|found| found["metadata"]["labels"][OURS].clone());
            assert!(
                label.is_none_or(|label| label == ""),
                "the cluster has a {kind} in namespace {namespace}, which is no test's: run \
                 the tests on a cluster that is not in use"
            );
        }
    }

    /// Asks for an object's deletion.
    pub async fn delete(&self, api_version: &str, kind: &str, name: &str) {
        self.named(api_version, kind)
            .await
            .delete(name, &DeleteParams::background())
            .await
            .unwrap();
    }

    /// Returns the object when `wanted` holds for it.
    pub async fn until(
        &self,
        api_version: &str,
        kind: &str,
        name: &str,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let begun = Instant::now();
        loop {
            let seen = self.get(api_version, kind, name).await;
            if let Some(object) = &seen
                && wanted(object)
            {
                return object.clone();
            }
            assert!(
                begun.elapsed() < patience(LONGEST),
                "{kind} {name}: {what}, was waited for. Last seen: {}",
                state(&seen.unwrap_or_default())
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Returns when there is no object of that name.
    pub async fn until_gone(&self, api_version: &str, kind: &str, name: &str) {
        let begun = Instant::now();
        while let Some(object) = self.get(api_version, kind, name).await {
            assert!(
                begun.elapsed() < patience(LONGEST),
                "{kind} {name} does not go: {}",
                state(&object)
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Deletes the namespace and returns when it is gone, which nothing of ours may hinder.
    pub async fn end(self) {
        self.delete("v1", "Namespace", &self.namespace).await;
        self.until_gone("v1", "Namespace", &self.namespace).await;
    }

    /// Returns when there is an event of that reason about an object.
    pub async fn until_told(&self, name: &str, reason: &str) {
        let begun = Instant::now();
        loop {
            let events = self.events(name).await;
            if events.iter().any(|event| event.starts_with(reason)) {
                return;
            }
            assert!(
                begun.elapsed() < patience(LONGEST),
                "no event {reason} about {name}, only {events:?}"
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The messages of the events about an object, each after its reason.
    pub async fn events(&self, name: &str) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.list("v1", "Event")
            .await
            .iter()
            .filter(|event| event["involvedObject"]["name"] == name)
            .map(|event| format!("{}: {}", text(&event["reason"]), text(&event["message"])))
            .collect()
    }

    async fn api(&self, object: &Value) -> Api<DynamicObject> {
        let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
        let (resource, namespaced) =
            resource(&self.client, &text("apiVersion"), &text("kind")).await;
        let namespace = object["metadata"]["namespace"]
            .as_str()
            .unwrap_or(&self.namespace);
        if namespaced {
            Api::namespaced_with(self.client.clone(), namespace, &resource)
        } else {
            Api::all_with(self.client.clone(), &resource)
        }
    }

    async fn named(&self, api_version: &str, kind: &str) -> Api<DynamicObject> {
        self.api(&json!({ "apiVersion": api_version, "kind": kind }))
            .await
    }
}

/// The condition of that type; null if there is none.
pub fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    object["status"]["conditions"]
        .as_array()
        .and_then(|conditions| {
            conditions
                .iter()
                .find(|condition| condition["type"] == kind)
        })
        .unwrap_or(&Value::Null)
}

/// A client of the cluster's administrator.
pub async fn client() -> Client {
    acceptance::install_tls();
    let kubeconfig = Kubeconfig::read_from(kubeconfig()).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .unwrap();
    Client::try_from(config).unwrap()
}

/// Applies the definitions of the provider's package, and returns when they are served.
pub async fn install(client: &Client) {
    let folder = acceptance::workspace_folder().join("schemas/crds/managed");
    let mut kinds = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let definition: Value = serde_yaml_ng::from_str(&text).unwrap();
        let (resource, _) = resource(
            client,
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
        )
        .await;
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        let name = definition["metadata"]["name"].as_str().unwrap();
        let params = PatchParams::apply("everest-tests").force();
        // One that is on its way out would take the new one along.
        let begun = Instant::now();
        while let Some(old) = api.get_opt(name).await.unwrap()
            && old.metadata.deletion_timestamp.is_some()
        {
            assert!(
                begun.elapsed() < patience(LONGEST),
                "{name} does not go: {old:?}"
            );
            tokio::time::sleep(LOOK).await;
        }
        api.patch(name, &params, &Patch::Apply(&definition))
            .await
            .unwrap();
        kinds.push(
            definition["spec"]["names"]["kind"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    for kind in kinds {
        resource(client, MANAGED, &kind).await;
    }
}

/// A kind as discovery has it, once it has it, and whether it is namespaced.
async fn resource(client: &Client, api_version: &str, kind: &str) -> (ApiResource, bool) {
    let begun = Instant::now();
    loop {
        let list = if api_version == "v1" {
            client.list_core_api_resources("v1").await
        } else {
            client.list_api_group_resources(api_version).await
        };
        let found = list.ok().and_then(|list| {
            list.resources
                .into_iter()
                .find(|resource| resource.kind == kind && !resource.name.contains('/'))
        });
        if let Some(found) = found {
            let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
            let resource = ApiResource {
                group: group.to_owned(),
                version: version.to_owned(),
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
                plural: found.name,
            };
            return (resource, found.namespaced);
        }
        assert!(
            begun.elapsed() < patience(LONGEST),
            "the cluster does not serve {kind} of {api_version}"
        );
        tokio::time::sleep(LOOK).await;
    }
}
