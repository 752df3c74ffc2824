//! `DatabaseNamespace`: a Namespace that Everest runs databases in.

use super::resource::{Column, Managed, ManagedModel, Shape};
use crate::models::NamespaceModel;

/// A namespace for databases as a managed resource.
pub type DatabaseNamespace = Managed<NamespaceModel>;

/// Of the version of an operator.
const VERSION: &str = "Version of the operator, such as `1.18.0`. If you raise it, the provider \
                       approves the upgrade, one version after another, once every database of the \
                       engine is ready, or paused, and runs with the CR version of the installed \
                       operator. If the install plan contains other operators too, a condition \
                       lists them. It cannot be lowered. Omitted: the newest version in the \
                       channel at installation, then unchanged.";

impl ManagedModel for NamespaceModel {
    const KIND: &'static str = "DatabaseNamespace";
    const PLURAL: &'static str = "everestdatabasenamespaces";
    const DOC: &'static str = "A Kubernetes namespace that Everest runs databases in, with the operators of the engines. \
                       The external name is the namespace's.";
    const SHAPE: Shape = Shape {
        required: &["engines"],
        left_out: &["timeouts"],
        descriptions: &[
            ("engines.pxc.version", VERSION),
            ("engines.psmdb.version", VERSION),
            ("engines.postgresql.version", VERSION),
            (
                "takeOwnership",
                "If `true`, the provider adopts an existing namespace of that name that is not \
                 managed by Everest. If `false`, such a namespace is an error. Default `false`.",
            ),
            (
                "keepNamespace",
                "If `true`, deleting the managed resource keeps the Kubernetes namespace and \
                 removes only Everest's objects from it. Default: the value of `takeOwnership`.",
            ),
            (
                "forceDestroy",
                "If `true`, deleting the managed resource also deletes the databases in the \
                 namespace and, if the Kubernetes namespace is kept, the objects that only Everest \
                 can delete. Backup data stays in the bucket. If `false`, a namespace with \
                 databases is not deleted. Default `false`.",
            ),
        ],
        secret: None,
        columns: &[
            Column::new("PXC", "engines.pxc.installedVersion"),
            Column::new("PSMDB", "engines.psmdb.installedVersion"),
            Column::new("POSTGRESQL", "engines.postgresql.installedVersion"),
        ],
    };

    fn set_location(&mut self, _: &str, name: &str) {
        self.name = name.into();
    }
}
