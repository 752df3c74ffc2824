//! Creating an object without taking over one that somebody else made.

use kube::ResourceExt;
use serde::Serialize;
use serde_json::{Value, json};

use crate::CREATED_BY_APPLY;
use crate::apply::{self, Takes};
use crate::error::ClusterError;
use crate::objects::{Kind, Objects};

/// Creates `name` from an apply body.
///
/// 1. Reads it: what exists and does not carry this apply's `nonce` is not ours. What carries it
///    was made of this very body and stays as it is: Everest clears what is done once, such as a
///    data source, and a body that is sent again would do it again.
/// 2. Applies the body with the nonce as an annotation.
/// 3. If no answer came back, reads again: the write may have been done.
///
/// # Errors
/// `AlreadyExists` with the id to import; else whatever the server says.
pub(crate) async fn create<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    body: Value,
    nonce: &str,
) -> Result<K, ClusterError> {
    if let Some(existing) = objects.get(name).await? {
        return if is_ours(&existing, nonce) {
            Ok(existing)
        } else {
            Err(foreign(objects, name, &existing))
        };
    }
    let body = with_nonce(body, nonce);
    match apply::apply(objects, name, &body, Takes::Nothing).await {
        Err(error @ (ClusterError::Unreachable { .. } | ClusterError::Api { .. })) => {
            match objects.get(name).await {
                Ok(Some(existing)) if is_ours(&existing, nonce) => Ok(existing),
                _ => Err(error),
            }
        }
        other => other,
    }
}

/// Whether this apply created the object.
pub(crate) fn is_ours<K: kube::Resource>(object: &K, nonce: &str) -> bool {
    object
        .annotations()
        .get(CREATED_BY_APPLY)
        .is_some_and(|created_by| created_by == nonce)
}

/// An apply body that marks its object as created by this apply.
pub(crate) fn with_nonce(mut body: Value, nonce: &str) -> Value {
    let metadata = &mut body["metadata"];
    if metadata["annotations"].is_null() {
        metadata["annotations"] = json!({});
    }
    metadata["annotations"][CREATED_BY_APPLY] = json!(nonce);
    body
}

/// The error for an object that exists and is not ours.
pub(crate) fn foreign<K: Kind>(objects: &Objects<K>, name: &str, existing: &K) -> ClusterError {
    let remedy = if existing.meta().deletion_timestamp.is_some() {
        "It is being deleted: apply again once it is gone".to_owned()
    } else {
        let id = match objects.namespace() {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.to_owned(),
        };
        format!("Import it with the id {id:?}, or choose another name")
    };
    ClusterError::AlreadyExists {
        object: objects.named(name),
        remedy,
    }
}
