//! Reading and shaping untyped objects.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt;
use kube::core::{DynamicObject, ObjectMeta, TypeMeta};
use serde_json::{Map, Value};

use crate::kinds::Kind;

/// Namespace and name of an object; the namespace is empty for cluster-scoped
/// kinds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Namespace, or empty.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Key {
    /// A key from its two parts.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The key of an object.
    pub fn of(object: &DynamicObject) -> Self {
        Self {
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
        }
    }
}

static NULL: Value = Value::Null;

/// The value at a JSON pointer, `null` when absent.
pub fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&NULL)
}

/// The string at a JSON pointer, empty when absent.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    at(value, pointer).as_str().unwrap_or_default()
}

/// The number at a JSON pointer, zero when absent.
pub fn number(value: &Value, pointer: &str) -> i64 {
    at(value, pointer).as_i64().unwrap_or_default()
}

/// The truth at a JSON pointer, `false` when absent.
pub fn truth(value: &Value, pointer: &str) -> bool {
    at(value, pointer).as_bool().unwrap_or_default()
}

/// The elements at a JSON pointer, none when absent.
pub fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    at(value, pointer).as_array().map_or(&[], Vec::as_slice)
}

/// The object at `key` of `value`, made if it is not one.
pub fn member<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let entry = &mut value[key];
    if entry.is_null() {
        *entry = Value::Object(Map::new());
    }
    entry
}

/// An object to be created.
pub fn new(kind: &Kind, namespace: &str, name: &str, data: Value) -> DynamicObject {
    DynamicObject {
        types: Some(TypeMeta {
            api_version: kind.api_version(),
            kind: kind.name.to_owned(),
        }),
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: kind.namespaced.then(|| namespace.to_owned()),
            ..ObjectMeta::default()
        },
        data,
    }
}

/// Whether deletion was asked for.
pub fn deleting(object: &DynamicObject) -> bool {
    object.metadata.deletion_timestamp.is_some()
}

/// Whether the object carries a finalizer.
pub fn has_finalizer(object: &DynamicObject, finalizer: &str) -> bool {
    object.finalizers().iter().any(|f| f == finalizer)
}

/// Adds a finalizer; true if it was not there.
pub fn add_finalizer(object: &mut DynamicObject, finalizer: &str) -> bool {
    if has_finalizer(object, finalizer) {
        return false;
    }
    object.finalizers_mut().push(finalizer.to_owned());
    true
}

/// Removes finalizers; true if any was there.
pub fn remove_finalizers(object: &mut DynamicObject, finalizers: &[&str]) -> bool {
    let before = object.finalizers().len();
    object
        .finalizers_mut()
        .retain(|f| !finalizers.contains(&f.as_str()));
    let changed = object.finalizers().len() != before;
    if object.finalizers().is_empty() {
        object.metadata.finalizers = None;
    }
    changed
}

/// Sets a label if it has no value; true if it changed.
pub fn add_label(object: &mut DynamicObject, key: &str, value: &str) -> bool {
    if object.labels().contains_key(key) {
        return false;
    }
    object.labels_mut().insert(key.to_owned(), value.to_owned());
    true
}

/// A reference to an owner that blocks the owner's foreground deletion.
pub fn owner(kind: &Kind, owner: &DynamicObject, controller: bool) -> OwnerReference {
    OwnerReference {
        api_version: kind.api_version(),
        kind: kind.name.to_owned(),
        name: owner.name_any(),
        uid: owner.uid().unwrap_or_default(),
        block_owner_deletion: Some(true),
        controller: controller.then_some(true),
    }
}

/// Makes `by` the controller of the object unless it has one; true if it
/// changed.
pub fn adopt(object: &mut DynamicObject, kind: &Kind, by: &DynamicObject) -> bool {
    let uid = by.uid().unwrap_or_default();
    let taken = object
        .owner_references()
        .iter()
        .any(|o| o.controller == Some(true));
    if taken {
        return false;
    }
    object.owner_references_mut().retain(|o| o.uid != uid);
    object.owner_references_mut().push(owner(kind, by, true));
    true
}

/// The object's generation, zero when it has none.
pub fn generation(object: &DynamicObject) -> i64 {
    object.metadata.generation.unwrap_or_default()
}
