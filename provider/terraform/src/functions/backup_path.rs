//! `backup_path`.

use everest_core::backup_path;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Function, FunctionError};

/// The path of a backup, as `backup_source.path` of a restore or of a new database takes it: for a
/// MongoDB backup its whole destination, for any other what follows the bucket.
///
/// A MongoDB backup is recognised by its name, the time of its start, which is the last part of its
/// destination.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Arguments {
    /// The `destination` of a backup, such as `s3://backups/orders/0d5c7e1a/full`.
    destination: String,
}

/// The function.
pub struct BackupPath;

impl Function for BackupPath {
    type Arguments = Arguments;
    type Output = String;

    fn name(&self) -> &'static str {
        "backup_path"
    }

    fn summary(&self) -> &'static str {
        "The path of a backup, as a backup source takes it"
    }

    fn call(&self, Arguments { destination }: Arguments) -> Result<String, FunctionError> {
        let path = backup_path::of_destination(&destination).ok_or_else(|| {
            let text = format!(
                "{destination:?} is not the destination of a backup, such as \
                 \"s3://backups/orders/0d5c7e1a/full\"."
            );
            FunctionError::new(text).at("destination")
        })?;
        Ok(path.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_a_backup_source_takes() {
        let path = |destination: &str| {
            let destination = destination.to_owned();
            BackupPath.call(Arguments { destination }).ok()
        };
        assert_eq!(
            path("s3://backups/orders/1/full").as_deref(),
            Some("orders/1/full")
        );
        let mongodb = "s3://backups/orders/1/2026-01-01T02:03:04Z";
        assert_eq!(path(mongodb).as_deref(), Some(mongodb));
        assert_eq!(path("orders/1/full"), None);
        assert_eq!(path("s3://backups/"), None);
    }
}
