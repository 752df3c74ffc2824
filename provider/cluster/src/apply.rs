//! Server-side apply that overwrites fields of other managers only if that is allowed.

use std::time::Duration;

use everest_core::field_conflict;
use everest_core::lifecycle::Agreed;
use serde_json::{Value, json};

use crate::error::{ClusterError, FieldConflict};
use crate::objects::{Kind, Objects};

/// The fields of other managers that an apply may overwrite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ForcePolicy<'a> {
    /// Nothing.
    Nothing,
    /// Everything: the user has set `force_conflicts`, or the plan showed the present values and
    /// the resource has no such attribute.
    Everything,
    /// The values that the plan showed as changes: the user who applied the plan has agreed to
    /// them.
    Shown {
        /// The body made from the state that the plan started from.
        prior: &'a Value,
    },
}

impl<'a> From<&'a Agreed> for ForcePolicy<'a> {
    fn from(agreed: &'a Agreed) -> Self {
        match agreed {
            Agreed::Nothing => ForcePolicy::Nothing,
            Agreed::Shown { prior } => ForcePolicy::Shown { prior },
            Agreed::Everything => ForcePolicy::Everything,
        }
    }
}

impl<'a> ForcePolicy<'a> {
    /// The policy of a resource with the attribute `force_conflicts`.
    pub(crate) fn of(force_conflicts: &everest_schemas::Field<bool>, prior: &'a Value) -> Self {
        if force_conflicts.known() == Some(&true) {
            ForcePolicy::Everything
        } else {
            ForcePolicy::Shown { prior }
        }
    }
}

/// The body with the UID of the object that is meant: without a UID, an apply creates the object if
/// it is gone.
pub(crate) fn pinned(mut body: Value, uid: Option<&str>) -> Value {
    if let Some(uid) = uid {
        body["metadata"]["uid"] = json!(uid);
    }
    body
}

/// The number of attempts for an object that changes meanwhile.
const ATTEMPTS: usize = 5;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(300);

