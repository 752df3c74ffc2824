//! ProviderConfig, ClusterProviderConfig and ProviderConfigUsage: which cluster managed
//! resources go to, and who uses that.

use std::borrow::Cow;
use std::fmt;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{ApiResource, NamespaceResourceScope};
use kube::{CustomResource, CustomResourceExt, Resource, ResourceExt};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{API_VERSION, Condition, GROUP, Grant, VERSION};

/// Connection to the cluster of the managed resources in one namespace.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "everest.m.openeverest.io",
    version = "v1alpha1",
    kind = "ProviderConfig",
    plural = "providerconfigs",
    singular = "providerconfig",
    status = "ProviderConfigStatus",
    namespaced,
    category = "crossplane",
    category = "provider",
    category = "everest",
    doc = "Which cluster the managed resources of its namespace go to, and how it is reached.",
    printcolumn = r#"{"name":"READY","type":"string","jsonPath":".status.conditions[?(@.type=='Ready')].status"}"#,
    printcolumn = r#"{"name":"USERS","type":"integer","jsonPath":".status.users"}"#,
    printcolumn = r#"{"name":"SOURCE","type":"string","jsonPath":".spec.credentials.source","priority":1}"#,
    printcolumn = r#"{"name":"AGE","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = only_secrets)]
#[schemars(transform = no_identities_of_the_pod)]
#[schemars(transform = identities_are_for_kubeconfigs)]
#[schemars(transform = contexts_are_of_kubeconfigs)]
#[schemars(transform = grants_are_for_the_own_namespace)]
pub struct ProviderConfigSpec {
    /// The kubeconfig of the cluster. The users of a namespace control its ProviderConfigs, so a
    /// ProviderConfig can use only a Secret in that namespace. The provider's own identity,
    /// environment and files are available only to a ClusterProviderConfig.
    pub credentials: Credentials,

    /// The identity of a cloud that the provider mints tokens from. They take the place of the
    /// user in the kubeconfig. A ProviderConfig has only identities whose credentials are in a
    /// Secret of its namespace, not those of the provider's pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,

    /// Context of the kubeconfig. Default: its current context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 1))]
    pub context: Option<String>,

    /// The OLM catalog of that cluster that engine operators come from. Default: that of
    /// Everest's chart, `everest-catalog` in `everest-olm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<CatalogReference>,

    /// What managed resources may use: each grant lets them use namespaces of the cluster. The
    /// namespace that is called like the config's own namespace needs none. Without grants it is
    /// the only one, and neither DatabaseNamespaces nor kinds of cluster-scoped objects work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("maxItems" = 100))]
    pub grants: Vec<Grant>,
}

/// Connection to the cluster of managed resources in any namespace.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "everest.m.openeverest.io",
    version = "v1alpha1",
    kind = "ClusterProviderConfig",
    plural = "clusterproviderconfigs",
    singular = "clusterproviderconfig",
    status = "ProviderConfigStatus",
    category = "crossplane",
    category = "provider",
    category = "everest",
    doc = "Which cluster managed resources go to, and how it is reached. Those that name no config use the one called `default`.",
    printcolumn = r#"{"name":"READY","type":"string","jsonPath":".status.conditions[?(@.type=='Ready')].status"}"#,
    printcolumn = r#"{"name":"USERS","type":"integer","jsonPath":".status.users"}"#,
    printcolumn = r#"{"name":"SOURCE","type":"string","jsonPath":".spec.credentials.source","priority":1}"#,
    printcolumn = r#"{"name":"AGE","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = secrets_have_a_namespace)]
#[schemars(transform = identities_are_for_kubeconfigs)]
#[schemars(transform = contexts_are_of_kubeconfigs)]
#[schemars(transform = grants_name_their_namespaces)]
pub struct ClusterProviderConfigSpec {
    /// The kubeconfig of the cluster, or the provider's own identity.
    pub credentials: Credentials,

    /// The identity of a cloud that the provider mints tokens from. They take the place of the
    /// user in the kubeconfig.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,

    /// Context of the kubeconfig. Default: its current context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 1))]
    pub context: Option<String>,

    /// The OLM catalog of that cluster that engine operators come from. Default: that of
    /// Everest's chart, `everest-catalog` in `everest-olm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<CatalogReference>,

    /// What managed resources may use: each grant lets those of some namespaces use namespaces of
    /// the cluster. A namespace of the cluster that is called like their own needs none: without
    /// grants, managed resources of the namespace `shop` use the namespace `shop` of the cluster
    /// only, and neither DatabaseNamespaces nor kinds of cluster-scoped objects work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("maxItems" = 100))]
    pub grants: Vec<Grant>,
}

