//! What a plan is expected to tell, compared with what it told.

use acceptance::{said::Said, told};

/// A diagnostic that is expected.
pub struct Expected {
    /// The resource that it is about.
    pub address: String,
    /// The attribute that it is about; empty for the resource as a whole.
    pub attribute: &'static str,
    /// Words of it.
    pub says: &'static str,
}

impl Expected {
    /// What is told of the database with this label.
    pub fn of(label: &str, attribute: &'static str, says: &'static str) -> Self {
        Self {
            address: format!("everest_database.{label}"),
            attribute,
            says,
        }
    }

    fn is_met_by(&self, told: &told::Told) -> bool {
        let place = if self.attribute.is_empty() {
            String::new()
        } else {
            format!("Attribute {}: ", self.attribute)
        };
        told.address == self.address
            && told.detail.starts_with(&place)
            && (told.summary.contains(self.says) || told.detail.contains(self.says))
    }
}

/// A run with `-json` told exactly what is expected, in diagnostics of one severity.
#[track_caller]
pub fn assert_told(said: &Said, severity: &str, expected: &[Expected]) {
    let told: Vec<_> = told::diagnostics(said)
        .into_iter()
        .filter(|told| told.severity == severity)
        .collect();
    let missing: Vec<_> = expected
        .iter()
        .filter(|expected| !told.iter().any(|told| expected.is_met_by(told)))
        .map(|expected| {
            format!(
                "{}, {}: {}",
                expected.address, expected.attribute, expected.says
            )
        })
        .collect();
    let unasked: Vec<_> = told
        .iter()
        .filter(|told| !expected.iter().any(|expected| expected.is_met_by(told)))
        .collect();
    assert!(
        missing.is_empty() && unasked.is_empty() && told.len() == expected.len(),
        "{} told, {} expected; missing: {missing:#?}\nnot asked for: {unasked:#?}",
        told.len(),
        expected.len()
    );
}
