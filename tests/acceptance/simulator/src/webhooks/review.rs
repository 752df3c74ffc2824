//! Requests for admission and the answers to them.

use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::cluster::Error;
use crate::object::{at, text};

/// What the API server asks.
pub struct Request {
    /// CREATE, UPDATE or DELETE.
    pub operation: String,
    /// Namespace, empty for cluster-scoped kinds.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// The object as it would be stored (as it is, on DELETE).
    pub object: DynamicObject,
    /// The object before an UPDATE.
    pub old: Option<DynamicObject>,
}

impl Request {
    /// Reads an AdmissionReview; `None` if it is not one.
    pub fn parse(review: &Value) -> Option<Self> {
        let request = review.get("request")?;
        let object =
            |name: &str| serde_json::from_value::<DynamicObject>(request.get(name)?.clone()).ok();
        let old = object("oldObject");
        Some(Self {
            operation: text(request, "/operation").to_owned(),
            namespace: text(request, "/namespace").to_owned(),
            name: text(request, "/name").to_owned(),
            object: object("object").or_else(|| old.clone())?,
            old,
        })
    }

    /// Whether this is an UPDATE that changes the spec.
    pub fn changes_spec(&self) -> bool {
        self.old
            .as_ref()
            .is_some_and(|old| at(&old.data, "/spec") != at(&self.object.data, "/spec"))
    }
}

/// A refusal, as the status the API server passes on.
#[derive(Debug, PartialEq)]
pub struct Refusal {
    code: u16,
    reason: &'static str,
    message: String,
    details: Value,
}

impl Refusal {
    /// A refusal without a field.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self {
            code: 403,
            reason: "Forbidden",
            message: message.into(),
            details: Value::Null,
        }
    }

    /// Something that the object names is not there.
    pub fn not_found(kind: &str, name: &str) -> Self {
        Self {
            code: 404,
            reason: "NotFound",
            message: format!("{kind} {name:?} not found"),
            details: json!({"name": name, "kind": kind}),
        }
    }

    /// One or more fields are wrong.
    pub fn invalid(kind: &str, name: &str, errors: Vec<FieldError>) -> Self {
        let texts: Vec<String> = errors.iter().map(FieldError::to_string).collect();
        let listed = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        Self {
            code: 422,
            reason: "Invalid",
            message: format!("{kind}.everest.percona.com {name:?} is invalid: {listed}"),
            details: json!({
                "name": name,
                "group": "everest.percona.com",
                "kind": kind,
                "causes": errors.iter().map(FieldError::cause).collect::<Vec<_>>(),
            }),
        }
    }

    /// The sentence that a user sees.
    #[cfg(test)]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self {
            code: 500,
            reason: "InternalError",
            message: error.to_string(),
            details: Value::Null,
        }
    }
}

/// What is wrong with a field, in the words of the API machinery.
#[derive(Debug, PartialEq)]
pub struct FieldError {
    field: String,
    reason: &'static str,
    text: String,
}

impl FieldError {
    fn new(field: &str, reason: &'static str, text: String) -> Self {
        Self {
            field: field.to_owned(),
            reason,
            text,
        }
    }

    /// A value that is not one of those supported.
    pub fn unsupported(field: &str, value: &str, supported: &[&str]) -> Self {
        let mut text = format!("Unsupported value: {value:?}");
        if !supported.is_empty() {
            let quoted: Vec<String> = supported.iter().map(|s| format!("{s:?}")).collect();
            text = format!("{text}: supported values: {}", quoted.join(", "));
        }
        Self::new(field, "FieldValueNotSupported", text)
    }

    /// A value that breaks a rule.
    pub fn invalid(field: &str, value: &str, why: &str) -> Self {
        let text = format!("Invalid value: {value:?}: {why}");
        Self::new(field, "FieldValueInvalid", text)
    }

    /// A change or value that is not allowed.
    pub fn forbidden(field: &str, why: &str) -> Self {
        Self::new(field, "FieldValueForbidden", format!("Forbidden: {why}"))
    }

    /// A value that has to be there.
    pub fn required(field: &str, why: &str) -> Self {
        Self::new(
            field,
            "FieldValueRequired",
            format!("Required value: {why}"),
        )
    }

    /// A value that names something that is not there.
    pub fn not_found(field: &str, value: &str) -> Self {
        Self::new(field, "FieldValueNotFound", format!("Not found: {value:?}"))
    }

    fn cause(&self) -> Value {
        json!({"reason": self.reason, "field": self.field, "message": self.text})
    }
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.text)
    }
}

/// What a webhook lets through: warnings, and members to set.
#[derive(Debug, Default, PartialEq)]
pub struct Admitted {
    /// Warnings that kubectl prints.
    pub warnings: Vec<String>,
    /// JSON patch operations.
    pub patch: Vec<Value>,
}

impl Admitted {
    /// Let through with these members set.
    pub fn set(pointers: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let patch = pointers
            .into_iter()
            .map(|(path, value)| json!({"op": "add", "path": path, "value": value}))
            .collect();
        Self {
            patch,
            ..Self::default()
        }
    }
}

/// An answer of a webhook.
pub type Verdict = Result<Admitted, Refusal>;

/// The AdmissionReview that answers `review`.
pub fn answer(review: &Value, verdict: Verdict) -> Value {
    use base64::Engine as _;
    let mut response = json!({"uid": text(review, "/request/uid"), "allowed": verdict.is_ok()});
    match verdict {
        Ok(admitted) => {
            if !admitted.warnings.is_empty() {
                response["warnings"] = admitted.warnings.into();
            }
            if !admitted.patch.is_empty() {
                let patch = Value::from(admitted.patch).to_string();
                let patch = base64::engine::general_purpose::STANDARD.encode(patch);
                response["patchType"] = "JSONPatch".into();
                response["patch"] = patch.into();
            }
        }
        Err(refusal) => {
            response["status"] = json!({
                "metadata": {},
                "status": "Failure",
                "message": refusal.message,
                "reason": refusal.reason,
                "code": refusal.code,
            });
            if !refusal.details.is_null() {
                response["status"]["details"] = refusal.details;
            }
        }
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_wrong_fields_are_told_in_one_sentence() {
        let refusal = Refusal::invalid(
            "DatabaseCluster",
            "orders",
            vec![
                FieldError::unsupported("spec.engine.version", "9.9.9", &["1", "2"]),
                FieldError::unsupported("spec.engine.version", "", &[]),
            ],
        );
        assert_eq!(
            refusal.message(),
            "DatabaseCluster.everest.percona.com \"orders\" is invalid: \
             [spec.engine.version: Unsupported value: \"9.9.9\": supported values: \"1\", \"2\", \
             spec.engine.version: Unsupported value: \"\"]"
        );
    }

    #[test]
    fn a_refusal_carries_its_code_and_the_requests_uid() {
        let review = json!({"request": {"uid": "u"}});
        let answered = answer(&review, Err(Refusal::not_found("Secret", "nope")));
        assert_eq!(answered["response"]["uid"], "u");
        assert_eq!(answered["response"]["allowed"], false);
        assert_eq!(answered["response"]["status"]["code"], 404);
        assert_eq!(
            answered["response"]["status"]["message"],
            "Secret \"nope\" not found"
        );
    }
}
