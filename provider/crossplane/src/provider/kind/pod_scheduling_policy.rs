//! `PodSchedulingPolicy`: a PodSchedulingPolicy of Everest's, which is cluster-scoped.

use everest_schemas::everest::PodSchedulingPolicy;
use everest_schemas::managed::ClusterKind;
use everest_schemas::models::PodSchedulingPolicyModel;

use super::Controlled;
use super::plain::Plain;

/// The kind.
pub struct PodSchedulingPolicies;

impl Controlled for PodSchedulingPolicyModel {
    type Kind = PodSchedulingPolicies;
}

impl Plain for PodSchedulingPolicies {
    type Model = PodSchedulingPolicyModel;
    type External = PodSchedulingPolicy;
    const KIND: ClusterKind = ClusterKind::PodSchedulingPolicy;
}
