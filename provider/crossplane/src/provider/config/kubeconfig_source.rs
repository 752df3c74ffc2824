//! The spec of a config of either kind, and the sources of its kubeconfig and its identity.

use std::sync::Arc;

use crossplane_managed::provider_config::ProviderConfigKind;
use everest_cluster::identity::Given;
use everest_cluster::{Catalog, Trust};
use everest_schemas::managed::{
    CatalogReference, ClusterProviderConfig, Credentials, CredentialsSource, EnvironmentReference,
    FileReference, Grant, Identity, IdentityType, ProviderConfig, ProviderConfigStatus,
    SecretKeyReference,
};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Resource, ResourceExt};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::error::Wanted;
use super::grants::Grants;
use super::{TargetError, TargetKey};

/// One of the two kinds of config.
pub trait Config:
    Resource<DynamicType = ()>
    + Clone
    + std::fmt::Debug
    + serde::de::DeserializeOwned
    + serde::Serialize
    + Send
    + Sync
    + 'static
{
    /// Which of them.
    const KIND: ProviderConfigKind;

    /// The source of the kubeconfig.
    fn credentials(&self) -> &Credentials;

    /// The identity that tokens are minted from.
    fn identity(&self) -> Option<&Identity>;

    /// Context of the kubeconfig.
    fn context(&self) -> Option<&str>;

    /// The catalog of engine operators.
    fn catalog(&self) -> Option<&CatalogReference>;

    /// The grants to managed resources.
    fn grants(&self) -> &[Grant];

    /// The last status.
    fn status(&self) -> Option<&ProviderConfigStatus>;

    /// The key of its target.
    fn key(&self) -> TargetKey {
        TargetKey {
            kind: Self::KIND,
            namespace: self.namespace(),
            name: self.name_any(),
        }
    }
}

impl Config for ProviderConfig {
    const KIND: ProviderConfigKind = ProviderConfigKind::ProviderConfig;

    fn credentials(&self) -> &Credentials {
        &self.spec.credentials
    }

    fn identity(&self) -> Option<&Identity> {
        self.spec.identity.as_ref()
    }

    fn context(&self) -> Option<&str> {
        self.spec.context.as_deref()
    }

    fn catalog(&self) -> Option<&CatalogReference> {
        self.spec.catalog.as_ref()
    }

    fn grants(&self) -> &[Grant] {
        &self.spec.grants
    }

    fn status(&self) -> Option<&ProviderConfigStatus> {
        self.status.as_ref()
    }
}

impl Config for ClusterProviderConfig {
    const KIND: ProviderConfigKind = ProviderConfigKind::ClusterProviderConfig;

    fn credentials(&self) -> &Credentials {
        &self.spec.credentials
    }

    fn identity(&self) -> Option<&Identity> {
        self.spec.identity.as_ref()
    }

    fn context(&self) -> Option<&str> {
        self.spec.context.as_deref()
    }

    fn catalog(&self) -> Option<&CatalogReference> {
        self.spec.catalog.as_ref()
    }

    fn grants(&self) -> &[Grant] {
        &self.spec.grants
    }

    fn status(&self) -> Option<&ProviderConfigStatus> {
        self.status.as_ref()
    }
}

/// The data of a config from which a target is made.
#[derive(Clone, Debug)]
pub(super) struct KubeconfigSource {
    pub(super) place: Place,
    pub(super) identity: Option<IdentitySource>,
    pub(super) context: Option<String>,
    pub(super) catalog: Catalog,
    /// What managed resources may use.
    pub(super) grants: Arc<Grants>,
    /// True if the config is being deleted: it still serves managed resources that have to be
    /// deleted.
    pub(super) deleting: bool,
}

/// An identity, and the place of its credentials.
#[derive(Clone, Debug)]
pub(super) struct IdentitySource {
    pub(super) type_: IdentityType,
    pub(super) place: Place,
}

impl IdentitySource {
    /// The credentials, with the trust that their place deserves: see [`KubeconfigSource::trust`].
    pub(super) fn given(&self, found: Option<&Found>) -> Given {
        match (&self.place, found) {
            (Place::Own, _) | (_, None) => Given::OfThePod,
            (Place::Variable(_) | Place::File(_), Some(found)) => Given::Local(found.text.clone()),
            (Place::Secret { .. }, Some(found)) => Given::Received(found.text.clone()),
        }
    }
}

/// The place of a kubeconfig, or of the credentials of an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// None: what the provider's pod has.
    Own,
    Secret {
        namespace: String,
        name: String,
        key: String,
    },
    Variable(String),
    File(String),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Own => f.write_str("the provider's own service account"),
            Place::Secret {
                namespace,
                name,
                key,
            } => write!(f, "key {key:?} of Secret {namespace}/{name}"),
            Place::Variable(name) => write!(f, "the environment variable {name}"),
            Place::File(path) => write!(f, "the file {path}"),
        }
    }
}

