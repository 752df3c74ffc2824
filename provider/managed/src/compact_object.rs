//! An object of any kind as a watch keeps it.

use std::borrow::Cow;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::api::{ApiResource, DynamicObject};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// An object of any kind: its metadata, and everything else as JSON text.
///
/// As typed values or as a tree of JSON, an object takes two to eight times the memory, and a watch
/// keeps thousands. One type for all kinds also means one copy of a watch's code.
#[derive(Clone)]
pub struct CompactObject {
    /// The metadata.
    pub metadata: ObjectMeta,
    /// An object with all members, of which `metadata` is empty.
    text: Box<str>,
}

impl CompactObject {
    /// The object as its type.
    ///
    /// # Errors
    /// If it is not of this type.
    pub fn parse<K: Resource + DeserializeOwned>(&self) -> Result<K, serde_json::Error> {
        let mut object: K = serde_json::from_str(&self.text)?;
        object.meta_mut().clone_from(&self.metadata);
        Ok(object)
    }

    /// Changes everything but the metadata, such as to remove what is not needed.
    pub fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        if let Ok(mut members) = serde_json::from_str(&self.text) {
            change(&mut members);
            self.text = members.to_string().into();
        }
    }
}

/// Without the content: it may be long, and it may be nobody's business.
impl fmt::Debug for CompactObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CompactObject")
            .field("namespace", &self.metadata.namespace)
            .field("name", &self.metadata.name)
            .finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for CompactObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Whole {
            metadata: ObjectMeta,
            #[serde(flatten)]
            others: Map<String, Value>,
        }
        let Whole {
            metadata,
            mut others,
        } = Whole::deserialize(deserializer)?;
        others.insert("metadata".to_owned(), Map::new().into());
        let text = Value::from(others).to_string().into();
        Ok(CompactObject { metadata, text })
    }
}

impl Resource for CompactObject {
    type DynamicType = ApiResource;
    type Scope = <DynamicObject as Resource>::Scope;

    fn kind(kind: &ApiResource) -> Cow<'_, str> {
        DynamicObject::kind(kind)
    }

    fn group(kind: &ApiResource) -> Cow<'_, str> {
        DynamicObject::group(kind)
    }

    fn version(kind: &ApiResource) -> Cow<'_, str> {
        DynamicObject::version(kind)
    }

    fn plural(kind: &ApiResource) -> Cow<'_, str> {
        DynamicObject::plural(kind)
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use serde_json::json;

    use super::*;
    use crate::testing::Note;

    fn note() -> Value {
        json!({"apiVersion": "notes.example.org/v1alpha1", "kind": "Note",
            "metadata": {"name": "orders", "namespace": "shop", "labels": {"a": "b"}},
            "spec": {"forProvider": {"text": "buy \"milk\""}}})
    }

    #[test]
    fn an_object_is_parsed_as_it_came() {
        let compact: CompactObject = serde_json::from_value(note()).unwrap();
        let parsed: Note = compact.parse().unwrap();
        let direct: Note = serde_json::from_value(note()).unwrap();
        assert_eq!(format!("{parsed:?}"), format!("{direct:?}"));
        let dynamic: DynamicObject = compact.parse().unwrap();
        assert_eq!(serde_json::to_value(dynamic).unwrap(), note());
    }

    #[test]
    fn an_item_of_a_list_has_no_kind_and_is_parsed_all_the_same() {
        let item = json!({"metadata": {"name": "orders"}, "data": {"a": "b"}});
        let compact: CompactObject = serde_json::from_value(item).unwrap();
        let parsed: ConfigMap = compact.parse().unwrap();
        assert_eq!(parsed.metadata.name.as_deref(), Some("orders"));
        assert_eq!(parsed.data.unwrap()["a"], "b");
    }

    #[test]
    fn an_object_of_another_type_is_refused() {
        let object = json!({"metadata": {"name": "orders"}, "data": {"a": 1}});
        let compact: CompactObject = serde_json::from_value(object).unwrap();
        assert!(compact.parse::<ConfigMap>().is_err());
    }

    #[test]
    fn what_was_removed_is_gone_and_the_metadata_stays() {
        let mut compact: CompactObject = serde_json::from_value(note()).unwrap();
        compact.edit(|members| members["spec"]["forProvider"] = json!({"text": ""}));
        let parsed: DynamicObject = compact.parse().unwrap();
        assert_eq!(parsed.data["spec"]["forProvider"]["text"], "");
        assert_eq!(parsed.metadata.name.as_deref(), Some("orders"));
        assert!(!format!("{compact:?}").contains("forProvider"));
    }
}
