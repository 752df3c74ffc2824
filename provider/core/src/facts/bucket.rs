//! The place of a backup storage.

use everest_schemas::Field;
use everest_schemas::everest::BackupStorageSpec;

/// What two backup storages have in common that are the same bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket([String; 3]);

impl Bucket {
    /// The bucket of a storage; none while a part of it is not known.
    pub fn of(spec: &BackupStorageSpec) -> Option<Self> {
        let text = |field: &Field<String>| match field {
            Field::Unknown => None,
            Field::Null => Some(String::new()),
            Field::Known(text) => Some(text.trim_end_matches('/').to_owned()),
        };
        Some(Self([
            text(&spec.region)?,
            text(&spec.endpoint_url)?,
            text(&spec.bucket)?,
        ]))
    }
}
