//! The functions of the provider. They read nothing: the same arguments give the same result.

mod backup_path;
mod connection_uri;
mod engine_version_compare;
mod next_backup;
mod parse_id;
mod quantity_compare;
mod quantity_normalise;

use std::cmp::Ordering;
use std::fmt::Display;
use std::str::FromStr;

use tfplugin::{FunctionError, Registry};

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

/// The order of two values as −1, 0 or 1: the first is less, equal or greater.
///
/// # Errors
/// If one of the parameters `first` and `second` is no such value.
fn compared<T: FromStr<Err: Display> + Ord>(
    first: &str,
    second: &str,
) -> Result<i64, FunctionError> {
    let read = |text: &str, parameter: &str| {
        text.parse::<T>()
            .map_err(|error| FunctionError::new(format!("{error}.")).at(parameter))
    };
    Ok(match read(first, "first")?.cmp(&read(second, "second")?) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}
