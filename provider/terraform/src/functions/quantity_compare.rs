//! `quantity_compare`.

use everest_core::quantity::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Function, FunctionError};

use super::compared;

/// Compares two quantities of Kubernetes by their amount: `1024Mi` is as much as `1Gi`. The result
/// is −1, 0 or 1: the first is smaller, as large, or larger.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Arguments {
    /// The first quantity, such as `25Gi`.
    first: String,
    /// The second quantity.
    second: String,
}

/// The function.
pub struct QuantityCompare;

impl Function for QuantityCompare {
    type Arguments = Arguments;
    type Output = i64;

    fn name(&self) -> &'static str {
        "quantity_compare"
    }

    fn summary(&self) -> &'static str {
        "Compares two quantities of Kubernetes"
    }

    fn call(&self, Arguments { first, second }: Arguments) -> Result<i64, FunctionError> {
        compared::<Quantity>(&first, &second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_compared_by_their_amount() {
        let compare = |first: &str, second: &str| {
            let (first, second) = (first.to_owned(), second.to_owned());
            QuantityCompare.call(Arguments { first, second }).ok()
        };
        assert_eq!(compare("1024Mi", "1Gi"), Some(0));
        assert_eq!(compare("1G", "1Gi"), Some(-1));
        assert_eq!(compare("2", "1500m"), Some(1));
        assert_eq!(compare("much", "1"), None);
    }
}
