//! Values that an admission webhook has changed during our write.

use std::fmt;

use serde_json::Value;

use crate::clean;
use crate::field_conflict;
use crate::object_path;
use crate::path::FieldPath;

/// A value that differs between a write and the server's answer to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewritten {
    /// The path in the model.
    pub path: FieldPath,
    /// The value that was sent.
    pub sent: Value,
    /// The value in the response.
    pub made: Value,
}

/// Returns the values of an apply body that differ in the server's answer. Another spelling of the
/// same value is no difference. Added and removed members are none either: Everest removes members
/// that are done once.
pub fn rewritten(answer: &Value, body: &Value) -> Vec<Rewritten> {
    let mut found = Vec::new();
    for part in ["/spec", "/metadata/labels", "/metadata/annotations"] {
        if let (Some(made), Some(sent)) = (answer.pointer(part), body.pointer(part)) {
            let mut path = part.split('/').skip(1).map(str::to_owned).collect();
            compare(made, sent, &mut path, &mut found);
        }
    }
    found
}

fn compare(made: &Value, sent: &Value, path: &mut Vec<String>, found: &mut Vec<Rewritten>) {
    match (made, sent) {
        (Value::Object(made), Value::Object(sent)) => {
            for (name, sent) in sent {
                if let Some(made) = made.get(name) {
                    path.push(name.clone());
                    compare(made, sent, path, found);
                    path.pop();
                }
            }
        }
        _ if differ(made, sent, path) => found.push(Rewritten {
            path: object_path::of_names(path),
            sent: sent.clone(),
            made: made.clone(),
        }),
        _ => {}
    }
}

/// Returns true if a value was changed. A list is one value; its elements may have additional
/// members.
fn differ(made: &Value, sent: &Value, path: &[String]) -> bool {
    let spelled = |left, right| field_conflict::same(left, right, path);
    if made.is_null() || spelled(made, sent) || spelled(sent, made) {
        return false;
    }
    match (made, sent) {
        (Value::Array(made), Value::Array(sent)) if made.len() == sent.len() => {
            let mut pairs = made.iter().zip(sent);
            pairs.any(|(made, sent)| differ(made, sent, path))
        }
        (Value::Object(made), Value::Object(sent)) => {
            let mut members = sent.iter();
            members.any(|(name, sent)| {
                let mut path = path.to_vec();
                path.push(name.clone());
                made.get(name).is_some_and(|made| differ(made, sent, &path))
            })
        }
        _ => true,
    }
}

impl fmt::Display for Rewritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Value| match value.as_str() {
            Some(text) => clean(text, LONGEST),
            None => clean(&value.to_string(), LONGEST),
        };
        let (made, sent) = (shown(&self.made), shown(&self.sent));
        write!(
            f,
            "{}: the cluster changed {sent} to {made}",
            self.path.snake_case()
        )
    }
}

/// The most characters of a value that are shown.
const LONGEST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(made: Value, sent: Value) -> Vec<String> {
        let found = rewritten(&json!({"spec": made}), &json!({"spec": sent}));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_value_that_a_webhook_put_in_the_place_of_another_is_told() {
        let engine = |memory: &str, replicas: i32| json!({"engine": {"replicas": replicas, "resources": {"memory": memory}}});
        assert_eq!(
            told(engine("4G", 3), engine("2G", 3)),
            ["engine.resources.memory: the cluster changed 2G to 4G"]
        );
        assert_eq!(told(engine("2000M", 3), engine("2G", 3)), [""; 0]);
        assert_eq!(
            told(engine("2G", 5), engine("2G", 3)),
            ["engine.replicas: the cluster changed 3 to 5"]
        );
    }

    #[test]
    fn what_is_added_or_taken_out_is_no_rewriting() {
        let sent = json!({"engine": {"crVersion": "recommended"}, "dataSource": {"a": "b"},
            "proxy": {"expose": {"type": "internal"}},
            "backup": {"schedules": [{"name": "n", "enabled": true}]}});
        let made = json!({"engine": {"crVersion": "1.18.0", "version": "8"},
            "proxy": {"expose": {"type": "ClusterIP"}},
            "backup": {"schedules": [{"name": "n", "enabled": true, "retentionCopies": 7}]}});
        assert_eq!(told(made, sent), [""; 0]);
    }

    #[test]
    fn a_list_is_one_value() {
        let schedules =
            |at: &str| json!({"backup": {"schedules": [{"name": "n", "schedule": at}]}});
        let told = told(schedules("0 3 * * *"), schedules("0 2 * * *"));
        assert_eq!(told.len(), 1);
        assert!(
            told[0].starts_with("backup.schedules: the cluster changed"),
            "{told:?}"
        );
    }
}
