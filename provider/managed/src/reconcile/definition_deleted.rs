//! Tells the deletion of a managed resource from that of its definition.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, Resource};

use super::Reconciler;
use crate::external::Connector;
use crate::failure::Failure;

impl<C: Connector> Reconciler<'_, C> {
    /// Returns true if the managed resource is being deleted because its definition is: the
    /// deletion of the definition began no later.
    ///
    /// Definitions belong to the package, so the API server deletes every managed resource when
    /// someone deletes the Provider, while its process still runs. A managed resource whose
    /// deletion began earlier was deleted by itself. The definition is read each time, because a
    /// watch may be stale just then.
    ///
    /// # Errors
    /// If the definition cannot be read: a database must not be deleted on a guess. The right to
    /// read it goes with the package as well.
    pub(super) async fn is_definition_deleted(&self) -> Result<bool, Failure> {
        let definitions: Api<CustomResourceDefinition> = Api::all(self.control());
        let plural = C::Managed::plural(&());
        let name = format!("{plural}.{}", C::Managed::group(&()));
        let definition = match definitions.get_metadata_opt(&name).await {
            Ok(definition) => definition,
            Err(kube::Error::Api(status)) if status.code == 403 => {
                return Err(Failure::DefinitionForbidden(name));
            }
            Err(error) => return Err(Failure::control("reading the definition")(error)),
        };
        let began = definition.and_then(|definition| definition.metadata.deletion_timestamp);
        let definition_deleted = match (began, &self.managed.meta().deletion_timestamp) {
            (Some(definition), Some(own)) => definition <= *own,
            _ => false,
        };
        if definition_deleted {
            let (namespace, name) = self.key;
            tracing::info!(
                kind = %C::Managed::kind(&()),
                namespace,
                name,
                "goes with its definition: what it stands for is left"
            );
        }
        Ok(definition_deleted)
    }
}
