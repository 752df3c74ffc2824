//! The reasons why a reconcile fails or waits.

use crate::events::Reason;
use crate::usage::UsageError;

/// The advice if the deletion of an external object does not end.
pub const WAY_OUT: &str = "To delete the managed resource and keep its external object, remove \
    Delete from spec.managementPolicies (use Observe, Create, Update)";

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The reason why a reconcile fails or waits. [`std::fmt::Display`] is the message of the
/// condition: what, where, why and what to do; it never contains a secret.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The system of the external object cannot be used.
    #[error("connect failed: {source}")]
    Connect {
        /// The reason.
        source: BoxError,
        /// It can never be used again, so that a deletion is not to wait for it.
        for_good: bool,
    },
    /// The usage of the config cannot be written.
    #[error("connect failed: {0}")]
    Usage(#[from] UsageError),
    /// A request to the system of the external object failed.
    #[error("{source}")]
    External {
        /// The reason.
        source: BoxError,
        /// Someone else wrote the object meanwhile, so that another reconcile is enough.
        is_conflict: bool,
        /// The write that failed may have been done nevertheless.
        is_open: bool,
    },
    /// A request to the control plane failed.
    #[error("{doing} failed: {source}")]
    Control {
        /// The operation in progress.
        doing: &'static str,
        /// The reason of the failure.
        source: Box<kube::Error>,
    },
    /// The definition of the managed resource may not be read, so a deletion is not told from an
    /// uninstall.
    #[error(
        "delete failed: the provider may not get the CustomResourceDefinition {0}, so it cannot \
         tell whether its package is being uninstalled, which deletes no external objects: nothing \
         is deleted. Crossplane's RBAC manager grants this right to an installed package. If you \
         grant rights yourself, grant the provider's service account get on \
         customresourcedefinitions.apiextensions.k8s.io. {way_out}",
        way_out = WAY_OUT
    )]
    DefinitionForbidden(String),
    /// The managed resource cannot be understood.
    #[error("{0}")]
    Unreadable(String),
    /// A rule is broken; nothing was written.
    #[error("{0}")]
    Refused(String),
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
         remove the annotation {record} from this managed resource: the other one then gives way"
    )]
    HeldElsewhere {
        /// The external object, as messages name it.
        shown: String,
        /// Namespace and name of the other managed resource.
        holder: String,
        /// Its UID.
        uid: String,
        /// The annotation that records that this one gives way.
        record: String,
    },
    /// The external object exists and is not to be taken over.
    #[error(
        "observe failed: {shown} exists, and this managed resource did not create it: nothing is \
         done. To take it over, delete this managed resource (the object stays) and create it \
         again with the annotation crossplane.io/external-name: {name}. Or create it under \
         another name"
    )]
    Foreign {
        /// The external object, as messages name it.
        shown: String,
        /// Its name.
        name: String,
    },
    /// Another external object has the name of the one that was created or taken over.
    #[error(
        "observe failed: {shown} is another object than the one that this managed resource has \
         created or taken over: someone has created it anew, or the external name or \
         spec.providerConfigRef means another one now. Nothing is done, and deleting this managed \
         resource keeps the object. To manage this object, remove the annotation {record} from \
         the managed resource"
    )]
    Replaced {
        /// The external object, as messages name it.
        shown: String,
        /// The annotation that records the UID of the other one.
        record: String,
    },
    /// The external object could not be made.
    #[error("create failed: {0}")]
    Create(Box<Failure>),
    /// It could not be changed.
    #[error("update failed: {0}")]
    Update(Box<Failure>),
    /// It could not be deleted.
    #[error("delete failed: {0}")]
    Delete(Box<Failure>),
    /// A Secret is missing, incomplete or belongs to someone else.
    #[error("{0}")]
    Secret(String),
}

impl Failure {
    /// The system of the external object cannot be used at the moment.
    pub fn connect(source: impl Into<BoxError>) -> Self {
        Failure::Connect {
            source: source.into(),
            for_good: false,
        }
    }

    /// A request to the system of the external object failed. If it was a write, it may have been
    /// done nevertheless.
    pub fn external(source: impl Into<BoxError>) -> Self {
        Failure::External {
            source: source.into(),
            is_conflict: false,
            is_open: true,
        }
    }

    /// A failed request to the control plane.
    pub fn control(doing: &'static str) -> impl FnOnce(kube::Error) -> Self {
        move |source| Failure::Control {
            doing,
            source: Box::new(source),
        }
    }

    /// Returns true if someone else wrote the object meanwhile, so that another reconcile is
    /// enough.
    pub fn is_conflict(&self) -> bool {
        match self {
            Failure::External { is_conflict, .. } => *is_conflict,
            Failure::Control { source, .. } => {
                matches!(&**source, kube::Error::Api(status) if status.code == 409)
            }
            _ => false,
        }
    }

    /// Returns true if the write that failed may have been done nevertheless.
    pub fn leaves_it_open(&self) -> bool {
        matches!(self, Failure::External { is_open: true, .. })
    }

    /// Returns true if a Secret belongs to somebody else, so that trying again does not help.
    pub fn is_foreign_secret(&self) -> bool {
        matches!(self, Failure::Secret(_))
    }

    /// Returns true if the managed resource itself is gone.
    pub fn is_gone(&self) -> bool {
        matches!(self, Failure::Control { source, .. }
            if matches!(&**source, kube::Error::Api(status) if status.code == 404))
    }

    /// The reason of the event about it, where the external object is `missing` or not.
    pub fn reason(&self, missing: bool) -> Reason {
        match self {
            Failure::Connect { .. } | Failure::Usage(_) => Reason::CannotConnectToProvider,
            Failure::Create(_) => Reason::CannotCreateExternalResource,
            Failure::Refused(_) if missing => Reason::CannotCreateExternalResource,
            Failure::Update(_) | Failure::Refused(_) => Reason::CannotUpdateExternalResource,
            Failure::Delete(_) | Failure::DefinitionForbidden(_) => {
                Reason::CannotDeleteExternalResource
            }
            Failure::Control { .. } => Reason::CannotUpdateManagedResource,
            Failure::Held(_) => Reason::PendingExternalResource,
            Failure::External { .. }
            | Failure::Duplicate(_)
            | Failure::HeldElsewhere { .. }
            | Failure::Foreign { .. }
            | Failure::Replaced { .. }
            | Failure::Unreadable(_) => Reason::CannotObserveExternalResource,
            Failure::Secret(_) => Reason::CannotResolveResourceReferences,
        }
    }
}
