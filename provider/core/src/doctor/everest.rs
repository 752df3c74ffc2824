//! Kubernetes, and Everest itself.

use k8s_openapi::api::apps::v1::Deployment;

use super::{Answer, Check, Facts, Parts};
use crate::facts::{Lines, SYSTEM_NAMESPACE, everest_version};
use crate::rules::{everest_line, everest_line_advice};
use crate::text::Text;
use crate::version::Version;

/// The Deployment of everest-operator, in Everest's own namespace. It also serves the admission
/// webhooks.
///
/// Source: charts `everest/templates/everest-operator/deployment.yaml`.
pub const OPERATOR: &str = "everest-operator";

/// Kubernetes, the identity, and the line of Everest unless that is v1 alone.
pub(super) fn cluster(facts: &Facts) -> Vec<Check> {
    let mut checks = Vec::new();
    let subject = Text::from("Kubernetes");
    checks.push(match &facts.kubernetes {
        Answer::Found(version) => Check::ok("kubernetes", subject, version.clone()),
        other => other
            .unread("kubernetes", &subject, "the version of Kubernetes")
            .unwrap_or_else(|| Check::ok("kubernetes", subject, "the server tells no version")),
    });
    // Kubernetes before 1.28 does not tell it.
    if let Answer::Found(name) = &facts.identity {
        checks.push(Check::ok("identity", "identity", name.clone()));
    }
    let subject = Text::from("Everest");
    match &facts.lines {
        Answer::Found(Lines {
            v1: true,
            v2: false,
        }) => {}
        Answer::Found(Lines {
            v1: false,
            v2: false,
        }) => checks.push(Check::failed(
            "everest",
            subject,
            "the cluster serves no kind of Everest v1 (everest.percona.com)",
            "Install Everest v1 (helm repository https://openeverest.github.io/helm-charts/, chart \
             openeverest/openeverest), or name the cluster that has it (--kubeconfig, --context).",
        )),
        Answer::Found(lines) => checks.push(Check::failed(
            "everest",
            subject,
            format!("the cluster runs {}", everest_line(*lines)),
            everest_line_advice(),
        )),
        other => checks.extend(other.unread("everest", &subject, "which Everest the cluster runs")),
    }
    checks
}

/// Everest's version, if it can be told.
pub(super) fn version(parts: &Parts) -> Option<Version> {
    parts.server.found().and_then(everest_version)
}

/// Everest v1 and its version.
pub(super) fn line(parts: &Parts, version: Option<&Version>) -> Check {
    let subject = Text::from("Everest");
    if let Some(unread) = parts
        .server
        .unread("everest", &subject, "the version of Everest")
    {
        return unread;
    }
    match (&parts.server, version) {
        (_, Some(version)) => Check::ok("everest", subject, format!("v1, version {version}")),
        (Answer::Found(_), None) => {
            let found = "v1; the image of its API server has no version in its tag";
            Check::ok("everest", subject, found)
        }
        _ => Check::warning(
            "everest",
            subject,
            format!("v1; its API server is not in namespace {SYSTEM_NAMESPACE}"),
            "Install the chart openeverest/openeverest as a whole. Without the API server, its \
             accounts, access control and single sign-on have no effect.",
        ),
    }
}

/// everest-operator, without which nothing that is written is carried out.
pub(super) fn operator(parts: &Parts) -> Check {
    let (id, subject) = ("everest-operator", Text::from(OPERATOR));
    if let Some(unread) = parts.operator.unread(id, &subject, "if it runs") {
        return unread;
    }
    let Some(deployment) = parts.operator.found() else {
        return Check::failed(
            id,
            subject,
            format!("there is no Deployment {OPERATOR} in namespace {SYSTEM_NAMESPACE}"),
            "Install the chart openeverest/openeverest. Without everest-operator, databases are \
             written and never made.",
        );
    };
    let (ready, wanted) = replicas(deployment);
    match ready {
        0 => Check::failed(
            id,
            subject,
            format!("none of its {wanted} pods is ready"),
            format!(
                "Run kubectl -n {SYSTEM_NAMESPACE} describe deployment {OPERATOR}. Until it runs, \
                 nothing that is written is carried out, and its webhooks refuse writes."
            ),
        ),
        ready => Check::ok(
            id,
            subject,
            format!("runs ({ready} of {wanted} pods ready)"),
        ),
    }
}

/// The ready pods and the wanted ones.
fn replicas(deployment: &Deployment) -> (i32, i32) {
    let wanted = deployment.spec.replicas.unwrap_or(1);
    let status = deployment.status.as_ref();
    let ready = status.and_then(|status| status.ready_replicas);
    (ready.unwrap_or(0), wanted)
}
