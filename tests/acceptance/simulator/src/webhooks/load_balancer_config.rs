//! Admission of LoadBalancerConfigs.

use super::review::{Admitted, FieldError, Refusal, Request, Verdict};
use crate::everest::{IN_USE, READ_ONLY};
use crate::object::{self, at};

/// Name and annotation keys are right; what Everest ships stays as it is; what
/// is used stays.
pub fn validate(request: &Request) -> Verdict {
    let refuse = |error| Refusal::invalid("LoadBalancerConfig", &request.name, vec![error]);
    let shipped = object::has_finalizer(&request.object, READ_ONLY);
    match request.operation.as_str() {
        "DELETE" if shipped => Err(Refusal::forbidden("is default and cannot be deleted")),
        "DELETE" if object::has_finalizer(&request.object, IN_USE) => {
            Err(Refusal::forbidden("is used and cannot be deleted"))
        }
        "DELETE" => Ok(Admitted::default()),
        "UPDATE" if shipped && request.changes_spec() => {
            Err(Refusal::forbidden("is default and cannot be updated"))
        }
        _ => {
            if !is_label(&request.name) {
                let why = "must be a DNS label that starts with a letter";
                let error = FieldError::invalid("metadata.name", &request.name, why);
                return Err(refuse(error));
            }
            let annotations = at(&request.object.data, "/spec/annotations").as_object();
            for (key, _) in annotations.into_iter().flatten() {
                if !is_key(key) {
                    let why = "must be a lowercase annotation key";
                    return Err(refuse(FieldError::invalid("spec.annotations", key, why)));
                }
            }
            Ok(Admitted::default())
        }
    }
}

fn ends_well(text: &str, extra: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || extra.contains(c);
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && text.starts_with(outer)
        && text.ends_with(outer)
}

fn is_label(name: &str) -> bool {
    ends_well(name, "-") && name.starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((domain, name)) => {
            domain.split('.').all(|part| ends_well(part, "-")) && ends_well(name, "_.-")
        }
        None => ends_well(key, "_.-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotation_keys_are_lowercase() {
        assert!(is_key("service.beta.kubernetes.io/aws-load-balancer-type"));
        assert!(is_key("plain_key"));
        assert!(!is_key("service.beta.kubernetes.io/Type"));
        assert!(!is_key("a/b/c"));
        assert!(!is_key("/name"));
    }
}
