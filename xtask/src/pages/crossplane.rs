//! What holds of the pages about Crossplane and of the examples that they lead through.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
};

use acceptance::workspace_folder;
use kube::config::Kubeconfig;
use serde::Deserialize as _;
use serde_json::Value;

use super::entries;

const PAGES: &str = "docs/crossplane";
const EXAMPLES: &str = "examples/crossplane";
const GROUP: &str = "everest.m.openeverest.io";

fn page(name: &str) -> String {
    fs::read_to_string(workspace_folder().join(PAGES).join(name)).unwrap()
}

/// All pages that are written by hand.
fn guide() -> String {
    let mut paths = entries(&workspace_folder().join(PAGES));
    paths.retain(|path| path.is_file());
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// The blocks of code of a page in a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let blocks = super::blocks::of(page).into_iter();
    let blocks = blocks.filter(|block| block.language == language);
    blocks.map(|block| block.text).collect()
}

/// All objects in the examples, with the file that each is in.
fn examples() -> Vec<(PathBuf, Value)> {
    let mut found = Vec::new();
    for folder in entries(&workspace_folder().join(EXAMPLES)) {
        for path in entries(&folder) {
            if path
                .extension()
                .is_some_and(|extension| extension == "yaml")
            {
                let text = fs::read_to_string(&path).unwrap();
                for document in documents(&text) {
                    found.push((path.clone(), document));
                }
            }
        }
    }
    found
}

pub(super) fn documents(text: &str) -> Vec<Value> {
    serde_yaml_ng::Deserializer::from_str(text)
        .map(|document| {
            Value::deserialize(document).unwrap_or_else(|error| panic!("{error}:\n{text}"))
        })
        .collect()
}

/// The definitions of our group by kind.
fn definitions() -> BTreeMap<String, Value> {
    entries(&workspace_folder().join("schemas/crds/managed"))
        .iter()
        .map(|path| documents(&fs::read_to_string(path).unwrap()).remove(0))
        .map(|definition| (text(&definition["spec"]["names"]["kind"]), definition))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The paths in a value that its schema lacks.
pub(super) fn unknown(value: &Value, schema: &Value, path: &str, found: &mut Vec<String>) {
    if let Some(elements) = value.as_array() {
        for element in elements {
            unknown(element, &schema["items"], path, found);
        }
        return;
    }
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    for (name, member) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        match properties.get(name) {
            Some(schema) => unknown(member, schema, &path, found),
            None => found.push(path),
        }
    }
}

/// What is wrong with an object of our group: its kind, or the fields of its spec.
fn wrong(object: &Value, definitions: &BTreeMap<String, Value>) -> Vec<String> {
    if !text(&object["apiVersion"]).starts_with(&format!("{GROUP}/")) {
        return Vec::new();
    }
    let kind = text(&object["kind"]);
    let Some(definition) = definitions.get(&kind) else {
        return vec![format!("the kind {kind} does not exist")];
    };
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut found = Vec::new();
    unknown(
        &object["spec"],
        &schema["properties"]["spec"],
        "spec",
        &mut found,
    );
    found
}

#[test]
fn the_guide_to_crossplane_leads_through_every_example() {
    let guide = guide();
    for path in entries(&workspace_folder().join(EXAMPLES)) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            guide.contains(&format!("{name}/")),
            "{PAGES} does not mention {EXAMPLES}/{name}"
        );
    }
}

#[test]
fn each_file_of_the_managed_examples_is_applied_by_a_command_of_the_guide() {
    let guide = guide();
    for folder in [
        "managed",
        "hub-and-spoke",
        "import",
        "restore-drill",
        "composed-managed",
        "activation",
    ] {
        for path in entries(&workspace_folder().join(EXAMPLES).join(folder)) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let command = format!("-f {EXAMPLES}/{folder}/{name}");
            assert!(guide.contains(&command), "{PAGES} has no {command}");
        }
    }
}

