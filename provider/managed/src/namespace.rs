//! Detection of a namespace of the control plane that is being deleted.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::PostParams;

use crate::provider::Provider;
use crate::provider_config::ProviderConfigUsage;

/// Returns true if a namespace is being deleted.
///
/// The check is a dry run of the creation of a ProviderConfigUsage, because a namespace that is
/// being deleted accepts no new objects. A package may not read namespaces, but it may create its
/// own kinds.
///
/// # Errors
/// When the API server refuses the dry run for another reason, or does not answer.
pub async fn is_terminating(
    provider: &Provider,
    control: &kube::Client,
    namespace: &str,
) -> Result<bool, kube::Error> {
    let usage = ProviderConfigUsage {
        metadata: ObjectMeta {
            generate_name: Some("rehearsal-".to_owned()),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        },
        ..ProviderConfigUsage::of(provider)
    };
    let resource = ProviderConfigUsage::resource(provider);
    let api: Api<ProviderConfigUsage> = Api::namespaced_with(control.clone(), namespace, &resource);
    let params = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    match api.create(&params, &usage).await {
        Ok(_) => Ok(false),
        Err(error) if is_refused(&error) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Returns true if a write was refused because its namespace is being deleted.
pub fn is_refused(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else {
        return false;
    };
    let causes = status.details.iter().flat_map(|details| &details.causes);
    status.code == 403
        && causes
            .into_iter()
            .any(|cause| cause.reason == "NamespaceTerminating")
}
