//! Reading the API server's Status objects.

use everest_core::clean;
use everest_core::object_path::{of_text, with_names_of_model};
use everest_core::v1::monitoring_config;
use kube::core::response::{Status, StatusCause, reason};

use super::{ClusterError, FieldCause, FieldConflict, Object, boxed};

/// Turns a failure Status into a typed error.
pub(super) fn status(status: &Status, verb: &'static str, object: &Object) -> ClusterError {
    let message = clean(status.message.trim(), super::LONGEST);
    let message = message.as_str();
    let mut causes = status
        .details
        .as_ref()
        .map_or_else(Vec::new, |details| details.causes.clone());
    for cause in &mut causes {
        cause.message = clean(&cause.message, super::LONGEST);
    }
    let causes = causes.as_slice();

    if let Some(webhook) = between(message, "failed calling webhook \"", "\"") {
        return ClusterError::WebhookDown {
            object: boxed(object),
            webhook: webhook.to_owned(),
            message: message.to_owned(),
        };
    }
    if let Some((by, reason)) = message.split_once("denied the request: ") {
        let refused = refused(object, reason, causes);
        return match by.contains("\"vmonitoringconfig") {
            true => with_its_call(refused),
            false => refused,
        };
    }
    // A webhook that a dry run must not call: HTTP 400, although nobody has judged the content.
    if message.ends_with("does not support dry run") {
        return ClusterError::Api {
            verb,
            object: boxed(object),
            code: status.code,
            message: message.to_owned(),
        };
    }
    // Server-side apply of a field that the served CRD does not have: HTTP 500.
    if message.contains("field not declared in schema") {
        return undeclared(object, message);
    }
    match (status.code, status.reason.as_str()) {
        (401, _) | (_, reason::UNAUTHORIZED) => ClusterError::Unauthorized {
            message: message.to_owned(),
        },
        (403, _) | (_, reason::FORBIDDEN) => forbidden(object, verb, message, causes),
        (404, _) | (_, reason::NOT_FOUND) => not_found(status, object),
        (_, reason::ALREADY_EXISTS) => ClusterError::AlreadyExists {
            object: boxed(object),
            remedy: String::new(),
        },
        // A write that names the UID of the object it means: that one is gone.
        (_, reason::CONFLICT) | (409, _) if message.contains("uid mismatch: ") => {
            superseded(object, false)
        }
        (_, reason::CONFLICT) | (409, _) if message.contains("UID in the precondition") => {
            superseded(object, true)
        }
        (_, reason::INVALID) | (422, _)
            if causes.iter().any(|cause| cause.field == "metadata.uid") =>
        {
            superseded(object, true)
        }
        (_, reason::CONFLICT) | (409, _) => {
            let conflicts: Vec<_> = causes.iter().filter_map(conflict).collect();
            if conflicts.is_empty() {
                ClusterError::Api {
                    verb,
                    object: boxed(object),
                    code: 409,
                    message: message.to_owned(),
                }
            } else {
                ClusterError::Conflict {
                    object: boxed(object),
                    conflicts,
                    forcible: false,
                }
            }
        }
        (_, reason::INVALID) | (422, _) => {
            // "DatabaseCluster.everest.percona.com "x" is invalid: spec…": the object is
            // named by the error already.
            let reason = message
                .split_once(" is invalid: ")
                .map_or(message, |(_, rest)| rest);
            refused(object, reason, causes)
        }
        (400, _) | (_, reason::BAD_REQUEST) => refused(object, message, causes),
        (code, _) => ClusterError::Api {
            verb,
            object: boxed(object),
            code,
            message: message.to_owned(),
        },
    }
}

fn superseded(object: &Object, replaced: bool) -> ClusterError {
    ClusterError::Superseded {
        object: boxed(object),
        replaced,
    }
}

fn forbidden(
    object: &Object,
    verb: &'static str,
    message: &str,
    causes: &[StatusCause],
) -> ClusterError {
    // Quotas, Pod security and a namespace that is going are 403 too, but no matter of RBAC.
    // RBAC names the user first: a policy may say "cannot" too.
    let denial = message.split_once("User \"");
    let denied = denial.and_then(|(_, denial)| between(denial, "\" cannot ", " resource \""));
    let Some(denied) = denied else {
        return match message.split_once("is forbidden: ") {
            Some((_, reason)) => refused(object, reason, causes),
            None => ClusterError::Forbidden {
                verb: verb.to_owned(),
                resource: object.resource.clone(),
                namespace: object.namespace.clone(),
                message: message.to_owned(),
            },
        };
    };
    let plural = between(message, " resource \"", "\"").unwrap_or_default();
    let group = between(message, "in API group \"", "\"").unwrap_or_default();
    ClusterError::Forbidden {
        verb: denied.to_owned(),
        resource: if group.is_empty() {
            plural.to_owned()
        } else {
            format!("{plural}.{group}")
        },
        // A Namespace itself is cluster-scoped, whatever the message says.
        namespace: between(message, "in the namespace \"", "\"")
            .filter(|_| plural != "namespaces")
            .map(str::to_owned),
        message: message.to_owned(),
    }
}

