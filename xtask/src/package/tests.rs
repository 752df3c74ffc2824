use std::{collections::BTreeMap, fs, io::Read, path::Path};

use acceptance::crossplane::NEXT_TAG;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    Versions,
    binary::{Architecture, Binary, tests::program},
    content::{Content, Kind, Sources, VERSION_TAG, installed_name},
    lint, write,
};

const CRD: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.everest.m.openeverest.io
spec:
  names: { kind: Thing, categories: [crossplane, managed] }
  versions:
    - schema: { openAPIV3Schema: { description: A thing. } }
";
const CONFIGURATION: &str = "
apiVersion: apiextensions.crossplane.io/v2
kind: CompositeResourceDefinition
metadata: { name: databases.platform.example.org }
---
apiVersion: apiextensions.crossplane.io/v1
kind: Composition
metadata: { name: database }
spec:
  pipeline:
    - step: compose
      functionRef: { name: openeverest-function-everest }
---
apiVersion: platform.example.org/v1
kind: Database
metadata: { name: orders }
";

/// Folders with one file each, and programs for two platforms.
fn fixture(root: &Path) -> (Sources, Vec<Binary>) {
    let put = |folder: &str, text: &str| {
        let folder = root.join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("objects.yaml"), text).unwrap();
        folder
    };
    let sources = Sources {
        managed: put("managed", CRD),
        function: put("function", CRD),
        configuration: put("configuration", CONFIGURATION),
    };
    let binaries = [Architecture::Amd64, Architecture::Arm64]
        .map(|architecture| Binary {
            architecture,
            content: program(architecture, 1),
        })
        .into();
    (sources, binaries)
}

/// Every file below a folder.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            for (inner, content) in files(&path) {
                found.insert(format!("{name}/{inner}"), content);
            }
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

/// The blob that a descriptor speaks of, whose size and digest it must have.
fn blob(layout: &Path, descriptor: &Value) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().unwrap();
    let content = fs::read(layout.join("blobs").join(digest.replace(':', "/"))).unwrap();
    let is: String = Sha256::digest(&content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(digest, format!("sha256:{is}"));
    assert_eq!(descriptor["size"], json!(content.len()));
    content
}

fn parsed(layout: &Path, descriptor: &Value) -> Value {
    serde_json::from_slice(&blob(layout, descriptor)).unwrap()
}

/// Name, mode and content of the only file of a layer.
fn only_file(layer: &[u8]) -> (String, u32, Vec<u8>) {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(layer));
    let mut entries = archive.entries().unwrap();
    let mut entry = entries.next().unwrap().unwrap();
    let mut content = Vec::new();
    entry.read_to_end(&mut content).unwrap();
    let name = entry.path().unwrap().to_string_lossy().into_owned();
    let mode = entry.header().mode().unwrap();
    assert!(entries.next().is_none());
    (name, mode, content)
}

