//! The connection Secret beside a managed resource.
//!
//! It follows Crossplane's conventions: it has Crossplane's type, the managed resource controls it,
//! and keys are added but never removed. It is written when the endpoint or the credentials change,
//! or if someone else has changed it; neither check needs a request.

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use secrecy::ExposeSecret;

use crate::external::{Connection, Connector, Details, External};
use crate::failure::Failure;
use crate::reconcile::Reconciler;
use crate::reconcile_state::Published;
use crate::relations::Related;
use crate::resource::ManagedResource;

const DOING: &str = "publishing the connection Secret";

/// The type of connection Secrets.
pub const TYPE: &str = "connection.crossplane.io/v1alpha1";

/// The external object of a connector.
type Object<C> = <<C as Connector>::External as External>::Object;

impl<C: Connector> Reconciler<'_, C> {
    /// Brings the connection Secret up to date. Returns what is waited for, if there is no such
    /// Secret yet and it cannot be written. One that was written keeps its content while something
    /// is missing.
    ///
    /// # Errors
    /// If the Secret belongs to someone else, or a request fails.
    pub(crate) async fn publish(
        &mut self,
        external: &mut C::External,
        object: &Object<C>,
    ) -> Result<Option<String>, Failure> {
        let reference = self.spec.write_connection_secret_to_ref.clone();
        let Some(reference) = reference.filter(|_| C::HAS_CONNECTION) else {
            return Ok(None);
        };
        let (namespace, name) = (self.key.0.clone(), reference.name);
        let watches = &self.controller.watches;
        let related = Related::Own(namespace.clone(), name.clone());
        watches.relations.relate(related, self.key);
        let own = watches.own_secrets.version(&namespace, &name).await;
        let before = self.state.published.clone();
        let before = before.filter(|before| own.as_ref() == Some(&before.own));
        let before = before.map(|before| before.details);
        let mut request = self.request();
        let found = external.connection(&mut request, object, before.as_deref());
        let (version, details) = match found.await? {
            Connection::Unchanged => return Ok(None),
            Connection::Missing(missing) => {
                let written = self.connection_secret(&name).await?.is_some();
                let waits = format!("the connection Secret {name} waits for {missing}");
                return Ok((!written).then_some(waits));
            }
            Connection::There { version, details } => (version, details),
        };
        let own = self.write_connection_secret(&name, &details).await?;
        self.state.published = version.map(|details| Published { details, own });
        Ok(None)
    }

    /// The Secret of that name beside the managed resource.
    async fn connection_secret(&self, name: &str) -> Result<Option<Secret>, Failure> {
        let api: Api<Secret> = Api::namespaced(self.control(), &self.key.0);
        api.get_opt(name).await.map_err(Failure::control(DOING))
    }

    /// Writes the Secret, if it differs. Returns its version.
    async fn write_connection_secret(
        &self,
        name: &str,
        details: &Details,
    ) -> Result<String, Failure> {
        let namespace = self.key.0.as_str();
        let existing = self.connection_secret(name).await?;
        let uid = self.managed.meta().uid.as_deref().unwrap_or_default();
        if let Some(existing) = &existing {
            if !is_controlled(existing, uid) {
                return Err(Failure::Secret(format!(
                    "spec.writeConnectionSecretToRef: the Secret {namespace}/{name} exists and is \
                     not controlled by this resource. Name another Secret, or delete it"
                )));
            }
            if holds(existing, details) {
                return Ok(existing.resource_version().unwrap_or_default());
            }
        }
        let body = body(&self.managed, name, details);
        let api: Api<Secret> = Api::namespaced(self.control(), namespace);
        let params = PatchParams::apply(self.controller.context.provider.name).force();
        let written = api
            .patch(name, &params, &Patch::Apply(&body))
            .await
            .map_err(Failure::control(DOING))?;
        Ok(written.resource_version().unwrap_or_default())
    }
}

fn is_controlled(secret: &Secret, uid: &str) -> bool {
    secret
        .owner_references()
        .iter()
        .any(|owner| owner.controller == Some(true) && owner.uid == uid)
}

fn holds(secret: &Secret, details: &Details) -> bool {
    let data = secret.data.as_ref();
    details.iter().all(|(key, value)| {
        data.and_then(|data| data.get(key))
            .is_some_and(|held| held.0 == value.expose_secret().as_bytes())
    })
}

fn body<M: ManagedResource>(managed: &M, name: &str, details: &Details) -> Secret {
    let metadata = managed.meta();
    let data = details
        .iter()
        .map(|(key, value)| (key.clone(), ByteString(value.expose_secret().into())));
    Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: metadata.namespace.clone(),
            owner_references: Some(vec![OwnerReference {
                api_version: M::api_version(&()).into_owned(),
                kind: M::kind(&()).into_owned(),
                name: metadata.name.clone().unwrap_or_default(),
                uid: metadata.uid.clone().unwrap_or_default(),
                controller: Some(true),
                block_owner_deletion: Some(true),
            }]),
            ..ObjectMeta::default()
        },
        type_: Some(TYPE.to_owned()),
        data: Some(data.collect()),
        ..Secret::default()
    }
}
