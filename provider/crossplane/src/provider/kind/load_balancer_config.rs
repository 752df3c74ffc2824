//! `LoadBalancerConfig`: a LoadBalancerConfig of Everest's, which is cluster-scoped.

use everest_schemas::everest::LoadBalancerConfig;
use everest_schemas::managed::ClusterKind;
use everest_schemas::models::LoadBalancerConfigModel;

use super::Controlled;
use super::plain::Plain;

/// The kind.
pub struct LoadBalancerConfigs;

impl Controlled for LoadBalancerConfigModel {
    type Kind = LoadBalancerConfigs;
}

impl Plain for LoadBalancerConfigs {
    type Model = LoadBalancerConfigModel;
    type External = LoadBalancerConfig;
    const KIND: ClusterKind = ClusterKind::LoadBalancerConfig;
}