#[test]
fn a_package_with_a_program_has_an_index_over_its_platforms() {
    let root = tempfile::tempdir().unwrap();
    let (sources, binaries) = fixture(root.path());
    let out = root.path().join("out");
    write(&binaries, &sources, &out, Versions::Own).unwrap();

    let layout = out.join("oci/provider-everest");
    let top: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let [entry] = top["manifests"].as_array().unwrap().as_slice() else {
        panic!("{top}");
    };
    let tag = concat!("v", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        entry["annotations"]["org.opencontainers.image.ref.name"],
        tag
    );
    let index = parsed(&layout, entry);
    let platforms: Vec<&Value> = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|manifest| &manifest["platform"])
        .collect();
    assert_eq!(
        platforms,
        [
            &json!({ "architecture": "amd64", "os": "linux" }),
            &json!({ "architecture": "arm64", "os": "linux" }),
        ]
    );
    for (described, binary) in index["manifests"].as_array().unwrap().iter().zip(&binaries) {
        let manifest = parsed(&layout, described);
        let [runtime, base] = manifest["layers"].as_array().unwrap().as_slice() else {
            panic!("{manifest}");
        };
        let (name, mode, content) = only_file(&blob(&layout, runtime));
        assert_eq!((name.as_str(), mode), ("everest-crossplane", 0o755));
        assert_eq!(content, binary.content);
        assert_eq!(base["annotations"], json!({ "io.crossplane.xpkg": "base" }));
        let (name, mode, content) = only_file(&blob(&layout, base));
        assert_eq!((name.as_str(), mode), ("package.yaml", 0o644));
        let text = String::from_utf8(content).unwrap();
        assert!(
            text.contains("safe-start") && text.contains("things.everest"),
            "{text}"
        );
        let meta: Value = serde_yaml_ng::Deserializer::from_str(&text)
            .next()
            .map(|document| serde::Deserialize::deserialize(document).unwrap())
            .unwrap();
        let said = &meta["metadata"]["annotations"];
        assert_eq!(
            said["friendly-name.meta.crossplane.io"],
            "Provider OpenEverest"
        );
        let readme = said["meta.crossplane.io/readme"].as_str().unwrap();
        assert!(readme.ends_with("/docs/crossplane\n"), "{readme}");
        assert!(readme.contains("- **Thing**: A thing.\n"), "{readme}");
        let icon = said["meta.crossplane.io/iconURI"].as_str().unwrap();
        let encoded = icon.strip_prefix("data:image/svg+xml;base64,").unwrap();
        let icon = STANDARD.decode(encoded).unwrap();
        assert!(icon.starts_with(b"<svg "), "an icon that registries show");
        assert!(
            icon.len() < 2048,
            "every revision of the package carries it"
        );

        let config = parsed(&layout, &manifest["config"]);
        assert_eq!(config["architecture"], binary.architecture.name());
        assert_eq!(config["config"]["User"], "2000");
        assert_eq!(
            config["config"]["Entrypoint"],
            json!(["/everest-crossplane", "provider"])
        );
        let label = format!("io.crossplane.xpkg:{}", base["digest"].as_str().unwrap());
        assert_eq!(config["config"]["Labels"][&label], "base");
        let layers: Vec<String> = [runtime, base]
            .iter()
            .map(|layer| {
                let mut content = Vec::new();
                flate2::read::GzDecoder::new(blob(&layout, layer).as_slice())
                    .read_to_end(&mut content)
                    .unwrap();
                Sha256::digest(&content)
                    .iter()
                    .fold("sha256:".to_owned(), |text, byte| {
                        format!("{text}{byte:02x}")
                    })
            })
            .collect();
        assert_eq!(config["rootfs"]["diff_ids"], json!(layers));
    }
}

#[test]
fn a_configuration_is_one_image_without_a_program() {
    let root = tempfile::tempdir().unwrap();
    let (sources, binaries) = fixture(root.path());
    let out = root.path().join("out");
    write(&binaries, &sources, &out, Versions::Own).unwrap();

    let layout = out.join("oci/configuration-everest");
    let top: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let manifest = parsed(&layout, &top["manifests"][0]);
    let [base] = manifest["layers"].as_array().unwrap().as_slice() else {
        panic!("{manifest}");
    };
    let text = String::from_utf8(only_file(&blob(&layout, base)).2).unwrap();
    assert!(text.contains("kind: Composition"), "{text}");
    assert!(
        text.contains("package: ghcr.io/openeverest/function-everest"),
        "{text}"
    );
    assert!(
        !text.contains("orders"),
        "what a user creates is no part of it: {text}"
    );
}

#[test]
fn an_archive_holds_what_its_manifest_names() {
    let root = tempfile::tempdir().unwrap();
    let (sources, binaries) = fixture(root.path());
    let out = root.path().join("out");
    write(&binaries, &sources, &out, Versions::Own).unwrap();

    let name = concat!(
        "function-everest-v",
        env!("CARGO_PKG_VERSION"),
        "-linux-arm64.xpkg"
    );
    let mut archive = tar::Archive::new(fs::File::open(out.join(name)).unwrap());
    let mut content = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        content.insert(entry.path().unwrap().to_string_lossy().into_owned(), bytes);
    }
    let manifest: Value = serde_json::from_slice(&content["manifest.json"]).unwrap();
    let config: Value =
        serde_json::from_slice(&content[manifest[0]["Config"].as_str().unwrap()]).unwrap();
    assert_eq!(config["architecture"], "arm64");
    let layers = manifest[0]["Layers"].as_array().unwrap();
    assert_eq!(layers.len(), 2);
    for layer in layers {
        assert!(content.contains_key(layer.as_str().unwrap()), "{layer}");
    }
}

