//! Name and namespace of a composed database.

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::function::DatabaseInput;
use serde_json::{Value, json};

use crate::function::composite::{Composite, TextError};
use crate::function::names;

/// Name and namespace of a database.
pub(super) struct Identity {
    /// Its name.
    pub(super) name: String,
    /// Its namespace.
    pub(super) namespace: String,
    /// True if the name is derived from the composite resource's.
    pub(super) derived: bool,
}

/// The reason why the name or namespace of a database is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdentityError {
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

/// The name of a database: the observed one, otherwise that of the input, of an earlier step, or
/// one derived from the composite resource's name.
pub(super) fn of(
    composite: &Composite,
    resource: &str,
    entry: Option<&DatabaseInput>,
    earlier: Option<&Value>,
    observed: Option<&DatabaseCluster>,
) -> Result<Identity, IdentityError> {
    let earlier = |pointer: &str| {
        let text = earlier.and_then(|object| object.pointer(pointer)?.as_str());
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let (mut name, mut namespace) = (None, None);
    if let Some(entry) = entry {
        name = composite.text_from("nameFrom", entry.name_from.as_ref(), entry.name.as_ref())?;
        let (from, given) = (entry.namespace_from.as_ref(), entry.namespace.as_ref());
        namespace = composite.text_from("namespaceFrom", from, given)?;
    }
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
    if let Some(metadata) = observed.map(|observed| &observed.metadata) {
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

impl Identity {
    /// The metadata of the object, with the input's labels and annotations.
    pub(super) fn metadata(&self, entry: Option<&DatabaseInput>) -> Value {
        let mut metadata = json!({"name": self.name, "namespace": self.namespace});
        if let Some(entry) = entry {
            for (name, keys) in [
                ("labels", &entry.labels),
                ("annotations", &entry.annotations),
            ] {
                if !keys.is_empty() {
                    metadata[name] = json!(keys);
                }
            }
        }
        metadata
    }
}
