//! What every managed resource is made of: Crossplane's contract around a model.

use std::borrow::Cow;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::core::NamespaceResourceScope;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{Condition, GROUP, ManagementPolicy, ProviderConfigReference, VERSION};

/// A model that has a managed resource: one file a kind says how.
pub trait ManagedModel:
    Clone
    + fmt::Debug
    + Default
    + PartialEq
    + Serialize
    + DeserializeOwned
    + JsonSchema
    + Send
    + Sync
    + 'static
{
    /// The kind.
    const KIND: &'static str;
    /// Its plural. The singular is the same without the last letter; neither is one of
    /// Everest's, so that `kubectl get` of one never means the other.
    const PLURAL: &'static str;
    /// The kind of Everest's object that it stands for, if it is another one. A namespace for
    /// databases is no object of Everest's.
    const EVEREST_KIND: &'static str = Self::KIND;
    /// What a managed resource of the kind is.
    const DOC: &'static str;
    /// How the members of the model become those of `forProvider`.
    const SHAPE: Shape;

    /// Puts the model at the object that it stands for. `namespace` is that of the managed
    /// resource, which holds where the model names none.
    fn set_location(&mut self, namespace: &str, name: &str);
}

/// How a model becomes `forProvider`.
///
/// Members that the server alone says go to `status.atProvider`, credentials are left out, and
/// so is the name, which is the external name.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Members that an external object cannot be made without. One that is only observed needs
    /// none of them.
    pub required: &'static [&'static str],
    /// Members that mean something to Terraform alone. What a managed resource says holds, so
    /// there is nothing to force.
    pub left_out: &'static [&'static str],
    /// What is said of a member, by its names separated by dots, in place of the model's text,
    /// which speaks of Terraform.
    pub descriptions: &'static [(&'static str, &'static str)],
    /// What `secretRef` is for, where the kind needs credentials.
    pub secret: Option<&'static str>,
}

/// A managed resource: an object whose `spec.forProvider` is the model `M`.
#[derive(Clone, Debug, Deserialize)]
#[serde(bound = "M: ManagedModel")]
pub struct Managed<M> {
    /// The object's metadata.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: ManagedSpec<M>,
    /// What was last seen.
    #[serde(default)]
    pub status: ManagedStatus,
}

/// What is wanted of a managed resource.
#[derive(Clone, Debug, Deserialize)]
#[serde(bound = "M: ManagedModel", rename_all = "camelCase")]
pub struct ManagedSpec<M> {
    /// What the external object is to be.
    pub for_provider: ForProvider<M>,
    /// What the provider may do with the external object.
    #[serde(default = "everything")]
    pub management_policies: Vec<ManagementPolicy>,
    /// How the cluster is reached.
    #[serde(default)]
    pub provider_config_ref: ProviderConfigReference,
    /// The Secret that connection details are written to.
    #[serde(default)]
    pub write_connection_secret_to_ref: Option<LocalReference>,
}

fn everything() -> Vec<ManagementPolicy> {
    vec![ManagementPolicy::All]
}

/// An object of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalReference {
    /// Its name.
    pub name: String,
}

/// What was last seen of a managed resource's external object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ManagedStatus {
    /// What the server alone says of the external object.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub at_provider: Map<String, Value>,
    /// `Ready`, `Synced` and `UpToDate`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The generation of the managed resource that was last handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The last value of the annotation `crossplane.io/reconcile-requested-at` that was
    /// handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}

impl ManagedStatus {
    /// The condition of a type.
    pub fn condition(&self, type_: &str) -> Option<&Condition> {
        self.conditions
            .iter()
            .find(|condition| condition.type_ == type_)
    }
}

/// `spec.forProvider`: the model, with the members of its inlined spec as its own.
///
/// One that cannot be read is kept as the reason: it must not keep the others from being read.
#[derive(Clone, Debug)]
pub struct ForProvider<M> {
    /// The model without a name, or why it cannot be read.
    pub model: Result<M, String>,
    /// The Secret with the credentials that the kind needs.
    pub secret_ref: Option<LocalReference>,
}

