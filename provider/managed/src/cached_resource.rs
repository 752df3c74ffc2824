//! A managed resource as its controller keeps it between reconciles.

use std::borrow::Cow;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::api::ApiResource;
use serde::de::DeserializeOwned;

use crate::compact_object::CompactObject;
use crate::external::Connector;
use crate::metadata;
use crate::policies::Policies;
use crate::provider_config::ConfigKey;

/// A managed resource as JSON text, with what the reconciles of other ones ask of it.
#[derive(Clone, Debug)]
pub struct CachedResource {
    object: CompactObject,
    pub(crate) interest: Interest,
}

/// The interest of a managed resource in its external object: which one it is, and whether the
/// managed resource may write to it.
#[derive(Clone, Debug)]
pub(crate) struct Interest {
    /// The name of the external object.
    pub(crate) name: String,
    /// The config that the managed resource names.
    pub(crate) config: ConfigKey,
    /// See [`Connector::place`].
    pub(crate) place: Option<String>,
    /// Its policies permit writes.
    pub(crate) writes: bool,
}

impl Interest {
    pub(crate) fn of<C: Connector>(managed: &C::Managed) -> Self {
        let spec = C::spec(managed);
        let namespace = managed.meta().namespace.as_deref().unwrap_or_default();
        let policies = Policies::of(&spec.management_policies);
        Interest {
            name: metadata::external_name(managed.meta()).to_owned(),
            config: ConfigKey::new(namespace, &spec.provider_config_ref),
            place: C::place(managed),
            writes: policies.is_ok_and(|policies| policies.write()),
        }
    }
}

impl CachedResource {
    /// A managed resource as a watch shows it.
    ///
    /// # Errors
    /// If it is not of its type.
    pub fn of<C: Connector>(object: CompactObject) -> Result<Self, serde_json::Error> {
        let managed: C::Managed = object.parse()?;
        let interest = Interest::of::<C>(&managed);
        Ok(CachedResource { object, interest })
    }

    /// The managed resource as its type.
    ///
    /// # Errors
    /// If it is not of this type.
    pub fn parse<M: Resource + DeserializeOwned>(&self) -> Result<M, serde_json::Error> {
        self.object.parse()
    }
}

impl Resource for CachedResource {
    type DynamicType = Arc<ApiResource>;
    type Scope = <CompactObject as Resource>::Scope;

    fn kind(kind: &Arc<ApiResource>) -> Cow<'_, str> {
        CompactObject::kind(kind)
    }

    fn group(kind: &Arc<ApiResource>) -> Cow<'_, str> {
        CompactObject::group(kind)
    }

    fn version(kind: &Arc<ApiResource>) -> Cow<'_, str> {
        CompactObject::version(kind)
    }

    fn plural(kind: &Arc<ApiResource>) -> Cow<'_, str> {
        CompactObject::plural(kind)
    }

    fn meta(&self) -> &ObjectMeta {
        self.object.meta()
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.object.meta_mut()
    }
}
