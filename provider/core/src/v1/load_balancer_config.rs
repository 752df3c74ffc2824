//! `everest_load_balancer_config` and LoadBalancerConfig.

use everest_schemas::Field;
use everest_schemas::everest::LoadBalancerConfig;
use everest_schemas::models::LoadBalancerConfigModel;
use serde_json::Value;

use super::object_mapping::{ObjectMapping, cluster_scoped};
use super::{OwnedKeys, cluster_scoped_body, known_json};
use crate::Operation;
use crate::lifecycle::{Used, is_shipped};

impl ObjectMapping for LoadBalancerConfigModel {
    type Object = LoadBalancerConfig;

    cluster_scoped!();

    fn force_conflicts(&self) -> &Field<bool> {
        &self.force_conflicts
    }

    fn desired(&self, _: Operation) -> Value {
        let spec = self.spec.known().cloned().unwrap_or_default();
        cluster_scoped_body("LoadBalancerConfig", &self.name, known_json(&spec))
    }

    fn observed(object: &LoadBalancerConfig, _: &OwnedKeys) -> Self {
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
    use crate::api::READ_ONLY;
    use serde_json::json;

    #[test]
    fn what_was_sent_is_observed_again_with_its_use() {
        let spec = json!({"annotations": {"example.com/type": "internal"}});
        let model: LoadBalancerConfigModel =
            serde_json::from_value(json!({"name": "internal", "spec": spec})).unwrap();
        let mut object = model.desired(Operation::Create);
        assert_eq!(object["spec"], spec);
        assert_eq!(object["metadata"], json!({"name": "internal"}));
        object["status"] = json!({"inUse": true});
        object["metadata"]["finalizers"] = json!([READ_ONLY]);
        let object = serde_json::from_value(object).unwrap();
        let seen = LoadBalancerConfigModel::observed(&object, &OwnedKeys::default());
        assert_eq!(seen.spec, model.spec);
        assert_eq!(seen.in_use, true.into());
        assert_eq!(seen.read_only, true.into());
    }
}
