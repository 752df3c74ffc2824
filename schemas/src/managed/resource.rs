//! The common form of every managed resource: a model with the members of Crossplane's contract.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::core::NamespaceResourceScope;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{Condition, GROUP, ManagementPolicy, ProviderConfigReference, VERSION};

/// A model with a managed resource. Each kind has its own file.
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
    /// The plural, in `s` or `ies`. Neither it nor its singular is a name of Everest's, so `kubectl
    /// get` is never ambiguous.
    const PLURAL: &'static str;
    /// The kind of Everest's object, if it has another name. A namespace for databases is not an
    /// object of Everest.
    const EVEREST_KIND: &'static str = Self::KIND;
    /// The description of a managed resource of the kind.
    const DOC: &'static str;
    /// The conversion of the model's members to those of `forProvider`.
    const SHAPE: Shape;
    /// Further members of `forProvider`, each with its description, that name a Secret in the managed
    /// resource's namespace. `secretRef` is described by [`Shape::secret`].
    const SECRETS: &'static [(&'static str, &'static str)] = &[];

    /// Sets the location of the model's object. `namespace` is the managed resource's namespace,
    /// which is used if the model names none.
    fn set_location(&mut self, namespace: &str, name: &str);
}

/// The conversion of a model to `forProvider`.
///
/// Members that only the server sets go to `status.atProvider`. Credentials are omitted, and so is
/// the name, which is the external name.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Members that are required to create an external object. An external object that is only
    /// observed needs none of them.
    pub required: &'static [&'static str],
    /// Members that only Terraform uses, such as `forceConflicts`: a managed resource always
    /// enforces its values.
    pub left_out: &'static [&'static str],
    /// Descriptions of members, by their path separated by dots, that replace the model's text
    /// where that is about Terraform.
    pub descriptions: &'static [(&'static str, &'static str)],
    /// The description of `secretRef`, if the kind needs credentials.
    pub secret: Option<&'static str>,
    /// The columns of `kubectl get` beside those of every managed resource.
    pub columns: &'static [Column],
}

/// A column of `kubectl get`: an observed member.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The heading.
    pub name: &'static str,
    /// The member's path in `status.atProvider`, separated by dots.
    pub path: &'static str,
    /// True if only `kubectl get -o wide` shows it.
    pub is_wide: bool,
}

impl Column {
    /// A column that is always shown.
    pub const fn new(name: &'static str, path: &'static str) -> Self {
        Self {
            name,
            path,
            is_wide: false,
        }
    }

    /// A column that only `kubectl get -o wide` shows.
    pub const fn wide(name: &'static str, path: &'static str) -> Self {
        Self {
            name,
            path,
            is_wide: true,
        }
    }
}

/// A managed resource: an object whose `spec.forProvider` is the model `M`.
#[derive(Clone, Debug, Deserialize)]
#[serde(bound = "M: ManagedModel")]
pub struct Managed<M> {
    /// The object's metadata.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The desired state.
    pub spec: ManagedSpec<M>,
    /// The observed state.
    #[serde(default)]
    pub status: ManagedStatus,
}

/// The desired state of a managed resource.
#[derive(Clone, Debug, Deserialize)]
#[serde(bound = "M: ManagedModel", rename_all = "camelCase")]
pub struct ManagedSpec<M> {
    /// The desired state of the external object.
    pub for_provider: ForProvider<M>,
    /// The actions that the provider may take on the external object.
    #[serde(default = "everything")]
    pub management_policies: Vec<ManagementPolicy>,
    /// The config with the connection to the cluster.
    #[serde(default)]
    pub provider_config_ref: ProviderConfigReference,
    /// The Secret that receives the connection details.
    #[serde(default)]
    pub write_connection_secret_to_ref: Option<LocalReference>,
}

fn everything() -> Vec<ManagementPolicy> {
    vec![ManagementPolicy::All]
}

/// A reference to an object in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalReference {
    /// Its name.
    pub name: String,
}

/// The observed state of a managed resource's external object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ManagedStatus {
    /// The values of the external object that only the server sets.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub at_provider: Map<String, Value>,
    /// `Ready`, `Synced` and `UpToDate`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The last generation of the managed resource that the provider handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The last value of the annotation `crossplane.io/reconcile-requested-at` that the provider
    /// handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}

impl ManagedStatus {
    /// The condition with this type.
    pub fn condition(&self, type_: &str) -> Option<&Condition> {
        self.conditions
            .iter()
            .find(|condition| condition.type_ == type_)
    }
}

/// `spec.forProvider`: the model, with its spec inlined.
///
/// If it cannot be read, it contains the reason, so that one faulty object does not prevent the
/// others from being read.
#[derive(Clone, Debug)]
pub struct ForProvider<M> {
    /// The model without a name, or the reason why it cannot be read.
    pub model: Result<M, String>,
    /// The Secret with the credentials that the kind needs.
    pub secret_ref: Option<LocalReference>,
    /// The Secrets that the members of [`ManagedModel::SECRETS`] name.
    pub secrets: BTreeMap<&'static str, LocalReference>,
}

impl<M> ForProvider<M> {
    /// The names of all Secrets that it refers to.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        let further = self.secrets.values();
        let all = self.secret_ref.iter().chain(further);
        all.map(|reference| reference.name.as_str())
    }
}

impl<'de, M: ManagedModel> Deserialize<'de> for ForProvider<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Map::deserialize(deserializer)?;
        let reference = |member: &str| {
            members
                .get(member)
                .and_then(|reference| serde_json::from_value(reference.clone()).ok())
        };
        let secret_ref = reference("secretRef");
        let further = M::SECRETS.iter();
        let secrets = further
            .filter_map(|(member, _)| Some((*member, reference(member)?)))
            .collect();
        Ok(ForProvider {
            model: model(members).map_err(|error| error.to_string()),
            secret_ref,
            secrets,
        })
    }
}

/// Converts `forProvider` to a model. A member belongs either to the model or to its inlined spec,
/// and each ignores the other's members, so both are read from the same members.
fn model<M: ManagedModel>(mut members: Map<String, Value>) -> serde_json::Result<M> {
    for required in M::SHAPE.required.iter().chain(&["namespace", "name"]) {
        members.entry(*required).or_insert(Value::Null);
    }
    let inlined = Value::Object(members.clone());
    members.insert("spec".to_owned(), inlined);
    serde_json::from_value(Value::Object(members))
}

/// The members of a model in the form of `forProvider`, with its spec inlined.
///
/// # Errors
/// Returns an error if the model cannot be converted to JSON.
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
