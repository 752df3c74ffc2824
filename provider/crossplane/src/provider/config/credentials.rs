//! Holds the Secrets of a ProviderConfig in use while its namespace is being deleted.
//!
//! A namespace deletes its objects in no particular order. Managed resources in it still need the
//! kubeconfig, and the credentials of an identity, to delete their external objects, even in a
//! process that starts only then. So each Secret has a finalizer while the config is used, like the
//! config, and all go with the last managed resource. A Secret that is deleted by itself is not
//! held, because its replacement begins with that.
//!
//! Secrets of ClusterProviderConfigs have no finalizer: they are not in a team's namespace.

use std::collections::BTreeMap;

use crossplane_managed::metadata::{finalizer_patch, has_finalizer};
use crossplane_managed::namespace;
use everest_schemas::managed::{CredentialsSource, ProviderConfig};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{ListParams, Patch};
use kube::{Api, ResourceExt};

use super::bound::bound;
use super::kubeconfig_source::Config;
use super::patch_params;
use crate::provider::PROVIDER;
use crate::provider::context::Context;

/// The finalizer of a Secret. The API server requires a domain in it.
pub(super) const HELD: &str = "everest.m.openeverest.io/in-use";

/// The action on the finalizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    Put,
    TakeOff,
    Leave,
}

/// The known facts about a Secret.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// The finalizer is on it.
    held: bool,
    /// It is being deleted.
    deleting: bool,
    /// A config that names it is used.
    used: bool,
    /// The config or the namespace is being deleted as well.
    ending: bool,
}

/// Decides the action: a Secret in use is held, unless it alone is being deleted.
fn hold(secret: Held) -> Hold {
    match secret {
        Held {
            held: false,
            used: true,
            deleting: false,
            ..
        } => Hold::Put,
        Held { held: false, .. } => Hold::Leave,
        Held { used: false, .. } => Hold::TakeOff,
        Held {
            deleting: true,
            ending: false,
            ..
        } => Hold::TakeOff,
        _ => Hold::Leave,
    }
}

/// Adds or removes the finalizer on the Secrets of a config with so many `users`. With `everywhere`,
/// Secrets that the config named before are released as well.
///
/// A provider that may not write the Secret goes on without the finalizer.
///
/// # Errors
/// If a request to the control plane fails; try again.
pub(super) async fn keep<C: Config>(
    context: &Context,
    config: &C,
    users: usize,
    everywhere: bool,
) -> Result<(), kube::Error> {
    let Some(namespace) = config.namespace() else {
        return Ok(());
    };
    let api: Api<Secret> = Api::namespaced(context.control.clone(), &namespace);
    let named = secrets_of(config);
    let mut secrets = BTreeMap::new();
    if everywhere {
        let all = api.list_metadata(&ListParams::default()).await?;
        let held = all
            .items
            .into_iter()
            .filter(|it| has_finalizer(&it.metadata, HELD));
        secrets.extend(held.map(|it| (it.name_any(), it.metadata)));
    }
    for name in &named {
        if !secrets.contains_key(*name)
            && let Some(found) = api.get_metadata_opt(name).await?
        {
            secrets.insert((*name).to_owned(), found.metadata);
        }
    }
    for (name, metadata) in secrets {
        let held = has_finalizer(&metadata, HELD);
        let deleting = metadata.deletion_timestamp.is_some();
        let used = match named.contains(&name.as_str()) && users > 0 {
            true => true,
            false => held && is_used(context, &namespace, &name).await?,
        };
        let ending = config.meta().deletion_timestamp.is_some()
            || (held && used && deleting)
                && namespace::is_terminating(&PROVIDER, &context.control, &namespace).await?;
        let known = Held {
            held,
            deleting,
            used,
            ending,
        };
        match hold(known) {
            Hold::Put => write(&api, &name, &metadata, true).await?,
            Hold::TakeOff => write(&api, &name, &metadata, false).await?,
            Hold::Leave => {}
        }
    }
    Ok(())
}

/// Returns true if a config in use in the namespace names the Secret.
async fn is_used(context: &Context, namespace: &str, secret: &str) -> Result<bool, kube::Error> {
    let api: Api<ProviderConfig> = Api::namespaced(context.control.clone(), namespace);
    for config in api.list(&ListParams::default()).await? {
        if !secrets_of(&config).contains(&secret) {
            continue;
        }
        let key = config.key();
        if context.usages.users(&key) != Some(0) || bound(context, &key).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The Secrets of its own namespace that a config names.
fn secrets_of<C: Config>(config: &C) -> Vec<&str> {
    let credentials = config.credentials();
    let identity = config.identity();
    let places = [
        Some((credentials.source, &credentials.secret_ref)),
        identity.map(|identity| (identity.source, &identity.secret_ref)),
    ];
    let named = places.into_iter().flatten().filter_map(|(source, secret)| {
        let secret = secret.as_ref()?;
        let own = secret.namespace.is_none() || secret.namespace == config.namespace();
        (source == CredentialsSource::Secret && own).then_some(secret.name.as_str())
    });
    named.collect()
}

/// Writes the finalizers of a Secret as it was last seen.
async fn write(
    api: &Api<Secret>,
    name: &str,
    metadata: &ObjectMeta,
    held: bool,
) -> Result<(), kube::Error> {
    let patch = finalizer_patch(metadata, HELD, held);
    match api
        .patch_metadata(name, &patch_params(), &Patch::Merge(patch))
        .await
    {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 403 => {
            tracing::warn!(
                secret = name,
                held,
                error = status.message,
                "the finalizer of a Secret of a config is not written: the provider needs \
                 the right to patch Secrets, which its package grants"
            );
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
