//! Name and namespace of a composed object, and whose the name is.

use everest_core::api::IN_USE;
use everest_core::facts::Seen;
use everest_core::{lifecycle, v1};
use everest_schemas::function::{CompanionInput, DatabaseInput};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::composite::{Composite, TextError};
use super::names;
use super::step::Step;

/// What the input says of name and namespace.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Given<'a> {
    /// The name.
    pub(super) name: Option<&'a String>,
    /// The path of the name.
    pub(super) name_from: Option<&'a String>,
    /// The namespace.
    pub(super) namespace: Option<&'a String>,
    /// The path of the namespace.
    pub(super) namespace_from: Option<&'a String>,
}

impl<'a> From<&'a DatabaseInput> for Given<'a> {
    fn from(entry: &'a DatabaseInput) -> Self {
        Self {
            name: entry.name.as_ref(),
            name_from: entry.name_from.as_ref(),
            namespace: entry.namespace.as_ref(),
            namespace_from: entry.namespace_from.as_ref(),
        }
    }
}

impl<'a, S> From<&'a CompanionInput<S>> for Given<'a> {
    fn from(entry: &'a CompanionInput<S>) -> Self {
        Self {
            name: entry.name.as_ref(),
            name_from: entry.name_from.as_ref(),
            namespace: entry.namespace.as_ref(),
            namespace_from: entry.namespace_from.as_ref(),
        }
    }
}

/// Name and namespace of an object.
pub(super) struct Identity {
    /// Its name.
    pub(super) name: String,
    /// Its namespace.
    pub(super) namespace: String,
    /// True if the name is derived from the composite resource's.
    pub(super) derived: bool,
}

/// The reason why the name or namespace of an object is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum IdentityError {
    /// A path leads to no text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A cluster-scoped composite resource names no namespace.
    #[error(
        "no namespace is given; the composite resource is cluster-scoped, so set namespace or \
         namespaceFrom to a namespace managed by Everest"
    )]
    NoNamespace,
    /// A namespaced composite resource cannot compose into another namespace.
    #[error(
        "the namespace would be {wanted:?}, but the composite resource is in {own:?}, and \
         Crossplane composes only into that namespace; create the composite resource in \
         {wanted:?}, or use a cluster-scoped one"
    )]
    OtherNamespace {
        /// The namespace given.
        wanted: String,
        /// The composite resource's.
        own: String,
    },
}

/// The reason why the name of an object belongs to something else. The advice is what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameError {
    /// An earlier step desires something else under the name.
    #[error("an earlier step composes a {kind} with this name; {advice}")]
    OtherKind {
        /// Its kind.
        kind: String,
        /// What to do.
        advice: &'static str,
    },
    /// The composed resource exists as an object of another kind.
    #[error(
        "the composed resource {resource:?} exists as the {kind} {name:?} of {api_version}. \
         Crossplane tells composed resources apart by their names alone: it would compose another \
         object in its place, and leave the {kind} behind. Compose this one under another resource \
         name; Crossplane then deletes the {kind}, so make sure first that its data stays"
    )]
    Exists {
        /// Its name in the composition.
        resource: String,
        /// Its version.
        api_version: String,
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// An object with that name exists and does not belong to the composite resource.
    #[error(
        "the {kind} {name:?} exists in the namespace and is not this composite resource's; {advice}"
    )]
    Taken {
        /// Its kind.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What to do.
        advice: &'static str,
    },
}

/// Refuses what an earlier step desires, if it is of another kind.
pub(super) fn refuse_other_kind(
    earlier: Option<&Value>,
    kind: &str,
    advice: &'static str,
) -> Result<(), NameError> {
    let desired = earlier.and_then(|object| object["kind"].as_str());
    match desired.filter(|desired| *desired != kind) {
        Some(desired) => Err(NameError::OtherKind {
            kind: desired.to_owned(),
            advice,
        }),
        None => Ok(()),
    }
}

