//! What is in the Secret that an object reads, and when it is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use everest_schemas::{Field, Sensitive};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use super::{ObjectMapping, managed_fields};
use crate::api::{FILLED_FROM, SECRET_VERSION};
use crate::lifecycle::ReadsSecret;

/// Values of a model, for the keys of a Secret in their order.
pub type Values<'a> = Vec<&'a Field<Sensitive<String>>>;

/// The model of an object that reads a Secret.
pub trait SecretMapping: ObjectMapping<Object: ReadsSecret> + Clone + Send + Sync {
    /// What the state holds as well.
    fn plain(&self) -> Values<'_>;

    /// What is in the configuration alone.
    fn write_only(&self) -> Values<'_>;

    /// What says that the write-only values changed.
    fn write_only_version(&self) -> &Field<i64>;

    /// The name of the Secret that the object is known to have.
    fn secret(&self) -> &Field<String>;

    /// The same, to be changed.
    fn secret_mut(&mut self) -> &mut Field<String>;

    /// Adds to the data of the Secret what others read in it.
    fn add_to(&self, data: &mut Value) {
        let _ = data;
    }
}

/// Name of the Secret of an object: the one it is known to have, or, for a new one, the object's
/// own name as Everest's API does it.
pub fn secret_name<M: SecretMapping>(model: &M) -> &str {
    let known = model.secret().known_str();
    known.or(model.name().known_str()).unwrap_or_default()
}

/// A plan with the name of the Secret that the object has: a plan that writes the Secret again
/// leaves the name open.
pub fn with_secret_of<M: SecretMapping>(planned: &M, prior: &M) -> M {
    let mut planned = planned.clone();
    if !planned.secret().is_known() {
        planned.secret_mut().clone_from(prior.secret());
    }
    planned
}

/// The state of a Secret that a field manager has written, judged by its metadata alone: its values
/// are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretState {
    /// The credentials in it are those that the manager wrote.
    AsWritten,
    /// The same, and Everest has not accepted them: see [`is_untried`].
    Untried,
    /// Someone else has written credentials into it.
    Changed,
    /// It does not exist.
    Gone,
}

impl SecretState {
    /// The state of the keys of a Secret with this metadata, which is `None` if there is no such
    /// Secret.
    ///
    /// A client that writes another value into a key takes over the key's ownership from the
    /// manager that applied it.
    pub fn of(metadata: Option<&ObjectMeta>, keys: &[&str], manager: &str) -> Self {
        let Some(metadata) = metadata else {
            return Self::Gone;
        };
        let mut applies = managed_fields::applied(metadata, |name| name == manager);
        let applied = applies.any(|fields| {
            let data = &fields["f:data"];
            keys.iter()
                .all(|key| data.get(format!("f:{key}")).is_some())
        });
        if applied {
            Self::AsWritten
        } else {
            Self::Changed
        }
    }
}

/// The body of a Secret that is filled from another Secret, with an annotation of that Secret's
/// version.
pub fn filled_from(content: Sensitive<Value>, source: &ObjectMeta) -> Sensitive<Value> {
    let mut body = content.into_inner();
    body["metadata"]["annotations"][FILLED_FROM] = json!(version_of(source));
    Sensitive::new(body)
}

/// Returns true if a Secret, by its metadata, has the `keys` that `manager` filled from the current
/// version of `source`, or if it is `source` itself: a write would make another version of it, which
/// would be written again.
pub fn is_filled_from(
    secret: Option<&ObjectMeta>,
    source: &ObjectMeta,
    keys: &[&str],
    manager: &str,
) -> bool {
    if secret.is_some_and(|secret| secret.uid.is_some() && secret.uid == source.uid) {
        return true;
    }
    let noted = secret
        .and_then(|secret| secret.annotations.as_ref())
        .and_then(|annotations| annotations.get(FILLED_FROM));
    noted == Some(&version_of(source))
        && SecretState::of(secret, keys, manager) == SecretState::AsWritten
}

/// The version of a Secret that others are filled from.
pub(crate) fn version_of(source: &ObjectMeta) -> String {
    format!(
        "{}/{}",
        source.uid.as_deref().unwrap_or_default(),
        source.resource_version.as_deref().unwrap_or_default()
    )
}

/// The name of a write of a Secret whose content Everest has to try: the version of what it is
/// filled from, or the time.
pub(crate) fn version_to_try(content: &Sensitive<Value>, now: Timestamp) -> String {
    let filled_from = content.expose()["metadata"]["annotations"][FILLED_FROM].as_str();
    filled_from.map_or_else(|| now.to_string(), str::to_owned)
}

