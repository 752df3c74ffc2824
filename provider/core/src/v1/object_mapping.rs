//! The mapping of any model, for code that handles all kinds in the same way.

use everest_schemas::Field;
use serde_json::Value;

use super::OwnedKeys;
use crate::Operation;

/// A model that stands for an object of the cluster.
pub trait ObjectMapping: Sized {
    /// The object.
    type Object;

    /// Prefixes of paths in the object, each with the model's prefix. The first that matches is
    /// used.
    const RENAMED: &'static [(&'static str, &'static str)] = &[];

    /// Paths of values in the object's spec that stay once they are set, although they are no longer
    /// configured: without them the operators would choose others, or cannot undo them.
    const LASTING: &'static [&'static str] = &[];

    /// Paths of flags in the object's spec that their block requires. They are turned off when they
    /// are no longer configured.
    const SWITCHES: &'static [&'static str] = &[];

    /// The namespace of the object; `None` for a cluster-scoped object.
    fn namespace(&self) -> Option<&Field<String>>;

    /// The name of the object.
    fn name(&self) -> &Field<String>;

    /// A model with nothing but the place of its object. `namespace` is ignored for a
    /// cluster-scoped object.
    fn at(namespace: Field<String>, name: Field<String>) -> Self;

    /// Whether values of other managers are overwritten; null for a kind without the setting.
    fn force_conflicts(&self) -> &Field<bool> {
        &Field::Null
    }

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
        fn namespace(&self) -> Option<&::everest_schemas::Field<String>> {
            Some(&self.namespace)
        }

        fn name(&self) -> &::everest_schemas::Field<String> {
            &self.name
        }

        fn at(
            namespace: ::everest_schemas::Field<String>,
            name: ::everest_schemas::Field<String>,
        ) -> Self {
            Self {
                namespace,
                name,
                ..Self::default()
            }
        }
    };
}

/// Implements the place of a cluster-scoped object by the member `name`.
macro_rules! cluster_scoped {
    () => {
        fn namespace(&self) -> Option<&::everest_schemas::Field<String>> {
            None
        }

        fn name(&self) -> &::everest_schemas::Field<String> {
            &self.name
        }

        fn at(_: ::everest_schemas::Field<String>, name: ::everest_schemas::Field<String>) -> Self {
            Self {
                name,
                ..Self::default()
            }
        }
    };
}

pub(super) use {cluster_scoped, in_a_namespace};

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::for_each_kind;
    use everest_schemas::managed::ManagedModel;
    use everest_schemas::models::{
        DataImporterModel, LoadBalancerConfigModel, NamespaceModel, PodSchedulingPolicyModel,
    };

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
        macro_rules! places_of {
            ($($module:ident::$kind:ident = $model:ty;)*) => {
                [$((<$model>::KIND, places::<$model>())),*]
            };
        }
        let cluster_scoped = [
            NamespaceModel::KIND,
            PodSchedulingPolicyModel::KIND,
            LoadBalancerConfigModel::KIND,
            DataImporterModel::KIND,
        ];
        for (kind, [said, sent]) in for_each_kind!(places_of) {
            let namespace = if cluster_scoped.contains(&kind) {
                ""
            } else {
                "prod"
            };
            let expected = (namespace.to_owned(), "orders".to_owned());
            assert_eq!(said, expected, "{kind}");
            assert_eq!(sent, expected, "{kind}");
        }
    }
}
