//! Checks of cluster-scoped objects that databases of all namespaces refer to.

use everest_schemas::Field;
use everest_schemas::everest::DatabaseCluster;

use super::Rule;
use super::findings::Findings;
use super::table::shared::SHARED_NAME;
use crate::facts::Facts;
use crate::finding::Finding;
use crate::name;
use crate::path::FieldPath;

/// Checks the name of a new object.
pub(super) fn name(name: &Field<String>, findings: &mut Findings) {
    if let Some(text) = name.known_str()
        && let Err(error) = name::check_label(text, name::LABEL_LIMIT)
    {
        let summary = format!("{text:?} cannot be a name: {error}");
        findings.error(&SHARED_NAME, FieldPath::of("name"), summary);
    }
}

/// A warning that names the databases that keep an object from being destroyed, after `summary`;
/// none if there are no such databases. It is only a warning, because the same run may end the use.
pub(super) fn destruction_of_used(
    rule: &Rule,
    summary: String,
    facts: &Facts,
    uses: impl Fn(&DatabaseCluster) -> bool,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    let users = facts.databases_that(uses);
    if !users.is_empty() {
        findings.warning(rule, FieldPath::root(), summary + &users.to_string());
    }
    findings.into_findings()
}
