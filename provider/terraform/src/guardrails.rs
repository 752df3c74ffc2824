//! Checks against the cluster at plan and before a write, and warnings about the effect of a change
//! on running databases.

use std::time::Duration;

use async_trait::async_trait;
use everest_cluster::{Cluster, ClusterError, facts};
use everest_core::{
    dry_run::{self, Weight},
    facts::Facts,
    finding::Finding,
    impact::Summary,
    rules::{Stage, Validate},
};
use tfplugin::{Context, Diagnostic, Diagnostics, Plan};

use crate::{
    diagnostics,
    managed::{Kind, named, unless_stopped},
    missing_rights,
    session::Session,
};

/// The longest wait before a write for a cluster that does not answer the checks.
const OUTAGE: Duration = Duration::from_secs(60);

/// Reports about a write to one kind of resource, in addition to its rules.
#[async_trait]
pub trait Guarded: Kind {
    /// Asks the cluster by a dry run whether it accepts the write of this plan. Without
    /// `dry_run_is_meaningful`, which is false if an apply would wait first, only field conflicts
    /// are looked for.
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, Self::Model>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        let _ = (cluster, plan, dry_run_is_meaningful);
        Ok(())
    }

    /// The same for a destruction, if that shows more than [`Validate::check_destruction_online`].
    async fn dry_run_destruction(
        cluster: &Cluster,
        prior: &Self::Model,
    ) -> Result<(), ClusterError> {
        let _ = (cluster, prior);
        Ok(())
    }

    /// The effect of a change on what runs; `planned` is `None` for a destruction.
    fn impact(prior: &Self::Model, planned: Option<&Self::Model>, what: &str) -> Option<Summary> {
        let _ = (prior, planned, what);
        None
    }

    /// Warnings about an object whose own plan changes nothing, because of other changes in the
    /// run.
    fn aside(session: &Session, prior: &Self::Model, diags: &mut Diagnostics) {
        let _ = (session, prior, diags);
    }

    /// The effect of a creation or a change on existing objects of the cluster.
    fn outlook(
        prior: Option<&Self::Model>,
        planned: &Self::Model,
        facts: &Facts,
        what: &str,
    ) -> Vec<Summary> {
        let _ = (prior, planned, facts, what);
        Vec::new()
    }
}

/// The model that a plan is judged by, and the one that it changes. Terraform plans a replacement
/// once more, as a creation, but shows nothing of that second plan unless it has an error. So the
/// first plan is judged as the creation too.
pub fn judged<'a, M>(plan: &'a Plan<'_, M>) -> (&'a M, Option<&'a M>) {
    if plan.requires_replace().is_empty() {
        (&plan.intended, plan.prior.as_ref())
    } else {
        (&plan.config, None)
    }
}

/// Warns of a change's effect, and reports the cluster's objections. A plan that changes nothing,
/// or that has an error already, sends no request. Where the answer `is_shown` only if it is an
/// error, nothing is counted as reported.
pub async fn at_plan<K: Guarded>(session: &Session, plan: &mut Plan<'_, K::Model>, is_shown: bool) {
    // What is found is told at the end: until then the plan is looked at as a whole.
    let mut diags = Diagnostics::new();
    look_at_plan::<K>(session, plan, is_shown, &mut diags).await;
    plan.diags.extend(diags);
}

