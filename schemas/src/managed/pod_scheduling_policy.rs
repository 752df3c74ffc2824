//! `PodSchedulingPolicy`: a PodSchedulingPolicy of Everest's, which is cluster-scoped.

use super::resource::{Column, Managed, ManagedModel, Shape};
use crate::models::PodSchedulingPolicyModel;

/// A pod scheduling policy as a managed resource.
pub type PodSchedulingPolicy = Managed<PodSchedulingPolicyModel>;

impl ManagedModel for PodSchedulingPolicyModel {
    const KIND: &'static str = "PodSchedulingPolicy";
    const PLURAL: &'static str = "everestpodschedulingpolicies";
    const DOC: &'static str = "On which nodes the pods of databases run that name the policy, in every namespace of the cluster. A config has to grant the kind, by clusterKinds.";
    const SHAPE: Shape = Shape {
        required: &["engineType"],
        left_out: &["forceConflicts", "timeouts"],
        descriptions: &[
            (
                "engineType",
                "Engine whose databases can name the policy. It cannot be changed.",
            ),
            (
                "affinityConfig",
                "Affinity of the pods: of the engine in `engineType`, and of no other. Omitted: a \
                 policy without rules, which no database can name.",
            ),
            (
                "inUse",
                "`true` while a database names the policy. It cannot be deleted then.",
            ),
            (
                "readOnly",
                "`true` for a policy that Everest ships. It can neither be changed nor be deleted.",
            ),
        ],
        secret: None,
        columns: &[
            Column::new("ENGINE", "engineType"),
            Column::new("IN-USE", "inUse"),
            Column::wide("READ-ONLY", "readOnly"),
        ],
    };

    fn set_location(&mut self, _: &str, name: &str) {
        self.name = name.into();
    }
}