/// Source of the kubeconfig.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = one_reference)]
pub struct Credentials {
    /// `Secret`: a key of a Secret. `InjectedIdentity`: no kubeconfig but the provider's own
    /// cluster and service account. `Environment`: a variable of the provider's process that
    /// holds the kubeconfig. `Filesystem`: a file in the provider's container.
    pub source: CredentialsSource,

    /// The key of a Secret, for the source `Secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeyReference>,

    /// The variable, for the source `Environment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<EnvironmentReference>,

    /// The file, for the source `Filesystem`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fs: Option<FileReference>,
}

/// An identity of a cloud, from which the provider mints the tokens for the API server. It has the
/// members and values of provider-kubernetes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = one_reference)]
#[schemars(transform = sources_of_types)]
pub struct Identity {
    /// `AWSWebIdentityCredentials`: a role of IAM, for EKS. The cluster in the kubeconfig must have
    /// the name or ARN of the EKS cluster. `GoogleApplicationCredentials`: a Google service account,
    /// for GKE. `AzureServicePrincipalCredentials`: a service principal of Entra ID, for AKS.
    /// `AzureWorkloadIdentityCredentials`: a managed identity or application that trusts the
    /// provider's ServiceAccount, for AKS.
    #[serde(rename = "type")]
    pub type_: IdentityType,

    /// Where the credentials of the identity are. `Secret`: in a key of a Secret.
    /// `InjectedIdentity`: in the provider's pod, put there by the cloud. `Environment`,
    /// `Filesystem`: in a variable or file of the provider's container.
    pub source: CredentialsSource,

    /// The key of a Secret, for the source `Secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeyReference>,

    /// The variable, for the source `Environment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<EnvironmentReference>,

    /// The file, for the source `Filesystem`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fs: Option<FileReference>,
}

/// The cloud of an identity, and how it proves itself there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum IdentityType {
    /// The identity of the provider's pod in AWS.
    AWSWebIdentityCredentials,
    /// A service account or user of Google's.
    GoogleApplicationCredentials,
    /// An application of Entra ID with a secret.
    AzureServicePrincipalCredentials,
    /// An application or managed identity of Entra ID that trusts the provider's ServiceAccount.
    AzureWorkloadIdentityCredentials,
}

impl fmt::Display for IdentityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IdentityType::AWSWebIdentityCredentials => "AWSWebIdentityCredentials",
            IdentityType::GoogleApplicationCredentials => "GoogleApplicationCredentials",
            IdentityType::AzureServicePrincipalCredentials => "AzureServicePrincipalCredentials",
            IdentityType::AzureWorkloadIdentityCredentials => "AzureWorkloadIdentityCredentials",
        })
    }
}

impl IdentityType {
    /// Whether the identity is one of the provider's pod, wherever the rest of it is configured.
    pub fn is_of_the_pod(self) -> bool {
        matches!(
            self,
            IdentityType::AWSWebIdentityCredentials
                | IdentityType::AzureWorkloadIdentityCredentials
        )
    }
}

/// What kind of place a kubeconfig, or the credentials of an identity, are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum CredentialsSource {
    /// A key of a Secret.
    Secret,
    /// None: what the provider's pod has, its own cluster and service account.
    InjectedIdentity,
    /// An environment variable of the provider's.
    Environment,
    /// A file of the provider's.
    Filesystem,
}

/// A key of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyReference {
    /// Namespace of the Secret. In a ProviderConfig it must be the config's own namespace and can
    /// be omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 1))]
    pub namespace: Option<String>,
    /// Name of the Secret.
    #[schemars(extend("minLength" = 1))]
    pub name: String,
    /// Key of the Secret.
    #[schemars(extend("minLength" = 1))]
    pub key: String,
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentReference {
    /// Name of the variable.
    #[schemars(extend("minLength" = 1))]
    pub name: String,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileReference {
    /// Path of the file in the provider's container.
    #[schemars(extend("minLength" = 1))]
    pub path: String,
}

/// An OLM CatalogSource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CatalogReference {
    /// Name of the CatalogSource.
    #[schemars(extend("minLength" = 1))]
    pub name: String,
    /// Its namespace.
    #[schemars(extend("minLength" = 1))]
    pub namespace: String,
}

/// Status of a config.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderConfigStatus {
    /// `Ready`: the cluster responds, accepts the credentials and runs Everest. `Terminating`: the
    /// reason why the deletion of the config waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend(
        "x-kubernetes-list-type" = "map",
        "x-kubernetes-list-map-keys" = ["type"]
    ))]
    pub conditions: Vec<Condition>,
    /// Number of managed resources that use the config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "int64"))]
    pub users: Option<i64>,
}

