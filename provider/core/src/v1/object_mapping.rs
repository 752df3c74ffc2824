//! The mapping of any model, for code that handles all kinds in the same way.

use everest_schemas::Field;
use everest_schemas::everest::{
    BackupStorage, DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore,
};
use everest_schemas::models::{
    BackupModel, BackupStorageModel, DatabaseModel, NamespaceModel, RestoreModel,
};
use k8s_openapi::api::core::v1::Namespace;
use serde_json::Value;

use super::{OwnedKeys, backup, backup_storage, database, namespace, restore};
use crate::Operation;

/// A model that stands for an object of the cluster.
pub trait ObjectMapping: Sized {
    /// The object.
    type Object;

    /// The namespace of the object; `None` for a cluster-scoped object.
    fn namespace(&self) -> Option<&Field<String>>;

    /// The name of the object.
    fn name(&self) -> &Field<String>;

    /// A model with nothing but the place of its object. `namespace` is ignored for a
    /// cluster-scoped object.
    fn at(namespace: Field<String>, name: Field<String>) -> Self;

    /// The body of a server-side apply of the model.
    fn desired(&self, operation: Operation) -> Value;

    /// The model of an object, as far as the object alone shows it.
    fn observed(object: &Self::Object, owned: &OwnedKeys) -> Self;

    /// Namespace and name, each empty if it is not known; the namespace is also empty for a
    /// cluster-scoped object.
    fn key(&self) -> (&str, &str) {
        let namespace = self.namespace().and_then(Field::known_str);
        let name = self.name().known_str();
        (namespace.unwrap_or_default(), name.unwrap_or_default())
    }
}

/// Implements the place of a namespaced object by the members `namespace` and `name`.
macro_rules! in_a_namespace {
    () => {
        fn namespace(&self) -> Option<&Field<String>> {
            Some(&self.namespace)
        }

        fn name(&self) -> &Field<String> {
            &self.name
        }

        fn at(namespace: Field<String>, name: Field<String>) -> Self {
            Self {
                namespace,
                name,
                ..Self::default()
            }
        }
    };
}

impl ObjectMapping for BackupModel {
    type Object = DatabaseClusterBackup;

    in_a_namespace!();

    fn desired(&self, _: Operation) -> Value {
        backup::desired(self)
    }

    fn observed(object: &DatabaseClusterBackup, owned: &OwnedKeys) -> Self {
        backup::observed(object, owned)
    }
}

impl ObjectMapping for BackupStorageModel {
    type Object = BackupStorage;

    in_a_namespace!();

    fn desired(&self, _: Operation) -> Value {
        backup_storage::desired(self)
    }

    fn observed(object: &BackupStorage, owned: &OwnedKeys) -> Self {
        backup_storage::observed(object, owned)
    }
}

impl ObjectMapping for DatabaseModel {
    type Object = DatabaseCluster;

    in_a_namespace!();

    fn desired(&self, operation: Operation) -> Value {
        database::desired(self, operation)
    }

    fn observed(object: &DatabaseCluster, owned: &OwnedKeys) -> Self {
        database::observed(object, owned)
    }
}

impl ObjectMapping for NamespaceModel {
    type Object = Namespace;

    fn namespace(&self) -> Option<&Field<String>> {
        None
    }

    fn name(&self) -> &Field<String> {
        &self.name
    }

    fn at(_: Field<String>, name: Field<String>) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    fn desired(&self, _: Operation) -> Value {
        namespace::desired(self)
    }

    fn observed(object: &Namespace, owned: &OwnedKeys) -> Self {
        namespace::observed(object, &[], &[], None, owned)
    }
}

impl ObjectMapping for RestoreModel {
    type Object = DatabaseClusterRestore;

    in_a_namespace!();

    fn desired(&self, _: Operation) -> Value {
        restore::desired(self)
    }

    fn observed(object: &DatabaseClusterRestore, owned: &OwnedKeys) -> Self {
        restore::observed(object, owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a model at prod/orders says that it is, and where its object is sent to.
    fn places<M: ObjectMapping>() -> [(String, String); 2] {
        let model = M::at("prod".into(), "orders".into());
        let (namespace, name) = model.key();
        let body = model.desired(Operation::Create);
        let text = |key: &str| {
            let text = body["metadata"][key].as_str();
            text.unwrap_or_default().to_owned()
        };
        let sent = (text("namespace"), text("name"));
        [(namespace.to_owned(), name.to_owned()), sent]
    }

    #[test]
    fn an_object_is_sent_to_where_its_model_is() {
        let of = |namespace: &str| [(); 2].map(|()| (namespace.to_owned(), "orders".to_owned()));
        assert_eq!(places::<BackupModel>(), of("prod"));
        assert_eq!(places::<BackupStorageModel>(), of("prod"));
        assert_eq!(places::<DatabaseModel>(), of("prod"));
        assert_eq!(places::<RestoreModel>(), of("prod"));
        assert_eq!(places::<NamespaceModel>(), of(""));
    }
}
