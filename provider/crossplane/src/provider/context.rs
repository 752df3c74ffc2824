//! What the controllers of all kinds share.

use super::config::Targets;
use super::flags::Options;
use super::usage::Usages;

/// Made once by [`run`](super::run), given to every controller.
pub struct Context {
    /// The control plane: where the managed resources are.
    pub control: kube::Client,
    /// The clusters they go to.
    pub targets: Targets,
    /// Who uses which.
    pub usages: Usages,
    /// What the command line says.
    pub options: Options,
}
