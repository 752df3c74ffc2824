//! Rights that the provider's user lacks, as a plan reports them: each once a run, whichever resource
//! needs it first.

use everest_cluster::{Cluster, ClusterError};
use everest_core::dialect::Dialect;
use everest_core::rights::{PLAN_ONLY, Purpose, Right};
use tfplugin::{Diagnostic, Diagnostics, ReadResult};

use crate::session::Session;

/// The folder with the roles, in the provider's repository.
const FOLDER: &str = "examples/terraform/rbac";

/// What a read comes to that failed while `doing` something to the resource `what`: the state is kept
/// if an error of this run has reported the same missing right, since the run fails by that error.
///
/// # Errors
/// The diagnostic of the failure, unless it was reported already.
pub fn unread<M>(
    session: &Session,
    type_name: &str,
    error: &ClusterError,
    doing: &str,
    what: &str,
) -> Result<ReadResult<M>, Diagnostic> {
    let mut diagnostic = session.cluster_error(error, doing, what);
    let Some(right) = error.missing_right() else {
        return Err(diagnostic);
    };
    if !session.is_first_without(&right, true) {
        tracing::debug!(%error, resource = what, "the state is kept as it is");
        return Ok(ReadResult::Keep);
    }
    diagnostic.detail.push_str(&format!(
        "\n\n{}{} Other resources that cannot be read without it are not reported.",
        consequence(type_name, &right),
        remedy(type_name, &right),
    ));
    Err(diagnostic)
}

/// Warns of the rights without which the reads of one operation on `cluster` left something out.
pub fn unchecked(session: &Session, type_name: &str, cluster: &Cluster, diags: &mut Diagnostics) {
    for right in cluster.missing_rights() {
        if session.is_first_without(&right, false) {
            diags.push(not_checked(type_name, &right));
        }
    }
}

fn not_checked(type_name: &str, right: &Right) -> Diagnostic {
    Diagnostic::warning(
        format!(
            "Not everything is checked: the provider's user may not {} {}",
            right.verb, right.resource
        ),
        format!(
            "Missing permission: {right}. {}The plan continues.{} Other resources that need the \
             right are not reported.",
            consequence(type_name, right),
            remedy(type_name, right),
        ),
    )
}

/// Warns of the right without which there was no dry run of a write, if `error` is about one. The
/// summary is the same for all rights, so that Terraform shows one of these warnings in full: a
/// user that only plans lacks the rights on purpose.
pub fn not_dry_run(
    session: &Session,
    type_name: &str,
    error: &ClusterError,
    diags: &mut Diagnostics,
) {
    let Some(right) = error.missing_right() else {
        return;
    };
    if !session.is_first_without(&right, false) {
        return;
    }
    if right.is_read() {
        return diags.push(not_checked(type_name, &right));
    }
    diags.push(Diagnostic::warning(
        "Changes are not checked by a dry run: the provider's user may not make them",
        format!(
            "Missing permission: {right}. Without it, neither Everest's webhooks nor the policies \
             of the cluster check the change of {type_name} in a plan. They check it when it is \
             applied. The plan continues. A user that only plans does not need the right.{}",
            remedy(type_name, &right),
        ),
    ));
}

/// What does not work without a right, as a sentence.
fn consequence(type_name: &str, right: &Right) -> String {
    let need = Purpose::of(type_name, Dialect::Terraform).and_then(|purpose| purpose.need(right));
    need.map_or_else(String::new, |need| {
        let without = need.without().render(Dialect::Terraform);
        format!("Without it, {without}. ")
    })
}

/// The file with a role that grants a right; empty for a right that no role has, as that to discovery,
/// which Kubernetes gives to every user.
fn remedy(type_name: &str, right: &Right) -> String {
    let purpose = Purpose::of(type_name, Dialect::Terraform);
    let Some((purpose, need)) = purpose.and_then(|purpose| Some((purpose, purpose.need(right)?)))
    else {
        return String::new();
    };
    let applies = purpose.roles.file();
    match need.verbs_of_plans().any(|verb| verb == right.verb) {
        true => format!(
            " A role in {FOLDER}/{PLAN_ONLY} grants it for plans, and one in {FOLDER}/{applies} \
             for applies."
        ),
        false => format!(" A role in {FOLDER}/{applies} grants it."),
    }
}
