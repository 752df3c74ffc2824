//! What a package says of itself and the objects that it brings: `package.yaml`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{PackageError, file};

/// Where the packages are published.
const REPOSITORY: &str = acceptance::crossplane::REPOSITORY;
/// The oldest Crossplane that they are tested with.
const CROSSPLANE: &str = ">=v2.1.0-0";
/// The version of everything that this checkout builds.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Tag of that version.
pub(super) const VERSION_TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// The folders that objects come from.
#[derive(Debug)]
pub(super) struct Sources {
    /// CRDs of the managed resources.
    pub managed: PathBuf,
    /// CRDs of the function's input.
    pub function: PathBuf,
    /// Composite resources and their compositions.
    pub configuration: PathBuf,
}

impl Sources {
    /// Those of the workspace.
    pub fn of_workspace() -> Self {
        let root = acceptance::workspace_folder();
        Self {
            managed: root.join("schemas/crds/managed"),
            function: root.join("schemas/crds/function"),
            configuration: root.join("examples/crossplane/self-service"),
        }
    }
}

/// The kind of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Provider,
    Function,
    Configuration,
}

impl Kind {
    /// Its name, as Crossplane has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provider => "Provider",
            Self::Function => "Function",
            Self::Configuration => "Configuration",
        }
    }
}

/// A package without its programs.
#[derive(Debug)]
pub(super) struct Content {
    pub kind: Kind,
    /// Last part of its repository, and its name in its metadata.
    pub name: &'static str,
    /// The version that it is tagged with.
    pub tag: &'static str,
    /// Its name for people.
    pub friendly_name: &'static str,
    /// One line on what it is for.
    pub description: &'static str,
    /// The sub-command that its program starts with.
    pub command: Option<&'static str>,
    /// What it says of itself besides.
    pub spec: Value,
    /// What it brings.
    pub objects: Vec<Value>,
}

impl Content {
    pub fn provider(sources: &Sources) -> Result<Self, PackageError> {
        Ok(Self {
            kind: Kind::Provider,
            name: "provider-everest",
            tag: VERSION_TAG,
            friendly_name: "Provider OpenEverest",
            description: "Databases, backups and restores of OpenEverest as managed resources",
            command: Some("provider"),
            spec: json!({ "capabilities": ["safe-start"] }),
            objects: documents(&sources.managed)?,
        })
    }

    pub fn function(sources: &Sources) -> Result<Self, PackageError> {
        Ok(Self {
            kind: Kind::Function,
            name: FUNCTION,
            tag: VERSION_TAG,
            friendly_name: "Function OpenEverest",
            description: "Composes databases of OpenEverest, with its rules and their readiness",
            command: Some("function"),
            spec: json!({ "capabilities": ["composition"] }),
            objects: documents(&sources.function)?,
        })
    }

    pub fn configuration(sources: &Sources) -> Result<Self, PackageError> {
        let mut objects = documents(&sources.configuration)?;
        // An example also shows the objects that a user creates.
        objects.retain(|object| {
            let version = object["apiVersion"].as_str().unwrap_or_default();
            version.starts_with("apiextensions.crossplane.io/")
        });
        Ok(Self {
            kind: Kind::Configuration,
            name: "configuration-everest",
            tag: VERSION_TAG,
            friendly_name: "Databases of OpenEverest",
            description: "A self-service API for databases of OpenEverest",
            command: None,
            spec: json!({ "dependsOn": [{
                "apiVersion": "pkg.crossplane.io/v1",
                "kind": "Function",
                "package": format!("{REPOSITORY}{FUNCTION}"),
                "version": format!(">=v{VERSION}"),
            }] }),
            objects,
        })
    }

    /// The same as another version, whose definitions are others too.
    pub fn upgraded(mut self, tag: &'static str) -> Self {
        for object in &mut self.objects {
            let schema = "/spec/versions/0/schema/openAPIV3Schema/description";
            if let Some(description) = object.pointer_mut(schema) {
                *description = json!(format!(
                    "{} ({tag})",
                    description.as_str().unwrap_or_default()
                ));
            }
        }
        Self { tag, ..self }
    }

