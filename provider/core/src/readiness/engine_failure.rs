//! Why an engine could not take a backup or restore one.

use serde_json::Value;

use crate::clean;

/// The longest text that is handed on.
const LONGEST: usize = 500;

/// What the engine's own backup or restore says of its failure: an error, or where it has none the
/// job that did the work.
///
/// Source: `status.error` of the operators' backups and of percona-server-mongodb-operator's
/// restores, `status.comments` of percona-xtradb-cluster-operator's; `status.jobName` of
/// percona-postgresql-operator's, which say nothing else.
pub fn engine_failure(engine_object: &Value) -> Option<String> {
    let status = &engine_object["status"];
    let conditions = status["conditions"].as_array();
    let of_conditions = conditions
        .into_iter()
        .flatten()
        .rev()
        .map(|condition| &condition["message"]);
    let said = [&status["error"], &status["comments"], &status["message"]]
        .into_iter()
        .chain(of_conditions)
        .filter_map(Value::as_str)
        .map(str::trim)
        .find(|said| !said.is_empty());
    if let Some(said) = said {
        return Some(clean(said, LONGEST));
    }
    let job = status["jobName"].as_str().filter(|job| !job.is_empty())?;
    let namespace = engine_object["metadata"]["namespace"].as_str();
    Some(format!(
        "nothing but the name of its job, whose log may tell: kubectl logs -n {} job/{job}",
        namespace.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_engines_object_says_why_it_failed() {
        let why = |status: Value| {
            engine_failure(&json!({"metadata": {"namespace": "prod"}, "status": status}))
        };
        let error = json!({"state": "Failed", "error": "AccessDenied: s3", "jobName": "j"});
        assert_eq!(why(error).as_deref(), Some("AccessDenied: s3"));
        let message = json!({"error": " ", "message": "job failed"});
        assert_eq!(why(message).as_deref(), Some("job failed"));
        let comments = json!({"state": "Failed", "comments": "no such backup"});
        assert_eq!(why(comments).as_deref(), Some("no such backup"));
        let conditions = json!({"conditions": [
            {"type": "A", "message": "first"}, {"type": "B", "message": "last"},
        ]});
        assert_eq!(why(conditions).as_deref(), Some("last"));
        let job = why(json!({"state": "Failed", "jobName": "orders-pgbackrest-restore"}));
        let job = job.unwrap();
        assert!(
            job.contains("kubectl logs -n prod job/orders-pgbackrest-restore"),
            "{job}"
        );
        assert_eq!(why(json!({"state": "Failed"})), None);
        assert_eq!(engine_failure(&json!({})), None);
    }
}
