//! Conversion of findings and errors of `core` and `cluster` into Terraform's diagnostics.

use everest_cluster::{Change, ClusterError, FieldConflict, error::Object};
use everest_core::{
    dialect::Dialect,
    finding::{Finding, Severity},
    path::{FieldPath, Segment},
    rewritten::Rewritten,
};
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Step, schema::attribute_name};

use crate::moved::ObjectKind;

/// Reports findings of the rules, each on its attribute.
pub fn report(findings: impl IntoIterator<Item = Finding>, diags: &mut Diagnostics) {
    diags.extend(findings.into_iter().map(finding));
}

/// A finding of the rules, on its attribute.
pub fn finding(finding: Finding) -> Diagnostic {
    let path = attribute_path(&finding.path);
    let summary = finding.summary.render(Dialect::Terraform);
    let detail = finding.detail.render(Dialect::Terraform);
    // Clients point at the root attribute at best, so the words name the whole path.
    let detail = if path.is_root() {
        detail
    } else {
        format!("Attribute {path}: {detail}")
    };
    let detail = format!("{detail}\n\nRule: {}", finding.rule);
    let diagnostic = match finding.severity {
        Severity::Error => Diagnostic::error(summary, detail),
        Severity::Warning => Diagnostic::warning(summary, detail),
    };
    diagnostic.at(path)
}

/// The diagnostic of an error while `doing` something, such as "create everest_database
/// prod/orders".
pub fn cluster_error(error: &ClusterError, doing: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(format!("Cannot {doing}"), sentence(&error.to_string()));
    match blamed(error) {
        Some(path) => diagnostic.at(path),
        None => diagnostic,
    }
}

/// The same, with `advice` if the object itself ended in failure.
pub fn failure(error: &ClusterError, doing: &str, advice: &str) -> Diagnostic {
    let mut diagnostic = cluster_error(error, doing);
    if matches!(error, ClusterError::Failed { .. }) && !advice.is_empty() {
        diagnostic.detail.push('\n');
        diagnostic.detail.push_str(advice);
    }
    diagnostic
}

/// The diagnostic for a run that was stopped while `doing` something, before anything was written.
pub fn stopped(doing: &str) -> Diagnostic {
    Diagnostic::error(
        format!("Cannot {doing}: the run was stopped"),
        "The run was interrupted before the cluster responded. Nothing was changed.",
    )
}

/// A few words about a fault of the cluster as a whole; `None` for an error about one object.
pub fn of_the_cluster(error: &ClusterError) -> Option<&'static str> {
    match error {
        ClusterError::Unreachable { .. } => Some("the cluster does not respond"),
        ClusterError::Unauthorized { .. } => Some("the cluster does not accept the credentials"),
        ClusterError::NoCredentials { .. } => Some("there are no credentials for the cluster"),
        ClusterError::NotEverest { .. } => Some("the cluster has no Everest v1"),
        ClusterError::EverestV2 => Some("the cluster runs Everest v2"),
        ClusterError::EverestV2Beside => Some("the cluster runs Everest v2 beside v1"),
        _ => None,
    }
}

/// The diagnostic at plan for a refused dry run of `doing` something.
pub fn would_be_refused(error: &ClusterError, doing: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        format!("The cluster would refuse to {doing}"),
        format!(
            "{} The plan found this by a dry run; nothing was written.",
            sentence(&error.to_string())
        ),
    );
    match blamed(error) {
        Some(path) => diagnostic.at(path),
        None => diagnostic,
    }
}

/// The diagnostic for a write that was not sent because the cluster did not answer the checks
/// before it.
pub fn unjudged(error: &ClusterError, doing: &str) -> Diagnostic {
    Diagnostic::error(
        format!("Cannot {doing}: the checks before the write could not run"),
        format!(
            "{} The provider checks a change against the current objects right before the write. \
             Without that check, it wrote nothing. Apply again once the cluster responds.",
            sentence(&error.to_string())
        ),
    )
}

