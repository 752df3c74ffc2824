//! The part that actions share which make an object: a backup, a restore.

use everest_cluster::{Creation, Unacknowledged, Wait};
use everest_core::rules::Validate;
use tfplugin::{Context, Diagnostic, Diagnostics, Progress};

use crate::{
    diagnostics,
    guardrails::{self, Guarded},
    managed::{named, unless_stopped},
    session::Session,
};

/// Reports what is wrong with an object that an action is to make, whatever the cluster says.
pub fn validate<K: Guarded>(model: &K::Model, diags: &mut Diagnostics) {
    diagnostics::report(model.check_syntax(), diags);
    diagnostics::report(model.check(None), diags);
}

/// Makes the object and waits for its end.
///
/// # Errors
/// If it may not be made, failed, or is not done in time.
pub async fn make<K: Guarded>(
    session: &Session,
    model: &K::Model,
    wait: &Wait,
    cx: &Context,
    progress: &Progress,
    diags: &mut Diagnostics,
) -> Result<K::Model, Diagnostic> {
    let what = named::<K>(model);
    let doing = format!("create {what}");
    let cluster = session.cluster().await;
    let cluster = cluster.map_err(|error| error.diagnostic(&doing))?;
    let cluster = &cluster.stopped_by(&cx.stop);
    let allowed = guardrails::before_write::<K>(cluster, model, None, &doing, diags);
    unless_stopped(cx, allowed)
        .await
        .unwrap_or_else(|| Err(diagnostics::stopped(&doing)))?;
    progress.report(format!("{what} begins"));
    let made = Unacknowledged::default();
    let end = K::create(cluster, model, model, &made, wait).await;
    if !matches!(end, Creation::NotCreated(_)) {
        cluster.acknowledge(made);
    }
    match end {
        Creation::Created(model) => {
            progress.report(format!("{what} is complete"));
            Ok(model)
        }
        Creation::NotCreated(error) => Err(session.cluster_error(&error, &doing, &what)),
        Creation::Failed { error, .. } => Err(diagnostics::failure(&error, &doing, "")),
        Creation::Pending { error, .. } => {
            let why = diagnostics::cluster_error(&error, &format!("wait for {what}"));
            Err(Diagnostic::error(
                why.summary,
                format!(
                    "{} It exists and goes on in the cluster; the action only stopped waiting for \
                     it.",
                    why.detail
                ),
            ))
        }
    }
}
