//! The spec of a config of either kind, and the source of its kubeconfig.

use std::sync::Arc;

use crossplane_managed::provider_config::ProviderConfigKind;
use everest_cluster::{Catalog, Trust};
use everest_schemas::managed::{
    CatalogReference, ClusterProviderConfig, Credentials, CredentialsSource, Grant, ProviderConfig,
    ProviderConfigStatus,
};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Resource, ResourceExt};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

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
    pub(super) context: Option<String>,
    pub(super) catalog: Catalog,
    /// What managed resources may use.
    pub(super) grants: Arc<Grants>,
    /// True if the config is being deleted: it still serves managed resources that have to be
    /// deleted.
    pub(super) deleting: bool,
}

/// The place of a kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// No kubeconfig: the provider's own cluster and identity.
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
            place: place(&config.key(), config.credentials())?,
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
    pub(super) fn fingerprint(&self, kubeconfig: Option<&SecretString>) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        };
        add(kubeconfig.map_or("", ExposeSecret::expose_secret));
        add(self.context.as_deref().unwrap_or_default());
        add(&self.catalog.name);
        add(&self.catalog.namespace);
        add(if self.place == Place::Own { "own" } else { "" });
        hash.finalize().into()
    }
}

/// The place of the credentials. Repeats the rules of the definitions, for objects that are older
/// than those rules.
fn place(key: &TargetKey, credentials: &Credentials) -> Result<Place, TargetError> {
    let not_permitted = |cause: &str| TargetError::NotPermitted {
        key: key.clone(),
        cause: cause.to_owned(),
    };
    let missing = |reference: &str| TargetError::SecretMalformed {
        key: key.clone(),
        place: "spec.credentials".to_owned(),
        cause: format!("{reference} is not set, but source requires it"),
    };
    if let Some(own) = &key.namespace {
        let reference = match (credentials.source, &credentials.secret_ref) {
            (CredentialsSource::Secret, Some(reference)) => reference,
            (CredentialsSource::Secret, None) => return Err(missing("secretRef")),
            _ => {
                return Err(not_permitted(
                    "a ProviderConfig can read its kubeconfig only from a Secret in its own \
                     namespace (spec.credentials.source: Secret); only a ClusterProviderConfig can \
                     use the provider's own identity, environment and files",
                ));
            }
        };
        let namespace = reference.namespace.as_ref().unwrap_or(own);
        if namespace != own {
            return Err(not_permitted(&format!(
                "spec.credentials.secretRef names a Secret of namespace {namespace}; a \
                 ProviderConfig may read those of its own namespace {own} only. Put the Secret \
                 there, or use a ClusterProviderConfig"
            )));
        }
        return Ok(Place::Secret {
            namespace: namespace.clone(),
            name: reference.name.clone(),
            key: reference.key.clone(),
        });
    }
    match credentials.source {
        CredentialsSource::InjectedIdentity => Ok(Place::Own),
        CredentialsSource::Environment => credentials
            .env
            .as_ref()
            .map(|env| Place::Variable(env.name.clone()))
            .ok_or_else(|| missing("env")),
        CredentialsSource::Filesystem => credentials
            .fs
            .as_ref()
            .map(|file| Place::File(file.path.clone()))
            .ok_or_else(|| missing("fs")),
        CredentialsSource::Secret => {
            let reference = credentials
                .secret_ref
                .as_ref()
                .ok_or_else(|| missing("secretRef"))?;
            let namespace = reference
                .namespace
                .clone()
                .ok_or_else(|| missing("secretRef.namespace"))?;
            Ok(Place::Secret {
                namespace,
                name: reference.name.clone(),
                key: reference.key.clone(),
            })
        }
    }
}

/// The text of a kubeconfig, and the version of the Secret that it was in.
pub(super) struct Found {
    pub(super) kubeconfig: SecretString,
    pub(super) version: Option<String>,
}

/// Reads the kubeconfig at `place`; `None` for the provider's own identity.
pub(super) async fn read(
    control: &kube::Client,
    key: &TargetKey,
    place: &Place,
) -> Result<Option<Found>, TargetError> {
    let absent = |cause: String| TargetError::PlaceMissing {
        key: key.clone(),
        place: place.to_string(),
        cause,
    };
    match place {
        Place::Own => Ok(None),
        Place::Variable(name) => {
            let text = std::env::var(name).map_err(|error| absent(error.to_string()))?;
            Ok(Some(Found {
                kubeconfig: text.into(),
                version: None,
            }))
        }
        Place::File(path) => {
            let text = tokio::fs::read_to_string(path)
                .await
                .map_err(|error| absent(error.to_string()))?;
            Ok(Some(Found {
                kubeconfig: text.into(),
                version: None,
            }))
        }
        Place::Secret {
            namespace,
            name,
            key: wanted,
        } => {
            let api: Api<Secret> = Api::namespaced(control.clone(), namespace);
            let secret = api
                .get_opt(name)
                .await
                .map_err(|error| control_plane(key, &format!("Secret {namespace}/{name}"), &error))?
                .ok_or_else(|| TargetError::SecretMissing {
                    key: key.clone(),
                    secret: format!("{namespace}/{name}"),
                })?;
            let version = secret.resource_version();
            let mut data = secret.data.unwrap_or_default();
            let malformed = |cause: String| TargetError::SecretMalformed {
                key: key.clone(),
                place: place.to_string(),
                cause,
            };
            let bytes = data.remove(wanted).ok_or_else(|| {
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
                kubeconfig: text.into(),
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
