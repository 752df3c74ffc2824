//! What tells an object from all others of its kind: import ids and identities.

use everest_schemas::Field;
use tfplugin::{Diagnostic, IdentityAttribute};

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In the cluster as a whole: known by the name.
    Cluster,
    /// In a namespace.
    Namespace,
}

/// What tells an object from all others of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Null for an object of the cluster as a whole.
    pub namespace: Field<String>,
    /// Its name.
    pub name: Field<String>,
}

impl Key {
    /// The key of the object `name`, in `namespace` if it is in one.
    pub fn new(namespace: Option<&str>, name: &str) -> Self {
        Self {
            namespace: namespace.map(str::to_owned).into(),
            name: name.to_owned().into(),
        }
    }
}

impl Scope {
    /// The attributes that an identity is made of.
    pub fn identity(self) -> Vec<IdentityAttribute> {
        let name = IdentityAttribute::required("name");
        match self {
            Self::Cluster => vec![name],
            Self::Namespace => vec![IdentityAttribute::required("namespace"), name],
        }
    }

    /// The key that an import id stands for.
    ///
    /// # Errors
    /// When the id is not of the form.
    pub fn key(self, resource: &str, id: &str) -> Result<Key, Diagnostic> {
        let named = |name: &str| !name.is_empty() && !name.contains('/');
        match (self, id.split_once('/')) {
            (Self::Cluster, None) if named(id) => Ok(Key::new(None, id)),
            (Self::Namespace, Some((namespace, name))) if named(namespace) && named(name) => {
                Ok(Key::new(Some(namespace), name))
            }
            _ => {
                let form = match self {
                    Self::Cluster => "its name, for example \"prod\"",
                    Self::Namespace => "NAMESPACE/NAME, for example \"prod/orders\"",
                };
                Err(Diagnostic::error(
                    format!("Cannot import {resource}: {id:?} is not an import id"),
                    format!("The id of {resource} is {form}."),
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(scope: Scope, id: &str) -> Option<Key> {
        scope.key("everest_database", id).ok()
    }

    #[test]
    fn an_id_has_as_many_parts_as_the_scope() {
        let orders = Key::new(Some("prod"), "orders");
        assert_eq!(key(Scope::Namespace, "prod/orders"), Some(orders));
        for wrong in ["orders", "/orders", "prod/", "a/b/c", ""] {
            assert_eq!(key(Scope::Namespace, wrong), None, "{wrong}");
        }
        assert_eq!(key(Scope::Cluster, "prod"), Some(Key::new(None, "prod")));
        for wrong in ["prod/orders", "/", ""] {
            assert_eq!(key(Scope::Cluster, wrong), None, "{wrong}");
        }
    }
}