/// The diagnostic at plan for values of other field managers that an apply would overwrite and that
/// the plan does not show.
pub fn would_overwrite(error: &ClusterError, what: &str) -> Diagnostic {
    let diagnostic = Diagnostic::warning(
        format!("Another field manager owns values that this plan changes in {what}"),
        format!("An apply will be refused: {}", sentence(&error.to_string())),
    );
    match blamed(error) {
        Some(path) => diagnostic.at(path),
        None => diagnostic,
    }
}

/// The warning at plan for `fields` that the apply takes over from other field managers; `None` if
/// there are none.
pub fn will_take(fields: &[FieldConflict], what: &str) -> Option<Diagnostic> {
    let outcome = "This plan shows these changes, so its apply makes them. To keep a value, set it \
                   in the configuration or omit the attribute. A manager that keeps applying its \
                   own value sets it back.";
    took(
        format!("The apply overwrites values of another field manager in {what}"),
        fields,
        outcome,
    )
}

/// The warning for `fields` that an apply has taken over from other field managers; `None` if there
/// are none.
pub fn has_taken(fields: &[FieldConflict], what: &str) -> Option<Diagnostic> {
    let outcome = "It now has the values of the configuration, as shown in the plan. A manager \
                   that keeps applying its own value sets it back.";
    took(
        format!("Values of another field manager were overwritten in {what}"),
        fields,
        outcome,
    )
}

/// The warning for `fields` whose values the cluster has changed during the write; `None` if there
/// are none.
pub fn was_rewritten(fields: &[Rewritten], what: &str) -> Option<Diagnostic> {
    if fields.is_empty() {
        return None;
    }
    let listed: Vec<_> = fields.iter().map(ToString::to_string).collect();
    Some(Diagnostic::warning(
        format!("An admission webhook of the cluster rewrites {what}"),
        format!(
            "{}. The cluster's response has these values, so a webhook set them, and every plan \
             will show the difference. Set the cluster's values in the configuration, or ask the \
             owner of the webhook (kubectl get mutatingwebhookconfigurations).",
            listed.join("; ")
        ),
    ))
}

fn took(summary: String, fields: &[FieldConflict], outcome: &str) -> Option<Diagnostic> {
    if fields.is_empty() {
        return None;
    }
    let listed: Vec<_> = fields.iter().map(ToString::to_string).collect();
    let detail = format!("{}. {outcome}", listed.join("; "));
    let diagnostic = Diagnostic::warning(summary, detail);
    Some(match fields {
        [
            FieldConflict {
                path: Some(path), ..
            },
        ] => diagnostic.at(attribute_path(path)),
        _ => diagnostic,
    })
}

/// The advice for an existing object if it is not known whether the plan replaces it. `remedy` is
/// for the case that it does not.
pub fn unless_replaced(remedy: &str) -> String {
    format!(
        "If this plan replaces it: names are fixed, so remove create_before_destroy from the \
         lifecycle block. If it destroys it at another address: add a moved block from that \
         address. Otherwise: {remedy}"
    )
}

/// The diagnostic for a replacement whose name is still taken by the object that it replaces.
pub fn name_is_taken(object: &impl std::fmt::Display, what: &str) -> Diagnostic {
    Diagnostic::error(
        format!("Cannot replace {what} before the object that has its name is destroyed"),
        format!(
            "{object} still exists, and names are fixed: remove create_before_destroy from the \
             lifecycle block of this resource and of the resources that depend on it. If the plan \
             destroys the object at another address, add a moved block from that address instead. \
             This creation changed nothing."
        ),
    )
}

/// The warning for an operation that was accepted and goes on; `what` names the object.
pub fn still_pending(error: &ClusterError, what: &str) -> Diagnostic {
    if matches!(error, ClusterError::NotFound { .. }) {
        return Diagnostic::warning(
            format!("{what} was deleted before its result was known"),
            format!(
                "{} It was started and stays in the state; the next plan looks for it again.",
                sentence(&error.to_string())
            ),
        );
    }
    Diagnostic::warning(
        format!("{what} is not ready yet"),
        format!(
            "{} Nothing is lost: the object is in the state with ready = false, the work in the \
             cluster continues, and the next apply continues to wait for it.",
            sentence(&error.to_string())
        ),
    )
}

