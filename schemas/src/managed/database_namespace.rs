//! `DatabaseNamespace`: a Namespace that Everest runs databases in.

use super::resource::{Managed, ManagedModel, Shape};
use crate::models::NamespaceModel;

/// A namespace for databases as a managed resource.
pub type DatabaseNamespace = Managed<NamespaceModel>;

/// Of the version of an operator.
const VERSION: &str = "Version of the operator, such as `1.18.0`. Raising it approves the upgrade, \
                       one version after another, once every database of the engine is ready and \
                       has taken over the operator's present version. Where the install plan holds \
                       something else too, a condition says it. It cannot be lowered. Omitted: the \
                       newest in the channel when first installed, then left alone.";

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
                "Whether a namespace of that name that exists already, and is none of Everest's, \
                 is taken over. Default `false`: it is an error.",
            ),
            (
                "keepNamespace",
                "Whether deleting the managed resource leaves the Namespace and removes only what \
                 Everest needs in it. Default: the value of `takeOwnership`.",
            ),
            (
                "forceDestroy",
                "Whether deleting the managed resource deletes the databases in the namespace \
                 too and, where the Namespace is kept, what only Everest could delete later; the \
                 data of backups stays in the bucket. Default `false`: a namespace with databases \
                 is not deleted.",
            ),
        ],
        secret: None,
    };

    fn set_location(&mut self, _: &str, name: &str) {
        self.name = name.into();
    }
}
