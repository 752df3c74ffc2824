//! What a resource answers.

use crate::diagnostics::Diagnostic;

/// What [`Resource::read`](crate::Resource::read) saw.
#[derive(Clone, Debug)]
pub enum ReadResult<M> {
    /// The object as it is.
    Found(M),
    /// It does not exist any more; Terraform plans to create it.
    Gone,
    /// The state is to stay as it is.
    Keep,
}

/// None: it is gone.
impl<M> From<Option<M>> for ReadResult<M> {
    fn from(found: Option<M>) -> Self {
        found.map_or(Self::Gone, Self::Found)
    }
}

/// How a creation ended that made something. Only [`Creation::Failed`] taints, so that the next
/// apply replaces.
#[derive(Clone, Debug)]
pub enum Creation<M> {
    /// As asked.
    Created(M),
    /// Accepted, but not ready in time or interrupted: the state is kept, the user is warned, the
    /// next apply goes on.
    Pending {
        /// What is known of it.
        state: M,
        /// Becomes a warning; its summary is kept as the reason.
        why: Diagnostic,
    },
    /// It exists and is of no use: the next apply destroys it and makes another.
    Failed {
        /// What is known of it.
        state: M,
        /// Why.
        error: Diagnostic,
    },
}

/// How an update ended that wrote something. None of them taints.
#[derive(Clone, Debug)]
pub enum Update<M> {
    /// As asked.
    Updated(M),
    /// Accepted, but not ready in time or interrupted: the next apply goes on.
    Pending {
        /// What is known of it.
        state: M,
        /// Becomes a warning; its summary is kept as the reason.
        why: Diagnostic,
    },
}

impl<M> Creation<M> {
    pub(crate) fn try_map<N, E>(self, f: impl FnOnce(M) -> Result<N, E>) -> Result<Creation<N>, E> {
        Ok(match self {
            Self::Created(state) => Creation::Created(f(state)?),
            Self::Pending { state, why } => Creation::Pending {
                state: f(state)?,
                why,
            },
            Self::Failed { state, error } => Creation::Failed {
                state: f(state)?,
                error,
            },
        })
    }
}

impl<M> Update<M> {
    pub(crate) fn try_map<N, E>(self, f: impl FnOnce(M) -> Result<N, E>) -> Result<Update<N>, E> {
        Ok(match self {
            Self::Updated(state) => Update::Updated(f(state)?),
            Self::Pending { state, why } => Update::Pending {
                state: f(state)?,
                why,
            },
        })
    }
}
