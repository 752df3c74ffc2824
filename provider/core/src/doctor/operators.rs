//! The operators of engines, in each namespace that Everest manages.

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseEngine;
use everest_schemas::olm::Subscription;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Answer, Check, Parts};
use crate::api::UPGRADE_LOCK;
use crate::olm::{self, SubscriptionFacts};
use crate::path::FieldPath;
use crate::readiness::{Readiness, engine_offered};
use crate::text::Text;

const ID: &str = "operator";

/// The checks of all namespaces.
pub(super) fn check(parts: &Parts) -> Vec<Check> {
    let mut checks = namespaces(parts);
    let subject = Text::from("operators");
    let unread = parts.engines.unread(ID, &subject, "the engines");
    let unread = unread.or_else(|| parts.subscriptions.unread(ID, &subject, "the operators"));
    if let Some(unread) = unread {
        checks.push(unread);
        return checks;
    }
    for namespace in parts.checked_namespaces() {
        if is_managed(parts, namespace) {
            checks.extend(check_namespace(parts, namespace));
        }
    }
    checks
}

/// Namespaces that cannot be told, or that Everest does not manage.
fn namespaces(parts: &Parts) -> Vec<Check> {
    let (id, subject) = ("namespaces", Text::from("namespaces"));
    if let Answer::Forbidden(right) = &parts.namespaces {
        return match parts.asked.is_empty() {
            true => vec![Check::warning(
                id,
                subject,
                format!("not checked: this identity may not {right}"),
                "Name the namespaces to check (--namespace), or grant this right.",
            )],
            false => Vec::new(),
        };
    }
    if let Some(unread) = parts.namespaces.unread(id, &subject, "the namespaces") {
        return vec![unread];
    }
    if parts.checked_namespaces().is_empty() {
        return vec![Check::warning(
            id,
            subject,
            "Everest manages no namespace",
            "Create one with {a DatabaseNamespace}.",
        )];
    }
    let unmanaged = parts.asked.iter();
    let unmanaged = unmanaged.filter(|name| !is_managed(parts, name));
    unmanaged
        .map(|name| {
            Check::failed(
                id,
                format!("namespace {name}"),
                "Everest manages no namespace of this name",
                "Create it with {a DatabaseNamespace}, or correct the name.",
            )
        })
        .collect()
}

/// Returns true if Everest manages the namespace, or if that cannot be told.
fn is_managed(parts: &Parts, namespace: &str) -> bool {
    match &parts.namespaces {
        Answer::Found(managed) => managed.iter().any(|managed| managed == namespace),
        _ => true,
    }
}

fn check_namespace(parts: &Parts, namespace: &str) -> Vec<Check> {
    let checks: Vec<_> = Engine::ALL
        .into_iter()
        .filter_map(|engine| {
            let named = |meta: &ObjectMeta| {
                meta.namespace.as_deref() == Some(namespace)
                    && meta.name.as_deref() == Some(engine.operator())
            };
            let mut subscriptions = parts.subscriptions.found().into_iter().flatten();
            let mut engines = parts.engines.found().into_iter().flatten();
            check_engine(
                namespace,
                engine,
                subscriptions.find(|found| named(&found.metadata)),
                engines.find(|found| named(&found.metadata)),
            )
        })
        .collect();
    if checks.is_empty() {
        return vec![Check::warning(
            ID,
            format!("operators in {namespace}"),
            "no operator of an engine is installed",
            "Install one: list its engine in {engines} of {a DatabaseNamespace}.",
        )];
    }
    checks
}

/// The check of an engine; `None` if its operator is not wanted in the namespace.
fn check_engine(
    namespace: &str,
    engine: Engine,
    subscription: Option<&Subscription>,
    database_engine: Option<&DatabaseEngine>,
) -> Option<Check> {
    let status = database_engine.and_then(|engine| engine.status.as_ref());
    let state = status.and_then(|status| status.status.as_deref());
    let is_running = state.is_some_and(|state| !["", "not installed"].contains(&state));
    if subscription.is_none() && !is_running {
        return None;
    }
    let subject = Text::from(format!("operator of {engine} in {namespace}"));
    let facts = subscription.map(olm::subscription).unwrap_or_default();
    let reported = status.and_then(|status| status.operator_version.clone());
    let installed = match subscription {
        Some(_) => facts.installed_version.clone(),
        None => reported.filter(|version| !version.is_empty()),
    };
    let Some(version) = installed else {
        return Some(not_installed(namespace, subject, &facts));
    };
    let annotations = database_engine.and_then(|engine| engine.metadata.annotations.as_ref());
    if annotations.is_some_and(|annotations| annotations.contains_key(UPGRADE_LOCK)) {
        return Some(Check::warning(
            ID,
            subject,
            format!("{version}: it is being upgraded"),
            "Wait: Everest changes no database of this engine until the upgrade has ended.",
        ));
    }
    match engine_offered(engine, Some(&version), database_engine) {
        Readiness::Ready => {}
        Readiness::Pending(why) | Readiness::Failed(why) => {
            return Some(Check::failed(
                ID,
                subject,
                format!("{version}, but Everest offers no version of the engine: {why}"),
                format!(
                    "If this stays, run kubectl -n {namespace} describe databaseengine {}. Until \
                     then, no database of this engine is created.",
                    engine.operator()
                ),
            ));
        }
    }
    Some(match (&facts.pending_version, &facts.hindrance) {
        (Some(pending), _) => Check::warning(
            ID,
            subject,
            format!("{version}, and {pending} awaits approval"),
            Text::from("Nothing has to be done. To upgrade, set ")
                .and(Text::setting(version_of(engine), pending))
                .and(" of {a DatabaseNamespace}."),
        ),
        (None, Some(hindrance)) => Check::warning(
            ID,
            subject,
            format!("{version}, and cannot be upgraded: {hindrance}"),
            format!("Run kubectl -n {namespace} get subscriptions,installplans."),
        ),
        (None, None) => Check::ok(ID, subject, version),
    })
}

/// A Subscription whose operator is not installed.
fn not_installed(namespace: &str, subject: Text, facts: &SubscriptionFacts) -> Check {
    let next = format!("Run kubectl -n {namespace} get subscriptions,installplans.");
    let (found, next) = match (&facts.hindrance, &facts.install_plan) {
        (Some(hindrance), _) => (format!("not installed: {hindrance}"), next),
        (None, Some(plan)) => (
            format!("not installed: the install plan {plan} has not been carried out"),
            format!(
                "{next} An apply of the namespace approves a plan that installs what it lists."
            ),
        ),
        (None, None) => (
            "not installed: OLM has made no install plan yet".to_owned(),
            next,
        ),
    };
    Check::failed(ID, subject, found, next)
}

/// The attribute with the version of an operator.
fn version_of(engine: Engine) -> FieldPath {
    FieldPath::of("engines")
        .field(engine.as_str())
        .field("version")
}
