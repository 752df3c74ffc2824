//! The take-over of an existing namespace.

use std::collections::BTreeMap;

use everest_schemas::models::NamespaceModel;
use serde_json::{Map, Value};

use crate::clean;
use crate::facts::{Facts, Seen};
use crate::impact::Summary;
use crate::v1;

/// The most characters of a value that are shown.
const LONGEST: usize = 100;

/// Summarizes the labels and annotations of the existing namespace that a take-over overwrites,
/// each with the value before and after; `None` if it overwrites nothing, or nothing is taken over.
pub fn summary(what: &str, planned: &NamespaceModel, facts: &Facts) -> Option<Summary> {
    let takes_over = planned.take_ownership.known() == Some(&true);
    let Seen::Found(found) = facts.namespace.as_ref() else {
        return None;
    };
    let body = v1::namespace::desired(planned);
    let (labels, annotations) = (&found.metadata.labels, &found.metadata.annotations);
    let lines: Vec<_> = [("labels", labels), ("annotations", annotations)]
        .into_iter()
        .filter_map(|(map, there)| Some((map, there.as_ref()?, body["metadata"][map].as_object()?)))
        .flat_map(|(map, there, ours)| overwritten(map, there, ours))
        .collect();
    if !takes_over || lines.is_empty() {
        return None;
    }
    Some(Summary {
        headline: format!("{what} overwrites labels or annotations of the existing namespace"),
        detail: format!(
            "take_ownership is true, and the namespace has other values: {}. Destroying the resource \
             does not restore them.",
            lines.join("; ")
        ),
    })
}

fn overwritten(
    map: &'static str,
    there: &BTreeMap<String, String>,
    ours: &Map<String, Value>,
) -> Vec<String> {
    let changed = ours.iter().filter_map(|(key, ours)| {
        let (before, after) = (there.get(key)?, ours.as_str()?);
        let shown = |value: &str| format!("{:?}", clean(value, LONGEST));
        let line = || {
            format!(
                "{map}[{key:?}] changes from {} to {}",
                shown(before),
                shown(after)
            )
        };
        (before != after).then(line)
    });
    changed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(take_ownership: bool, labels: Value) -> Option<String> {
        let planned = serde_json::from_value(json!({"name": "team", "engines": {},
            "takeOwnership": take_ownership, "labels": {"team": "a", "new": "b"},
            "annotations": {"note": "c"}}));
        let found = serde_json::from_value(json!({"metadata": {"name": "team",
            "labels": labels, "annotations": {"note": "c", "other": "d"}}}));
        let facts = Facts {
            namespace: Seen::Found(found.unwrap()),
            ..Facts::default()
        };
        let summary = summary("everest_namespace team", &planned.unwrap(), &facts)?;
        Some(summary.detail)
    }

    #[test]
    fn what_a_take_over_overwrites_is_told_before_and_after() {
        let theirs = json!({"team": "theirs", "app.kubernetes.io/managed-by": "helm", "own": "e"});
        let told_of = told(true, theirs.clone()).unwrap();
        assert!(
            told_of.contains(
                "values: labels[\"app.kubernetes.io/managed-by\"] changes from \"helm\" to \
                 \"everest\"; labels[\"team\"] changes from \"theirs\" to \"a\". "
            ),
            "{told_of}"
        );
        assert_eq!(told(false, theirs), None);
        assert_eq!(told(true, json!({"team": "a"})), None);
    }
}