/// The body of a Secret with the name of its write.
pub(crate) fn to_be_tried(content: &Sensitive<Value>, version: &str) -> Sensitive<Value> {
    let mut body = content.expose().clone();
    body["metadata"]["annotations"][SECRET_VERSION] = json!(version);
    Sensitive::new(body)
}

/// The write of a Secret that an object with this metadata was changed for, or, in the metadata of
/// the Secret, its last write.
pub fn tried_version(metadata: &ObjectMeta) -> Option<&String> {
    metadata.annotations.as_ref()?.get(SECRET_VERSION)
}

/// Returns true if Everest has not accepted the last write of a Secret that an object reads, by the
/// metadata of both. What an object was created with was accepted then.
pub fn is_untried(secret: &ObjectMeta, object: &ObjectMeta) -> bool {
    let written = tried_version(secret);
    written.is_some() && tried_version(object) != written
}

/// What a bucket or a server is opened with: a value for each key of the Secret, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials(pub Vec<Sensitive<String>>);

impl Credentials {
    /// The credentials that are given, write-only or not; none if they are left out and the Secret
    /// stays as it is.
    ///
    /// Write-only values are in the configuration alone, never in a plan or a state. All others are
    /// those of the plan: the configuration also has what `ignore_changes` leaves out of it.
    pub fn given<M: SecretMapping>(planned: &M, config: &M) -> Option<Self> {
        Self::write_only(planned, config).or_else(|| Self::all(planned.plain()))
    }

    /// The credentials to write at an update; `None` if they have not changed or are omitted.
    ///
    /// Whether write-only values changed cannot be seen: their version says so, or a value beside
    /// them that the state holds.
    pub fn changed<M: SecretMapping>(prior: &M, planned: &M, config: &M) -> Option<Self> {
        let given = Self::given(planned, config)?;
        let changed = if Self::write_only(planned, config).is_some() {
            prior.write_only_version() != planned.write_only_version()
                || prior.plain() != planned.plain()
        } else {
            Self::all(prior.plain()).as_ref() != Some(&given)
        };
        changed.then_some(given)
    }

    /// The credentials to write on an update of an object whose Secret was found in a state: those
    /// that changed, or all that are given where the Secret has lost them.
    ///
    /// Write-only values are sent into a Secret that is gone, but not over values of others: the
    /// configuration may hold any by now.
    pub fn due<M: SecretMapping>(
        prior: &M,
        planned: &M,
        config: &M,
        secret: SecretState,
    ) -> Option<Self> {
        Self::changed(prior, planned, config).or_else(|| {
            let lost = match secret {
                SecretState::AsWritten => false,
                SecretState::Changed => Self::write_only(planned, config).is_none(),
                SecretState::Untried | SecretState::Gone => true,
            };
            lost.then(|| Self::given(planned, config)).flatten()
        })
    }

    /// The write-only credentials. A value beside them that a plan holds is that of the plan.
    fn write_only<M: SecretMapping>(planned: &M, config: &M) -> Option<Self> {
        let pairs = planned.write_only().into_iter().zip(config.write_only());
        let values = pairs.map(
            |(planned, config)| {
                if planned.is_null() { config } else { planned }
            },
        );
        Self::all(values.collect())
    }

