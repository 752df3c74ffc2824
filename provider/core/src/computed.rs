//! Values that a plan can show for attributes that only the cluster sets.
//!
//! A front end plans these attributes as unknown when an object is created, and with their prior
//! values when it is changed. The functions here make that exact: `known_at_creation` fills in the
//! values that are certain before the object exists, and `mark_affected` makes exactly those values
//! unknown that a change can alter. A backup, a restore and a storage have no output that a change
//! alters.

pub mod backup_storage;
pub mod database;
pub mod namespace;

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
