//! What Crossplane's package manager, or the API server behind it, would refuse
//! in a package, found before anyone installs it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    PackageError,
    content::{Content, Kind, META, installed_name},
};

/// Kinds that a package of each kind may bring.
fn allowed(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Provider => &[
            "CustomResourceDefinition",
            "ManagedResourceDefinition",
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
        ],
        Kind::Function => &["CustomResourceDefinition"],
        Kind::Configuration => &[
            "CompositeResourceDefinition",
            "Composition",
            "ManagedResourceActivationPolicy",
            "Operation",
            "CronOperation",
            "WatchOperation",
        ],
    }
}

/// Fails with the first thing that would be refused.
pub(super) fn check(content: &Content) -> Result<(), PackageError> {
    let documents = content.documents();
    let wrong = meta(content, &documents)
        .or_else(|| objects(content))
        .or_else(|| functions(content));
    match wrong {
        Some(wrong) => Err(PackageError::Content {
            package: content.name.to_owned(),
            wrong,
        }),
        None => Ok(()),
    }
}

/// Exactly one document says what the package is, and of the right kind.
fn meta(content: &Content, documents: &[Value]) -> Option<String> {
    let metas: Vec<&str> = documents
        .iter()
        .filter(|document| document["apiVersion"] == META)
        .filter_map(|document| document["kind"].as_str())
        .collect();
    (metas != [content.kind.name()]).then(|| {
        format!(
            "exactly one document of {META} and kind {} was expected, there are {metas:?}",
            content.kind.name()
        )
    })
}

/// There are objects, of kinds that are allowed, each once.
fn objects(content: &Content) -> Option<String> {
    if content.objects.is_empty() {
        return Some("it brings no objects: are the generated files there?".to_owned());
    }
    let mut known = BTreeSet::new();
    for object in &content.objects {
        let kind = object["kind"].as_str().unwrap_or_default();
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        if !allowed(content.kind).contains(&kind) {
            return Some(format!(
                "{kind} {name} may not be in a {}",
                content.kind.name()
            ));
        }
        if name.is_empty() {
            return Some(format!("a {kind} has no name"));
        }
        if !known.insert((kind, name)) {
            return Some(format!("{kind} {name} is there twice"));
        }
    }
    None
}

/// Compositions call functions by the names under which Crossplane installs what
/// the package depends on: another name would never be found.
fn functions(content: &Content) -> Option<String> {
    let installed: Vec<String> = content.spec["dependsOn"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|dependency| dependency["kind"] == "Function")
        .filter_map(|dependency| dependency["package"].as_str())
        .map(installed_name)
        .collect();
    content.objects.iter().find_map(|object| {
        let steps = object["spec"]["pipeline"].as_array()?;
        let strange = steps
            .iter()
            .filter_map(|step| step["functionRef"]["name"].as_str())
            .find(|name| !installed.iter().any(|known| known == name))?;
        Some(format!(
            "Composition {} calls function {strange}, and the package depends on none that is installed under that name: {installed:?}",
            object["metadata"]["name"]
        ))
    })
}
