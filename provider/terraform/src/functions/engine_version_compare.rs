//! `engine_version_compare`.

use everest_core::version::Version;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Function, FunctionError};

use super::compared;

/// Compares two versions of an engine or of its operator as Everest does: `8.0.42-33.1`, `17.6`,
/// `1.18.0`. The result is −1, 0 or 1: the first is older, as old, or newer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Arguments {
    /// The first version.
    first: String,
    /// The second version.
    second: String,
}

/// The function.
pub struct EngineVersionCompare;

impl Function for EngineVersionCompare {
    type Arguments = Arguments;
    type Output = i64;

    fn name(&self) -> &'static str {
        "engine_version_compare"
    }

    fn summary(&self) -> &'static str {
        "Compares two versions of an engine"
    }

    fn call(&self, Arguments { first, second }: Arguments) -> Result<i64, FunctionError> {
        compared::<Version>(&first, &second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let compare = |first: &str, second: &str| {
            let (first, second) = (first.to_owned(), second.to_owned());
            EngineVersionCompare.call(Arguments { first, second }).ok()
        };
        assert_eq!(compare("8.0.9-1.1", "8.0.42-33.1"), Some(-1));
        assert_eq!(compare("17.6", "17.6.0"), Some(0));
        assert_eq!(compare("1.18.0", "1.9.0"), Some(1));
        assert_eq!(compare("latest", "1.9.0"), None);
    }
}