impl KubeconfigSource {
    /// Reads a config, and refuses one that is not permitted.
    pub(super) fn of<C: Config>(config: &C) -> Result<Self, TargetError> {
        let catalog = config
            .catalog()
            .map_or_else(Catalog::default, |catalog| Catalog {
                name: catalog.name.clone(),
                namespace: catalog.namespace.clone(),
            });
        let grants = Grants::new(config.grants(), config.namespace().as_deref());
        let grants = grants.map_err(|cause| TargetError::NotPermitted {
            key: config.key(),
            cause,
        })?;
        Ok(KubeconfigSource {
            place: place(&config.key(), &Reference::from(config.credentials()))?,
            identity: config
                .identity()
                .map(|identity| identity_source(&config.key(), identity, config.credentials()))
                .transpose()?,
            context: config.context().map(str::to_owned),
            catalog,
            grants: Arc::new(grants),
            deleting: config.meta().deletion_timestamp.is_some(),
        })
    }

    /// The trust in a kubeconfig from here. Only the provider's administrator can put a variable or
    /// a file into its container. A Secret may be written by users with rights in its namespace
    /// alone, and a command would run with the provider's own rights: a kubeconfig in a Secret may
    /// name neither files nor commands. `commands` is true if the administrator has allowed them
    /// for this config.
    pub(super) fn trust(&self, commands: bool) -> Trust {
        let files = matches!(self.place, Place::Variable(_) | Place::File(_));
        Trust {
            commands: commands && files,
            files,
        }
    }

    /// A fingerprint of the connection data, to detect changes without keeping the credentials.
    pub(super) fn fingerprint(&self, found: &Sources) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        };
        add(text(&found.kubeconfig));
        add(&match &self.identity {
            Some(identity) => format!("{} {}", identity.type_, identity.place),
            None => String::new(),
        });
        add(text(&found.identity));
        add(self.context.as_deref().unwrap_or_default());
        add(&self.catalog.name);
        add(&self.catalog.namespace);
        add(if self.place == Place::Own { "own" } else { "" });
        hash.finalize().into()
    }
}

fn text(found: &Option<Found>) -> &str {
    found
        .as_ref()
        .map_or("", |found| found.text.expose_secret())
}

/// What a config says about a place.
struct Reference<'a> {
    wanted: Wanted,
    source: CredentialsSource,
    secret: Option<&'a SecretKeyReference>,
    variable: Option<&'a EnvironmentReference>,
    file: Option<&'a FileReference>,
}

impl<'a> From<&'a Credentials> for Reference<'a> {
    fn from(credentials: &'a Credentials) -> Self {
        Reference {
            wanted: Wanted::Kubeconfig,
            source: credentials.source,
            secret: credentials.secret_ref.as_ref(),
            variable: credentials.env.as_ref(),
            file: credentials.fs.as_ref(),
        }
    }
}

impl<'a> From<&'a Identity> for Reference<'a> {
    fn from(identity: &'a Identity) -> Self {
        Reference {
            wanted: Wanted::Identity,
            source: identity.source,
            secret: identity.secret_ref.as_ref(),
            variable: identity.env.as_ref(),
            file: identity.fs.as_ref(),
        }
    }
}

/// The identity of a config. Repeats the rules of the definitions, as [`place`] does: with an
/// identity of the provider's pod, the users of a namespace would act as the provider.
fn identity_source(
    key: &TargetKey,
    identity: &Identity,
    credentials: &Credentials,
) -> Result<IdentitySource, TargetError> {
    let not_permitted = |cause: String| TargetError::NotPermitted {
        key: key.clone(),
        cause,
    };
    let type_ = identity.type_;
    if key.namespace.is_some() && type_.is_of_the_pod() {
        return Err(not_permitted(format!(
            "{type_} in spec.identity are those of the provider's pod, which only a \
             ClusterProviderConfig can use"
        )));
    }
    let place = place(key, &Reference::from(identity))?;
    if credentials.source == CredentialsSource::InjectedIdentity {
        return Err(not_permitted(
            "spec.identity takes the place of the user in a kubeconfig, and \
             spec.credentials.source: InjectedIdentity has none. Remove one of them"
                .to_owned(),
        ));
    }
    if type_ == IdentityType::AWSWebIdentityCredentials && place != Place::Own {
        return Err(not_permitted(format!(
            "{type_} are those of the provider's pod: set spec.identity.source to InjectedIdentity"
        )));
    }
    Ok(IdentitySource { type_, place })
}