    /// Labels of the image.
    pub fn labels(&self) -> Vec<(&'static str, String)> {
        vec![
            ("org.opencontainers.image.title", self.name.to_owned()),
            (
                "org.opencontainers.image.description",
                self.description.to_owned(),
            ),
            ("org.opencontainers.image.version", self.tag.to_owned()),
            ("org.opencontainers.image.source", SOURCE.to_owned()),
            ("org.opencontainers.image.licenses", LICENSE.to_owned()),
        ]
    }

    /// What registries show beside the package: what it is for, and the kinds that it brings.
    fn readme(&self) -> String {
        let mut kinds: String = self.objects.iter().filter_map(kind_of).collect();
        if !kinds.is_empty() {
            kinds.push('\n');
        }
        format!(
            "{}.\n\n{kinds}Needs OpenEverest v1 and Crossplane 2.1 or newer. Guide, examples and reference: \
             {SOURCE}/tree/main/docs/crossplane\n",
            self.description
        )
    }

    /// All documents: what it says of itself first, then what it brings.
    pub fn documents(&self) -> Vec<Value> {
        let mut spec = self.spec.clone();
        spec["crossplane"] = json!({ "version": CROSSPLANE });
        let meta = json!({
            "apiVersion": META,
            "kind": self.kind.name(),
            "metadata": {
                "name": self.name,
                "annotations": {
                    "meta.crossplane.io/maintainer": "OpenEverest",
                    "meta.crossplane.io/source": SOURCE,
                    "meta.crossplane.io/license": LICENSE,
                    "meta.crossplane.io/description": self.description,
                    "meta.crossplane.io/readme": self.readme(),
                    "meta.crossplane.io/iconURI": icon(),
                    "friendly-name.meta.crossplane.io": self.friendly_name,
                },
            },
            "spec": spec,
        });
        let mut all = vec![meta];
        all.extend(self.objects.iter().cloned());
        all
    }

    /// The documents as one YAML stream.
    pub fn yaml(&self) -> Result<String, PackageError> {
        let mut stream = String::new();
        for document in self.documents() {
            let text =
                serde_yaml_ng::to_string(&document).map_err(|error| PackageError::Content {
                    package: self.name.to_owned(),
                    wrong: error.to_string(),
                })?;
            stream.push_str("---\n");
            stream.push_str(&text);
        }
        Ok(stream)
    }
}

/// A line of the readme on a kind that users write; `None` for other objects.
fn kind_of(object: &Value) -> Option<String> {
    let spec = &object["spec"];
    let categories = spec["names"]["categories"].as_array()?;
    let is_written = categories.contains(&json!("managed"));
    let kind = spec["names"]["kind"].as_str()?;
    let schema = &spec["versions"][0]["schema"]["openAPIV3Schema"];
    let description = schema["description"].as_str()?;
    is_written.then(|| format!("- **{kind}**: {description}\n"))
}

/// The icon that registries show, as a URI.
fn icon() -> String {
    let svg = STANDARD.encode(include_bytes!("icon.svg"));
    format!("data:image/svg+xml;base64,{svg}")
}

/// API version of what a package says of itself.
pub(super) const META: &str = "meta.pkg.crossplane.io/v1";
const SOURCE: &str = env!("CARGO_PKG_REPOSITORY");
const LICENSE: &str = env!("CARGO_PKG_LICENSE");
const FUNCTION: &str = "function-everest";

/// The name under which Crossplane installs a package that another depends on:
/// its repository without the host, as a name of an object.
pub(super) fn installed_name(package: &str) -> String {
    let path = package.split_once('/').map_or(package, |(_, path)| path);
    path.replace('/', "-")
}

/// The documents in the YAML files of a folder and the folders below, in order
/// of their paths.
fn documents(folder: &Path) -> Result<Vec<Value>, PackageError> {
    let mut paths = Vec::new();
    files(folder, &mut paths)?;
    paths.sort();
    let mut documents = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(file(&path))?;
        for document in serde_yaml_ng::Deserializer::from_str(&text) {
            let document = Value::deserialize(document)
                .map_err(|error| file(&path)(std::io::Error::other(error)))?;
            if !document.is_null() {
                documents.push(document);
            }
        }
    }
    Ok(documents)
}

fn files(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), PackageError> {
    for entry in fs::read_dir(folder).map_err(file(folder))? {
        let path = entry.map_err(file(folder))?.path();
        if path.is_dir() {
            files(&path, paths)?;
        } else if path.extension().is_some_and(|kind| kind == "yaml") {
            paths.push(path);
        }
    }
    Ok(())
}
