//! The credentials of a backup storage.

use everest_schemas::models::BackupStorageModel;
use everest_schemas::{Field, Sensitive};

/// What a bucket is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id, or the name of an Azure storage account.
    pub access_key_id: Sensitive<String>,
    /// Secret access key, or the key of an Azure storage account.
    pub secret_access_key: Sensitive<String>,
}

impl Credentials {
    /// The credentials a configuration gives, write-only or not; none if it leaves them out
    /// and the Secret stays as it is. Write-only values are in the configuration alone, never
    /// in a plan or a state.
    pub fn given(config: &BackupStorageModel) -> Option<Self> {
        Self::pair(&config.access_key_id_wo, &config.secret_access_key_wo)
            .or_else(|| Self::pair(&config.access_key_id, &config.secret_access_key))
    }

    /// The credentials to write on an update; none if they are as before or left out.
    ///
    /// Whether write-only values changed cannot be seen: `credentials_wo_version` says so.
    pub fn changed(
        prior: &BackupStorageModel,
        planned: &BackupStorageModel,
        config: &BackupStorageModel,
    ) -> Option<Self> {
        let given = Self::given(config)?;
        if config.access_key_id_wo.is_known() {
            return (prior.credentials_wo_version != planned.credentials_wo_version)
                .then_some(given);
        }
        (Self::pair(&prior.access_key_id, &prior.secret_access_key).as_ref() != Some(&given))
            .then_some(given)
    }

    fn pair(id: &Field<Sensitive<String>>, secret: &Field<Sensitive<String>>) -> Option<Self> {
        Some(Credentials {
            access_key_id: id.known()?.clone(),
            secret_access_key: secret.known()?.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(secret: &str) -> BackupStorageModel {
        BackupStorageModel {
            access_key_id: Sensitive::from("id".to_owned()).into(),
            secret_access_key: Sensitive::from(secret.to_owned()).into(),
            ..BackupStorageModel::default()
        }
    }

    fn write_only(version: i64) -> BackupStorageModel {
        BackupStorageModel {
            access_key_id_wo: Sensitive::from("id".to_owned()).into(),
            secret_access_key_wo: Sensitive::from("secret".to_owned()).into(),
            credentials_wo_version: version.into(),
            ..BackupStorageModel::default()
        }
    }

    #[test]
    fn plain_credentials_are_written_when_they_differ() {
        let (old, new) = (plain("old"), plain("new"));
        assert_eq!(Credentials::changed(&old, &old, &old), None);
        assert!(Credentials::changed(&old, &new, &new).is_some());
        let none = BackupStorageModel::default();
        assert_eq!(
            Credentials::changed(&old, &none, &none),
            None,
            "left out: left as it is"
        );
    }

    #[test]
    fn write_only_credentials_are_written_when_their_version_changes() {
        let (one, two) = (write_only(1), write_only(2));
        assert_eq!(Credentials::changed(&one, &one, &one), None);
        assert!(Credentials::changed(&one, &two, &two).is_some());
    }

    #[test]
    fn credentials_are_never_shown() {
        let credentials = Credentials::given(&plain("hunter2")).unwrap();
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }
}
