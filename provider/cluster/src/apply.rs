//! Server-side apply that takes nothing from others.

use serde_json::Value;

use crate::error::{ClusterError, FieldConflict};
use crate::objects::{Kind, Objects};

/// Applies `body` to `name`, owning only the fields in it.
///
/// 1. Applies without force.
/// 2. On a conflict compares the live value of every field in dispute with the one that
///    `prior`, the body of the last apply, had. If all are as we left them (or are already as
///    we want them), the other manager merely wrote our value back, as Go operators do with
///    their full updates: applies with force.
/// 3. Otherwise somebody changed the field on purpose.
///
/// # Errors
/// `Conflict` with managers, fields and both values in case 3; nothing is written then.
pub(crate) async fn apply<K: Kind + serde::Serialize>(
    objects: &Objects<K>,
    name: &str,
    body: &Value,
    prior: Option<&Value>,
) -> Result<K, ClusterError> {
    let (object, conflicts) = match objects.patch_apply(name, body, false).await {
        Err(ClusterError::Conflict { object, conflicts }) => (object, conflicts),
        other => return other,
    };
    let live = objects
        .get(name)
        .await?
        .and_then(|live| serde_json::to_value(live).ok())
        .unwrap_or_default();
    let mut disputed = Vec::new();
    for conflict in conflicts {
        let ours = lookup(body, &conflict.field);
        let theirs = lookup(&live, &conflict.field);
        let before = prior.and_then(|prior| lookup(prior, &conflict.field));
        let as_left = matches!((theirs, before), (Some(a), Some(b)) if same(a, b));
        let as_wanted = matches!((theirs, ours), (Some(a), Some(b)) if same(a, b));
        if !as_left && !as_wanted {
            disputed.push(FieldConflict {
                ours: ours.map(Value::to_string),
                theirs: theirs.map(Value::to_string),
                ..conflict
            });
        }
    }
    if disputed.is_empty() {
        return objects.patch_apply(name, body, true).await;
    }
    Err(ClusterError::Conflict {
        object,
        conflicts: disputed,
    })
}

/// The value at a path as the API server writes it: `spec.a.b`, list elements by index
/// `[0]` or by key `[name="x"]`.
fn lookup<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = object;
    for step in steps(path) {
        value = match step {
            Step::Member(name) => value.get(name)?,
            Step::Element(selector) => match selector.split_once('=') {
                Some((key, wanted)) => {
                    let wanted: Value = serde_json::from_str(wanted).ok()?;
                    let elements = value.as_array()?;
                    elements
                        .iter()
                        .find(|element| element.get(key) == Some(&wanted))?
                }
                None => value.get(selector.parse::<usize>().ok()?)?,
            },
        };
    }
    Some(value)
}

enum Step<'a> {
    Member(&'a str),
    Element(&'a str),
}

fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = path.trim_start_matches('.');
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let Some((selector, after)) = inside.split_once(']') else {
                break;
            };
            steps.push(Step::Element(selector));
            rest = after.trim_start_matches('.');
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            steps.push(Step::Member(&rest[..end]));
            rest = rest[end..].trim_start_matches('.');
        }
    }
    steps
}

/// Equal, or the same quantity in another spelling.
fn same(a: &Value, b: &Value) -> bool {
    a == b
        || matches!((a.as_str(), b.as_str()), (Some(a), Some(b)) if everest_core::quantity::equal(a, b))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use serde_json::json;

    use super::*;
    use crate::fake::{self, Answer};

    /// A server whose object has `live`, owned by somebody else, until force is used.
    async fn apply_over(
        live: &'static str,
        prior: Option<&str>,
    ) -> (Result<ConfigMap, ClusterError>, bool) {
        let object = move |value: &str| {
            json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "a", "namespace": "n"}, "data": {"size": value}})
        };
        let (cluster, seen) = fake::cluster(move |method, target, body| match method {
            "PATCH" if target.contains("force=true") => Answer::Json(200, body.clone()),
            "PATCH" => fake::failure(
                409,
                "Conflict",
                "Apply failed with 1 conflict",
                json!({"causes": [
                {"reason": "FieldManagerConflict", "field": ".data.size",
                 "message": "conflict with \"operator\" using v1"}]}),
            ),
            _ => Answer::Json(200, object(live)),
        });
        let objects = cluster.objects::<ConfigMap>("n");
        let prior = prior.map(object);
        let result = apply(&objects, "a", &object("2Gi"), prior.as_ref()).await;
        let forced = seen
            .lock()
            .unwrap()
            .iter()
            .any(|(line, _)| line.contains("force=true"));
        (result, forced)
    }

    #[tokio::test]
    async fn our_own_value_written_back_by_an_operator_is_taken_again() {
        let (result, forced) = apply_over("1Gi", Some("1024Mi")).await;
        assert!(result.is_ok() && forced, "{result:?}");
    }

    #[tokio::test]
    async fn a_value_that_is_already_as_wanted_is_no_conflict() {
        let (result, forced) = apply_over("2048Mi", None).await;
        assert!(result.is_ok() && forced, "{result:?}");
    }

    #[tokio::test]
    async fn a_value_that_somebody_changed_is_not_overwritten() {
        let (result, forced) = apply_over("5Gi", Some("1Gi")).await;
        assert!(!forced);
        let text = result.unwrap_err().to_string();
        assert!(
            text.contains(
                "data.size belongs to field manager \"operator\", which says \"5Gi\", not \"2Gi\""
            ),
            "{text}"
        );
    }

    #[test]
    fn finds_members_indices_and_keyed_elements() {
        let object = json!({"spec": {"engine": {"replicas": 3},
            "list": [{"name": "a", "v": 1}, {"name": "b", "v": 2}]}});
        assert_eq!(lookup(&object, ".spec.engine.replicas"), Some(&json!(3)));
        assert_eq!(lookup(&object, "spec.list[1].v"), Some(&json!(2)));
        assert_eq!(lookup(&object, "spec.list[name=\"a\"].v"), Some(&json!(1)));
        assert_eq!(lookup(&object, "spec.list[name=\"c\"].v"), None);
    }

    #[test]
    fn quantities_are_compared_by_value() {
        assert!(same(&json!("1024Mi"), &json!("1Gi")));
        assert!(!same(&json!("1G"), &json!("1Gi")));
    }
}
