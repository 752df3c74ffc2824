//! Checks the extensions of a property. A misspelt extension, or one with a value of the wrong
//! kind, would otherwise go unnoticed and leave a secret in plain text or miss a replacement.

use serde_json::Value as Json;

use super::SchemaError;
use super::references::Keywords;

/// The kind of an extension's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Flag,
    Text,
    Names,
    Anything,
}

impl Says {
    fn fits(self, value: &Json) -> bool {
        match self {
            Self::Flag => value.is_boolean(),
            Self::Text => value.is_string(),
            Self::Names => value
                .as_array()
                .is_some_and(|names| names.iter().all(Json::is_string)),
            Self::Anything => true,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Flag => "true or false",
            Self::Text => "a string",
            Self::Names => "a list of names",
            Self::Anything => "a value",
        }
    }
}

/// The extensions of [`crate::schema`].
const KNOWN: [(&str, Says); 21] = [
    ("x-read-only", Says::Flag),
    ("x-computed", Says::Flag),
    ("x-force-new", Says::Flag),
    ("x-sensitive", Says::Flag),
    ("x-write-only", Says::Flag),
    ("x-inline", Says::Flag),
    ("x-local", Says::Flag),
    ("x-skip", Says::Flag),
    ("x-dynamic", Says::Flag),
    ("x-unfilled", Says::Flag),
    ("x-never-null", Says::Flag),
    ("x-semantic", Says::Text),
    ("x-map-key", Says::Text),
    ("x-since", Says::Text),
    ("x-note", Says::Text),
    ("x-deprecation-message", Says::Text),
    ("x-conflicts-with", Says::Names),
    (LIST_KEYS, Says::Names),
    ("x-default", Says::Anything),
    ("x-server-default", Says::Anything),
    ("x-facts", Says::Anything),
];

/// The only extension of Kubernetes that has a meaning here.
pub(super) const LIST_KEYS: &str = "x-kubernetes-list-map-keys";

/// The prefix of Kubernetes' extensions, which a model for both may have.
const OF_KUBERNETES: &str = "x-kubernetes-";

/// Checks the extensions of the property at `path`.
///
/// # Errors
/// Returns [`SchemaError::Extension`] for an unknown extension, or one with a value of the wrong
/// kind.
pub(super) fn check(json: &Keywords<'_>, path: &str) -> Result<(), SchemaError> {
    let theirs = |name: &str| name.starts_with(OF_KUBERNETES) && name != LIST_KEYS;
    let ours = json
        .iter()
        .filter(|(name, _)| name.starts_with("x-") && !theirs(name));
    for (name, value) in ours {
        let reason = match known(name) {
            None => "there is no such extension".to_owned(),
            Some(says) if !says.fits(value) => {
                format!("it is {}, and {value} here", says.name())
            }
            Some(_) => continue,
        };
        return Err(SchemaError::Extension {
            path: path.to_owned(),
            name: name.to_owned(),
            reason,
        });
    }
    Ok(())
}

fn known(name: &str) -> Option<Says> {
    let found = KNOWN.iter().find(|(known, _)| *known == name);
    found.map(|(_, says)| *says)
}
