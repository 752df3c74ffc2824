//! `backup_path`.

use everest_core::final_backup;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Function, FunctionError};

/// The path of a backup in its bucket, as `backup_source.path` of a restore or of a new database
/// takes it.
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
        "The path of a backup in its bucket"
    }

    fn call(&self, Arguments { destination }: Arguments) -> Result<String, FunctionError> {
        let path = final_backup::path_in_bucket(&destination);
        if path == destination || path.is_empty() {
            let text = format!(
                "{destination:?} is not the destination of a backup, such as \
                 \"s3://backups/orders/0d5c7e1a/full\"."
            );
            return Err(FunctionError::new(text).at("destination"));
        }
        Ok(path.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_follows_the_bucket() {
        let path = |destination: &str| {
            let destination = destination.to_owned();
            BackupPath.call(Arguments { destination }).ok()
        };
        assert_eq!(
            path("s3://backups/orders/1/full").as_deref(),
            Some("orders/1/full")
        );
        assert_eq!(path("orders/1/full"), None);
        assert_eq!(path("s3://backups/"), None);
    }
}
