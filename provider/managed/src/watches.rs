//! The watches of a controller on the control plane, beside that of the managed resources.

use std::sync::Arc;

use crate::relations::Relations;
use crate::secret_watches::SecretWatches;

/// The relations of managed resources, and the Secrets in their namespaces.
pub(crate) struct Watches {
    pub(crate) relations: Arc<Relations>,
    pub(crate) own_secrets: SecretWatches,
}

impl Watches {
    /// Ends the watches that no managed resource needs any more.
    pub(crate) fn tidy(&self) {
        self.own_secrets.keep(|| self.relations.own_namespaces());
    }
}