/// Refuses what exists under the name of the composed resource, if it is of another kind: Crossplane
/// gives the new object the name of the former one, and neither deletes the former one nor refers to
/// it any more.
pub(super) fn refuse_other_observed(
    step: &Step<'_>,
    resource: &str,
    (api_version, kind): (&str, &str),
) -> Result<(), NameError> {
    let Some(observed) = step.observed_object(resource) else {
        return Ok(());
    };
    let text = |pointer: &str| {
        let text = observed.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let (version, found) = (text("/apiVersion"), text("/kind"));
    if group(&version) == group(api_version) && found == kind {
        return Ok(());
    }
    Err(NameError::Exists {
        resource: resource.to_owned(),
        api_version: version,
        kind: found,
        name: text("/metadata/name"),
    })
}

/// The group of a version, which is empty for the kinds of Kubernetes' core.
fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Refuses an existing object of Everest that is someone else's: Crossplane would silently take over
/// an object without a controller. Returns what is waited for if the object is being deleted.
pub(super) fn refuse_taken(
    step: &mut Step<'_>,
    kind: &'static str,
    (namespace, name): (&str, &str),
    advice: &'static str,
) -> Result<Option<String>, NameError> {
    if !step.lookups.everest() {
        return Ok(None);
    }
    let existing = step
        .lookups
        .object(v1::API_VERSION, kind, Some(namespace), name);
    match existing {
        Seen::Found(object) if object["metadata"]["deletionTimestamp"].is_string() => {
            Ok(Some(leaving(kind, name, &object)))
        }
        Seen::Found(object) if step.is_foreign(&object) => Err(NameError::Taken {
            kind,
            name: name.to_owned(),
            advice,
        }),
        _ => Ok(None),
    }
}

/// What a new object waits for while one of its name is being deleted.
fn leaving(kind: &str, name: &str, object: &Value) -> String {
    let finalizers = object["metadata"]["finalizers"].clone();
    let finalizers: Vec<String> = serde_json::from_value(finalizers).unwrap_or_default();
    let held = lifecycle::held_by(&finalizers);
    let is_in_use = finalizers.iter().any(|finalizer| finalizer == IN_USE);
    let advice = if kind == "BackupStorage" && is_in_use {
        ". Everest never takes this finalizer off a storage that was deleted while it was used: \
         remove it by hand once no database, backup or restore names the storage"
    } else {
        ""
    };
    format!("it waits until the {kind} {name:?} is gone, which is being deleted{held}{advice}")
}

/// The name of an object: the observed one, otherwise that of the input, of an earlier step, or
/// one derived from the composite resource's name.
pub(super) fn of(
    composite: &Composite,
    resource: &str,
    given: Given<'_>,
    earlier: Option<&Value>,
    observed: Option<&ObjectMeta>,
) -> Result<Identity, IdentityError> {
    let earlier = |pointer: &str| {
        let text = earlier.and_then(|object| object.pointer(pointer)?.as_str());
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let name = composite.text_from("nameFrom", given.name_from, given.name)?;
    let (from, namespace) = (given.namespace_from, given.namespace);
    let namespace = composite.text_from("namespaceFrom", from, namespace)?;
    let name = name.or_else(|| earlier("/metadata/name"));
    let namespace = namespace.or_else(|| earlier("/metadata/namespace"));

    let namespace = match (composite.namespace(), namespace) {
        (Some(own), Some(wanted)) if own != wanted => {
            let own = own.to_owned();
            return Err(IdentityError::OtherNamespace { wanted, own });
        }
        (Some(own), _) => own.to_owned(),
        (None, Some(wanted)) => wanted,
        (None, None) => return Err(IdentityError::NoNamespace),
    };
    if let Some(metadata) = observed {
        return Ok(Identity {
            name: metadata.name.clone().unwrap_or_default(),
            namespace: metadata.namespace.clone().unwrap_or(namespace),
            derived: false,
        });
    }
    Ok(Identity {
        derived: name.is_none(),
        name: name.unwrap_or_else(|| names::derived(composite, resource)),
        namespace,
    })
}
