//! `everest_pod_scheduling_policy` and PodSchedulingPolicy.

use everest_schemas::Field;
use everest_schemas::everest::PodSchedulingPolicy;
use everest_schemas::models::PodSchedulingPolicyModel;
use serde_json::Value;

use super::object_mapping::{ObjectMapping, cluster_scoped};
use super::{OwnedKeys, cluster_scoped_body, known_json};
use crate::Operation;
use crate::lifecycle::{Used, is_shipped};

impl ObjectMapping for PodSchedulingPolicyModel {
    type Object = PodSchedulingPolicy;

    cluster_scoped!();

    fn force_conflicts(&self) -> &Field<bool> {
        &self.force_conflicts
    }

    fn desired(&self, _: Operation) -> Value {
        let spec = self.spec.known().cloned().unwrap_or_default();
        cluster_scoped_body("PodSchedulingPolicy", &self.name, known_json(&spec))
    }

    fn observed(object: &PodSchedulingPolicy, _: &OwnedKeys) -> Self {
        Self {
            name: object.metadata.name.clone().into(),
            spec: Field::Known(object.spec.clone()),
            in_use: Field::Known(object.in_use()),
            read_only: Field::Known(is_shipped(&object.metadata)),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{IN_USE, READ_ONLY};
    use serde_json::json;

    #[test]
    fn what_was_sent_is_observed_again_with_its_use() {
        let term = json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {}});
        let spec = json!({"engineType": "pxc", "affinityConfig": {"pxc": {"engine": {
            "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}}});
        let model: PodSchedulingPolicyModel =
            serde_json::from_value(json!({"name": "spread", "spec": spec})).unwrap();
        let mut object = model.desired(Operation::Create);
        assert_eq!(object["spec"], spec);
        assert_eq!(object["metadata"], json!({"name": "spread"}));
        object["status"] = json!({"inUse": true});
        object["metadata"]["finalizers"] = json!([IN_USE]);
        let seen = |object: &Value| {
            let object = serde_json::from_value(object.clone()).unwrap();
            PodSchedulingPolicyModel::observed(&object, &OwnedKeys::default())
        };
        let used = seen(&object);
        assert_eq!(used.spec, model.spec);
        assert_eq!(used.in_use, true.into());
        assert_eq!(used.read_only, false.into());
        object["metadata"]["finalizers"] = json!([READ_ONLY]);
        assert_eq!(seen(&object).read_only, true.into());
    }
}