impl<'de, M: ManagedModel> Deserialize<'de> for ForProvider<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Map::deserialize(deserializer)?;
        let secret_ref = members
            .get("secretRef")
            .and_then(|reference| serde_json::from_value(reference.clone()).ok());
        Ok(ForProvider {
            model: model(members).map_err(|error| error.to_string()),
            secret_ref,
        })
    }
}

/// The model of what `forProvider` says. A member belongs either to the model or to its inlined
/// spec, and each passes over what is not its own: so both are read off the same members.
fn model<M: ManagedModel>(mut members: Map<String, Value>) -> serde_json::Result<M> {
    for required in M::SHAPE.required.iter().chain(&["namespace", "name"]) {
        members.entry(*required).or_insert(Value::Null);
    }
    let inlined = Value::Object(members.clone());
    members.insert("spec".to_owned(), inlined);
    serde_json::from_value(Value::Object(members))
}

/// The members of a model as `forProvider` has them: those of its spec beside its own.
///
/// # Errors
/// When the model cannot be put into JSON.
pub fn members<M: ManagedModel>(model: &M) -> serde_json::Result<Map<String, Value>> {
    let Value::Object(mut members) = serde_json::to_value(model)? else {
        return Ok(Map::new());
    };
    if let Some(Value::Object(inlined)) = members.remove("spec") {
        members.extend(inlined);
    }
    Ok(members)
}

impl<M: ManagedModel> Resource for Managed<M> {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind(_: &()) -> Cow<'_, str> {
        M::KIND.into()
    }

    fn group(_: &()) -> Cow<'_, str> {
        GROUP.into()
    }

    fn version(_: &()) -> Cow<'_, str> {
        VERSION.into()
    }

    fn plural(_: &()) -> Cow<'_, str> {
        M::PLURAL.into()
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
    use super::super::Database;
    use super::*;
    use crate::Engine;
    use crate::models::DatabaseModel;
    use serde_json::json;

    fn database(for_provider: Value) -> Database {
        serde_json::from_value(json!({
            "apiVersion": "everest.m.openeverest.io/v1alpha1",
            "kind": "Database",
            "metadata": {"name": "orders", "namespace": "shop"},
            "spec": {"forProvider": for_provider},
        }))
        .unwrap()
    }

    #[test]
    fn for_provider_is_the_model_with_its_spec_inlined() {
        let object = database(json!({
            "engine": {"type": "pxc", "storage": {"size": "25Gi"}},
            "keepBackupData": false,
        }));
        let mut model = object.spec.for_provider.model.unwrap();
        assert_eq!(model.keep_backup_data.known(), Some(&false));
        let engine = model.spec.known().unwrap().engine.known().unwrap().clone();
        assert_eq!(engine.type_.known(), Some(&Engine::Pxc));
        model.set_location("shop", "orders");
        assert_eq!(model.namespace.known_str(), Some("shop"));
        assert_eq!(
            members(&model).unwrap()["engine"],
            json!({"storage": {"size": "25Gi"}, "type": "pxc"})
        );
    }

    #[test]
    fn what_is_left_out_is_what_crossplane_says() {
        let spec = database(json!({})).spec;
        assert_eq!(spec.management_policies, [ManagementPolicy::All]);
        assert_eq!(spec.provider_config_ref, ProviderConfigReference::default());
        assert!(spec.write_connection_secret_to_ref.is_none());
    }

    #[test]
    fn a_namespace_of_its_own_is_kept() {
        let mut model: DatabaseModel = database(json!({"namespace": "prod"}))
            .spec
            .for_provider
            .model
            .unwrap();
        model.set_location("shop", "orders");
        assert_eq!(model.namespace.known_str(), Some("prod"));
    }

    #[test]
    fn one_that_cannot_be_read_says_why_and_is_still_an_object() {
        let object = database(json!({"engine": {"type": "oracle", "storage": {"size": "1Gi"}}}));
        let reason = object.spec.for_provider.model.unwrap_err();
        assert!(reason.contains("oracle"), "{reason}");
    }
}
