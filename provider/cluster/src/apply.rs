//! Server-side apply that takes nothing from others unless it may.

use everest_core::drift;
use serde_json::Value;

use crate::error::ClusterError;
use crate::objects::{Kind, Objects};

/// What of others' an apply may overwrite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing.
    Nothing,
    /// Everything: what is there was shown when the change was planned, and the resource has
    /// nothing to say it with.
    Everything,
    /// Everything if the user has said so by `force_conflicts`, else nothing.
    IfForced(bool),
}

impl Takes {
    /// What a resource with the attribute `force_conflicts` takes.
    pub(crate) fn of(force_conflicts: &everest_schemas::Field<bool>) -> Self {
        Takes::IfForced(force_conflicts.known() == Some(&true))
    }
}

/// Applies `body` to `name`, owning only the fields in it.
///
/// 1. Applies without force.
/// 2. On a conflict looks at who holds what now: see [`drift::contested`]. If nothing is
///    contested, or all of it may be taken, applies with force.
///
/// # Errors
/// `Conflict` with managers, fields and both values where values are contested; nothing is
/// written then.
pub(crate) async fn apply<K: Kind + serde::Serialize>(
    objects: &Objects<K>,
    name: &str,
    body: &Value,
    takes: Takes,
) -> Result<K, ClusterError> {
    match objects.patch_apply(name, body, false).await {
        Err(ClusterError::Conflict { .. }) => {}
        other => return other,
    }
    if let Some(live) = objects.get(name).await? {
        refuse_contested(objects, name, &live, body, takes)?;
    }
    objects.patch_apply(name, body, true).await
}

/// Refuses an apply that would overwrite in `live` what it may not.
///
/// # Errors
/// `Conflict` as [`apply`].
pub(crate) fn refuse_contested<K: Kind + serde::Serialize>(
    objects: &Objects<K>,
    name: &str,
    live: &K,
    body: &Value,
    takes: Takes,
) -> Result<(), ClusterError> {
    if matches!(takes, Takes::Everything | Takes::IfForced(true)) {
        return Ok(());
    }
    let live = serde_json::to_value(live).unwrap_or_default();
    let contested = drift::contested(&live, body, objects.cluster().field_manager());
    if contested.is_empty() {
        return Ok(());
    }
    Err(ClusterError::Conflict {
        object: objects.named(name),
        conflicts: contested.into_iter().map(Into::into).collect(),
        forcible: matches!(takes, Takes::IfForced(_)),
    })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Namespace;
    use serde_json::json;

    use super::*;
    use crate::fake::{self, Answer};

    /// A server whose object has the size `live`, held by `manager`, until force is used.
    async fn apply_over(
        live: &'static str,
        manager: &'static str,
        takes: Takes,
    ) -> (Result<Namespace, ClusterError>, bool) {
        let object = move |size: &str| {
            json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": "a", "labels": {"size": size}, "managedFields": [
                    {"manager": crate::FIELD_MANAGER, "operation": "Apply", "fieldsV1": {}},
                    {"manager": manager, "operation": "Update",
                     "fieldsV1": {"f:metadata": {"f:labels": {"f:size": {}}}}}]}})
        };
        let (cluster, seen) = fake::cluster(move |method, target, body| match method {
            "PATCH" if target.contains("force=true") => Answer::Json(200, body.clone()),
            "PATCH" => fake::failure(
                409,
                "Conflict",
                "Apply failed with 1 conflict",
                json!({"causes": [
                {"reason": "FieldManagerConflict", "field": ".metadata.labels.size",
                 "message": "conflict with \"them\" using v1"}]}),
            ),
            _ => Answer::Json(200, object(live)),
        });
        let objects = cluster.global::<Namespace>();
        let body = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "a", "labels": {"size": "2Gi"}}});
        let result = apply(&objects, "a", &body, takes).await;
        let forced = seen
            .lock()
            .unwrap()
            .iter()
            .any(|(line, _)| line.contains("force=true"));
        (result, forced)
    }

    #[tokio::test]
    async fn what_an_operator_wrote_back_is_taken_again() {
        let (result, forced) = apply_over("1Gi", "everest-operator", Takes::Nothing).await;
        assert!(result.is_ok() && forced, "{result:?}");
    }

    #[tokio::test]
    async fn a_value_that_is_already_as_wanted_is_no_conflict() {
        let (result, forced) = apply_over("2048Mi", "kubectl-edit", Takes::Nothing).await;
        assert!(result.is_ok() && forced, "{result:?}");
    }

    #[tokio::test]
    async fn a_value_that_somebody_changed_is_not_overwritten() {
        let takes = Takes::of(&false.into());
        let (result, forced) = apply_over("5Gi", "kubectl-edit", takes).await;
        assert!(!forced);
        let error = result.unwrap_err();
        let text = error.to_string();
        for words in [
            "labels[\"size\"] belongs to field manager \"kubectl-edit\", which says \"5Gi\", not \"2Gi\"",
            "force_conflicts = true",
        ] {
            assert!(text.contains(words), "{text}");
        }
        assert_eq!(error.attribute().unwrap().to_string(), "labels[\"size\"]");
    }

    #[tokio::test]
    async fn a_value_that_somebody_changed_is_taken_when_that_is_asked_for() {
        for takes in [Takes::of(&true.into()), Takes::Everything] {
            let (result, forced) = apply_over("5Gi", "kubectl-edit", takes).await;
            assert!(result.is_ok() && forced, "{result:?}");
        }
    }
}
