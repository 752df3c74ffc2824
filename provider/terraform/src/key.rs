//! What tells an object from all others of its kind: import ids and identities.

use everest_schemas::Field;
use tfplugin::{AttributePath, Diagnostics, IdentityAttribute};

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
    pub const fn identity(self) -> &'static [IdentityAttribute] {
        match self {
            Self::Cluster => const { &[IdentityAttribute::required("name")] },
            Self::Namespace => {
                const {
                    &[
                        IdentityAttribute::required("namespace"),
                        IdentityAttribute::required("name"),
                    ]
                }
            }
        }
    }

    /// The key that an import id stands for; None with an error when it is not of the form.
    pub fn key(self, resource: &str, id: &str, diags: &mut Diagnostics) -> Option<Key> {
        let named = |name: &str| !name.is_empty() && !name.contains('/');
        let key = match (self, id.split_once('/')) {
            (Self::Cluster, None) if named(id) => Some(Key::new(None, id)),
            (Self::Namespace, Some((namespace, name))) if named(namespace) && named(name) => {
                Some(Key::new(Some(namespace), name))
            }
            _ => None,
        };
        if key.is_none() {
            let form = match self {
                Self::Cluster => "its name, for example \"prod\"",
                Self::Namespace => "NAMESPACE/NAME, for example \"prod/orders\"",
            };
            diags.error(
                AttributePath::root(),
                format!("Cannot import {resource}: {id:?} is not an import id"),
                format!("The id of {resource} is {form}."),
            );
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(scope: Scope, id: &str) -> Option<Key> {
        let mut diags = Diagnostics::new();
        let key = scope.key("everest_database", id, &mut diags);
        assert_eq!(key.is_none(), diags.has_errors(), "{id}");
        key
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
