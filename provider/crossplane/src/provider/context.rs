//! The data that the controllers of all kinds share.

use std::ops::Deref;

use super::config::Targets;

/// Made once by [`run`](super::run()), given to every controller.
pub struct Context {
    /// What every provider has.
    pub runtime: crossplane_managed::context::Context,
    /// The clusters of the external objects.
    pub targets: Targets,
}

impl Deref for Context {
    type Target = crossplane_managed::context::Context;

    fn deref(&self) -> &Self::Target {
        &self.runtime
    }
}

#[cfg(test)]
impl Context {
    /// A context for tests, with a control plane and without reports.
    pub(crate) fn alone(control: kube::Client) -> Self {
        Context::apart(control.clone(), control)
    }

    /// The same; the provider's own cluster is reached by another client than the control plane.
    pub(crate) fn apart(control: kube::Client, own: kube::Client) -> Self {
        let provider = &super::PROVIDER;
        Context {
            runtime: crossplane_managed::context::Context::alone(provider, control.clone()),
            targets: Targets::apart(control, own),
        }
    }
}
