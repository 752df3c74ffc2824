//! The annotations and the finalizer on a managed resource.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value, json};

use crate::duration;
use crate::provider::Provider;
use crate::relations::ResourceKey;

/// Name of the external object.
pub const EXTERNAL_NAME: &str = "crossplane.io/external-name";
/// `"true"`: the resource is paused.
pub const PAUSED: &str = "crossplane.io/paused";
/// The interval of reconciles without an event, as a Go duration.
pub const POLL_INTERVAL: &str = "crossplane.io/poll-interval";
/// Any text; a new one requests a reconcile.
pub const RECONCILE_REQUESTED: &str = "crossplane.io/reconcile-requested-at";
/// When a creation was begun.
pub const CREATE_PENDING: &str = "crossplane.io/external-create-pending";
/// When one succeeded.
pub const CREATE_SUCCEEDED: &str = "crossplane.io/external-create-succeeded";
/// When one failed.
pub const CREATE_FAILED: &str = "crossplane.io/external-create-failed";

/// The shortest poll interval that an annotation can ask for.
const SHORTEST_POLL: Duration = Duration::from_secs(10);

/// The marks of a provider on its managed resources: its finalizer, and the annotations of its own
/// beside Crossplane's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The finalizer that holds a managed resource until its external object is dealt with.
    pub finalizer: &'static str,
    /// `"true"`: nobody chose the external name, so the provider wrote it. The managed resource
    /// creates an object of that name, and takes over none.
    pub name_defaulted: String,
    /// When an external object was taken over that existed before.
    pub taken_over: String,
    /// UID of the external object that was created or taken over.
    pub external_uid: String,
    /// What is recorded of the claim on the external object, see [`crate::claim::Record`].
    pub held_by: String,
}

impl Marks {
    /// The marks of a provider.
    pub fn of(provider: &Provider) -> Self {
        Marks {
            finalizer: provider.finalizer,
            name_defaulted: provider.annotation("external-name-defaulted"),
            taken_over: provider.annotation("external-taken-over"),
            external_uid: provider.annotation("external-uid"),
            held_by: provider.annotation("external-held-by"),
        }
    }

    /// Returns true if our finalizer is on.
    pub fn is_held(&self, metadata: &ObjectMeta) -> bool {
        has_finalizer(metadata, self.finalizer)
    }

    /// Returns true if anybody else's finalizer is on.
    pub fn is_held_by_others(&self, metadata: &ObjectMeta) -> bool {
        finalizers(metadata).any(|finalizer| finalizer != self.finalizer)
    }

    /// Returns true if the external name was chosen when the managed resource was created, so that
    /// an object of that name is taken over.
    pub fn takes_over(&self, metadata: &ObjectMeta) -> bool {
        annotation(metadata, &self.name_defaulted).is_none()
    }

    /// Returns true if the managed resource has created an external object, or has taken one over.
    /// See [`crate::claim::is_another`] for one that has its name now.
    pub fn is_ours(&self, metadata: &ObjectMeta) -> bool {
        was_created(metadata) || annotation(metadata, &self.taken_over).is_some()
    }

    /// The annotations that record that the external object with this UID was taken over.
    pub fn taken_over(&self, now: Timestamp, uid: Option<&str>) -> Map<String, Value> {
        let mut annotations = self.identified(uid);
        annotations.insert(self.taken_over.clone(), json!(spelled(now)));
        annotations
    }

    /// The annotation that records the UID of the external object; none if it has no UID.
    pub fn identified(&self, uid: Option<&str>) -> Map<String, Value> {
        let uid = uid.map(|uid| (self.external_uid.clone(), json!(uid)));
        uid.into_iter().collect()
    }