/// Applies `body` to `name`, owning only the fields in it.
///
/// 1. Applies without force.
/// 2. On a conflict, reads the object and finds the conflicting fields: see
///    [`field_conflict::conflicting_fields`]. If there are none, or all of them may be overwritten,
///    applies with force, but only to the version that was read: an object that has changed
///    meanwhile is read again, unless the body names the version that it was made from.
/// 3. Notes the fields that were taken over ([`crate::Cluster::taken`]) and the values that differ
///    in the answer ([`crate::Cluster::rewritten`]).
///
/// # Errors
/// `Conflict` with managers, fields and both values if fields conflict; nothing is written then.
/// `Api` with code 409 if the object keeps changing. `Superseded` if it is gone.
pub(crate) async fn apply<K: Kind + serde::Serialize>(
    objects: &Objects<K>,
    name: &str,
    body: &Value,
    force_policy: ForcePolicy<'_>,
) -> Result<K, ClusterError> {
    match objects.patch_apply(name, body, false).await {
        Err(ClusterError::Conflict { .. }) => {}
        other => {
            if let Ok(applied) = &other {
                objects.cluster().note_rewritten(applied, body);
            }
            return other;
        }
    }
    let uid = body.pointer("/metadata/uid").and_then(Value::as_str);
    let has_version = body.pointer("/metadata/resourceVersion").is_some();
    let mut attempts_left = if has_version { 1 } else { ATTEMPTS };
    loop {
        attempts_left -= 1;
        let Some(live) = objects.get(name).await? else {
            return Err(ClusterError::Superseded {
                object: objects.named(name),
                replaced: false,
            });
        };
        let taken = taken(objects, name, &live, body, force_policy)?;
        let mut body = pinned(body.clone(), uid.or(live.meta().uid.as_deref()));
        if !has_version && let Some(version) = &live.meta().resource_version {
            body["metadata"]["resourceVersion"] = json!(version);
        }
        match objects.patch_apply(name, &body, true).await {
            Ok(applied) => {
                objects.cluster().note_taken(taken);
                objects.cluster().note_rewritten(&applied, &body);
                return Ok(applied);
            }
            Err(error) if error.is_transient() && attempts_left > 0 => {
                tracing::debug!(%error, "reading the object again");
                tokio::time::sleep(BETWEEN_ATTEMPTS).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The fields in `live` that an apply takes over from other managers.
///
/// # Errors
/// `Conflict` as [`apply`], if it would take more than it may.
pub(crate) fn taken<K: Kind + serde::Serialize>(
    objects: &Objects<K>,
    name: &str,
    live: &K,
    body: &Value,
    force_policy: ForcePolicy<'_>,
) -> Result<Vec<FieldConflict>, ClusterError> {
    let prior = match force_policy {
        ForcePolicy::Everything => return Ok(Vec::new()),
        ForcePolicy::Nothing => &Value::Null,
        ForcePolicy::Shown { prior } => prior,
    };
    let live = serde_json::to_value(live).unwrap_or_default();
    let manager = objects.cluster().field_manager();
    let (shown, more): (Vec<_>, Vec<_>) =
        field_conflict::conflicting_fields(&live, body, prior, manager)
            .into_iter()
            .partition(|conflicting_field| conflicting_field.shown);
    if more.is_empty() {
        return Ok(shown.into_iter().map(Into::into).collect());
    }
    Err(ClusterError::Conflict {
        object: objects.named(name),
        conflicts: more.into_iter().map(Into::into).collect(),
        forcible: matches!(force_policy, ForcePolicy::Shown { .. }),
    })
}

/// Makes this provider the owner of values that a change removes from `live` and that others wrote
/// once: an apply alone would leave those values in place. Nothing else of the object changes.
/// `planned` and `prior` are the bodies of the change.
///
/// # Errors
/// `Api` with code 409 if `live` is no longer the newest; whatever else the server says.
pub(crate) async fn hand_over<K: Kind + serde::Serialize>(
    objects: &Objects<K>,
    name: &str,
    live: &K,
    planned: &Value,
    prior: &Value,
) -> Result<(), ClusterError> {
    let manager = objects.cluster().field_manager();
    let version = &live.meta().resource_version;
    let live = serde_json::to_value(live).unwrap_or_default();
    if let Some(managed_fields) =
        field_conflict::removal::handed_over(&live, planned, prior, manager)
    {
        let body = json!({"metadata": {
            "managedFields": managed_fields, "resourceVersion": version}});
        objects.patch_merge_once(name, &body).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use k8s_openapi::api::core::v1::Namespace;

    use super::*;
    use crate::testing::api_server::{self, Answer};

    /// The labels of a body or an object with one size.
    fn sized(size: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "a", "labels": {"size": size}}})
    }

    fn held(size: &str, manager: &str, version: usize) -> Value {
        let mut object = sized(size);
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        object["metadata"]["managedFields"] = json!([
            {"manager": crate::FIELD_MANAGER, "operation": "Apply", "fieldsV1": {}},
            {"manager": manager, "operation": "Update",
             "fieldsV1": {"f:metadata": {"f:labels": {"f:size": {}}}}}]);
        object
    }

    /// What came of an apply of the size `2Gi`: the answer, the versions that were forced, and
    /// what was noted as taken.
    type Came = (
        Result<Namespace, ClusterError>,
        Vec<Value>,
        Vec<FieldConflict>,
    );

    /// A server whose object has the sizes `live` one after the other, each as soon as the one
    /// before was read, held by `manager`. Force is used only on the newest.
    async fn apply_over(
        live: &'static [&str],
        manager: &'static str,
        force_policy: ForcePolicy<'_>,
    ) -> Came {
        let reads = AtomicUsize::new(0);
        let (cluster, seen) = api_server::cluster(move |method, target, body| match method {
            "PATCH" if target.contains("force=true") => {
                let newest = live.len().min(reads.load(Ordering::Relaxed).max(1) + 1) - 1;
                if body["metadata"]["resourceVersion"] == json!(newest.to_string()) {
                    return Answer::Json(200, body.clone());
                }
                api_server::failure(409, "Conflict", "the object has been modified", json!({}))
            }
            "PATCH" => api_server::failure(
                409,
                "Conflict",
                "Apply failed with 1 conflict",
                json!({"causes": [
                {"reason": "FieldManagerConflict", "field": ".metadata.labels.size",
                 "message": "conflict with \"them\" using v1"}]}),
            ),
            _ => {
                let read = reads.fetch_add(1, Ordering::Relaxed).min(live.len() - 1);
                Answer::Json(200, held(live[read], manager, read))
            }
        });
        let cluster = cluster.accounting();
        let objects = cluster.global::<Namespace>();
        let result = apply(&objects, "a", &sized("2Gi"), force_policy).await;
        let seen = seen.lock().unwrap();
        let forced = seen
            .iter()
            .filter(|(line, _)| line.contains("force=true"))
            .map(|(_, body)| body["metadata"]["resourceVersion"].clone())
            .collect();
        (result, forced, cluster.taken())
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_operator_wrote_back_is_taken_again() {
        let (result, forced, taken) =
            apply_over(&["1Gi"], "everest-operator", ForcePolicy::Nothing).await;
        assert!(result.is_ok() && forced == ["0"], "{result:?}");
        assert_eq!(taken, []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_that_is_already_as_wanted_is_no_conflict() {
        let (result, forced, _) = apply_over(&["2Gi"], "kubectl-edit", ForcePolicy::Nothing).await;
        assert!(result.is_ok() && forced == ["0"], "{result:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_that_the_plan_did_not_show_is_not_overwritten() {
        let prior = sized("1Gi");
        let force_policy = ForcePolicy::of(&false.into(), &prior);
        let (result, forced, _) = apply_over(&["5Gi"], "kubectl-edit", force_policy).await;
        assert_eq!(forced, [""; 0]);
        let error = result.unwrap_err();
        let text = error.to_string();
        for words in [
            "labels[\"size\"] belongs to field manager \"kubectl-edit\", which says \"5Gi\", not \"2Gi\"",
            "Plan again",
            "force_conflicts = true",
        ] {
            assert!(text.contains(words), "{text}");
        }
        assert_eq!(error.attribute().unwrap().to_string(), "labels[\"size\"]");
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_that_the_plan_showed_is_taken_and_its_manager_named() {
        let prior = sized("5Gi");
        let force_policy = ForcePolicy::of(&false.into(), &prior);
        let (result, forced, taken) = apply_over(&["5Gi"], "kubectl-edit", force_policy).await;
        assert!(result.is_ok() && forced == ["0"], "{result:?}");
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].manager, "kubectl-edit");
    }

    #[tokio::test(start_paused = true)]
    async fn force_is_used_on_nothing_but_what_was_looked_at() {
        let prior = sized("5Gi");
        let force_policy = ForcePolicy::of(&false.into(), &prior);
        let (result, forced, _) = apply_over(&["5Gi", "7Gi"], "kubectl-edit", force_policy).await;
        assert_eq!(forced, ["0"], "refused by the server");
        let error = result.unwrap_err();
        assert!(error.to_string().contains("says \"7Gi\""), "{error}");

        let (result, forced, _) = apply_over(&["5Gi", "5Gi"], "kubectl-edit", force_policy).await;
        assert!(result.is_ok() && forced == ["0", "1"], "{result:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_that_somebody_changed_is_taken_when_that_is_asked_for() {
        let prior = Value::Null;
        for force_policy in [
            ForcePolicy::of(&true.into(), &prior),
            ForcePolicy::Everything,
        ] {
            let (result, forced, taken) = apply_over(&["5Gi"], "kubectl-edit", force_policy).await;
            assert!(result.is_ok() && forced == ["0"], "{result:?}");
            assert_eq!(taken, [], "it was asked for");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_gone_at_the_second_look_is_not_made_anew_with_force() {
        let (cluster, seen) = api_server::cluster(|method, _, _| match method {
            "PATCH" => api_server::failure(
                409,
                "Conflict",
                "Apply failed with 1 conflict",
                json!({"causes": [
                {"reason": "FieldManagerConflict", "field": ".metadata.labels.size",
                 "message": "conflict with \"them\" using v1"}]}),
            ),
            _ => api_server::absent("namespaces", "a"),
        });
        let objects = cluster.global::<Namespace>();
        let error = apply(&objects, "a", &sized("1Gi"), ForcePolicy::Everything)
            .await
            .unwrap_err();
        assert!(matches!(error, ClusterError::Superseded { .. }), "{error}");
        assert_eq!(api_server::writes(&seen).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_webhook_has_rewritten_is_noted() {
        for (made, told) in [
            ("2Gi", vec![]),
            (
                "4Gi",
                vec!["labels[\"size\"]: the cluster changed 2Gi to 4Gi".to_owned()],
            ),
        ] {
            let (cluster, _) = api_server::cluster(move |_, _, _| Answer::Json(200, sized(made)));
            let cluster = cluster.accounting();
            let objects = cluster.global::<Namespace>();
            let applied = apply(&objects, "a", &sized("2Gi"), ForcePolicy::Nothing).await;
            assert!(applied.is_ok());
            let rewritten = cluster.rewritten();
            assert_eq!(
                rewritten
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>(),
                told
            );
        }
    }
}
