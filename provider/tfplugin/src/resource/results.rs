//! The results of a resource's methods.

use crate::diagnostics::Diagnostic;

/// The result of [`Resource::read`](crate::Resource::read).
#[derive(Clone, Debug)]
pub enum ReadResult<M> {
    /// The current object.
    Found(M),
    /// The object no longer exists; Terraform plans to create it.
    Gone,
    /// The state is unchanged.
    Keep,
}

/// None means [`ReadResult::Gone`].
impl<M> From<Option<M>> for ReadResult<M> {
    fn from(found: Option<M>) -> Self {
        found.map_or(Self::Gone, Self::Found)
    }
}

/// The result of a creation that created an object. Only [`Creation::Failed`] taints the object, so
/// that the next apply replaces it.
#[derive(Clone, Debug)]
pub enum Creation<M> {
    /// The result is as requested.
    Created(M),
    /// The object was accepted but was not ready in time, or the creation was interrupted. The
    /// state is kept, the user gets a warning, and the next apply continues.
    Pending {
        /// The state known so far.
        state: M,
        /// The warning; its summary is kept as the reason.
        why: Diagnostic,
    },
    /// The object exists but cannot be used: the next apply destroys it and creates another.
    Failed {
        /// The state known so far.
        state: M,
        /// The reason.
        error: Diagnostic,
    },
}

/// The result of an update that wrote something. None of them taints the object.
#[derive(Clone, Debug)]
pub enum Update<M> {
    /// The result is as requested.
    Updated(M),
    /// The change was accepted but was not complete in time, or the update was interrupted: the
    /// next apply continues.
    Pending {
        /// The state known so far.
        state: M,
        /// The warning; its summary is kept as the reason.
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
