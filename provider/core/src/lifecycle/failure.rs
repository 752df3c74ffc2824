//! Why the engine could not do what Everest asked of it.

use everest_schemas::Engine;

use super::{EngineRole, ObjectRef, Observed, Query};
use crate::facts::Seen;
use crate::readiness;

/// What the engine's own object says of the failure of an object of Everest's; none where it says
/// nothing, or may not be read.
///
/// # Errors
/// The query for one that was not looked at.
pub(super) fn why(
    observed: &Observed,
    object: &ObjectRef,
    role: EngineRole,
) -> Result<Option<String>, Query> {
    for engine in Engine::ALL {
        let own = ObjectRef::of_engine(engine, role, object);
        if let Seen::Found(found) = observed.engine_object(&own)?
            && let Some(said) = readiness::engine_failure(found)
        {
            return Ok(Some(format!("{own} says: {said}")));
        }
    }
    Ok(None)
}