/// Which kind of config a reference means.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[schemars(inline)]
pub enum ProviderConfigKind {
    /// One of the referrer's own namespace.
    ProviderConfig,
    /// One of the cluster.
    #[default]
    ClusterProviderConfig,
}

impl fmt::Display for ProviderConfigKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProviderConfigKind::ProviderConfig => "ProviderConfig",
            ProviderConfigKind::ClusterProviderConfig => "ClusterProviderConfig",
        })
    }
}

/// The config that a managed resource uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderConfigReference {
    /// `ClusterProviderConfig`, or `ProviderConfig` for one in the same namespace.
    pub kind: ProviderConfigKind,
    /// Name of the config.
    #[schemars(extend("minLength" = 1))]
    pub name: String,
}

impl Default for ProviderConfigReference {
    /// The config used if the reference is omitted: the ClusterProviderConfig `default`.
    fn default() -> Self {
        ProviderConfigReference {
            kind: ProviderConfigKind::default(),
            name: "default".to_owned(),
        }
    }
}

/// The object that a usage stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceReference {
    /// Group and version.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
}

/// Records that a managed resource uses a config. The provider keeps one for each managed resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderConfigUsage {
    /// The object's metadata.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The config.
    pub provider_config_ref: ProviderConfigReference,
    /// The managed resource that uses the config, in the same namespace.
    pub resource_ref: ResourceReference,
}

impl Default for ResourceReference {
    fn default() -> Self {
        ResourceReference {
            api_version: API_VERSION.to_owned(),
            kind: String::new(),
            name: String::new(),
        }
    }
}

impl ProviderConfigUsage {
    /// Label with the name of the config.
    pub const CONFIG_LABEL: &'static str = "crossplane.io/provider-config";
    /// Label with the kind of the config.
    pub const KIND_LABEL: &'static str = "crossplane.io/provider-config-kind";

    const PLURAL: &'static str = "providerconfigusages";

    /// The object as it is sent: with its version and kind.
    ///
    /// # Errors
    /// When the metadata cannot be put into JSON.
    pub fn to_manifest(&self) -> serde_json::Result<Value> {
        let mut object = serde_json::to_value(self)?;
        object["apiVersion"] = API_VERSION.into();
        object["kind"] = "ProviderConfigUsage".into();
        Ok(object)
    }

    /// The config that is used: of the usage's namespace if it is a ProviderConfig.
    pub fn config(&self) -> (Option<String>, &ProviderConfigReference) {
        let namespace = match self.provider_config_ref.kind {
            ProviderConfigKind::ProviderConfig => self.namespace(),
            ProviderConfigKind::ClusterProviderConfig => None,
        };
        (namespace, &self.provider_config_ref)
    }
}

impl Resource for ProviderConfigUsage {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind(_: &()) -> Cow<'_, str> {
        "ProviderConfigUsage".into()
    }

    fn group(_: &()) -> Cow<'_, str> {
        GROUP.into()
    }

    fn version(_: &()) -> Cow<'_, str> {
        VERSION.into()
    }

    fn plural(_: &()) -> Cow<'_, str> {
        Self::PLURAL.into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl CustomResourceExt for ProviderConfigUsage {
    /// Its members stand beside `metadata`, not in a `spec`, so it is not derived.
    fn crd() -> CustomResourceDefinition {
        let column =
            |name: &str, path: &str| json!({ "name": name, "type": "string", "jsonPath": path });
        let columns = json!([
            column("CONFIG-KIND", ".providerConfigRef.kind"),
            column("CONFIG-NAME", ".providerConfigRef.name"),
            column("RESOURCE-KIND", ".resourceRef.kind"),
            column("RESOURCE-NAME", ".resourceRef.name"),
            { "name": "AGE", "type": "date", "jsonPath": ".metadata.creationTimestamp" },
        ]);
        CustomResourceDefinition {
            metadata: ObjectMeta {
                name: Some(Self::crd_name().to_owned()),
                ..ObjectMeta::default()
            },
            spec: CustomResourceDefinitionSpec {
                group: GROUP.to_owned(),
                names: CustomResourceDefinitionNames {
                    kind: "ProviderConfigUsage".to_owned(),
                    plural: Self::PLURAL.to_owned(),
                    singular: Some("providerconfigusage".to_owned()),
                    categories: Some(
                        ["crossplane", "provider", "everest"]
                            .map(str::to_owned)
                            .to_vec(),
                    ),
                    ..CustomResourceDefinitionNames::default()
                },
                scope: "Namespaced".to_owned(),
                versions: vec![CustomResourceDefinitionVersion {
                    name: VERSION.to_owned(),
                    served: true,
                    storage: true,
                    additional_printer_columns: serde_json::from_value(columns).ok(),
                    ..CustomResourceDefinitionVersion::default()
                }],
                ..CustomResourceDefinitionSpec::default()
            },
            status: None,
        }
    }

    fn crd_name() -> &'static str {
        "providerconfigusages.everest.m.openeverest.io"
    }

    fn api_resource() -> ApiResource {
        ApiResource::erase::<Self>(&())
    }

    fn shortnames() -> &'static [&'static str] {
        &[]
    }
}