fn not_found(status: &Status, object: &Object) -> ClusterError {
    // An absent object is named in the details or the message; an absent kind is not.
    let named = status
        .details
        .as_ref()
        .filter(|details| !details.name.is_empty());
    match named {
        None if !object.resource.contains('.') => ClusterError::NotFound {
            object: boxed(object),
        },
        None => ClusterError::NotEverest {
            resource: object.resource.clone(),
        },
        Some(details) if details.kind == "namespaces" && object.kind != "Namespace" => {
            ClusterError::NotFound {
                object: Box::new(Object {
                    kind: "Namespace".to_owned(),
                    resource: "namespaces".to_owned(),
                    namespace: None,
                    name: details.name.clone(),
                }),
            }
        }
        Some(_) => ClusterError::NotFound {
            object: boxed(object),
        },
    }
}

fn refused(object: &Object, reason: &str, causes: &[StatusCause]) -> ClusterError {
    let mut causes: Vec<FieldCause> = causes
        .iter()
        .filter(|cause| !cause.field.is_empty() && cause.field != "<nil>")
        .map(|cause| FieldCause {
            field: with_names_of_model(&object.kind, &bare(&cause.field)).into_owned(),
            message: cause.message.clone(),
        })
        .collect();
    if causes.is_empty()
        && let Some((field, message)) = leading_field(reason)
    {
        causes.push(FieldCause {
            field: with_names_of_model(&object.kind, &field).into_owned(),
            message: message.to_owned(),
        });
    }
    ClusterError::Refused {
        object: boxed(object),
        message: reason.to_owned(),
        causes,
    }
}

/// The refusal of a monitoring configuration, whose webhook asks the server and names no field.
fn with_its_call(mut refusal: ClusterError) -> ClusterError {
    if let ClusterError::Refused {
        message, causes, ..
    } = &mut refusal
        && causes.is_empty()
    {
        causes.push(FieldCause {
            field: monitoring_config::blamed(message).to_owned(),
            message: message.clone(),
        });
        message.push_str(
            ". Everest asks the monitoring server for its version, with the API key, before it \
             takes a change: check the URL and the key, and that the pods of everest-operator \
             reach the server",
        );
    }
    refusal
}

/// The field at the head of a webhook's text: `spec.engine.version: Unsupported value…`.
fn leading_field(reason: &str) -> Option<(String, &str)> {
    let reason = reason
        .split_once(" is invalid: ")
        .map_or(reason, |(_, rest)| rest);
    let (field, message) = reason.split_once(": ")?;
    let is_path = (field.starts_with("spec.") || field.starts_with(".spec."))
        && !field.contains(char::is_whitespace);
    is_path.then(|| (bare(field), message))
}

fn undeclared(object: &Object, message: &str) -> ClusterError {
    let field = message
        .split(": ")
        .find(|part| part.starts_with(".spec"))
        .map(bare)
        .unwrap_or_else(|| "spec".to_owned());
    let reason = format!(
        "the Everest version of this cluster does not support the field {field}. Remove it from \
         the configuration or upgrade Everest"
    );
    ClusterError::Refused {
        object: boxed(object),
        message: reason.clone(),
        causes: vec![FieldCause {
            field,
            message: reason,
        }],
    }
}

fn conflict(cause: &StatusCause) -> Option<FieldConflict> {
    if cause.reason != "FieldManagerConflict" {
        return None;
    }
    let manager = between(&cause.message, "conflict with \"", "\"").unwrap_or(&cause.message);
    Some(FieldConflict {
        manager: manager.to_owned(),
        path: of_text(&bare(&cause.field)),
        field: bare(&cause.field),
        ours: None,
        theirs: None,
    })
}

fn bare(field: &str) -> String {
    field.trim_start_matches('.').to_owned()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}

/// The reason why an answer of the server could not be read, without the parts that serde quotes:
/// they may be secret.
pub(super) fn unreadable(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Data => {
            format!("the answer has other fields than expected (line {line}, column {column})")
        }
        serde_json::error::Category::Io
        | serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof => {
            format!(
                "{}: it ends or breaks off at column {column}",
                super::UNREADABLE
            )
        }
    }
}

/// Returns true if a retry soon does not help against a transport error.
pub(super) fn is_lasting(cause: &str) -> bool {
    [
        "refused",
        "certificate",
        "lookup",
        "timed out",
        "timeout",
        // A connection that could not be made in time, as tokio and so hyper say it.
        "deadline has elapsed",
        super::UNANSWERED,
        "unreachable",
        "InvalidContentType",
    ]
    .iter()
    .any(|sign| cause.contains(sign))
}

#[cfg(test)]
mod tests;
