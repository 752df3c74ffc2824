//! What a PUT or a PATCH makes of an object.

use serde_json::Value;

use crate::failure::{Failure, Wrong};
use crate::kind::Kind;
use crate::managers::{self, Writer};
use crate::request::Asked;
use crate::schema::{Node, Shape};
use crate::system_fields::expected;
use crate::typed;

const MERGE: &str = "application/merge-patch+json";
const JSON: &str = "application/json-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

/// Refuses bodies that are not for this place, and formats that the kind does not take.
pub(crate) fn accepted(kind: &Kind, asked: &Asked) -> Result<(), Failure> {
    let body = &asked.body;
    if asked.method == "PUT" || asked.is_apply() {
        if asked.is_apply() && asked.parameter("fieldManager").is_empty() {
            let wrong = Wrong::required("fieldManager", "is required for apply patch");
            return Err(Failure::invalid_named(
                "PatchOptions",
                "meta.k8s.io",
                "",
                &[wrong],
            ));
        }
        expected(kind, body, asked.is_apply())?;
        let name = body["metadata"]["name"].as_str();
        if let Some(name) = name.filter(|name| *name != asked.name) {
            return Err(Failure::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                asked.name
            )));
        }
        if asked.method == "PUT" && name.is_none() {
            return Err(Failure::bad_request(
                "the name of the object (\"\") does not match the name on the URL",
            ));
        }
        if asked.is_apply() && !body["metadata"]["managedFields"].is_null() {
            return Err(Failure::bad_request("metadata.managedFields must be nil"));
        }
        return Ok(());
    }
    let mut known = vec![JSON, MERGE, APPLY];
    if !kind.is_custom {
        known.insert(2, STRATEGIC);
    }
    if known.contains(&asked.content_type.as_str()) {
        return Ok(());
    }
    Err(Failure::new(
        415,
        "UnsupportedMediaType",
        format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            known.join(", ")
        ),
    ))
}

/// The object that the request makes of the live one.
pub(crate) fn patched(
    kind: &Kind,
    asked: &Asked,
    live: &Value,
    writer: &Writer,
) -> Result<Value, Failure> {
    let body = &asked.body;
    if asked.method == "PUT" {
        return replaced(kind, asked, live);
    }
    let mut new = live.clone();
    match asked.content_type.as_str() {
        APPLY => {
            return managers::apply(kind, Some(live), body, writer, asked.flag("force"));
        }
        JSON => {
            let refused = || {
                let message = "the server rejected our request due to an error in our request";
                let mut failure = Failure::new(422, "Invalid", message);
                *failure.details = serde_json::json!({});
                failure
            };
            let operations = serde_json::from_value::<json_patch::Patch>(body.clone());
            let operations = operations.map_err(|_| refused())?;
            json_patch::patch(&mut new, &operations.0).map_err(|_| refused())?;
        }
        STRATEGIC => strategic(kind.node(), &mut new, body),
        _ => json_patch::merge(&mut new, body),
    }
    Ok(new)
}

fn replaced(kind: &Kind, asked: &Asked, live: &Value) -> Result<Value, Failure> {
    let body = &asked.body;
    let text = |name: &str| body["metadata"][name].as_str().unwrap_or_default();
    if text("resourceVersion").is_empty() && kind.is_custom {
        let why = "must be specified for an update";
        let wrong = Wrong::value("metadata.resourceVersion", &0.into(), why);
        let wrong = &[wrong];
        return Err(Failure::invalid_named(
            &kind.plural,
            &kind.group,
            &asked.name,
            wrong,
        ));
    }
    let (named, held) = (text("uid"), &live["metadata"]["uid"]);
    if !named.is_empty() && *held != named {
        let held = held.as_str().unwrap_or_default();
        let resource = kind.plural.as_str();
        let root = match kind.group.as_str() {
            "" => resource.to_owned(),
            group => format!("{group}/{resource}"),
        };
        let place = match kind.namespaced {
            true => format!("{}/{}", asked.namespace, asked.name),
            false => asked.name.clone(),
        };
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{root}/{place}, \
             ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: \
             {named}, UID in object meta: {held}"
        );
        return Err(Failure::conflict(resource, &kind.group, &asked.name, &why));
    }
    Ok(body.clone())
}

/// A merge patch that knows the lists whose elements have keys.
fn strategic(node: Node<'_>, live: &mut Value, patch: &Value) {
    match (node.shape(patch), patch) {
        (Shape::Map, Value::Object(members)) => {
            if !live.is_object() {
                *live = Value::Object(serde_json::Map::new());
            }
            for (name, value) in members {
                if value.is_null() {
                    live.as_object_mut().map(|live| live.remove(name));
                } else {
                    let below = node.below(&format!("f:{name}"));
                    strategic(below, &mut live[name.as_str()], value);
                }
            }
        }
        (Shape::List(_), Value::Array(_)) if live.is_array() => {
            *live = typed::merge(node, Some(live), patch);
        }
        _ => *live = patch.clone(),
    }
}