#[test]
fn each_step_of_getting_started_waits_for_what_it_applies() {
    let blocks = blocks(&page("getting-started.md"), "shell");
    let applying: Vec<_> = blocks
        .iter()
        .filter(|block| block.contains("kubectl apply"))
        .collect();
    assert!(applying.len() > 6, "{applying:?}");
    for block in applying {
        let last = block.rfind("kubectl apply").unwrap_or_default();
        let wait = block.rfind(" wait --for=condition=").unwrap_or_default();
        assert!(wait > last, "nothing waits for the end of:\n{block}");
    }
    for line in guide().lines().filter(|line| line.contains(" wait --for")) {
        assert!(line.contains("--timeout="), "this may never end: {line}");
    }
}

#[test]
fn every_managed_resource_in_a_page_or_an_example_fits_its_definition() {
    let definitions = definitions();
    let mut all = examples();
    for block in blocks(&guide(), "yaml") {
        all.extend(
            documents(&block)
                .into_iter()
                .map(|document| (PathBuf::from(PAGES), document)),
        );
    }
    let mut checked = 0;
    for (path, object) in all {
        // A composition holds others.
        let composed = object["spec"]["pipeline"][0]["input"]["resources"].as_array();
        let bases = composed
            .into_iter()
            .flatten()
            .map(|resource| resource["base"].clone());
        for object in bases.chain([object.clone()]) {
            let wrong = wrong(&object, &definitions);
            assert!(wrong.is_empty(), "{}: {wrong:?}", path.display());
            checked += usize::from(text(&object["apiVersion"]).starts_with(GROUP));
        }
    }
    assert!(checked > 20, "{checked} objects were found");
}

#[test]
fn every_kind_that_a_command_of_the_guide_names_is_served() {
    let mut served = BTreeSet::from(["everest".to_owned()]);
    for definition in definitions().values() {
        let names = &definition["spec"]["names"];
        served.extend([text(&names["plural"]), text(&names["singular"])]);
    }
    let mut named = 0;
    for block in blocks(&guide(), "shell") {
        let words = block.split(|letter: char| letter.is_whitespace() || ",/'\"".contains(letter));
        for word in words {
            let of_group = word.strip_suffix(&format!(".{GROUP}"));
            let is_short = word.starts_with("everest") && word.chars().all(char::is_alphanumeric);
            let Some(kind) = of_group.or(is_short.then_some(word)) else {
                continue;
            };
            named += 1;
            assert!(
                served.contains(kind),
                "no kind has the name {kind}:\n{block}"
            );
        }
    }
    assert!(named > 40, "{named} names were found");
}

