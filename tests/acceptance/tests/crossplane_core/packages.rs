//! Packages of this checkout, pulled by core from a registry and installed.

use acceptance::installation::has_condition;
use serde_json::{Value, json};

use crate::{
    cluster::{
        CONFIGURATION, CRD, DEFINITION, DEPLOYMENT, FUNCTION, client, documents, healthy, install,
        list, until,
    },
    provider,
};

/// Kinds of the provider that core installs itself, not as managed resources.
pub const CONFIGS: [&str; 3] = [
    "ProviderConfig",
    "ClusterProviderConfig",
    "ProviderConfigUsage",
];

/// CRDs of the provider's package: name and kind.
pub fn packaged() -> Vec<(String, String)> {
    let folder = acceptance::workspace_folder().join("schemas/crds/managed");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        for crd in documents(&path.to_string_lossy()) {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            found.push((
                text(&crd["metadata"]["name"]),
                text(&crd["spec"]["names"]["kind"]),
            ));
        }
    }
    found
}

/// The container that core runs for a revision of a package.
async fn container(client: &kube::Client, revision: &str) -> Value {
    let deployment = until(
        client,
        DEPLOYMENT,
        acceptance::crossplane::NAMESPACE,
        revision,
        |deployment| has_condition(deployment, "Available"),
    )
    .await;
    deployment["spec"]["template"]["spec"]["containers"][0].clone()
}

#[tokio::test]
async fn the_provider_is_installed_and_its_kinds_are_defined_and_served() {
    let client = client().await;
    let _turn = provider::TURN.lock().await;
    let package = provider::install_package(&client, provider::TAG).await;

    let container = container(&client, provider::revision(&package)).await;
    assert_eq!(container["securityContext"]["runAsUser"], json!(2000));
    assert_eq!(container["securityContext"]["runAsNonRoot"], json!(true));

    for (name, kind) in packaged() {
        let crd = until(&client, CRD, "", &name, |crd| {
            has_condition(crd, "Established")
        })
        .await;
        let config = CONFIGS.contains(&kind.as_str());
        let owner = if config {
            "ProviderRevision"
        } else {
            "ManagedResourceDefinition"
        };
        let owners = crd["metadata"]["ownerReferences"].as_array().unwrap();
        assert!(
            owners.iter().any(|one| one["kind"] == owner),
            "{name}: {owners:?}"
        );
    }
    let defined: Vec<String> = list(&client, DEFINITION, "")
        .await
        .iter()
        .map(|definition| definition["metadata"]["name"].as_str().unwrap().to_owned())
        .collect();
    for (name, kind) in packaged() {
        assert_eq!(
            defined.contains(&name),
            !CONFIGS.contains(&kind.as_str()),
            "{name}: {defined:?}"
        );
    }
}

#[tokio::test]
async fn the_configuration_brings_the_function_that_its_compositions_call() {
    let client = client().await;
    install(
        &client,
        CONFIGURATION,
        "configuration-everest",
        "configuration-everest",
    )
    .await;
    let function = healthy(&client, FUNCTION, "openeverest-function-everest").await;
    let revision = function["status"]["currentRevision"].as_str().unwrap();
    let container = container(&client, revision).await;
    let ports = container["ports"].as_array().unwrap();
    assert!(
        ports
            .iter()
            .any(|port| port["containerPort"] == json!(9443)),
        "{ports:?}"
    );
}
