//! `quantity_normalise`.

use everest_core::quantity::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Function, FunctionError};

/// A quantity of Kubernetes as the API server writes it: `1024Mi` becomes `1Gi`, `0.5` becomes
/// `500m`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Arguments {
    /// Quantity, such as `1024Mi`.
    quantity: String,
}

/// The function.
pub struct QuantityNormalise;

impl Function for QuantityNormalise {
    type Arguments = Arguments;
    type Output = String;

    fn name(&self) -> &'static str {
        "quantity_normalise"
    }

    fn summary(&self) -> &'static str {
        "A quantity as the API server writes it"
    }

    fn call(&self, Arguments { quantity }: Arguments) -> Result<String, FunctionError> {
        let quantity: Quantity = quantity
            .parse()
            .map_err(|error| FunctionError::new(format!("{error}.")).at("quantity"))?;
        Ok(quantity.canonical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_spelled_as_kubernetes_does() {
        let spelled = |quantity: &str| {
            let quantity = quantity.to_owned();
            QuantityNormalise.call(Arguments { quantity }).ok()
        };
        assert_eq!(spelled("1024Mi").as_deref(), Some("1Gi"));
        assert_eq!(spelled("0.5").as_deref(), Some("500m"));
        assert_eq!(spelled("1 Gi"), None);
    }
}
