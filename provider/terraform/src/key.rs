//! The keys of objects: import ids and identities.

use everest_schemas::Field;
use tfplugin::{Diagnostic, IdentityAttribute};

/// The scope of the objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Cluster-scoped: identified by the name.
    Cluster,
    /// In a namespace.
    Namespace,
    /// In a namespace, and identified by the engine.
    Engine,
}

/// The key of an object among those of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The namespace; null for a cluster-scoped object.
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
    /// The attribute that says which object of its place is meant.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cluster | Self::Namespace => "name",
            Self::Engine => "engine",
        }
    }

    /// The attributes that an identity is made of.
    pub fn identity(self) -> Vec<IdentityAttribute> {
        let name = IdentityAttribute::required(self.name());
        match self {
            Self::Cluster => vec![name],
            Self::Namespace | Self::Engine => {
                vec![IdentityAttribute::required("namespace"), name]
            }
        }
    }

    /// The key in an import id.
    ///
    /// # Errors
    /// If the id is malformed.
    pub fn key(self, resource: &str, id: &str) -> Result<Key, Diagnostic> {
        let named = |name: &str| !name.is_empty() && !name.contains('/');
        match (self, id.split_once('/')) {
            (Self::Cluster, None) if named(id) => Ok(Key::new(None, id)),
            (Self::Namespace | Self::Engine, Some((namespace, name)))
                if named(namespace) && named(name) =>
            {
                Ok(Key::new(Some(namespace), name))
            }
            _ => {
                let form = match self {
                    Self::Cluster => "its name, for example \"prod\"",
                    Self::Namespace => "NAMESPACE/NAME, for example \"prod/orders\"",
                    Self::Engine => "NAMESPACE/ENGINE, for example \"prod/pxc\"",
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
