//! The catalog that engine operators are installed from.

use everest_schemas::olm::CatalogSource;

use super::subscriptions::Subscriber;
use crate::facts::Seen;
use crate::lifecycle::{Action, Observed, Query};
use crate::olm;
use crate::text::Text;

/// Waits until OLM can read the catalog: see [`trouble`].
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn unready(
    observed: &Observed,
    subscriber: &Subscriber,
) -> Result<Option<Action>, Query> {
    Ok(trouble(observed, subscriber)?.map(Action::Await))
}

/// What is waited for until OLM can read the catalog: until then it installs nothing, and says so
/// only of a Subscription. `None` once it can, and if the catalog may not be looked at. A catalog
/// that does not exist is for the rules to report: see `catalog-ready`.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn trouble(observed: &Observed, subscriber: &Subscriber) -> Result<Option<Text>, Query> {
    let (name, namespace) = (&subscriber.catalog, &subscriber.catalog_namespace);
    let Seen::Found(catalog) = observed.beside::<CatalogSource>(namespace, name)? else {
        return Ok(None);
    };
    Ok(olm::catalog_trouble(catalog).map(|trouble| {
        format!(
            "the CatalogSource {namespace}/{name} to be READY, so that OLM can install from it; \
             {trouble}. If that goes on, see the pod of the catalog: kubectl -n {namespace} get \
             pods -l olm.catalogSource={name}"
        )
        .into()
    }))
}