#[test]
fn the_same_input_makes_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let (sources, binaries) = fixture(root.path());
    let (first, second) = (root.path().join("first"), root.path().join("second"));
    let said = write(&binaries, &sources, &first, Versions::Own).unwrap();
    write(&binaries, &sources, &second, Versions::Own).unwrap();
    // Over what is there already, too.
    let again = write(&binaries, &sources, &first, Versions::Own).unwrap();
    assert_eq!(said, again);
    assert_eq!(files(&first), files(&second));
}

#[test]
fn a_version_to_upgrade_to_has_its_own_definitions_beside_those_of_this_one() {
    let root = tempfile::tempdir().unwrap();
    let (sources, binaries) = fixture(root.path());
    let out = root.path().join("out");
    write(&binaries, &sources, &out, Versions::OwnAndNext).unwrap();

    let layout = out.join("oci/provider-everest");
    let top: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let [own, next] = top["manifests"].as_array().unwrap().as_slice() else {
        panic!("{top}");
    };
    let tag = "org.opencontainers.image.ref.name";
    assert_eq!(own["annotations"][tag], VERSION_TAG);
    assert_eq!(next["annotations"][tag], NEXT_TAG);
    let definitions = |entry: &Value| {
        let manifest = parsed(&layout, &parsed(&layout, entry)["manifests"][0]);
        let base = manifest["layers"].as_array().unwrap().last().unwrap();
        String::from_utf8(only_file(&blob(&layout, base)).2).unwrap()
    };
    assert!(!definitions(own).contains(NEXT_TAG));
    let text = definitions(next);
    assert!(text.contains(&format!("A thing. ({NEXT_TAG})")), "{text}");
}

/// A package of the given kind with the given objects.
fn content(kind: Kind, objects: Vec<Value>) -> Content {
    Content {
        kind,
        name: "package",
        tag: "v1",
        friendly_name: "Thing",
        description: "",
        command: None,
        spec: json!({ "dependsOn": [{
            "kind": "Function",
            "package": "ghcr.io/openeverest/function-everest",
        }] }),
        objects,
    }
}

fn object(kind: &str, name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name } })
}

#[test]
fn what_crossplane_refuses_is_not_packaged() {
    let mut second = object("Provider", "other");
    second["apiVersion"] = json!("meta.pkg.crossplane.io/v1");
    let mut calling = object("Composition", "databases");
    calling["spec"] = json!({ "pipeline": [{ "functionRef": { "name": "function-everest" } }] });
    let crd = || object("CustomResourceDefinition", "things");
    for (kind, objects, complaint) in [
        (Kind::Provider, vec![], "brings no objects"),
        (Kind::Provider, vec![crd(), second], "exactly one document"),
        (
            Kind::Provider,
            vec![object("Composition", "databases")],
            "Composition databases may not be in a Provider",
        ),
        (
            Kind::Function,
            vec![object("ConfigMap", "settings")],
            "ConfigMap settings may not be in a Function",
        ),
        (
            Kind::Configuration,
            vec![crd()],
            "may not be in a Configuration",
        ),
        (Kind::Provider, vec![crd(), crd()], "things is there twice"),
        (
            Kind::Provider,
            vec![object("CustomResourceDefinition", "")],
            "has no name",
        ),
        (
            Kind::Configuration,
            vec![calling],
            "calls function function-everest",
        ),
    ] {
        let error = lint::check(&content(kind, objects))
            .unwrap_err()
            .to_string();
        assert!(error.contains(complaint), "{complaint}: {error}");
    }
    lint::check(&content(Kind::Provider, vec![crd()])).unwrap();
}

#[test]
fn a_dependency_is_installed_under_its_repository_without_the_host() {
    assert_eq!(
        installed_name("ghcr.io/openeverest/function-everest"),
        "openeverest-function-everest"
    );
}
