//! What resources with a Secret of their own have in common.

use everest_cluster::{Change, Cluster, Creation, Typed, Unacknowledged, Wait, with_secret};
use everest_core::computed;
use everest_core::lifecycle::ReadsSecret;
use everest_core::v1::ObjectMapping;
use everest_core::v1::credentials::{Credentials, SecretMapping, SecretState, secret_name};
use serde::Serialize;
use tfplugin::{Diagnostic, Diagnostics, Plan, Private};

use crate::managed::{Kind, named};

/// Private key: the configuration gives write-only credentials, which no state tells.
const WRITE_ONLY: &str = "write-only-credentials";

/// Completes a plan, and notes what no state tells.
pub fn plan<M: SecretMapping>(plan: &mut Plan<'_, M>) {
    if plan.is_create() {
        computed::with_secret::known_at_creation(&mut plan.planned);
    }
    if plan.config.write_only()[0].is_null() {
        plan.private.remove(WRITE_ONLY);
    } else {
        // A flag is always JSON and the key is not reserved.
        let _ = plan.private.set(WRITE_ONLY, true);
    }
}

/// Whether an apply of a plan writes the Secret, as far as the plan can tell.
pub fn is_written<M: SecretMapping>(plan: &Plan<'_, M>) -> bool {
    let mut given = plan.config.plain();
    given.extend(plan.config.write_only());
    let Some(prior) = &plan.prior else {
        return given.iter().any(|value| !value.is_null());
    };
    given.iter().any(|value| value.is_unknown())
        || plan.planned.secret().is_unknown()
        || Credentials::changed(prior, &plan.planned, &plan.config).is_some()
}

/// Looks at the Secret, if the configuration gives the credentials in it: one that has lost them
/// is written again by the next apply.
pub async fn look_beside<K>(
    cluster: &Cluster,
    prior: &K::Model,
    private: &mut Private,
    diags: &mut Diagnostics,
) where
    K: Kind<Model: SecretMapping>,
    <K::Model as ObjectMapping>::Object: Typed + ReadsSecret,
{
    let plain = prior.plain()[0].is_known();
    let write_only = private.get(WRITE_ONLY) == Some(true) || prior.write_only_version().is_known();
    private.clear_pending();
    if !plain && !write_only {
        return;
    }
    let happened = match with_secret::secret_state(cluster, prior).await {
        Ok(SecretState::Gone) => "is gone",
        Ok(SecretState::Untried) => "holds credentials that Everest has not accepted",
        Ok(SecretState::Changed) if plain => "was changed by someone else",
        Ok(SecretState::Changed | SecretState::AsWritten) => return,
        Err(error) => {
            tracing::debug!(%error, "could not read the Secret of an object");
            cluster.note_unread(&error);
            return;
        }
    };
    let what = named::<K>(prior);
    let summary = format!("The Secret with the credentials of {what} {happened}");
    private.set_pending(&summary);
    let (namespace, _) = prior.key();
    let detail = format!(
        "Everest reads the credentials of the {} from the Secret {namespace}/{}. The next apply \
         writes the credentials of the configuration into it again; the plan shows this as a \
         secret_name that is known after apply.",
        <<K::Model as ObjectMapping>::Object as ReadsSecret>::NOUN,
        secret_name(prior)
    );
    diags.push(Diagnostic::warning(summary, detail));
}

/// Makes the object with the credentials of the configuration.
pub async fn create<M, O>(
    cluster: &Cluster,
    planned: &M,
    config: &M,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<M>
where
    M: SecretMapping<Object = O>,
    O: Typed + ReadsSecret,
{
    let given = Credentials::given(planned, config);
    with_secret::create(cluster, planned, given.as_ref(), made, wait).await
}

/// Changes the object, and writes the credentials where they changed or their Secret has lost them.
pub async fn update<M, O>(
    cluster: &Cluster,
    prior: &M,
    planned: &M,
    config: &M,
    wait: &Wait,
) -> Change<M>
where
    M: SecretMapping<Object = O>,
    O: Typed + ReadsSecret + Serialize,
{
    let mut credentials = Credentials::changed(prior, planned, config);
    if credentials.is_none() && Credentials::given(planned, config).is_some() {
        credentials = match with_secret::secret_state(cluster, prior).await {
            Ok(secret) => Credentials::due(prior, planned, config, secret),
            Err(error) if error.is_forbidden() => None,
            Err(error) => return Change::Refused(error),
        };
    }
    with_secret::update(cluster, prior, planned, credentials.as_ref(), wait).await
}
