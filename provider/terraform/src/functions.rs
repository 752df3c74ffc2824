//! The functions of the provider. They read nothing: the same arguments give the same result.

mod backup_path;
mod connection_uri;
mod engine_version_compare;
mod next_backup;
mod parse_id;
mod quantity_compare;
mod quantity_normalise;

use std::cmp::Ordering;

use tfplugin::Registry;

/// Registers all functions.
pub fn register(registry: &mut Registry) {
    registry
        .function(backup_path::BackupPath)
        .function(connection_uri::ConnectionUri)
        .function(engine_version_compare::EngineVersionCompare)
        .function(next_backup::NextBackup)
        .function(parse_id::ParseId)
        .function(quantity_compare::QuantityCompare)
        .function(quantity_normalise::QuantityNormalise);
}

/// An order as a number: −1, 0 or 1.
const fn number(order: Ordering) -> i64 {
    match order {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}
