//! `provider::shelf::total`, the function.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{AttributePath, Field, Function, FunctionError};

/// Adds loads up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Loads {
    /// Stands behind the sum; null: kg.
    #[serde(default)]
    pub unit: Field<String>,
    /// What is to be added up.
    pub loads: Vec<f64>,
}

/// `total`.
pub struct Total;

impl Function for Total {
    type Arguments = Loads;
    type Output = Field<String>;

    fn name(&self) -> &'static str {
        "total"
    }

    fn summary(&self) -> &'static str {
        "The sum of loads, with its unit"
    }

    fn variadic(&self) -> bool {
        true
    }

    fn accepts_unknown(&self) -> &'static [&'static str] {
        &["unit"]
    }

    fn call(&self, arguments: Loads) -> Result<Field<String>, FunctionError> {
        let negative = arguments.loads.iter().position(|load| *load < 0.0);
        if let Some(index) = negative {
            let at = AttributePath::from("loads").index(index);
            return Err(FunctionError::new("A load is not below zero.").at(at));
        }
        // From 0.0, because the sum of no floats is -0.0.
        let sum = arguments.loads.iter().fold(0.0, |sum, load| sum + load);
        Ok(match arguments.unit {
            Field::Unknown => Field::Unknown,
            Field::Null => Field::Known(format!("{sum} kg")),
            Field::Known(unit) if unit == "panic" => panic!("asked to"),
            Field::Known(unit) => Field::Known(format!("{sum} {unit}")),
        })
    }
}