#[test]
fn every_reason_is_on_the_page_about_troubleshooting() {
    let read = |path: &str| fs::read_to_string(workspace_folder().join(path)).unwrap();
    let between = |text: &str, before: &str, after: &str| {
        let rest = text.split_once(before).unwrap().1.to_owned();
        rest.split_once(after).unwrap().0.to_owned()
    };
    let mut reasons = BTreeSet::new();
    // `Self::plain("True", "Available")`
    for call in read("provider/managed/src/conditions.rs")
        .split("Self::plain(")
        .skip(1)
    {
        reasons.extend(call.split('"').nth(3).map(str::to_owned));
    }
    let conditions = reasons.len();
    // `TargetError::ConfigMissing { .. } => "ConfigMissing",`
    let body = between(
        &read("provider/crossplane/src/provider/config/error.rs"),
        "pub fn reason(",
        "\n    }\n",
    );
    reasons.extend(
        body.split("=> \"")
            .skip(1)
            .map(|arm| arm.split('"').next().unwrap().to_owned()),
    );
    let configs = reasons.len();
    let body = between(
        &read("provider/managed/src/events.rs"),
        "pub enum Reason {",
        "\n}",
    );
    let variants = body
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','));
    reasons.extend(variants.map(str::to_owned));
    assert!(
        conditions > 9 && configs > conditions + 10 && reasons.len() > configs + 15,
        "{reasons:?}"
    );
    let page = page("troubleshooting.md");
    let missing: Vec<_> = reasons
        .iter()
        .filter(|reason| !page.contains(&format!("`{reason}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "{PAGES}/troubleshooting.md does not explain {missing:?}"
    );
}

#[test]
fn what_argo_cd_and_flux_are_told_exists() {
    let all: Vec<Value> = examples()
        .into_iter()
        .filter(|(path, _)| {
            path.parent()
                .is_some_and(|folder| folder.ends_with("gitops"))
        })
        .map(|(_, object)| object)
        .collect();
    let of_kind = |kind: &str| all.iter().find(|object| object["kind"] == kind).unwrap();
    let definitions = definitions();

    let settings = &of_kind("ConfigMap")["data"];
    let excluded = documents(&text(&settings["resource.exclusions"])).remove(0);
    assert_eq!(excluded[0]["apiGroups"][0], GROUP);
    assert!(definitions.contains_key(&text(&excluded[0]["kinds"][0])));
    let health = documents(&text(&settings["resource.customizations"])).remove(0);
    let script = text(&health[format!("{GROUP}/*")]["health.lua"]);
    assert_eq!(
        script,
        text(&health["platform.example.org/*"]["health.lua"])
    );
    // The words that the script compares are conditions, reasons and states of health.
    let troubleshooting = page("troubleshooting.md");
    let words: Vec<_> = script.split('"').skip(1).step_by(2).collect();
    for word in words {
        let is_status = ["True", "False"].contains(&word) || word.ends_with(" yet");
        let is_health = ["Progressing", "Healthy", "Degraded", "Suspended"].contains(&word);
        let is_known = troubleshooting.contains(&format!("`{word}`"))
            || troubleshooting.contains(&format!("### {word}\n"));
        assert!(is_status || is_health || is_known, "{word}");
    }

    let checks = of_kind("Kustomization")["spec"]["healthCheckExprs"]
        .as_array()
        .unwrap();
    let (ours, composites): (Vec<_>, Vec<_>) = checks
        .iter()
        .partition(|check| text(&check["apiVersion"]).starts_with(GROUP));
    let checked: BTreeSet<_> = ours.iter().map(|check| text(&check["kind"])).collect();
    let mut kinds: BTreeSet<_> = definitions.keys().cloned().collect();
    kinds.remove("ProviderConfigUsage");
    assert_eq!(checked, kinds);
    let of_database = checks.iter().find(|check| check["kind"] == "Database");
    let current = &of_database.unwrap()["current"];
    assert!(!composites.is_empty());
    for check in checks {
        let is_config = text(&check["kind"]).ends_with("ProviderConfig");
        assert_eq!(check["current"] == *current, !is_config, "{check}");
    }
}

#[test]
fn the_activation_policy_names_every_managed_resource() {
    let (_, policy) = examples()
        .into_iter()
        .find(|(_, object)| object["kind"] == "ManagedResourceActivationPolicy")
        .unwrap();
    let pattern = text(&policy["spec"]["activate"][0]);
    let (before, after) = pattern.split_once('*').unwrap();
    for (kind, definition) in definitions() {
        let name = text(&definition["metadata"]["name"]);
        let is_activated = name.starts_with(before) && name.ends_with(after);
        assert_eq!(is_activated, !kind.contains("ProviderConfig"), "{name}");
    }
}

/// A `kubectl` that knows one context, and whose Secret is filled at the second look.
const KUBECTL: &str = r#"#!/bin/sh
test "$1 $2" = "--context eu" || exit 1
case "$*" in
  *"config view"*) printf https://eu.example.com:6443 ;;
  *"data.ca"*) printf Y2E= ;;
  *"data.token"*) test -e "$0.asked" && printf c2VjcmV0; touch "$0.asked" ;;
  *) exit 1 ;;
esac
"#;

#[test]
fn the_script_prints_a_kubeconfig_that_a_secret_may_hold() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let kubectl = folder.path().join("kubectl");
    fs::write(&kubectl, KUBECTL).unwrap();
    fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    let output = Command::new(
        workspace_folder()
            .join(EXAMPLES)
            .join("clusters/kubeconfig.sh"),
    )
    .arg("eu")
    .env("PATH", path)
    .output()
    .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let kubeconfig = documents(&String::from_utf8(output.stdout).unwrap()).remove(0);
    let cluster = &kubeconfig["clusters"][0]["cluster"];
    assert_eq!(cluster["server"], "https://eu.example.com:6443");
    assert_eq!(cluster["certificate-authority-data"], "Y2E=");
    assert_eq!(kubeconfig["users"][0]["user"]["token"], "secret");
    let context = &kubeconfig["contexts"][0];
    assert_eq!(kubeconfig["current-context"], context["name"]);
    assert_eq!(context["context"]["user"], kubeconfig["users"][0]["name"]);
    assert_eq!(
        context["context"]["cluster"],
        kubeconfig["clusters"][0]["name"]
    );
}

