//! Creating an object without taking over one that somebody else made.
//!
//! An object that exists is ours if it is the one that this creation would make and that a
//! creation before it has made without anybody having got the answer: see
//! [`acknowledgement`](crate::acknowledgement). A mark on it says so: a digest of what was
//! written, by our field manager. It is never ours by its name or its manager alone.

use everest_core::v1::{ObjectMapping, managed_fields};
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::acknowledgement::Unacknowledged;
use crate::error::ClusterError;
use crate::objects::{Kind, Objects, Typed};
use crate::{CREATED_BY_APPLY, Cluster};

/// Creates `name` from an apply body, unless it exists: one that is ours (see the module) is given
/// back as it is. What would be written is what was written, and Everest clears what is done once,
/// such as a data source, which a body that is sent again would do again.
///
/// What is ours is noted in `made`; what the answer has otherwise than the body is noted too, see
/// [`Cluster::rewritten`].
///
/// # Errors
/// `AlreadyExists` with the id to import; else as [`make`].
pub(crate) async fn create<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    body: Value,
    made: &Unacknowledged,
) -> Result<K, ClusterError> {
    match objects.get(name).await? {
        Some(existing) if is_ours(objects, &existing, &body) => {
            made.note(objects, &existing);
            Ok(existing)
        }
        Some(existing) => Err(foreign(objects, name, &existing)),
        None => make(objects, name, body, made).await,
    }
}

/// The same without a look before it.
///
/// 1. Applies the body with its mark, unless there is an object by now.
/// 2. If there is, or the answer leaves open whether the write was done, reads it.
///
/// # Errors
/// `AlreadyExists` with the id to import; else whatever the server says.
pub(crate) async fn make<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    body: Value,
    made: &Unacknowledged,
) -> Result<K, ClusterError> {
    let ours = match objects.apply_new(name, &marked(body.clone())).await {
        Ok(created) => {
            objects.cluster().note_rewritten(&created, &body);
            created
        }
        // A webhook may refuse what exists before the server sees that it does.
        Err(
            error @ (ClusterError::Unreachable { .. }
            | ClusterError::Api { .. }
            | ClusterError::Conflict { .. }
            | ClusterError::Refused { .. }),
        ) => match objects.get(name).await {
            Ok(Some(existing)) if is_ours(objects, &existing, &body) => existing,
            Ok(Some(existing)) => return Err(foreign(objects, name, &existing)),
            _ => return Err(error),
        },
        Err(error) => return Err(error),
    };
    made.note(objects, &ours);
    Ok(ours)
}

/// Whether an object is what a creation from `body` has made that nobody knows of yet.
pub(crate) fn is_ours<K: Kind>(objects: &Objects<K>, object: &K, body: &Value) -> bool {
    let mark = object.annotations().get(CREATED_BY_APPLY);
    object.meta().deletion_timestamp.is_none()
        && mark.is_some_and(|mark| *mark == digest(body))
        && objects.cluster().has_marked(object)
}

/// An object that has the name of another one.
#[derive(Debug)]
pub enum Namesake {
    /// There is none, as far as the UID tells: the object is the one that is meant, or gone.
    None,
    /// One that a creation by us has made and that no state holds yet: the object that is meant is
    /// gone.
    Ours,
    /// One that somebody else has made: the object that is meant is gone, as the error says.
    Foreign(ClusterError),
}

impl Cluster {
    /// The object that has the name of a model, compared with the one that a state holds: `uid` is
    /// the UID of that one, if it is known.
    ///
    /// # Errors
    /// Whatever keeps it from being read: see [`ClusterError`].
    pub async fn namesake<M>(&self, model: &M, uid: Option<&str>) -> Result<Namesake, ClusterError>
    where
        M: ObjectMapping<Object: Typed>,
    {
        if uid.is_none() {
            return Ok(Namesake::None);
        }
        let (namespace, name) = model.key();
        let objects = self.objects::<M::Object>(namespace);
        let Some(found) = objects.look(name).await? else {
            return Ok(Namesake::None);
        };
        Ok(if found.meta().uid.as_deref() == uid {
            Namesake::None
        } else if self.has_marked(&found) {
            Namesake::Ours
        } else {
            Namesake::Foreign(ClusterError::Superseded {
                object: objects.named(name),
                replaced: true,
            })
        })
    }

    /// The UID of an object that was read for a state which knows it by the UID `known`; none where
    /// it is another one that a creation by us has put in its place without anybody having got the
    /// answer: the state does not hold that one yet.
    pub fn uid_held<K: Typed>(&self, object: &K, known: Option<&str>) -> Option<String> {
        let uid = object.meta().uid.as_deref();
        let follows = known.is_some() && uid != known && self.has_marked(object);
        uid.filter(|_| !follows).map(str::to_owned)
    }

    /// Whether an object carries the mark of a creation by us that nobody has acknowledged, and is
    /// the one of that UID, if it is known.
    pub fn is_unacknowledged<K: Typed>(&self, object: &K, uid: Option<&str>) -> bool {
        let is_it = uid.is_none() || object.meta().uid.as_deref() == uid;
        is_it && self.has_marked(object)
    }

    /// Whether an object carries the mark of a creation by us.
    fn has_marked<K: Kind>(&self, object: &K) -> bool {
        managed_fields::owned_keys(object.meta(), self.field_manager())
            .annotations
            .contains(CREATED_BY_APPLY)
    }
}

/// Takes the mark of its creation off an object that a state holds: for a change that writes
/// nothing else. Where there is none, nothing is asked.
///
/// # Errors
/// Whatever the server says; an object that is gone is fine.
pub(crate) async fn acknowledge<K: Kind>(
    objects: &Objects<K>,
    object: &K,
) -> Result<(), ClusterError> {
    if !objects.cluster().has_marked(object) {
        return Ok(());
    }
    objects
        .unmark(&object.name_any(), object.meta().uid.as_deref())
        .await
}

/// An apply body with the mark of its creation.
fn marked(mut body: Value) -> Value {
    let mark = digest(&body);
    let metadata = &mut body["metadata"];
    if metadata["annotations"].is_null() {
        metadata["annotations"] = json!({});
    }
    metadata["annotations"][CREATED_BY_APPLY] = json!(mark);
    body
}

/// The place of credentials in a body.
const CREDENTIALS: &str = "/spec/dataSource/dataImport/source/s3";

/// Whether a body carries credentials. A webhook of Everest writes them down, under the name that
/// the body gives, before the server sees that the object exists.
pub(crate) fn has_credentials(body: &Value) -> bool {
    body.pointer(CREDENTIALS)
        .is_some_and(|s3| !s3["accessKeyId"].is_null() || !s3["secretAccessKey"].is_null())
}

/// What a body says, in 64 characters that are the same wherever they are made. Credentials are
/// left out: whoever may read the object could try values against them.
fn digest(body: &Value) -> String {
    let mut body = body.clone();
    if let Some(s3) = body.pointer_mut(CREDENTIALS).and_then(Value::as_object_mut) {
        s3.remove("accessKeyId");
        s3.remove("secretAccessKey");
    }
    Sha256::digest(canonical(&body).to_string())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The same value with the members of each object in the order of their names.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            let members: Map<String, Value> = sorted
                .into_iter()
                .map(|(name, member)| (name.clone(), canonical(member)))
                .collect();
            Value::Object(members)
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
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

#[cfg(test)]
mod tests;