    /// The annotations with the external name for a managed resource that gets our finalizer;
    /// `default` if nobody chose one.
    pub fn prepared(&self, metadata: &ObjectMeta, default: &str) -> Map<String, Value> {
        let named = annotation(metadata, EXTERNAL_NAME).filter(|name| !name.is_empty());
        let name = named.unwrap_or(default);
        let mut annotations = Map::from_iter([(EXTERNAL_NAME.to_owned(), json!(name))]);
        let is_first = !self.is_held(metadata);
        if is_first && named.is_none() {
            annotations.insert(self.name_defaulted.clone(), json!("true"));
        }
        annotations
    }

    /// A merge patch of a managed resource's annotations and of our finalizer, that names the
    /// version it was made from.
    pub fn patch(
        &self,
        metadata: &ObjectMeta,
        annotations: Map<String, Value>,
        held: Option<bool>,
    ) -> Value {
        let mut body = match held {
            Some(held) => finalizer_patch(metadata, self.finalizer, held),
            None => json!({"metadata": {"resourceVersion": metadata.resource_version}}),
        };
        if !annotations.is_empty() {
            body["metadata"]["annotations"] = Value::Object(annotations);
        }
        body
    }
}

/// The namespace and the name of an object; the namespace is empty for one of the whole cluster.
pub fn key(metadata: &ObjectMeta) -> ResourceKey {
    (
        metadata.namespace.clone().unwrap_or_default(),
        metadata.name.clone().unwrap_or_default(),
    )
}

/// The value of an annotation.
pub fn annotation<'a>(metadata: &'a ObjectMeta, key: &str) -> Option<&'a str> {
    metadata.annotations.as_ref()?.get(key).map(String::as_str)
}

/// The external object's name: the annotation's, or the managed resource's own.
pub fn external_name(metadata: &ObjectMeta) -> &str {
    annotation(metadata, EXTERNAL_NAME)
        .filter(|name| !name.is_empty())
        .or(metadata.name.as_deref())
        .unwrap_or_default()
}

/// Returns true if nothing is to be done.
pub fn is_paused(metadata: &ObjectMeta) -> bool {
    annotation(metadata, PAUSED) == Some("true")
}

/// Returns true if a finalizer is on.
pub fn has_finalizer(metadata: &ObjectMeta, finalizer: &str) -> bool {
    finalizers(metadata).any(|known| known == finalizer)
}

fn finalizers(metadata: &ObjectMeta) -> impl Iterator<Item = &str> {
    metadata.finalizers.iter().flatten().map(String::as_str)
}

/// Returns true if a creation was begun whose end is not recorded.
pub fn is_creation_open(metadata: &ObjectMeta) -> bool {
    let time = |key| annotation(metadata, key).and_then(|text| text.parse::<Timestamp>().ok());
    let ended = time(CREATE_SUCCEEDED).max(time(CREATE_FAILED));
    time(CREATE_PENDING).is_some_and(|begun| ended.is_none_or(|ended| begun > ended))
}

/// Returns true if a creation is recorded as done.
pub fn was_created(metadata: &ObjectMeta) -> bool {
    annotation(metadata, CREATE_SUCCEEDED).is_some()
}

/// The interval of reconciles: that of the annotation, within limits, otherwise `usual`.
pub fn poll_interval(metadata: &ObjectMeta, usual: Duration) -> Duration {
    annotation(metadata, POLL_INTERVAL)
        .and_then(|text| duration::parse(text).ok())
        .map_or(usual, |asked| asked.max(SHORTEST_POLL))
}

/// A merge patch that adds or removes a finalizer, keeps those of others, and names the version it
/// was made from.
pub fn finalizer_patch(metadata: &ObjectMeta, finalizer: &str, held: bool) -> Value {
    let others = finalizers(metadata).filter(|known| *known != finalizer);
    let all: Vec<&str> = others.chain(held.then_some(finalizer)).collect();
    json!({"metadata": {
        "resourceVersion": metadata.resource_version,
        "finalizers": all,
    }})
}

/// The annotations that record the begin of a creation.
pub fn begun(now: Timestamp) -> Map<String, Value> {
    Map::from_iter([(CREATE_PENDING.to_owned(), json!(spelled(now)))])
}

