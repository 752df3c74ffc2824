//! `everest_load_balancer_config`: annotations for the load balancers of databases.

use everest_core::api;
use everest_core::facts::Facts;
use everest_core::impact::{self, Summary};
use everest_schemas::Field;
use everest_schemas::models::{LoadBalancerConfigModel, LoadBalancerConfigs, Timeouts};

use crate::moved::ObjectKind;
use crate::plain::Plain;

/// The kind.
pub struct LoadBalancerConfig;

impl Plain for LoadBalancerConfig {
    type Model = LoadBalancerConfigModel;
    type Collection = LoadBalancerConfigs;
    const TYPE: &'static str = "everest_load_balancer_config";
    const PLURAL: &'static str = "everest_load_balancer_configs";
    const EXISTING: &'static str = "Annotations for the load balancers of the databases that name the \
         configuration. The one that Everest ships is read with this data source.";
    const OBJECT: ObjectKind = (api::GROUP, "LoadBalancerConfig");
    const LASTING: &'static [&'static str] = &["inUse"];

    fn timeouts(model: &LoadBalancerConfigModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn open_an_output(planned: &mut LoadBalancerConfigModel) {
        planned.read_only = Field::Unknown;
    }

    fn outlook(
        prior: &LoadBalancerConfigModel,
        planned: &LoadBalancerConfigModel,
        facts: &Facts,
        what: &str,
    ) -> Option<Summary> {
        impact::of_load_balancer_config(what, prior, planned, facts)
    }
}