async fn look_at_plan<K: Guarded>(
    session: &Session,
    plan: &Plan<'_, K::Model>,
    is_shown: bool,
    diags: &mut Diagnostics,
) {
    let cx = plan.cx;
    if let Some(prior) = &plan.prior
        && !plan.changed()
    {
        K::aside(session, prior, diags);
    }
    if plan.diags.has_errors() || !(plan.is_create() || plan.changed()) {
        return;
    }
    if let Some(prior) = &plan.prior {
        warn::<K>(session, prior, Some(&plan.planned), diags);
    }
    let (intended, prior) = judged(plan);
    // Without a cluster the plan stands as it is; what follows is more than it needs.
    let Ok(cluster) = session.cluster().await else {
        look_ahead::<K>(session, prior, intended, &Facts::default(), diags);
        return;
    };
    let cluster = &cluster.fail_fast().accounting();
    let what = named::<K>(&plan.planned);
    let wanted = intended.wanted_of_cluster(prior);
    let Some(mut facts) = unless_stopped(cx, facts::load(cluster, &wanted)).await else {
        return diags.push(diagnostics::stopped(&format!("plan {what}")));
    };
    if is_shown {
        missing_rights::unchecked(session, K::TYPE, cluster, diags);
    }
    if let Some(namespace) = &wanted.namespace {
        facts.planned = session.planned_within(namespace);
    }
    if !wanted.everywhere.is_empty() {
        facts.planned_everywhere = session.planned_everywhere();
    }
    look_ahead::<K>(session, prior, intended, &facts, diags);
    let findings = intended.check_cluster(prior, &facts, Stage::Plan);
    let namespace_is_absent = facts.namespace_is_absent();
    let is_ahead = intended.is_ahead_of_the_run(&facts);
    // They may be large, and what follows waits for the cluster.
    drop(facts);
    diagnostics::report(findings.clone(), diags);
    // What replaces an object is planned once more as a creation. In a namespace that is still
    // to be made the server only says that it is missing.
    let settled = !diags.has_errors()
        && !cluster.is_unresponsive()
        && !namespace_is_absent
        && plan.requires_replace().is_empty();
    let dry_run_is_meaningful = !is_ahead && !dry_run::is_meaningless(&findings);
    if !settled {
        return;
    }
    let cluster = &cluster.accounting();
    let Some(answer) = unless_stopped(cx, K::dry_run(cluster, plan, dry_run_is_meaningful)).await
    else {
        return;
    };
    diags.extend(diagnostics::will_take(&cluster.taken(), &what));
    diags.extend(diagnostics::was_rewritten(&cluster.rewritten(), &what));
    if let Err(error) = answer
        && (is_shown || matches!(error, ClusterError::Refused { .. }))
    {
        let doing = if plan.is_create() {
            format!("create {what}")
        } else {
            format!("update {what}")
        };
        report_dry_run::<K>(session, &error, &what, &doing, &findings, diags);
    }
}

/// Warns of the effect of the write on existing objects of the cluster.
fn look_ahead<K: Guarded>(
    session: &Session,
    prior: Option<&K::Model>,
    intended: &K::Model,
    facts: &Facts,
    diags: &mut Diagnostics,
) {
    if !session.warns_of_impact() {
        return;
    }
    let what = named::<K>(prior.unwrap_or(intended));
    for summary in K::outlook(prior, intended, facts, &what) {
        diags.push(Diagnostic::warning(summary.headline, summary.detail));
    }
}

/// Warns of the effect of an action that makes an object of a kind, and reports the cluster's
/// objections. Without a cluster nothing is said.
pub async fn at_action<K: Guarded>(
    session: &Session,
    intended: &K::Model,
    cx: &Context,
    diags: &mut Diagnostics,
) {
    let Ok(cluster) = session.cluster().await else {
        return look_ahead::<K>(session, None, intended, &Facts::default(), diags);
    };
    let cluster = &cluster.fail_fast().accounting();
    let wanted = intended.wanted_of_cluster(None);
    let Some(mut facts) = unless_stopped(cx, facts::load(cluster, &wanted)).await else {
        return;
    };
    missing_rights::unchecked(session, K::TYPE, cluster, diags);
    if let Some(namespace) = &wanted.namespace {
        facts.planned = session.planned_within(namespace);
    }
    look_ahead::<K>(session, None, intended, &facts, diags);
    diagnostics::report(intended.check_cluster(None, &facts, Stage::Plan), diags);
}

/// Refuses an action that is `doing` something in a cluster that runs Everest v2. Without a cluster
/// nothing is said.
///
/// # Errors
/// If it runs v2.
pub async fn at_action_on_v1(
    session: &Session,
    doing: &str,
    cx: &Context,
) -> Result<(), Diagnostic> {
    let Ok(cluster) = session.cluster().await else {
        return Ok(());
    };
    let cluster = cluster.fail_fast();
    let required = facts::require_v1(&cluster);
    let required = unless_stopped(cx, required).await.unwrap_or(Ok(()));
    required.map_err(|error| diagnostics::cluster_error(&error, doing))
}

/// Reports the result of a dry run. If it could not be sent, the apply will report that. Reported at
/// plan, once, are a webhook that is down, because every write will fail, and a missing right.
fn report_dry_run<K: Guarded>(
    session: &Session,
    error: &ClusterError,
    what: &str,
    doing: &str,
    findings: &[Finding],
    diags: &mut Diagnostics,
) {
    match error {
        ClusterError::Conflict { .. } => {
            diags.push(diagnostics::would_overwrite(error, what));
        }
        ClusterError::Refused { message, .. } => {
            let weight = dry_run::weigh(error.attribute().as_ref(), message, findings);
            let diagnostic = diagnostics::would_be_refused(error, doing);
            match weight {
                Weight::Said => {}
                Weight::Warning => diags.push(diagnostic.into_warning()),
                Weight::Error => diags.push(diagnostic),
            }
        }
        ClusterError::WebhookDown { .. } if session.first_to_say_webhooks_are_down() => {
            diags.push(diagnostics::would_be_refused(error, doing).into_warning());
        }
        error => {
            tracing::debug!(%error, "the dry run of a change was not possible");
            missing_rights::not_dry_run(session, K::TYPE, error, diags);
        }
    }
}

