//! The OperatorGroup of a namespace.

use everest_schemas::olm::OperatorGroup;

use crate::lifecycle::removals::Removals;
use crate::lifecycle::{Action, Agreed, ObjectRef, Observed, Query};
use crate::text::Text;
use crate::v1::namespace::{OPERATOR_GROUP, operator_group};

/// Creates the namespace's OperatorGroup, or refuses; `None` if there is a usable one. OLM installs
/// nothing in a namespace with two groups.
///
/// Everest's own group (`everest-databases`) is usable. With `takes_ownership`, so is a group of
/// another name that targets this namespace alone: it is never changed and never deleted.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn made(
    observed: &Observed,
    namespace: &str,
    takes_ownership: bool,
) -> Result<Option<Action>, Query> {
    let found = observed.listed::<OperatorGroup>(namespace)?;
    let foreign = found
        .iter()
        .find(|group| group.metadata.name.as_deref() != Some(OPERATOR_GROUP));
    let Some(foreign) = foreign else {
        return Ok(found.is_empty().then(|| {
            Action::apply(
                ObjectRef::of::<OperatorGroup>(namespace, OPERATOR_GROUP),
                operator_group(namespace),
                Agreed::Nothing,
            )
        }));
    };
    let targets = foreign.spec.target_namespaces.as_deref();
    let is_only = matches!(targets, Some([only]) if only == namespace) && found.len() == 1;
    if is_only && takes_ownership {
        return Ok(None);
    }
    let name = foreign.metadata.name.as_deref().unwrap_or_default();
    let advice = match is_only {
        true => {
            "It targets only this namespace: set {takeOwnership = true} to use it, or delete it"
        }
        false => "Delete it, or use another namespace",
    };
    Ok(Some(Action::Refuse {
        message: Text::from(format!(
            "the namespace has the OperatorGroup {name}, which Everest did not create, and OLM \
             allows only one per namespace. "
        ))
        .and(advice),
        attribute: None,
    }))
}

/// Deletes Everest's OperatorGroup; a foreign one stays. `None` once it is gone.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn removed(
    observed: &Observed,
    namespace: &str,
    removals: &mut Removals,
) -> Result<Option<Action>, Query> {
    let groups = observed.listed::<OperatorGroup>(namespace)?;
    let ours = groups
        .iter()
        .map(|group| &group.metadata)
        .filter(|group| group.name.as_deref() == Some(OPERATOR_GROUP));
    Ok(removals.step::<OperatorGroup>(namespace, ours))
}
