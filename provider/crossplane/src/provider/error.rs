//! Errors of reconciles of managed resources.

use everest_cluster::ClusterError;
use everest_core::dialect::Dialect;
use everest_core::finding::Finding;

use super::claim::RECORD;
use super::config::TargetError;
use super::usage::UsageError;

/// The advice if the deletion of an external object does not end.
pub const WAY_OUT: &str = "To delete the managed resource and keep its external object, remove \
    Delete from spec.managementPolicies (use Observe, Create, Update)";

/// The error of a reconcile. [`std::fmt::Display`] is the message of the condition: what, where,
/// why and what to do; it never contains a secret.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The cluster of the external object cannot be used.
    #[error("connect failed: {0}")]
    Target(#[from] TargetError),
    /// The usage of the config cannot be written.
    #[error("connect failed: {0}")]
    Usage(#[from] UsageError),
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
    /// Another managed resource has the external object.
    #[error(
        "observe failed: the external object belongs to the older managed resource {0}: nothing is \
         done. Delete one of the two (deleting this one keeps the external object), change the \
         annotation crossplane.io/external-name of this one, or let it only Observe"
    )]
    Duplicate(String),
    /// A managed resource of another control plane has the external object.
    #[error(
        "observe failed: {shown} belongs to the managed resource {holder} with the UID {uid}, of \
         another control plane: nothing is done. Delete one of the two (deleting this one keeps \
         the external object), or let this one only Observe. To take the external object back, \
         remove the annotation {RECORD} from this managed resource: the other one then gives way"
    )]
    HeldElsewhere {
        /// The external object: kind, namespace and name.
        shown: String,
        /// Namespace and name of the other managed resource.
        holder: String,
        /// Its UID.
        uid: String,
    },
    /// The external object exists and is not to be taken over.
    #[error(
        "observe failed: {shown} exists, and this managed resource did not create it: nothing is \
         done. To take it over, delete this managed resource (the object stays) and create it \
         again with the annotation crossplane.io/external-name: {name}. Or create it under \
         another name"
    )]
    Foreign {
        /// The external object: kind, namespace and name.
        shown: String,
        /// Its name.
        name: String,
    },
    /// The external object could not be made.
    #[error("create failed: {0}")]
    Create(Box<ReconcileError>),
    /// It could not be changed.
    #[error("update failed: {0}")]
    Update(Box<ReconcileError>),
    /// It could not be deleted.
    #[error("delete failed: {0}")]
    Delete(Box<ReconcileError>),
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

    /// Returns true if someone else wrote the object meanwhile, so that another reconcile is
    /// enough.
    pub fn is_conflict(&self) -> bool {
        match self {
            ReconcileError::Cluster(ClusterError::Api { code, .. }) => *code == 409,
            ReconcileError::Cluster(ClusterError::Superseded { .. }) => true,
            ReconcileError::Control { source, .. } => {
                matches!(&**source, kube::Error::Api(status) if status.code == 409)
            }
            _ => false,
        }
    }

    /// Returns true if the write that failed may have been done nevertheless.
    pub fn leaves_it_open(&self) -> bool {
        matches!(self, ReconcileError::Cluster(error) if error.leaves_it_open())
    }

    /// Returns true if a Secret belongs to somebody else, so that trying again does not help.
    pub fn is_foreign_secret(&self) -> bool {
        matches!(self, ReconcileError::Secret(_))
    }

    /// Returns true if the managed resource itself is gone.
    pub fn is_gone(&self) -> bool {
        matches!(self, ReconcileError::Control { source, .. }
            if matches!(&**source, kube::Error::Api(status) if status.code == 404))
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
