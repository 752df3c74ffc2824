//! Values that a plan can show for attributes that only the cluster sets.
//!
//! A front end plans them as unknown when an object is created and as they
//! were when it is changed. The functions here make that exact:
//! `known_at_creation` fills in what is certain before the object exists,
//! `mark_affected` makes unknown what a change can alter, and nothing else. A
//! backup, a restore, an import, a storage, a monitoring configuration, a pod scheduling policy, a load balancer
//! configuration and a data importer have no output that a change alters.

pub mod database;
pub mod namespace;
pub mod with_secret;

use schemars::JsonSchema;

use crate::path::FieldPath;
use crate::schema;

/// The outputs of a model that are not inside a block that a user writes.
pub fn of<M: JsonSchema + 'static>() -> impl Iterator<Item = &'static FieldPath> {
    schema::places::<M>()
        .iter()
        .filter(|place| place.says("x-read-only") && place.path.segments().len() == 1)
        .map(|place| &place.path)
}
