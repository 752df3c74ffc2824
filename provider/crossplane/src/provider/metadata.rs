//! Crossplane's annotations and finalizer on a managed resource.

use std::time::Duration;

use everest_core::name;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value, json};

/// The finalizer that holds a managed resource until its external object is dealt with.
pub const FINALIZER: &str = "finalizer.managedresource.crossplane.io";
/// Name of the external object.
pub const EXTERNAL_NAME: &str = "crossplane.io/external-name";
/// `"true"`: nobody chose the external name, so the provider wrote it. The managed resource creates
/// an object of that name, and takes over none.
pub const NAME_DEFAULTED: &str = "everest.m.openeverest.io/external-name-defaulted";
/// When an external object was taken over that existed before.
pub const TAKEN_OVER: &str = "everest.m.openeverest.io/external-taken-over";
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

/// Returns true if our finalizer is on.
pub fn is_held(metadata: &ObjectMeta) -> bool {
    has_finalizer(metadata, FINALIZER)
}

/// Returns true if a finalizer is on.
pub fn has_finalizer(metadata: &ObjectMeta, finalizer: &str) -> bool {
    finalizers(metadata).any(|known| known == finalizer)
}

/// Returns true if anybody else's finalizer is on.
pub fn is_held_by_others(metadata: &ObjectMeta) -> bool {
    finalizers(metadata).any(|finalizer| finalizer != FINALIZER)
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

/// Returns true if the external name was chosen when the managed resource was created, so that an
/// object of that name is taken over.
pub fn takes_over(metadata: &ObjectMeta) -> bool {
    annotation(metadata, NAME_DEFAULTED).is_none()
}

/// Returns true if the managed resource has created its external object, or has taken it over.
pub fn is_ours(metadata: &ObjectMeta) -> bool {
    was_created(metadata) || annotation(metadata, TAKEN_OVER).is_some()
}

/// The annotation that records that the external object was taken over.
pub fn taken_over(now: Timestamp) -> Map<String, Value> {
    Map::from_iter([(TAKEN_OVER.to_owned(), json!(spelled(now)))])
}

/// The annotations with the external name for a managed resource that gets our finalizer; `is_limited`
/// if Everest limits the names of its kind, so that a longer one is shortened.
pub fn prepared(metadata: &ObjectMeta, is_limited: bool) -> Map<String, Value> {
    let named = annotation(metadata, EXTERNAL_NAME).filter(|name| !name.is_empty());
    let own = metadata.name.as_deref().unwrap_or_default();
    let name = match named {
        None if is_limited && name::check(own).is_err() => {
            let namespace = metadata.namespace.as_deref().unwrap_or_default();
            name::shortened(own, &[namespace, own])
        }
        _ => named.unwrap_or(own).to_owned(),
    };
    let mut annotations = Map::from_iter([(EXTERNAL_NAME.to_owned(), json!(name))]);
    let is_first = !is_held(metadata);
    if is_first && annotation(metadata, EXTERNAL_NAME).is_none_or(str::is_empty) {
        annotations.insert(NAME_DEFAULTED.to_owned(), json!("true"));
    }
    annotations
}

/// Returns true if a creation is recorded as done.
pub fn was_created(metadata: &ObjectMeta) -> bool {
    annotation(metadata, CREATE_SUCCEEDED).is_some()
}

/// The interval of reconciles: that of the annotation, within limits, otherwise `usual`.
pub fn poll_interval(metadata: &ObjectMeta, usual: Duration) -> Duration {
    annotation(metadata, POLL_INTERVAL)
        .and_then(|text| everest_core::duration::parse_go(text).ok())
        .map_or(usual, |asked| asked.max(SHORTEST_POLL))
}

/// A merge patch of a managed resource's annotations and of our finalizer, that names the version
/// it was made from.
pub fn patch(metadata: &ObjectMeta, annotations: Map<String, Value>, held: Option<bool>) -> Value {
    let mut body = match held {
        Some(held) => finalizer_patch(metadata, FINALIZER, held),
        None => json!({"metadata": {"resourceVersion": metadata.resource_version}}),
    };
    if !annotations.is_empty() {
        body["metadata"]["annotations"] = Value::Object(annotations);
    }
    body
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
            finalizers: Some(vec!["other".to_owned(), FINALIZER.to_owned()]),
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
        let mut new = with(&[]);
        new.finalizers = None;
        assert_eq!(prepared(&new, true)[NAME_DEFAULTED], "true");
        new.annotations = with(&[(EXTERNAL_NAME, "legacy")]).annotations;
        assert!(prepared(&new, true).get(NAME_DEFAULTED).is_none());
        // A manifest without the annotation is applied again.
        assert!(prepared(&with(&[]), true).get(NAME_DEFAULTED).is_none());
        assert!(takes_over(&with(&[])) && !takes_over(&with(&[(NAME_DEFAULTED, "true")])));
    }

    #[test]
    fn a_name_that_everest_would_refuse_is_shortened_unless_it_was_chosen() {
        let of = |name: &str, namespace: &str| ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        };
        let long = of("team-database-of-the-shop-0123456789ab-x", "shop");
        let name = prepared(&long, true)[EXTERNAL_NAME].clone();
        assert_eq!(name::check(name.as_str().unwrap()), Ok(()));
        assert!(name.as_str().unwrap().starts_with("team-database-o"));
        assert_eq!(prepared(&long, true)[EXTERNAL_NAME], name);
        let elsewhere = of("team-database-of-the-shop-0123456789ab-x", "other");
        assert_ne!(prepared(&elsewhere, true)[EXTERNAL_NAME], name);
        // Names of other kinds, and those that somebody chose, stay.
        assert_eq!(prepared(&long, false)[EXTERNAL_NAME], json!(long.name));
        let chosen = ObjectMeta {
            annotations: with(&[(EXTERNAL_NAME, "not valid")]).annotations,
            ..long
        };
        assert_eq!(prepared(&chosen, true)[EXTERNAL_NAME], "not valid");
    }

    #[test]
    fn what_was_created_or_taken_over_is_ours() {
        let time = "2026-01-01T00:00:00Z";
        assert!(!is_ours(&with(&[(CREATE_PENDING, time)])));
        assert!(is_ours(&with(&[(CREATE_SUCCEEDED, time)])));
        assert!(is_ours(&with(&[(TAKEN_OVER, time)])));
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
        assert!(is_held(&metadata) && is_held_by_others(&metadata));
        let body = patch(&metadata, Map::new(), Some(false));
        assert_eq!(
            body["metadata"],
            json!({"resourceVersion": "7", "finalizers": ["other"]})
        );
    }
}