/// The annotations that record its end.
pub fn ended(now: Timestamp, succeeded: bool) -> Map<String, Value> {
    let key = if succeeded {
        CREATE_SUCCEEDED
    } else {
        CREATE_FAILED
    };
    Map::from_iter([(key.to_owned(), json!(spelled(now)))])
}

/// RFC 3339 with fractions: a creation may begin and end within a second.
fn spelled(time: Timestamp) -> String {
    time.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOTES;

    fn with(annotations: &[(&str, &str)]) -> ObjectMeta {
        ObjectMeta {
            name: Some("orders".to_owned()),
            resource_version: Some("7".to_owned()),
            annotations: Some(
                annotations
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                    .collect(),
            ),
            finalizers: Some(vec!["other".to_owned(), NOTES.finalizer.to_owned()]),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn the_external_name_is_the_objects_own_unless_said() {
        assert_eq!(external_name(&with(&[])), "orders");
        assert_eq!(external_name(&with(&[(EXTERNAL_NAME, "legacy")])), "legacy");
    }

    #[test]
    fn a_name_that_nobody_chose_is_noted_once() {
        let marks = Marks::of(&NOTES);
        let named = |metadata: &ObjectMeta| {
            let prepared = marks.prepared(metadata, "default");
            let noted = prepared.get(&marks.name_defaulted).cloned();
            (prepared[EXTERNAL_NAME].clone(), noted)
        };
        let mut new = with(&[]);
        new.finalizers = None;
        assert_eq!(named(&new), (json!("default"), Some(json!("true"))));
        new.annotations = with(&[(EXTERNAL_NAME, "legacy")]).annotations;
        assert_eq!(named(&new), (json!("legacy"), None));
        // A manifest without the annotation is applied again.
        assert_eq!(named(&with(&[])), (json!("default"), None));
        assert!(marks.takes_over(&with(&[])));
        assert!(!marks.takes_over(&with(&[(&marks.name_defaulted, "true")])));
    }

    #[test]
    fn what_was_created_or_taken_over_is_ours() {
        let time = "2026-01-01T00:00:00Z";
        let marks = Marks::of(&NOTES);
        assert!(!marks.is_ours(&with(&[(CREATE_PENDING, time)])));
        assert!(marks.is_ours(&with(&[(CREATE_SUCCEEDED, time)])));
        assert!(marks.is_ours(&with(&[(&marks.taken_over, time)])));
    }

    #[test]
    fn a_creation_is_open_until_its_end_is_recorded() {
        let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01.5Z");
        assert!(!is_creation_open(&with(&[])));
        assert!(is_creation_open(&with(&[(CREATE_PENDING, early)])));
        let retried = with(&[(CREATE_FAILED, early), (CREATE_PENDING, late)]);
        assert!(is_creation_open(&retried));
        let done = with(&[(CREATE_PENDING, early), (CREATE_SUCCEEDED, late)]);
        assert!(!is_creation_open(&done) && was_created(&done));
    }

    #[test]
    fn a_poll_interval_is_kept_within_reason() {
        let usual = Duration::from_secs(60);
        assert_eq!(poll_interval(&with(&[]), usual), usual);
        let asked = |text| poll_interval(&with(&[(POLL_INTERVAL, text)]), usual);
        assert_eq!(asked("2h30m"), Duration::from_secs(9000));
        assert_eq!(asked("1ms"), SHORTEST_POLL);
        assert_eq!(asked("often"), usual);
    }

    #[test]
    fn the_finalizers_of_others_stay() {
        let metadata = with(&[]);
        let marks = Marks::of(&NOTES);
        assert!(marks.is_held(&metadata) && marks.is_held_by_others(&metadata));
        let body = marks.patch(&metadata, Map::new(), Some(false));
        assert_eq!(
            body["metadata"],
            json!({"resourceVersion": "7", "finalizers": ["other"]})
        );
    }
}
