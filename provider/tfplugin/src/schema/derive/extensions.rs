//! What a property says beyond JSON schema, checked: an extension that is misspelt, or says
//! something of another kind, would be a secret in plain text or a replacement that never comes.

use serde_json::Value as Json;

use super::{Members, SchemaError};

/// What an extension says.
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
const KNOWN: [(&str, Says); 18] = [
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
    ("x-deprecation-message", Says::Text),
    ("x-conflicts-with", Says::Names),
    (LIST_KEYS, Says::Names),
    ("x-default", Says::Anything),
    ("x-server-default", Says::Anything),
];

/// The one extension of Kubernetes that has a meaning here as well.
pub(super) const LIST_KEYS: &str = "x-kubernetes-list-map-keys";

/// Extensions with this beginning are for Kubernetes, which a model may be written for as well.
const OF_KUBERNETES: &str = "x-kubernetes-";

/// Looks at the extensions of the property at `path`.
///
/// # Errors
/// [`SchemaError::Extension`] for one that there is not, or that says something of another kind.
pub(super) fn check(json: &Members, path: &str) -> Result<(), SchemaError> {
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
            name: name.clone(),
            reason,
        });
    }
    Ok(())
}

fn known(name: &str) -> Option<Says> {
    let found = KNOWN.iter().find(|(known, _)| *known == name);
    found.map(|(_, says)| *says)
}