/// The place of what a config needs. Repeats the rules of the definitions, for objects that are
/// older than those rules.
fn place(key: &TargetKey, reference: &Reference<'_>) -> Result<Place, TargetError> {
    let wanted = reference.wanted;
    let field = wanted.field();
    let not_permitted = |cause: String| TargetError::NotPermitted {
        key: key.clone(),
        cause,
    };
    let missing = |member: &str| TargetError::SecretMalformed {
        key: key.clone(),
        place: field.to_owned(),
        cause: format!("{member} is not set, but source requires it"),
    };
    if let Some(own) = &key.namespace {
        let secret = match (reference.source, reference.secret) {
            (CredentialsSource::Secret, Some(secret)) => secret,
            (CredentialsSource::Secret, None) => return Err(missing("secretRef")),
            _ => {
                return Err(not_permitted(format!(
                    "a ProviderConfig can read {wanted} only from a Secret in its own \
                     namespace ({field}.source: Secret); only a ClusterProviderConfig can \
                     use the provider's own identity, environment and files",
                )));
            }
        };
        let namespace = secret.namespace.as_ref().unwrap_or(own);
        if namespace != own {
            return Err(not_permitted(format!(
                "{field}.secretRef names a Secret of namespace {namespace}; a \
                 ProviderConfig may read those of its own namespace {own} only. Put the Secret \
                 there, or use a ClusterProviderConfig"
            )));
        }
        return Ok(Place::Secret {
            namespace: namespace.clone(),
            name: secret.name.clone(),
            key: secret.key.clone(),
        });
    }
    match reference.source {
        CredentialsSource::InjectedIdentity => Ok(Place::Own),
        CredentialsSource::Environment => reference
            .variable
            .map(|env| Place::Variable(env.name.clone()))
            .ok_or_else(|| missing("env")),
        CredentialsSource::Filesystem => reference
            .file
            .map(|file| Place::File(file.path.clone()))
            .ok_or_else(|| missing("fs")),
        CredentialsSource::Secret => {
            let secret = reference.secret.ok_or_else(|| missing("secretRef"))?;
            let namespace = secret
                .namespace
                .clone()
                .ok_or_else(|| missing("secretRef.namespace"))?;
            Ok(Place::Secret {
                namespace,
                name: secret.name.clone(),
                key: secret.key.clone(),
            })
        }
    }
}

/// What a config names: its kubeconfig and the credentials of its identity, where it has them.
pub(super) struct Sources {
    pub(super) kubeconfig: Option<Found>,
    pub(super) identity: Option<Found>,
}

/// The text at a place, and the version of the Secret that it was in.
pub(super) struct Found {
    pub(super) text: SecretString,
    pub(super) version: Option<String>,
}

/// Reads what is at `place`; `None` for the provider's own identity.
pub(super) async fn read(
    control: &kube::Client,
    key: &TargetKey,
    wanted: Wanted,
    place: &Place,
) -> Result<Option<Found>, TargetError> {
    let absent = |cause: String| TargetError::PlaceMissing {
        key: key.clone(),
        wanted,
        place: place.to_string(),
        cause,
    };
    match place {
        Place::Own => Ok(None),
        Place::Variable(name) => {
            let text = std::env::var(name).map_err(|error| absent(error.to_string()))?;
            Ok(Some(Found {
                text: text.into(),
                version: None,
            }))
        }
        Place::File(path) => {
            let text = tokio::fs::read_to_string(path)
                .await
                .map_err(|error| absent(error.to_string()))?;
            Ok(Some(Found {
                text: text.into(),
                version: None,
            }))
        }
        Place::Secret {
            namespace,
            name,
            key: member,
        } => {
            let api: Api<Secret> = Api::namespaced(control.clone(), namespace);
            let secret = api
                .get_opt(name)
                .await
                .map_err(|error| control_plane(key, &format!("Secret {namespace}/{name}"), &error))?
                .ok_or_else(|| TargetError::SecretMissing {
                    key: key.clone(),
                    wanted,
                    secret: format!("{namespace}/{name}"),
                })?;
            let version = secret.resource_version();
            let mut data = secret.data.unwrap_or_default();
            let malformed = |cause: String| TargetError::SecretMalformed {
                key: key.clone(),
                place: place.to_string(),
                cause,
            };
            let bytes = data.remove(member).ok_or_else(|| {
                let keys: Vec<&str> = data.keys().map(String::as_str).collect();
                malformed(format!(
                    "the Secret has no such key; it has {}",
                    if keys.is_empty() {
                        "none".to_owned()
                    } else {
                        keys.join(", ")
                    }
                ))
            })?;
            let text = String::from_utf8(bytes.0)
                .map_err(|_| malformed("it is not text in UTF-8".to_owned()))?;
            Ok(Some(Found {
                text: text.into(),
                version,
            }))
        }
    }
}

/// A failure of the control plane's own API.
pub(super) fn control_plane(key: &TargetKey, what: &str, error: &kube::Error) -> TargetError {
    TargetError::ControlPlane {
        key: key.clone(),
        cause: match error {
            kube::Error::Api(status) => format!("{what}: {}", status.message),
            other => format!("{what}: {other}"),
        },
    }
}
