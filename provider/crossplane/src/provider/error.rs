//! Errors of the kinds of managed resources.

use crossplane_managed::failure::Failure;
pub use crossplane_managed::failure::WAY_OUT;
use everest_cluster::ClusterError;
use everest_core::dialect::Dialect;
use everest_core::finding::Finding;

use super::config::TargetError;

/// The error of a kind. [`std::fmt::Display`] is the message of the condition: what, where,
/// why and what to do; it never contains a secret.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The cluster of the external object cannot be used.
    #[error("connect failed: {0}")]
    Target(#[from] TargetError),
    /// A request to the external object's cluster failed.
    #[error("{}{}", .0, role(.0))]
    Cluster(#[from] ClusterError),
    /// A request to the control plane failed.
    #[error("{doing} failed: {source}")]
    Control {
        /// The operation in progress.
        doing: &'static str,
        /// The reason of the failure.
        source: Box<kube::Error>,
    },
    /// `spec.forProvider` cannot be read as a model.
    #[error(
        "spec.forProvider cannot be read: {0}. The definition in the cluster may be older than the \
         provider: install the package's definitions"
    )]
    Unreadable(String),
    /// Rules are broken; nothing was written.
    #[error("{}", .0.iter().map(sentence).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Finding>),
    /// The change has to wait for something that ends by itself.
    #[error("{0}")]
    Held(String),
    /// A Secret is missing, incomplete or belongs to someone else.
    #[error("{0}")]
    Secret(String),
}

impl ReconcileError {
    /// A failed request to the control plane.
    pub fn control(doing: &'static str) -> impl FnOnce(kube::Error) -> Self {
        move |source| ReconcileError::Control {
            doing,
            source: Box::new(source),
        }
    }
}

impl From<ReconcileError> for Failure {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::Target(error) => Failure::Connect {
                for_good: error.is_for_good(),
                source: error.into(),
            },
            ReconcileError::Cluster(ref cluster) => Failure::External {
                is_conflict: matches!(
                    cluster,
                    ClusterError::Api { code: 409, .. } | ClusterError::Superseded { .. }
                ),
                is_open: cluster.leaves_it_open(),
                source: error.into(),
            },
            ReconcileError::Control { doing, source } => Failure::Control { doing, source },
            ReconcileError::Unreadable(_) => Failure::Unreadable(error.to_string()),
            ReconcileError::Refused(_) => Failure::Refused(error.to_string()),
            ReconcileError::Held(why) => Failure::Held(why),
            ReconcileError::Secret(why) => Failure::Secret(why),
        }
    }
}

/// The role that has a missing right to Secrets.
fn role(error: &ClusterError) -> &'static str {
    match error {
        ClusterError::Forbidden { resource, .. } if resource == "secrets" => {
            ". The ClusterRole everest-crossplane-secrets has all such verbs: in the cluster of the \
             namespace, bind it in that namespace to the provider's user, as \
             examples/crossplane/rbac/secrets.yaml does"
        }
        _ => "",
    }
}

/// A finding as a sentence for users of managed resources.
pub fn sentence(finding: &Finding) -> String {
    const OURS: Dialect = Dialect::ManagedResource;
    let place = OURS.field(&finding.path);
    let (summary, detail) = (finding.summary.render(OURS), finding.detail.render(OURS));
    format!("{place}: {summary}. {detail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_core::path::FieldPath;

    #[test]
    fn a_broken_rule_is_told_at_its_field() {
        let finding = Finding::error(
            "replicas-odd",
            FieldPath::of("engine.replicas"),
            "2 replicas of pxc: the number is not odd",
            "Write 1, 3 or 5.",
        );
        assert_eq!(
            ReconcileError::Refused(vec![finding]).to_string(),
            "spec.forProvider.engine.replicas: 2 replicas of pxc: the number is not odd. Write 1, 3 or 5."
        );
    }
}