#[test]
fn each_recipe_for_a_cluster_mounts_the_kubeconfig_that_its_config_reads() {
    let mut recipes = 0;
    for path in entries(&workspace_folder().join(EXAMPLES).join("clusters")) {
        let mut objects = examples();
        objects.retain(|(of, _)| *of == path);
        let of_kind = |kind: &str| {
            let found = objects.iter().find(|(_, object)| object["kind"] == kind);
            found.map(|(_, object)| object)
        };
        let Some(map) = of_kind("ConfigMap") else {
            continue;
        };
        recipes += 1;
        let kubeconfig = Kubeconfig::from_yaml(&text(&map["data"]["kubeconfig"])).unwrap();
        let current = kubeconfig.current_context.as_deref();
        assert_eq!(kubeconfig.contexts[0].name, current.unwrap());
        let context = kubeconfig.contexts[0].context.as_ref().unwrap();
        assert_eq!(context.cluster, kubeconfig.clusters[0].name);
        let user = &kubeconfig.auth_infos[0];
        assert_eq!(context.user.as_deref(), Some(user.name.as_str()));
        let user = user.auth_info.as_ref().unwrap();

        let config = of_kind("ClusterProviderConfig").unwrap();
        let runtime = of_kind("DeploymentRuntimeConfig").unwrap();
        let pod = &runtime["spec"]["deploymentTemplate"]["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        assert_eq!(container["name"], "package-runtime");
        let mounts = container["volumeMounts"].as_array().unwrap();
        let folders: Vec<_> = mounts
            .iter()
            .map(|mount| text(&mount["mountPath"]))
            .collect();
        let mut files = vec![text(&config["spec"]["credentials"]["fs"]["path"])];
        files.extend(user.token_file.clone());
        files.extend(user.exec.as_ref().and_then(|exec| exec.command.clone()));
        for file in files {
            let (folder, _) = file.rsplit_once('/').unwrap();
            assert!(
                folders.iter().any(|mounted| mounted == folder),
                "{file} is in none of {folders:?}"
            );
        }
        if user.exec.is_some() {
            let name = text(&config["metadata"]["name"]);
            assert_eq!(
                container["args"][0],
                format!("--allow-exec-credentials={name}")
            );
        }
    }
    assert_eq!(recipes, 4);
}

#[test]
fn each_recipe_with_an_identity_has_a_kubeconfig_without_credentials() {
    let mut types = Vec::new();
    for path in entries(&workspace_folder().join(EXAMPLES).join("clusters")) {
        let mut objects = examples();
        objects.retain(|(of, _)| *of == path);
        let of_kind = |kind: &str| {
            let found = objects.iter().find(|(_, object)| object["kind"] == kind);
            found.map(|(_, object)| object)
        };
        let Some(config) = of_kind("ClusterProviderConfig") else {
            continue;
        };
        let identity = &config["spec"]["identity"];
        if identity.is_null() {
            continue;
        }
        types.push(text(&identity["type"]));
        let secret = of_kind("Secret").unwrap();
        let reference = &config["spec"]["credentials"]["secretRef"];
        assert_eq!(reference["name"], secret["metadata"]["name"]);
        assert_eq!(reference["namespace"], secret["metadata"]["namespace"]);
        let key = text(&reference["key"]);
        let kubeconfig = Kubeconfig::from_yaml(&text(&secret["stringData"][&key])).unwrap();
        let context = kubeconfig.contexts[0].context.as_ref().unwrap();
        assert_eq!(context.cluster, kubeconfig.clusters[0].name);
        let user = kubeconfig.auth_infos[0].auth_info.as_ref().unwrap();
        assert!(user.token.is_none() && user.exec.is_none() && user.token_file.is_none());
    }
    types.sort();
    let expected = [
        "AWSWebIdentityCredentials",
        "AzureWorkloadIdentityCredentials",
        "GoogleApplicationCredentials",
    ];
    assert_eq!(types, expected);
}