    /// The body of the Secret that the object of a model reads.
    pub fn secret<M: SecretMapping>(&self, model: &M) -> Sensitive<Value> {
        let keys = <M::Object as ReadsSecret>::KEYS.iter().copied();
        let encoded = self.0.iter().map(|value| STANDARD.encode(value.expose()));
        let mut data: Value = keys
            .zip(encoded)
            .map(|(key, value)| (key.to_owned(), json!(value)))
            .collect();
        model.add_to(&mut data);
        Sensitive::new(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": secret_name(model), "namespace": model.key().0},
            "type": "Opaque",
            "data": data,
        }))
    }

    fn all(values: Values<'_>) -> Option<Self> {
        let known = values.into_iter().map(|value| value.known().cloned());
        known.collect::<Option<_>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::models::BackupStorageModel;

    const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

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
    fn what_a_configuration_has_against_its_plan_is_not_written() {
        use SecretState::{AsWritten, Changed, Gone};
        let (old, new) = (plain("old"), plain("new"));
        assert_eq!(Credentials::changed(&old, &old, &new), None);
        let lost =
            [AsWritten, Changed, Gone].map(|secret| Credentials::due(&old, &old, &new, secret));
        let kept = Credentials::given(&old, &old);
        assert_eq!(lost, [None, kept.clone(), kept]);
    }

    #[test]
    fn what_everest_has_not_accepted_is_written_again() {
        let metadata = |version: Option<&str>| -> ObjectMeta {
            let annotations = version.map(|version| json!({ SECRET_VERSION: version }));
            serde_json::from_value(json!({ "annotations": annotations })).unwrap()
        };
        for (secret, object, expected) in [
            (None, None, false),
            (Some("2"), None, true),
            (Some("2"), Some("1"), true),
            (Some("2"), Some("2"), false),
        ] {
            let untried = is_untried(&metadata(secret), &metadata(object));
            assert_eq!(untried, expected, "{secret:?} {object:?}");
        }
        for given in [plain("old"), write_only(1)] {
            let due = Credentials::due(&given, &given, &given, SecretState::Untried);
            assert_eq!(due, Credentials::given(&given, &given));
            assert!(due.is_some());
        }
    }

    #[test]
    fn write_only_credentials_are_written_when_their_version_changes() {
        let (one, two) = (write_only(1), write_only(2));
        assert_eq!(Credentials::changed(&one, &one, &one), None);
        assert!(Credentials::changed(&one, &two, &two).is_some());
    }

    #[test]
    fn credentials_are_written_again_when_their_secret_has_lost_them() {
        use SecretState::{AsWritten, Changed, Gone};
        let (plain, write_only) = (plain("same"), write_only(1));
        let none = BackupStorageModel::default();
        for (config, secret, sent) in [
            (&plain, AsWritten, false),
            (&plain, Changed, true),
            (&plain, Gone, true),
            (&write_only, AsWritten, false),
            (&write_only, Changed, false),
            (&write_only, Gone, true),
            (&none, Gone, false),
        ] {
            let due = Credentials::due(config, config, config, secret);
            assert_eq!(due.is_some(), sent, "{secret:?} {config:?}");
        }
    }

    #[test]
    fn who_wrote_the_keys_of_a_secret_last_is_told_by_its_metadata() {
        let entry = |manager: &str, operation: &str, keys: &[&str]| {
            let data: serde_json::Map<_, _> = keys
                .iter()
                .map(|key| (format!("f:{key}"), serde_json::json!({})))
                .collect();
            serde_json::json!({"manager": manager, "operation": operation,
                "fieldsType": "FieldsV1", "fieldsV1": {"f:data": data}})
        };
        let state = |entries: &[serde_json::Value]| {
            let metadata: ObjectMeta =
                serde_json::from_value(serde_json::json!({"managedFields": entries})).unwrap();
            SecretState::of(Some(&metadata), &KEYS, "us")
        };
        let owner = serde_json::json!({"manager": "everest-operator", "operation": "Update",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {"f:ownerReferences": {}}}});
        assert_eq!(
            state(&[entry("us", "Apply", &KEYS), owner]),
            SecretState::AsWritten
        );
        let edited = [
            entry("us", "Apply", &KEYS[..1]),
            entry("kubectl-patch", "Update", &KEYS[1..]),
        ];
        assert_eq!(state(&edited), SecretState::Changed);
        let anew = [entry("kubectl-create", "Update", &KEYS)];
        assert_eq!(state(&anew), SecretState::Changed);
        assert_eq!(SecretState::of(None, &KEYS, "us"), SecretState::Gone);
    }

    #[test]
    fn a_secret_is_as_its_source_until_either_changes() {
        let source = |version: &str| ObjectMeta {
            uid: Some("source".to_owned()),
            resource_version: Some(version.to_owned()),
            ..ObjectMeta::default()
        };
        let content = Sensitive::new(json!({"metadata": {"name": "s3"}, "data": {}}));
        let mut body = filled_from(content, &source("7")).into_inner();
        let fields: Vec<_> = KEYS.map(|key| (format!("f:{key}"), json!({}))).into();
        let fields: serde_json::Map<_, _> = fields.into_iter().collect();
        body["metadata"]["managedFields"] = json!([{"manager": "us", "operation": "Apply",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:data": fields}}]);
        let held: ObjectMeta = serde_json::from_value(body["metadata"].clone()).unwrap();
        assert!(is_filled_from(Some(&held), &source("7"), &KEYS, "us"));
        assert!(!is_filled_from(Some(&held), &source("8"), &KEYS, "us"));
        let edited = ObjectMeta {
            managed_fields: None,
            ..held
        };
        assert!(!is_filled_from(Some(&edited), &source("7"), &KEYS, "us"));
        assert!(!is_filled_from(None, &source("7"), &KEYS, "us"));
        let itself = source("7");
        assert!(is_filled_from(Some(&itself), &source("8"), &KEYS, "us"));
    }

    #[test]
    fn credentials_are_never_shown() {
        let credentials = Credentials::given(&plain("hunter2"), &plain("hunter2")).unwrap();
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }
}
