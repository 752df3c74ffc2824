//! `everest_pod_scheduling_policy`: on which nodes the pods of databases run.

use everest_core::api;
use everest_core::facts::Facts;
use everest_core::impact::{self, Summary};
use everest_schemas::Field;
use everest_schemas::models::{PodSchedulingPolicies, PodSchedulingPolicyModel, Timeouts};

use crate::moved::ObjectKind;
use crate::plain::Plain;

/// The kind.
pub struct PodSchedulingPolicy;

impl Plain for PodSchedulingPolicy {
    type Model = PodSchedulingPolicyModel;
    type Collection = PodSchedulingPolicies;
    const TYPE: &'static str = "everest_pod_scheduling_policy";
    const PLURAL: &'static str = "everest_pod_scheduling_policies";
    const EXISTING: &'static str = "On which nodes the pods of databases run that name the policy. \
         Policies that Everest ships are read with this data source.";
    const OBJECT: ObjectKind = (api::GROUP, "PodSchedulingPolicy");
    const LASTING: &'static [&'static str] = &["inUse"];

    fn timeouts(model: &PodSchedulingPolicyModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn open_an_output(planned: &mut PodSchedulingPolicyModel) {
        planned.read_only = Field::Unknown;
    }

    fn outlook(
        prior: &PodSchedulingPolicyModel,
        planned: &PodSchedulingPolicyModel,
        facts: &Facts,
        what: &str,
    ) -> Option<Summary> {
        impact::of_policy(what, prior, planned, facts)
    }
}
