//! `LoadBalancerConfig`: a LoadBalancerConfig of Everest's, which is cluster-scoped.

use super::resource::{Column, Managed, ManagedModel, Shape};
use crate::models::LoadBalancerConfigModel;

/// A load balancer configuration as a managed resource.
pub type LoadBalancerConfig = Managed<LoadBalancerConfigModel>;

impl ManagedModel for LoadBalancerConfigModel {
    const KIND: &'static str = "LoadBalancerConfig";
    const PLURAL: &'static str = "everestloadbalancerconfigs";
    const DOC: &'static str = "Annotations for the load balancers of the databases that name the configuration, in every namespace of the cluster. A config has to grant the kind, by clusterKinds.";
    const SHAPE: Shape = Shape {
        required: &[],
        left_out: &["forceConflicts", "timeouts"],
        descriptions: &[
            (
                "inUse",
                "`true` while a database names the configuration. It cannot be deleted then.",
            ),
            (
                "readOnly",
                "`true` for a configuration that Everest ships. It can neither be changed nor be \
                 deleted.",
            ),
        ],
        secret: None,
        columns: &[
            Column::new("IN-USE", "inUse"),
            Column::wide("READ-ONLY", "readOnly"),
        ],
    };

    fn set_location(&mut self, _: &str, name: &str) {
        self.name = name.into();
    }
}
