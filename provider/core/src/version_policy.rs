//! The list of allowed versions that a new policy replaces.

use everest_schemas::models::EngineVersionPolicyModel;

use crate::facts::Facts;
use crate::impact::Summary;
use crate::v1::ObjectMapping;
use crate::v1::engine_version_policy::{allowed, versions_before};

/// Summarizes the list that somebody has set before the policy `what` is created; `None` if there is
/// none, or the policy has set it.
pub fn replaced(what: &str, planned: &EngineVersionPolicyModel, facts: &Facts) -> Option<Summary> {
    let engine = facts.engines.as_ref()?.get(planned.key().1)?;
    let before = allowed(engine);
    let versions = planned.allowed_versions.known()?;
    let is_same = versions
        .iter()
        .map(|version| version.known_str())
        .eq(before.iter().map(|version| Some(version.as_str())));
    if before.is_empty() || is_same || versions_before(&engine.metadata).is_some() {
        return None;
    }
    Some(Summary {
        headline: format!("{what} replaces a list of allowed versions"),
        detail: format!(
            "The allowed versions are {} now. Destroying the resource restores that list.",
            before.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixtures;
    use everest_schemas::Engine;
    use serde_json::json;

    #[test]
    fn a_list_that_is_replaced_is_told() {
        let planned = serde_json::from_value(json!({"namespace": "prod", "engine": "pxc",
            "allowedVersions": ["8.0.41-32.1"]}))
        .unwrap();
        let told = |versions: &[&str]| {
            let mut facts = fixtures::facts();
            let engines = facts.engines.as_mut().unwrap();
            let engine = engines.get_mut(Engine::Pxc.operator()).unwrap();
            engine.spec.allowed_versions = serde_json::from_value(json!(versions)).unwrap();
            replaced("it", &planned, &facts).map(|summary| summary.detail)
        };
        assert!(told(&["8.0.36-28.1"]).unwrap().contains("8.0.36-28.1 now"));
        assert_eq!(told(&["8.0.41-32.1"]), None);
        assert_eq!(told(&[]), None);
    }
}