/// Warns of a destruction's effect, and of what prevents it.
pub async fn at_destroy<K: Guarded>(
    session: &Session,
    prior: &K::Model,
    cx: &Context,
    diags: &mut Diagnostics,
) {
    if diags.has_errors() {
        return;
    }
    warn::<K>(session, prior, None, diags);
    let Ok(cluster) = session.cluster().await else {
        return;
    };
    let cluster = &cluster.fail_fast().accounting();
    let doing = format!("destroy {}", named::<K>(prior));
    let wanted = prior.wanted_at_destruction();
    let Some(mut facts) = unless_stopped(cx, facts::load(cluster, &wanted)).await else {
        return diags.push(diagnostics::stopped(&format!("plan to {doing}")));
    };
    missing_rights::unchecked(session, K::TYPE, cluster, diags);
    if let Some(namespace) = &wanted.namespace {
        facts.planned = session.planned_within(namespace).destructions();
    }
    if !wanted.everywhere.is_empty() {
        facts.planned_everywhere = session.planned_everywhere();
    }
    diagnostics::report(prior.check_destruction_online(&facts), diags);
    if !diags.has_errors()
        && !cluster.is_unresponsive()
        && let Some(Err(error)) = unless_stopped(cx, K::dry_run_destruction(cluster, prior)).await
    {
        match error {
            // The same run may end what stands against it.
            ClusterError::Refused { .. } => {
                diags.push(diagnostics::would_be_refused(&error, &doing).into_warning());
            }
            error => {
                tracing::debug!(%error, "the dry run of a destruction was not possible");
                missing_rights::not_dry_run(session, K::TYPE, &error, diags);
            }
        }
    }
}

/// An error if nothing may be written now, or if the cluster does not answer; further reasons go to
/// `diags`.
pub async fn before_write<K: Guarded>(
    cluster: &Cluster,
    judged: &K::Model,
    prior: Option<&K::Model>,
    doing: &str,
    diags: &mut Diagnostics,
) -> Result<(), Diagnostic> {
    let found = facts::against_write(cluster, judged, prior, OUTAGE)
        .await
        .map_err(|error| diagnostics::unjudged(&error, doing))?;
    let mut found = found.into_iter();
    let first = found.next();
    diagnostics::report(found, diags);
    first.map_or(Ok(()), |error| Err(diagnostics::finding(error)))
}

/// Warns of a change's effect; `planned` is None for a destruction.
pub fn warn<K: Guarded>(
    session: &Session,
    prior: &K::Model,
    planned: Option<&K::Model>,
    diags: &mut Diagnostics,
) {
    if session.warns_of_impact()
        && let Some(summary) = K::impact(prior, planned, &named::<K>(prior))
    {
        diags.push(Diagnostic::warning(summary.headline, summary.detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Database;
    use everest_schemas::everest::{DatabaseClusterSpec, EngineSpec};
    use everest_schemas::models::DatabaseModel;

    fn database(config: &str) -> DatabaseModel {
        DatabaseModel {
            namespace: "prod".into(),
            name: "orders".into(),
            spec: DatabaseClusterSpec {
                engine: EngineSpec {
                    replicas: 3.into(),
                    config: config.into(),
                    ..EngineSpec::default()
                }
                .into(),
                ..DatabaseClusterSpec::default()
            }
            .into(),
            ..DatabaseModel::default()
        }
    }

    fn warnings(session: &Session, planned: Option<&DatabaseModel>) -> usize {
        let mut diags = Diagnostics::default();
        warn::<Database>(session, &database("a"), planned, &mut diags);
        assert!(!diags.has_errors());
        diags.iter().count()
    }

    #[test]
    fn what_a_change_does_is_one_warning_unless_it_is_not_wanted() {
        let session = Session::default();
        assert_eq!(warnings(&session, Some(&database("b"))), 1);
        assert_eq!(warnings(&session, Some(&database("a"))), 0);
        assert_eq!(warnings(&session, None), 1);
        session.warn_of_impact(false);
        assert_eq!(warnings(&session, Some(&database("b"))), 0);
    }
}
