//! An object of any kind as a watch keeps it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use kube::Resource;
use kube::api::{ApiResource, DynamicObject};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// An object of any kind: its metadata, and everything else as JSON text, `managedFields` too.
///
/// As typed values or as a tree of JSON, an object takes two to eight times the memory, and a watch
/// keeps thousands. One type for all kinds also means one copy of a watch's code.
#[derive(Clone)]
pub struct CompactObject {
    /// The metadata, without `managedFields`.
    pub metadata: ObjectMeta,
    /// An object with all members, of which `metadata` is empty.
    text: Box<str>,
    /// `metadata.managedFields`, which are often more than everything else together.
    managed_fields: Option<Box<str>>,
}

impl CompactObject {
    /// The object as its type.
    ///
    /// # Errors
    /// If it is not of this type.
    pub fn parse<K: Resource + DeserializeOwned>(&self) -> Result<K, serde_json::Error> {
        let mut object: K = serde_json::from_str(&self.text)?;
        let metadata = object.meta_mut();
        metadata.clone_from(&self.metadata);
        let managed_fields = self.managed_fields.as_deref();
        metadata.managed_fields = managed_fields.map(serde_json::from_str).transpose()?;
        Ok(object)
    }

    /// The object as JSON, without `metadata.managedFields`.
    ///
    /// # Errors
    /// If its metadata cannot be written as JSON.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        let mut object: Value = serde_json::from_str(&self.text)?;
        object["metadata"] = serde_json::to_value(&self.metadata)?;
        Ok(object)
    }

    /// Removes the record of which manager owns which field.
    pub fn remove_managed_fields(&mut self) {
        self.managed_fields = None;
    }

    /// Removes the record of the fields of all managers but those that `kept` names.
    pub fn retain_managed_fields(&mut self, kept: impl Fn(&str) -> bool) {
        let is_kept = |entry: &ManagedFieldsEntry| entry.manager.as_deref().is_some_and(&kept);
        let text = self.managed_fields.take();
        let entries = text.and_then(|text| serde_json::from_str::<Vec<_>>(&text).ok());
        let entries: Vec<_> = entries.into_iter().flatten().filter(is_kept).collect();
        if !entries.is_empty() {
            self.managed_fields = text_of(&entries);
        }
    }

    /// Changes everything but the metadata, such as to remove what is not needed.
    pub fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        if let Ok(mut members) = serde_json::from_str(&self.text) {
            change(&mut members);
            self.text = members.to_string().into();
        }
    }
}

fn text_of(entries: &[ManagedFieldsEntry]) -> Option<Box<str>> {
    serde_json::to_string(entries).map(String::into).ok()
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
            mut metadata,
            mut others,
        } = Whole::deserialize(deserializer)?;
        others.insert("metadata".to_owned(), Map::new().into());
        let text = Value::from(others).to_string().into();
        let managed_fields = metadata.managed_fields.take();
        Ok(CompactObject {
            metadata,
            text,
            managed_fields: managed_fields.and_then(|entries| text_of(&entries)),
        })
    }
}

impl Resource for CompactObject {
    /// Shared, since every key of a store has it.
    type DynamicType = Arc<ApiResource>;
    type Scope = <DynamicObject as Resource>::Scope;

    fn kind(kind: &Arc<ApiResource>) -> Cow<'_, str> {
        DynamicObject::kind(kind)
    }

    fn group(kind: &Arc<ApiResource>) -> Cow<'_, str> {
        DynamicObject::group(kind)
    }

    fn version(kind: &Arc<ApiResource>) -> Cow<'_, str> {
        DynamicObject::version(kind)
    }

    fn plural(kind: &Arc<ApiResource>) -> Cow<'_, str> {
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
        assert_eq!(compact.to_json().unwrap(), note());
    }

    #[test]
    fn the_fields_of_a_manager_that_is_asked_for_are_kept_and_no_others() {
        let entry = |manager: &str| {
            json!({"manager": manager, "operation": "Apply",
            "fieldsV1": {"f:spec": {"f:text": {}}}})
        };
        let mut whole = note();
        whole["metadata"]["managedFields"] = json!([entry("ours"), entry("theirs")]);
        let mut compact: CompactObject = serde_json::from_value(whole.clone()).unwrap();
        let kept = |compact: &CompactObject| {
            let parsed: DynamicObject = compact.parse().unwrap();
            serde_json::to_value(parsed).unwrap()
        };
        assert_eq!(kept(&compact), whole);
        assert_eq!(compact.to_json().unwrap(), note());
        compact.retain_managed_fields(|manager| manager == "ours");
        whole["metadata"]["managedFields"] = json!([entry("ours")]);
        assert_eq!(kept(&compact), whole);
        compact.remove_managed_fields();
        assert_eq!(kept(&compact), note());
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
