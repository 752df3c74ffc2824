//! `EngineVersionPolicy`: the allowed versions in a DatabaseEngine.

use super::resource::{Column, Managed, ManagedModel, Shape};
use crate::Engine;
use crate::models::EngineVersionPolicyModel;

/// A policy of versions as a managed resource.
pub type EngineVersionPolicy = Managed<EngineVersionPolicyModel>;

impl ManagedModel for EngineVersionPolicyModel {
    const KIND: &'static str = "EngineVersionPolicy";
    const PLURAL: &'static str = "everestengineversionpolicies";
    const EVEREST_KIND: &'static str = "DatabaseEngine";
    const DOC: &'static str = "The versions of an engine that the databases of a namespace may \
                               have: a field of the DatabaseEngine, which Everest creates. \
                               Deleting the managed resource restores the list from before.";
    const SHAPE: Shape = Shape {
        required: &["engine", "allowedVersions"],
        left_out: &["forceConflicts", "timeouts"],
        descriptions: &[
            (
                "namespace",
                "Namespace of the databases, in their cluster. Default: the managed resource's \
                 namespace.",
            ),
            (
                "allowedVersions",
                "The allowed versions, at least one. `status.availableVersions` of the \
                 DatabaseEngine lists those that the operator offers.",
            ),
            (
                "previousVersions",
                "The versions that were allowed before, which deleting the managed resource \
                 restores; empty: all.",
            ),
        ],
        secret: None,
        columns: &[
            Column::new("ENGINE", "engine"),
            Column::new("VERSIONS", "allowedVersions"),
        ],
    };

    /// The name of the DatabaseEngine follows from the engine.
    fn set_location(&mut self, namespace: &str, name: &str) {
        if self.namespace.is_null() {
            self.namespace = namespace.into();
        }
        if self.engine.is_null() {
            self.engine = match Engine::from_operator(name) {
                Some(engine) => engine.as_str().into(),
                None => name.into(),
            };
        }
    }
}
