//! The fields of an object that are the server's to say.

use serde_json::{Value, json};

use crate::failure::{Failure, Wrong};
use crate::kind::Kind;
use crate::request::Asked;

/// The object in the version that was asked for.
pub(crate) fn versioned(kind: &Kind, mut object: Value) -> Value {
    object["apiVersion"] = json!(kind.api_version());
    object
}

/// Refuses bodies of another kind.
pub(crate) fn expected(kind: &Kind, object: &Value, is_apply: bool) -> Result<(), Failure> {
    let text = |name: &str| object[name].as_str().unwrap_or_default();
    if text("kind").is_empty() {
        return Err(Failure::bad_request(format!(
            "Object 'Kind' is missing in '{object}'"
        )));
    }
    if text("apiVersion") != kind.api_version() && is_apply {
        return Err(Failure::bad_request(format!(
            "invalid object type: {}, Kind={}",
            text("apiVersion"),
            text("kind")
        )));
    }
    if text("apiVersion") != kind.api_version() {
        return Err(Failure::bad_request(format!(
            "the API version in the data ({}) does not match the expected API version ({})",
            text("apiVersion"),
            kind.api_version()
        )));
    }
    if text("kind") != kind.name {
        return Err(Failure::bad_request(format!(
            "the kind in the data ({}) does not match the expected kind ({})",
            text("kind"),
            kind.name
        )));
    }
    Ok(())
}

/// Gives a body the place of its path.
pub(crate) fn placed(kind: &Kind, asked: &Asked, object: &mut Value) -> Result<(), Failure> {
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    if kind.namespaced {
        let namespace = &mut object["metadata"]["namespace"];
        if namespace
            .as_str()
            .is_some_and(|namespace| namespace != asked.namespace)
        {
            let message = "the namespace of the provided object does not match the namespace sent \
                           on the request";
            return Err(Failure::bad_request(message));
        }
        *namespace = json!(asked.namespace);
    }
    if !asked.name.is_empty() && object["metadata"]["name"].is_null() {
        object["metadata"]["name"] = json!(asked.name);
    }
    Ok(())
}

/// Gives a new object what the server alone says.
pub(crate) fn begin(kind: &Kind, object: &mut Value, now: &str, uid: String) {
    if kind.has_status
        && let Some(members) = object.as_object_mut()
    {
        members.remove("status");
    }
    let metadata = &mut object["metadata"];
    if let Some(metadata) = metadata.as_object_mut() {
        for name in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "generation",
            "resourceVersion",
        ] {
            metadata.remove(name);
        }
    }
    metadata["uid"] = json!(uid);
    metadata["creationTimestamp"] = json!(now);
    if kind.counts_generations {
        metadata["generation"] = json!(1);
    }
}

/// Restores what a write may not change, and leaves a subresource's writer nothing else.
pub(crate) fn kept(
    kind: &Kind,
    asked: &Asked,
    live: &Value,
    new: &mut Value,
) -> Result<(), Failure> {
    let version = &new["metadata"]["resourceVersion"];
    if version.as_str().is_some_and(|version| !version.is_empty())
        && *version != live["metadata"]["resourceVersion"]
    {
        return Err(Failure::outdated(kind, &asked.name));
    }
    if asked.subresource == "status" {
        let (status, managed) = (
            new["status"].take(),
            new["metadata"]["managedFields"].take(),
        );
        *new = live.clone();
        if !status.is_null() {
            new["status"] = status;
        } else if let Some(members) = new.as_object_mut() {
            members.remove("status");
        }
        new["metadata"]["managedFields"] = managed;
        return Ok(());
    }
    if kind.has_status
        && let Some(members) = new.as_object_mut()
    {
        members.remove("status");
        if let Some(status) = live.get("status") {
            members.insert("status".to_owned(), status.clone());
        }
    }
    for name in [
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
        "namespace",
        "name",
    ] {
        if let Some(metadata) = new["metadata"].as_object_mut() {
            metadata.remove(name);
            if let Some(value) = live["metadata"].get(name) {
                metadata.insert(name.to_owned(), value.clone());
            }
        }
    }
    if new["metadata"]["uid"]
        .as_str()
        .unwrap_or_default()
        .is_empty()
    {
        new["metadata"]["uid"] = live["metadata"]["uid"].clone();
    }
    if kind.name == "Namespace" && !kind.is_custom && asked.subresource != "finalize" {
        new["spec"] = live["spec"].clone();
    }
    Ok(())
}

/// What is wrong with the metadata of a change.
pub(crate) fn metadata(live: &Value, new: &Value) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let (live, new) = (&live["metadata"], &new["metadata"]);
    if live["uid"] != new["uid"] {
        wrong.push(Wrong::value(
            "metadata.uid",
            &new["uid"],
            "field is immutable",
        ));
    }
    if !live["deletionTimestamp"].is_null() {
        let held = live["finalizers"].as_array().cloned().unwrap_or_default();
        let added: Vec<String> = new["finalizers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|finalizer| !held.contains(finalizer))
            .map(Value::to_string)
            .collect();
        if !added.is_empty() {
            let why = format!(
                "no new finalizers can be added if the object is being deleted, found new \
                 finalizers []string{{{}}}",
                added.join(", ")
            );
            wrong.push(Wrong::forbidden("metadata.finalizers", &why));
        }
    }
    wrong
}

/// What is wrong with the name of a new object.
pub(crate) fn misnamed(kind: &Kind, object: &Value) -> Option<Wrong> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let wrong = if name.is_empty() {
        Wrong::required("metadata.name", "name or generateName is required")
    } else {
        let is_label = kind.name == "Namespace" && !kind.is_custom;
        let fits = |part: &str| {
            let inside = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
            part.starts_with(inside)
                && part.ends_with(inside)
                && part.chars().all(|letter| inside(letter) || letter == '-')
        };
        let is_rbac = kind.group == "rbac.authorization.k8s.io";
        if is_rbac || is_label && fits(name) || !is_label && name.split('.').all(fits) {
            return None;
        }
        let why = match is_label {
            true if name.contains('.') => "must not contain dots",
            true => {
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or \
                 '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or \
                 '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            }
            false => {
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
                 characters, '-' or '.', and must start and end with an alphanumeric character \
                 (e.g. 'example.com', regex used for validation is \
                 '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            }
        };
        Wrong::value("metadata.name", &json!(name), why)
    };
    Some(wrong)
}