/// The end of a change of attributes that are only in the state: `kept` is the model with them. If
/// `planned` still has unknown outputs, the change is pending, and the next apply goes on waiting.
pub fn unawaited<M: PartialEq>(
    kept: M,
    planned: &M,
    name: String,
    (_, kind): ObjectKind,
) -> Change<M> {
    if kept == *planned {
        return Change::Done(kept);
    }
    let object = Object {
        kind: kind.to_owned(),
        resource: String::new(),
        namespace: None,
        name,
    };
    Change::Pending {
        observed: kept,
        error: ClusterError::Blocked {
            object: Box::new(object),
            message:
                "the change is one of the provider's own attributes, so nothing was waited for"
                    .to_owned(),
            attribute: None,
        },
    }
}

/// A message as a sentence of its own: capitalised, with a full stop.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let mut sentence: String = letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default();
    if !sentence.ends_with(['.', '!', '?', '\n']) {
        sentence.push('.');
    }
    sentence
}

/// The attribute that an error is about, if the error names exactly one.
fn blamed(error: &ClusterError) -> Option<AttributePath> {
    match error {
        ClusterError::Blocked {
            attribute: Some(path),
            ..
        } => Some(attribute_path(path)),
        ClusterError::Refused { causes, .. } => match causes.as_slice() {
            [cause] => object_field(&cause.field),
            _ => None,
        },
        ClusterError::Conflict { conflicts, .. } => match conflicts.as_slice() {
            [conflict] => conflict.path.as_ref().map(attribute_path),
            _ => None,
        },
        _ => None,
    }
}

/// A path of the model in Terraform's names.
pub fn attribute_path(path: &FieldPath) -> AttributePath {
    path.segments()
        .iter()
        .map(|segment| match segment {
            Segment::Field(name) => Step::Attribute(attribute_name(name)),
            Segment::Key(key) => Step::Key(key.clone()),
            Segment::Index(index) => Step::Index(*index),
        })
        .collect()
}

/// The attribute for a JSON path in a Kubernetes object; `None` outside `spec`. A path through a
/// list ends before the list, because lists of objects are maps in Terraform.
fn object_field(field: &str) -> Option<AttributePath> {
    let inside = field.strip_prefix("spec.")?;
    let steps: Vec<_> = inside
        .split('.')
        .map_while(|name| {
            name.bytes()
                .all(|letter| letter.is_ascii_alphanumeric())
                .then(|| Step::Attribute(attribute_name(name)))
        })
        .collect();
    (!steps.is_empty()).then(|| AttributePath::new(steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_the_object_is_the_attribute_that_feeds_it() {
        assert_eq!(
            object_field("spec.engine.userSecretsName")
                .unwrap()
                .to_string(),
            "engine.user_secrets_name"
        );
        assert_eq!(
            object_field("spec.backup.schedules[0].name")
                .unwrap()
                .to_string(),
            "backup"
        );
        assert!(object_field("metadata.name").is_none());
    }

    #[test]
    fn what_is_taken_over_is_told_with_its_manager_and_both_values() {
        let field = FieldConflict {
            manager: "kubectl-edit".into(),
            field: "engine.replicas".into(),
            path: Some(FieldPath::of("engine.replicas")),
            ours: Some("3".into()),
            theirs: Some("5".into()),
        };
        let words =
            "engine.replicas belongs to field manager \"kubectl-edit\", which says 5, not 3.";
        for say in [will_take, has_taken] {
            assert!(say(&[], "x").is_none());
            let told = say(std::slice::from_ref(&field), "everest_database prod/orders").unwrap();
            assert!(told.summary.contains("everest_database prod/orders"));
            assert!(told.detail.starts_with(words), "{}", told.detail);
        }
    }

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(sentence("the server is down"), "The server is down.");
        assert_eq!(sentence("Is it?"), "Is it?");
    }
}
