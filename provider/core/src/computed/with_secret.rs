//! Outputs of objects that read a Secret.

use crate::v1::credentials::SecretMapping;

/// The Secret of a new object has the object's name.
pub fn known_at_creation<M: SecretMapping>(planned: &mut M) {
    if planned.secret().is_unknown() && planned.name().is_known() {
        *planned.secret_mut() = planned.name().clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::Field;
    use everest_schemas::models::BackupStorageModel;

    #[test]
    fn the_secret_of_a_new_storage_is_named_like_it() {
        let mut planned = BackupStorageModel {
            name: "s3".into(),
            secret_name: Field::Unknown,
            in_use: Field::Unknown,
            ..BackupStorageModel::default()
        };
        known_at_creation(&mut planned);
        assert_eq!(planned.secret_name, Field::from("s3"));
        assert!(planned.in_use.is_unknown());
        planned.name = Field::Unknown;
        planned.secret_name = Field::Unknown;
        known_at_creation(&mut planned);
        assert!(planned.secret_name.is_unknown());
    }
}