/// Adds a rule in the Common Expression Language, which the API server evaluates.
/// Adds a rule that the API server checks.
pub(super) fn rule(schema: &mut Schema, rule: &str, message: &str) {
    let rules = schema
        .ensure_object()
        .entry("x-kubernetes-validations")
        .or_insert_with(|| json!([]));
    if let Value::Array(rules) = rules {
        rules.push(json!({ "rule": rule, "message": message }));
    }
}

/// Each source has the reference that belongs to it, and no other.
fn one_reference(schema: &mut Schema) {
    let references = [
        ("Secret", "secretRef"),
        ("Environment", "env"),
        ("Filesystem", "fs"),
    ];
    for (source, reference) in references {
        rule(
            schema,
            &format!("self.source == '{source}' ? has(self.{reference}) : !has(self.{reference})"),
            &format!("{reference} must be set if source is {source}, and only then"),
        );
    }
}

fn only_secrets(schema: &mut Schema) {
    rule(
        schema,
        "self.credentials.source == 'Secret'",
        "a ProviderConfig takes its kubeconfig from a Secret of its own namespace \
         (credentials.source: Secret); the provider's own identity, environment and files are \
         for a ClusterProviderConfig",
    );
}

fn no_identities_of_the_pod(schema: &mut Schema) {
    rule(
        schema,
        "!has(self.identity) || (self.identity.source == 'Secret' && self.identity.type in \
         ['GoogleApplicationCredentials', 'AzureServicePrincipalCredentials'])",
        "a ProviderConfig takes the credentials of an identity from a Secret of its own namespace \
         (identity.source: Secret, type GoogleApplicationCredentials or \
         AzureServicePrincipalCredentials); the identities of the provider's pod are for a \
         ClusterProviderConfig",
    );
}

fn identities_are_for_kubeconfigs(schema: &mut Schema) {
    rule(
        schema,
        "!(has(self.identity) && self.credentials.source == 'InjectedIdentity')",
        "identity takes the place of the user in a kubeconfig; credentials.source InjectedIdentity \
         has none",
    );
}

/// Which sources the types have.
fn sources_of_types(schema: &mut Schema) {
    rule(
        schema,
        "self.type != 'AWSWebIdentityCredentials' || self.source == 'InjectedIdentity'",
        "AWSWebIdentityCredentials are those of the provider's pod: source must be \
         InjectedIdentity",
    );
    rule(
        schema,
        "self.type != 'AzureServicePrincipalCredentials' || self.source != 'InjectedIdentity'",
        "the provider's pod has no service principal: source must be Secret, Environment or \
         Filesystem. A managed identity of the pod has the type AzureWorkloadIdentityCredentials",
    );
}

fn secrets_have_a_namespace(schema: &mut Schema) {
    rule(
        schema,
        "!has(self.identity) || !has(self.identity.secretRef) || \
         has(self.identity.secretRef.__namespace__)",
        "identity.secretRef.namespace must be set: a ClusterProviderConfig is in no namespace",
    );
    rule(
        schema,
        "!has(self.credentials.secretRef) || has(self.credentials.secretRef.__namespace__)",
        "credentials.secretRef.namespace must be set: a ClusterProviderConfig is in no namespace",
    );
}

fn contexts_are_of_kubeconfigs(schema: &mut Schema) {
    rule(
        schema,
        "!(has(self.context) && self.credentials.source == 'InjectedIdentity')",
        "context names a context of a kubeconfig; InjectedIdentity has none",
    );
}

fn grants_are_for_the_own_namespace(schema: &mut Schema) {
    rule(
        schema,
        "!has(self.grants) || self.grants.all(grant, !has(grant.from))",
        "grants[].from must not be set: a ProviderConfig is for the managed resources of its own \
         namespace",
    );
}

fn grants_name_their_namespaces(schema: &mut Schema) {
    rule(
        schema,
        "!has(self.grants) || self.grants.all(grant, has(grant.from))",
        "grants[].from must be set: it says which namespaces a grant is for ({namespaces: ['*']} \
         for all)",
    );
}
